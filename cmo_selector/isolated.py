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
import os
import pickle
import resource
import select
import shutil
import signal
import struct
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

LOOK_EVERY = 0.2  # seconds between two looks at the child's memory
BEGIN_SECONDS = 15  # within which a child that waits takes up what it is asked; one that does not hangs
PREFIX = "isolated-"  # of the folders of temporary files; the parent's process id follows
LENGTH = struct.Struct("!Q")  # stands before every answer
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


class NotStarted(WorkEnded):
    """No process could be started for it, or none began with it: the machine lacks memory or is far too busy."""


FAULTS: dict[str, type[WorkEnded]] = {
    "memory": TooBig, "full": DiskFull, "broken": Broken,
    "slow": TooSlow, "killed": Killed, "not started": NotStarted,
}  # fmt: skip
NAMES = {fault: name for name, fault in FAULTS.items()}


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

        `beat` is called about every `beat_every` seconds, while the request is handed over too. Whatever is raised
        here, by `beat`, by `told` or by a signal, ends the child; otherwise raises a WorkEnded.
        """
        look, whole = _Look(seconds, beat, beat_every), False
        try:
            child = self._hand_over(request, look)
            value = _result(child, look, told)
            child.done += 1
            whole = child.done < self._at_most and child.resident() <= self._keep * MEGABYTE
        finally:
            if not whole:
                self.end()
        return value

    def _hand_over(self, request: Any, look: _Look) -> _Child:
        """The child that has begun with the request. One that died or hangs where it waited is replaced, once."""
        for last in (False, True):
            self._child = child = self._child or _start(self._serve, self._megabytes, self._idle)
            try:
                child.begin(request, look)
            except _Unfit as unfit:
                self.end()
                if last:
                    raise unfit.cause from None
            else:
                return child
        raise AssertionError

    def end(self) -> None:
        """End the child, whatever it does; the next piece of work starts a new one."""
        if self._child is not None:
            self._child.end()
            self._child = None


def _start(serve: Serve, megabytes: int, idle: float) -> _Child:
    """Raises DiskFull and NotStarted, and then leaves nothing behind."""
    _remove_what_the_killed_left()
    parent = os.getpid()
    with contextlib.ExitStack() as undo:
        try:
            (taken, requests), (answers, given) = os.pipe(), os.pipe()
            for end in (taken, requests, answers, given):
                undo.callback(os.close, end)
            folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{parent}-", ignore_cleanup_errors=True)
            undo.callback(folder.cleanup)
            pid = os.fork()
        except OSError as error:
            raise (DiskFull if error.errno in NO_ROOM else NotStarted)(str(error)) from error
        if pid == 0:
            os.close(requests)
            os.close(answers)
            tempfile.tempdir = folder.name
            _be_the_child(serve, taken, given, parent, megabytes, idle)
        undo.pop_all()
    os.close(taken)
    os.close(given)
    return _Child(pid, megabytes, requests, answers, folder)


@cache
def _remove_what_the_killed_left() -> None:
    """Folders whose process was ended before it could remove them; once per process is often enough."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        pid = folder.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdecimal() and not _exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


class _Look:
    """Called again and again while there is work: sees to the caller's heartbeat and to the limits of the child."""

    def __init__(self, seconds: float, beat: Callable[[], None], beat_every: float) -> None:
        now = time.monotonic()
        self.deadline, self.next_beat = now + seconds, now + beat_every
        self.beat, self.beat_every = beat, beat_every

    def __call__(self, child: _Child) -> None:
        now = time.monotonic()
        if now >= self.deadline:
            raise TooSlow
        if now >= self.next_beat:
            self.beat()
            self.next_beat = time.monotonic() + self.beat_every
        if child.resident() > child.megabytes * MEGABYTE:
            raise TooBig

    def pause(self) -> int:
        """Milliseconds until the next look."""
        left = min(LOOK_EVERY, self.deadline - time.monotonic(), self.next_beat - time.monotonic())
        return max(1, round(1000 * left))


def _result(child: _Child, look: _Look, told: Callable[[str], None]) -> Any:
    while True:
        look(child)
        try:
            said = child.hear(look.pause())
        except (EOFError, OSError):
            raise child.cause_of_death() from None
        if said is None:
            continue
        kind, value = said
        if kind == "done":
            return value
        if kind == "told":
            told(value)
        else:
            raise FAULTS[kind](value)


class _Unfit(Exception):
    """The child did not begin with what it was asked."""

    def __init__(self, cause: WorkEnded) -> None:
        super().__init__(cause)
        self.cause = cause


