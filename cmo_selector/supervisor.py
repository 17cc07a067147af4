"""Runs the Procfile on one machine, and the embedded services for as long as it runs.

honcho runs the processes and starts one again that was killed; beside it a thread does so for the embedded
services. On Ctrl-C, TERM or a closed terminal everything ends: first the processes, then the services, unless
another process still uses them.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from django.core.exceptions import ImproperlyConfigured

from cmo_selector import env
from cmo_selector.embedded import EmbeddedError, Services

WATCH_SECONDS = 2.0


def run(procfile: Path, services: Services | None, database: str, *, prepare: Sequence[str] = ()) -> int:
    """Run `prepare` (manage.py commands), then every process of `procfile` until one ends by itself or a signal comes.

    Returns an exit status. Raises ImproperlyConfigured when the port is taken.
    """
    from honcho.environ import parse_procfile
    from honcho.printer import Printer

    from cmo_selector.lasting import LastingManager

    port = env.integer("PORT", 8000, minimum=1)
    refuse_busy_port(port)
    environment = {
        **os.environ,
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    environment.pop("CMO_PROCESS", None)  # each process says itself what it is
    with _running(services, database) as watcher:
        for command in prepare:
            manage = [sys.executable, str(procfile.parent / "manage.py"), *shlex.split(command)]
            if status := subprocess.run(manage, env=environment, check=False).returncode:  # noqa: S603
                return status
        manager = LastingManager(Printer(sys.stdout))
        for name, command in parse_procfile(procfile.read_text(encoding="utf-8")).processes.items():
            manager.add_process(name, f"exec {command}", env=environment, cwd=str(procfile.parent))
        print(f"\nCMO Selector: http://127.0.0.1:{port}  (Ctrl-C stops everything)\n", flush=True)
        # Started last: honcho forks its processes within the watcher's first pause.
        watcher.start()
        manager.loop()
        return int(manager.returncode or 0)


@contextmanager
def _running(services: Services | None, database: str) -> Iterator[threading.Thread]:
    """The embedded services run inside this context. Gives the thread that watches them, not yet started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    stopping = threading.Event()
    watcher = threading.Thread(target=_watch, args=(services, database, stopping), daemon=True)
    if services is None:
        yield watcher
        return
    try:
        services.ensure_running(database)
        yield watcher
    except KeyboardInterrupt:
        print("Interrupted.", flush=True)
        raise SystemExit(130) from None
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # nothing interrupts the orderly stop
        stopping.set()
        if watcher.is_alive():
            watcher.join()
        if services.stop():
            print("Embedded PostgreSQL and Valkey stopped.", flush=True)
        else:
            print("Embedded PostgreSQL and Valkey left running: another process uses them.", flush=True)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """TERM and a closed terminal end the run as Ctrl-C does; honcho handles Ctrl-C and TERM itself."""
    os.kill(os.getpid(), signal.SIGINT)


def refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ImproperlyConfigured(
                f"Port {port} is in use ({error.strerror}). Choose another: PORT={port + 1} make demo"
            ) from error


def _watch(services: Services | None, database: str, stopping: threading.Event) -> None:
    while services is not None and not stopping.wait(WATCH_SECONDS):
        try:
            for name in services.ensure_running(database):
                print(f"{name} had stopped; started again.", flush=True)
        except EmbeddedError as error:
            print(f"An embedded service does not start: {error}", file=sys.stderr, flush=True)
