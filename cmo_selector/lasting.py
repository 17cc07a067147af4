"""honcho's processes, started again when one dies, as an orchestrator does for containers.

One that ends by itself without a fault, or dies within seconds of its start and would only die again, ends the run.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from functools import partial
from multiprocessing.synchronize import Event
from typing import Any

from honcho.manager import Manager
from honcho.printer import Printer
from honcho.process import Popen, Process

QUICKLY = 10.0  # seconds


class LastingManager(Manager):
    """Its processes last until it is told to end them."""

    def __init__(self, printer: Printer) -> None:
        super().__init__(printer)
        self._ending = multiprocessing.Event()
        self._process_ctor = partial(Lasting, ending=self._ending)

    def terminate(self) -> None:
        self._ending.set()
        super().terminate()


class Lasting(Process):
    """A process of the Procfile, with all that it starts: what survives it is ended before it starts again."""

    def __init__(self, *args: Any, ending: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ending = ending
        self._child_ctor = _group
        self._status: int | None = None

    def run(self, events: Any = None, ignore_signals: bool = False) -> None:
        while True:
            began = time.monotonic()
            super().run(events, ignore_signals)
            if self._ending.is_set() or self._status == 0 or time.monotonic() - began < QUICKLY:
                break
            self._send_message(f"{self.name} had stopped (status {self._status}); started again.\n".encode())
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)  # a program inherits what is ignored
        super()._send_message({"returncode": self._status}, type="stop")

    def _send_message(self, data: Any, type: str = "line") -> None:
        if type == "stop":
            self._status = data["returncode"]
        else:
            super()._send_message(data, type)


def _group(*args: Any, **kwargs: Any) -> Popen:
    """A program in a session of its own, whose children end with it: they would hold its output, port and files."""
    child = Popen(*args, **kwargs)
    threading.Thread(target=_end_with, args=(child,), daemon=True).start()
    return child


def _end_with(child: Popen) -> None:
    child.wait()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
