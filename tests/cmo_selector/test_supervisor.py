"""`manage.py embedded`: what the demo runs on, from start to the end of everything."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from cmo_selector.embedded import Services
from cmo_selector.lasting import QUICKLY

ROOT = Path(__file__).resolve().parents[2]


class Demo:
    """A var/ directory of its own, and manage.py commands on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.services = Services(directory / "var")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("CMO_", "DJANGO_"))}
        self.environment = {
            **{name: kept[name] for name in kept if name not in {"DATABASE_URL", "REDIS_URL", "MEDIA_ROOT"}},
            "CMO_ENV": "demo",
            "CMO_VAR_DIR": str(directory / "var"),
            "STATIC_ROOT": str(directory / "static"),
            "EMBEDDED_DB_NAME": "demo",
            "PORT": str(self.port),
            "WEB_WORKERS": "1",
            "WORKER_CONCURRENCY": "1",
        }

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def run(self, *arguments: str) -> subprocess.Popen[str]:
        with (self.directory / "run.log").open("w") as log:
            return subprocess.Popen(
                [sys.executable, "manage.py", "embedded", "run", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def program(self, name: str) -> psutil.Process:
        """The program of a process of the Procfile, as it runs now."""
        (pid,) = re.findall(rf"{name} started \(pid=(\d+)\)", self.output)[-1:]
        return psutil.Process(int(pid))

    @property
    def output(self) -> str:
        return (self.directory / "run.log").read_text()


@pytest.fixture
def demo() -> Iterator[Demo]:
    directory = Path(tempfile.mkdtemp(prefix="cmo-demo-"))
    directory.chmod(0o755)
    demo = Demo(directory)
    yield demo
    demo.services.stop(force=True)
    shutil.rmtree(demo.services.home, ignore_errors=True)
    shutil.rmtree(directory, ignore_errors=True)


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)


def lived_long_enough(program: psutil.Process) -> bool:
    return time.time() - program.create_time() > QUICKLY + 1


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def test_start_status_and_stop_say_what_they_did(demo: Demo):
    assert demo.manage("embedded", "start").stdout == "Started PostgreSQL and Valkey.\n"
    assert demo.manage("embedded", "start").stdout == "Already running.\n"
    assert demo.manage("embedded", "status").stdout.splitlines()[:3] == [
        "PostgreSQL: running",
        "Valkey: running",
        "in use: no",
    ]
    addresses = dict(line.split("=", 1) for line in demo.manage("embedded", "env").stdout.splitlines())
    assert addresses["REDIS_URL"] == demo.services.redis_url
    demo.environment |= addresses
    asked = demo.manage(
        "shell", "-v0", "-c", "from django.db import connection as c; c.ensure_connection(); print(c.alias)"
    )
    assert asked.stdout == "default\n", asked.stderr
    for name in addresses:
        del demo.environment[name]
    assert demo.manage("embedded", "stop").stdout == "Stopped.\n"
    assert demo.manage("embedded", "status").stdout.startswith("PostgreSQL: stopped\nValkey: stopped\n")


def test_nothing_to_do_where_nothing_is_embedded(demo: Demo):
    demo.environment |= {"DATABASE_URL": "postgres://h/d", "REDIS_URL": "redis://h/0"}
    result = demo.manage("embedded", "stop")
    assert (result.returncode, result.stderr) == (
        2,
        "CommandError: DATABASE_URL and REDIS_URL are set: nothing is embedded here.\n",
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_run_serves_survives_killed_services_and_processes_and_stops_everything(demo: Demo, number):
    process = demo.run()
    try:
        wait_for(lambda: answers(demo.port))
        started = psutil.Process(process.pid).children(recursive=True)
        assert len(started) >= 6  # honcho's process and its program, for each of the Procfile

        data = demo.services.postgres_data
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        wait_for(lambda: "PostgreSQL had stopped; started again." in demo.output)
        assert demo.services.postgres_alive()

        for name in (
            ("render", "web") if number == signal.SIGTERM else ()
        ):  # once is enough: it takes its seconds
            wait_for(lambda killed=name: lived_long_enough(demo.program(killed)))
            demo.program(name).kill()
            wait_for(lambda killed=name: demo.output.count(f"{killed} started (pid=") == 2)
            assert f"{name} had stopped (status -9); started again." in demo.output
            started.append(demo.program(name))
        wait_for(lambda: answers(demo.port))
    finally:
        process.send_signal(number)
        status = process.wait(timeout=90)
    assert status == 128 + number
    assert demo.output.endswith("Embedded PostgreSQL and Valkey stopped.\n")
    assert [child for child in started if child.is_running()] == []
    assert not answers(demo.port)
    assert not demo.services.postgres_alive()
    assert not demo.services.valkey_alive()


def test_stopping_the_demo_leaves_the_services_to_another_process(demo: Demo):
    demo.services.hold()
    process = demo.run("--prepare", "version")
    wait_for(lambda: answers(demo.port))
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=90)
    assert demo.output.endswith("left running: another process uses them.\n")
    assert demo.services.postgres_alive()


def test_failed_preparation_ends_the_run_with_its_status(demo: Demo):
    process = demo.run("--prepare", "version", "--prepare", "no_such_command")
    assert process.wait(timeout=90) == 1
    assert "Unknown command: 'no_such_command'" in demo.output
    assert "gunicorn" not in demo.output
    assert demo.output.endswith("Embedded PostgreSQL and Valkey stopped.\n")


def test_busy_port_is_refused_before_anything_starts(demo: Demo):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", demo.port))
        taken.listen()
        result = demo.manage("embedded", "run")
    assert result.returncode == 2
    assert result.stderr == (
        f"Configuration error: Port {demo.port} is in use (Address already in use). "
        f"Choose another: PORT={demo.port + 1} make demo\n"
    )
    assert not (demo.directory / "var/embedded/postgres").exists()
