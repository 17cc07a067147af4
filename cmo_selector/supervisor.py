"""Runs the Procfile on one machine, and the embedded services for as long as it runs.

honcho runs the processes; beside it a thread starts an embedded service again that died. On Ctrl-C,
TERM or a closed terminal everything ends: first the processes, then the services, unless another
process still uses them.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from cmo_selector import env
from cmo_selector.embedded import EmbeddedError, Services

WATCH_SECONDS = 2.0


def run(procfile: Path, services: Services | None, database: str) -> int:
    """Run every process of `procfile` until one ends or a signal comes. Returns an exit status."""
    from honcho.environ import parse_procfile
    from honcho.manager import Manager
    from honcho.printer import Printer

    port = env.integer("PORT", 8000, minimum=1)
    refuse_busy_port(port)
    environment = {
        **os.environ,
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
    }
    environment.pop("CMO_PROCESS", None)  # each process says itself what it is
    manager = Manager(Printer(sys.stdout, colour=sys.stdout.isatty()))
    for name, command in parse_procfile(procfile.read_text(encoding="utf-8")).processes.items():
        manager.add_process(name, f"exec {command}", env=environment, cwd=str(procfile.parent))
    if services is None:
        manager.loop()
        return int(manager.returncode or 0)

    services.ensure_running(database)
    signal.signal(signal.SIGHUP, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))
    stopping = threading.Event()
    watcher = threading.Thread(target=_watch, args=(services, database, stopping), daemon=True)
    watcher.start()
    try:
        manager.loop()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # nothing interrupts the orderly stop
        stopping.set()
        watcher.join()
        if services.stop():
            print("Embedded PostgreSQL and Valkey stopped.")
        else:
            print("Embedded PostgreSQL and Valkey left running: another process uses them.")
    return int(manager.returncode or 0)


def refuse_busy_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise ImproperlyConfigured(
                f"Port {port} is in use ({error.strerror}). Choose another: PORT={port + 1} make demo"
            ) from error


def _watch(services: Services, database: str, stopping: threading.Event) -> None:
    while not stopping.wait(WATCH_SECONDS):
        try:
            for name in services.ensure_running(database):
                print(f"{name} had stopped; started again.", flush=True)
        except EmbeddedError as error:
            print(f"An embedded service does not start: {error}", file=sys.stderr, flush=True)