class _Child:
    """The child as its parent sees it. Neither writing to it nor reading from it ever blocks."""

    def __init__(
        self,
        pid: int,
        megabytes: int,
        requests: int,
        answers: int,
        folder: tempfile.TemporaryDirectory[str],
    ) -> None:
        self.pid, self.megabytes = pid, megabytes
        self.requests, self.answers = requests, answers
        os.set_blocking(requests, False)
        self.readable, self.writable = select.poll(), select.poll()
        self.readable.register(answers, select.POLLIN)
        self.writable.register(requests, select.POLLOUT)
        self.folder = folder  # for its temporary files, which it cannot remove when it is killed
        self.heard = bytearray()
        self.number = 0  # of the request; every answer repeats it
        self.status: int | None = None
        self.peak = 0
        self.done = 0  # pieces of work

    def begin(self, request: Any, look: _Look) -> None:
        """Hand the request over and wait until the child has begun. Raises _Unfit."""
        self.number += 1
        rest = memoryview(pickle.dumps((self.number, request)))
        patience = time.monotonic() + BEGIN_SECONDS
        said = None
        while said is None:
            look(self)
            if time.monotonic() >= patience:
                raise _Unfit(NotStarted(f"it did not begin within {BEGIN_SECONDS} s"))
            try:
                if not rest:
                    said = self.hear(look.pause())
                elif self.writable.poll(look.pause()):
                    with contextlib.suppress(BlockingIOError):
                        rest = rest[os.write(self.requests, rest) :]
            except (EOFError, OSError):
                raise _Unfit(self.cause_of_death()) from None
        if said[0] != "begun":
            raise Broken(f"it began with {said[0]}")

    def hear(self, milliseconds: int) -> tuple[str, Any] | None:
        """What it said, if it has within this time. Raises EOFError and OSError when it is gone."""
        if (said := self._next()) is not None or not self.readable.poll(milliseconds):
            return said
        self.heard += (piece := os.read(self.answers, MEGABYTE))
        if not piece:
            raise EOFError
        return self._next()

    def _next(self) -> tuple[str, Any] | None:
        if len(self.heard) < LENGTH.size:
            return None
        end = LENGTH.size + LENGTH.unpack_from(self.heard)[0]
        if len(self.heard) < end:
            return None
        number, kind, value = pickle.loads(memoryview(self.heard)[LENGTH.size : end])  # noqa: S301  our own child
        del self.heard[:end]
        if number != self.number:
            raise Broken(f"an answer to request {number} instead of {self.number}")
        return kind, value

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
        os.close(self.requests)
        os.close(self.answers)
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


def _be_the_child(serve: Serve, taken: int, given: int, parent: int, megabytes: int, idle: float) -> NoReturn:
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            signal.signal(number, signal.SIG_DFL)
        _die_with(parent)
        _be_the_first_to_go()
        _limit(megabytes + RESERVE)
        gc.disable()  # cycles are collected between two pieces of work (`_tidy`), while nobody waits
        gc.freeze()  # what is inherited is not looked through, which would copy its pages too
        waiting = select.poll()
        waiting.register(taken, select.POLLIN)
        with open(taken, "rb") as requests:
            while waiting.poll(round(1000 * idle)):
                number, request = pickle.load(requests)  # noqa: S301  our own parent
                answer = _Answer(given, number)
                answer("begun", None)
                _answer(serve, request, answer)
                del request
                _tidy()
    except (EOFError, OSError, pickle.UnpicklingError):
        pass  # nobody asks or listens any more
    finally:
        os._exit(0)


class _Answer:
    """Says something to the parent about the request with this number."""

    def __init__(self, given: int, number: int) -> None:
        self.given, self.number = given, number

    def __call__(self, kind: str, value: Any) -> None:
        text = pickle.dumps((self.number, kind, value))
        for part in (LENGTH.pack(len(text)), text):
            rest = memoryview(part)
            while rest:
                rest = rest[os.write(self.given, rest) :]


def _answer(serve: Serve, request: Any, answer: _Answer) -> None:
    try:
        answer("done", serve(request, lambda text: answer("told", text)))
    except MemoryError:
        _limit(None)
        answer("memory", traceback.format_exc(limit=-3))
    except WorkEnded as ended:  # of a child of its own
        answer(NAMES[type(ended)], ended.details)
    except BaseException as error:
        full = isinstance(error, OSError) and error.errno in NO_ROOM
        answer("full" if full else "broken", traceback.format_exc())


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
