"""A piece of work in a child process of its own, with limits of time and memory: whatever it does, its parent lives.

The child is a fork of the caller, so what the caller has imported and read costs nothing again, and all memory that
the work took is given back when it ends. It must leave the caller's database and broker connections alone. It dies
with its parent, and the kernel ends it rather than anything else when the machine's memory is used up.

Fork only from a process that runs no other threads (a Celery child does not).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import multiprocessing
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NoReturn

LOOK_EVERY = 0.2  # seconds between two looks at the child's memory
PAGE = os.sysconf("SC_PAGE_SIZE")
MEGABYTE = 1024 * 1024
# One request for memory beyond this fails at once. Above the limit, because V8 reserves address space it never uses.
RESERVE = 1024
NEAR = 0.8  # a child that aborts this near its limit was refused memory
PR_SET_PDEATHSIG = 1
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class WorkEnded(Exception):
    """The work did not come to its end. `details` are for the log."""

    def __init__(self, details: str = "") -> None:
        super().__init__(details)
        self.details = details


class TooSlow(WorkEnded):
    """It took longer than allowed and was stopped."""


class TooBig(WorkEnded):
    """It needed more memory than allowed and was stopped."""


class DiskFull(WorkEnded):
    """There was no room for a file it needed on the way."""


class Killed(WorkEnded):
    """Somebody else ended the process: the kernel for want of memory, or an operator."""


class Broken(WorkEnded):
    """It raised an exception (the traceback is in `details`) or crashed."""


FAULTS: dict[str, type[WorkEnded]] = {"memory": TooBig, "full": DiskFull, "broken": Broken}


def run(
    work: Callable[[Callable[[str], None]], Any],
    *,
    seconds: float,
    megabytes: int,
    told: Callable[[str], None],
    beat: Callable[[], None],
    beat_every: float,
) -> Any:
    """What `work(tell)` returns. `told` hears, in the caller's process, each text that the work tells.

    `beat` is called about every `beat_every` seconds; an exception from it or from `told` ends the child and is
    raised. Otherwise raises a WorkEnded.
    """
    ours, theirs = multiprocessing.Pipe(duplex=False)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _be_the_child(work, ours, theirs, parent, megabytes)
    theirs.close()
    watched = _Child(child, megabytes)
    try:
        return _wait(watched, ours, time.monotonic() + seconds, told, beat, beat_every)
    finally:
        watched.end()
        ours.close()


def _wait(
    child: _Child,
    answers: Connection,
    deadline: float,
    told: Callable[[str], None],
    beat: Callable[[], None],
    beat_every: float,
) -> Any:
    next_beat = time.monotonic() + beat_every
    while True:
        now = time.monotonic()
        if now >= deadline:
            raise TooSlow
        if now >= next_beat:
            beat()
            next_beat = time.monotonic() + beat_every
        if child.resident() > child.megabytes * MEGABYTE:
            raise TooBig
        if not answers.poll(LOOK_EVERY):
            continue
        try:
            kind, value = answers.recv()
        except (EOFError, OSError):
            raise child.cause_of_death() from None
        if kind == "done":
            return value
        if kind == "told":
            told(value)
        else:
            raise FAULTS[kind](value)


class _Child:
    """The child as its parent sees it."""

    def __init__(self, pid: int, megabytes: int) -> None:
        self.pid, self.megabytes = pid, megabytes
        self.status: int | None = None
        self.peak = 0

    def resident(self) -> int:
        """Bytes of memory it holds; 0 where the system does not say."""
        try:
            with open(f"/proc/{self.pid}/statm", "rb") as file:
                return int(file.read().split()[1]) * PAGE
        except (OSError, IndexError, ValueError):
            return 0

    def _reap(self) -> None:
        if self.status is None:
            _, self.status, usage = os.wait4(self.pid, 0)
            self.peak = usage.ru_maxrss * 1024

    def end(self) -> None:
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._reap()

    def cause_of_death(self) -> WorkEnded:
        """Why it closed its end of the pipe without an answer."""
        self._reap()
        assert self.status is not None  # noqa: S101  for the type checker
        if not os.WIFSIGNALED(self.status):
            return Broken(f"the process ended with status {os.waitstatus_to_exitcode(self.status)}")
        number = os.WTERMSIG(self.status)
        if number in (signal.SIGKILL, signal.SIGTERM):
            return Killed(f"signal {number}")
        if self.peak > NEAR * self.megabytes * MEGABYTE:
            return TooBig(f"signal {number} with {self.peak // MEGABYTE} MB")
        return Broken(f"the process crashed with signal {number}")


def _be_the_child(
    work: Callable[[Callable[[str], None]], Any],
    ours: Connection,
    answers: Connection,
    parent: int,
    megabytes: int,
) -> NoReturn:
    try:
        ours.close()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, signal.SIG_DFL)
        _die_with(parent)
        _be_the_first_to_go()
        _limit(megabytes + RESERVE)
        answers.send(("done", work(lambda text: answers.send(("told", text)))))
    except MemoryError:
        _limit(None)
        answers.send(("memory", traceback.format_exc(limit=-3)))
    except BaseException as error:
        full = isinstance(error, OSError) and error.errno in NO_ROOM
        with contextlib.suppress(OSError):  # nobody listens any more
            answers.send(("full" if full else "broken", traceback.format_exc()))
    finally:
        os._exit(0)


def _die_with(parent: int) -> None:
    with contextlib.suppress(AttributeError, OSError):  # Linux only; elsewhere the closed pipe ends it later
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _be_the_first_to_go() -> None:
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _limit(megabytes: int | None) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = hard if megabytes is None else megabytes * MEGABYTE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard) if wanted != resource.RLIM_INFINITY else hard
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
