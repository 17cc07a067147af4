"""Work in a child process of its own, with limits of time and memory: whatever it does, its parent lives.

The child is a fork of the caller, so what the caller has imported and read costs nothing again. It waits for the next
piece of work, so what it started and read itself is there as well; it is ended, and all its memory given back, when a
piece breaks or is stopped, when it has grown, and after some pieces anyway. It must leave the caller's database and
broker connections alone. It dies with its parent, and the kernel ends it rather than anything else when the machine's
memory is used up.

Fork only from a process that runs no other threads (a Celery child does not).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import gc
import multiprocessing
import os
import resource
import signal
import tempfile
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


Serve = Callable[[Any, Callable[[str], None]], Any]


class Standby:
    """A child that does one piece of work after another: `serve(request, tell)`, in the child, for each `ask`.

    It starts with the first piece of work and ends by itself after `idle` seconds without one. `megabytes` is what it
    may hold at any time; one that holds more than `keep` megabytes after a piece of work, or has done `at_most` of
    them, is replaced by a new one. Requests and answers are pickled. Not for use by several threads.
    """

    def __init__(
        self, serve: Serve, *, megabytes: int, keep: int, at_most: int = 50, idle: float = 300
    ) -> None:
        self._serve, self._megabytes, self._idle = serve, megabytes, idle
        self._keep, self._at_most = min(keep, megabytes // 2), at_most
        self._child: _Child | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._child.pid if self._child else None

    def ask(
        self,
        request: Any,
        *,
        seconds: float,
        told: Callable[[str], None],
        beat: Callable[[], None],
        beat_every: float,
    ) -> Any:
        """What `serve` returns. `told` hears, in the caller's process, each text that the work tells.

        `beat` is called about every `beat_every` seconds; an exception from it or from `told` ends the child and is
        raised. Otherwise raises a WorkEnded.
        """
        deadline, whole = time.monotonic() + seconds, False
        child = self._hand_over(request)
        try:
            value = _wait(child, deadline, told, beat, beat_every)
            child.done += 1
            whole = child.done < self._at_most and child.resident() <= self._keep * MEGABYTE
        finally:
            if not whole:
                self.end()
        return value

    def _hand_over(self, request: Any) -> _Child:
        """The child that has begun with the request. One that died while it waited is replaced, once."""
        for last in (False, True):
            child = self._child or _start(self._serve, self._megabytes, self._idle)
            self._child = child
            with contextlib.suppress(EOFError, OSError):
                child.requests.send(request)
                if child.answers.recv()[0] == "begun":
                    return child
            cause = child.cause_of_death()
            self.end()
            if last:
                raise cause
        raise AssertionError

    def end(self) -> None:
        """End the child, whatever it does; the next piece of work starts a new one."""
        if self._child is not None:
            self._child.end()
            self._child = None


def _start(serve: Serve, megabytes: int, idle: float) -> _Child:
    taken, requests = multiprocessing.Pipe(duplex=False)
    answers, given = multiprocessing.Pipe(duplex=False)
    folder = tempfile.TemporaryDirectory(prefix="isolated-", ignore_cleanup_errors=True)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        requests.close()
        answers.close()
        tempfile.tempdir = folder.name
        _be_the_child(serve, taken, given, parent, megabytes, idle)
    taken.close()
    given.close()
    return _Child(pid, megabytes, requests, answers, folder)


def _wait(
    child: _Child,
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
        if not child.answers.poll(min(LOOK_EVERY, max(0, deadline - now))):
            continue
        try:
            kind, value = child.answers.recv()
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

    def __init__(
        self,
        pid: int,
        megabytes: int,
        requests: Connection,
        answers: Connection,
        folder: tempfile.TemporaryDirectory[str],
    ) -> None:
        self.pid, self.megabytes = pid, megabytes
        self.requests, self.answers = requests, answers
        self.folder = folder  # for its temporary files, which it cannot remove when it is killed
        self.status: int | None = None
        self.peak = 0
        self.done = 0  # pieces of work

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
        self.requests.close()
        self.answers.close()
        self.folder.cleanup()

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
    serve: Serve, requests: Connection, answers: Connection, parent: int, megabytes: int, idle: float
) -> NoReturn:
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, signal.SIG_DFL)
        _die_with(parent)
        _be_the_first_to_go()
        _limit(megabytes + RESERVE)
        while requests.poll(idle):
            request = requests.recv()
            answers.send(("begun", None))
            _answer(serve, request, answers)
            del request
            _tidy()
    except (EOFError, OSError):
        pass  # nobody asks or listens any more
    finally:
        os._exit(0)


def _answer(serve: Serve, request: Any, answers: Connection) -> None:
    try:
        answers.send(("done", serve(request, lambda text: answers.send(("told", text)))))
    except MemoryError:
        _limit(None)
        answers.send(("memory", traceback.format_exc(limit=-3)))
    except BaseException as error:
        full = isinstance(error, OSError) and error.errno in NO_ROOM
        answers.send(("full" if full else "broken", traceback.format_exc()))


def _tidy() -> None:
    """Give back what the last piece of work took, while nobody waits."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError):  # glibc only
        ctypes.CDLL(None).malloc_trim(0)


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
