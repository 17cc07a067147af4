"""Work in a child process: its answer comes back, its faults are named, and its parent always lives."""

import errno
import faulthandler
import gc
import os
import pickle
import resource
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from pathlib import Path

import psutil
import pytest

from cmo_selector import isolated

ROOT = Path(__file__).resolve().parents[2]


QUIET = {"seconds": 30, "told": lambda text: None, "beat": lambda: None, "beat_every": 10}


def run(work, *, megabytes=2000, **changes):
    """One piece of work in a child of its own."""
    standby = isolated.Standby(lambda request, tell: work(tell), megabytes=megabytes, keep=megabytes)
    try:
        return standby.ask(None, **{**QUIET, **changes})
    finally:
        standby.end()


@pytest.fixture
def standing():
    """`standing(serve, …)` gives a function that asks it, and the Standby."""
    made = []

    def start(serve, **options):
        standby = isolated.Standby(serve, **{"megabytes": 2000, "keep": 1000, **options})
        made.append(standby)
        return lambda request=None, **changes: standby.ask(request, **{**QUIET, **changes}), standby

    yield start
    for standby in made:
        standby.end()


def children() -> list[int]:
    return [child.pid for child in psutil.Process().children()]


@pytest.fixture(autouse=True)
def nobody_is_left():
    before = children()
    yield
    assert set(children()) <= set(before)


def resident_megabytes() -> int:
    return psutil.Process().memory_info().rss // isolated.MEGABYTE


def test_the_answer_comes_back_from_another_process_and_its_words_on_the_way():
    heard = []

    def work(tell):
        tell("first")
        tell("second")
        return os.getpid(), b"x" * 5_000_000

    pid, content = run(work, told=heard.append)
    assert (pid != os.getpid(), len(content), heard) == (True, 5_000_000, ["first", "second"])


def test_what_the_child_changes_stays_in_the_child():
    kept = []
    assert run(lambda tell: kept.append(1) or len(kept)) == 1
    assert kept == []


def test_an_exception_is_told_with_its_traceback():
    with pytest.raises(isolated.Broken) as caught:
        run(lambda tell: {}["nothing"])
    assert "KeyError: 'nothing'" in caught.value.details


def test_a_full_disk_is_told_from_a_fault(tmp_path):
    def write(tell):
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        (tmp_path / "large").write_bytes(b"x" * 5000)

    with pytest.raises(isolated.DiskFull, match="File too large"):
        run(write)


def test_endless_work_is_stopped_even_when_it_ignores_signals():
    def endless(tell):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True:
            pass

    began = time.monotonic()
    with pytest.raises(isolated.TooSlow):
        run(endless, seconds=0.5)
    assert time.monotonic() - began < 10


def test_memory_that_grows_past_the_limit_ends_the_work():
    def greedy(tell):
        hoard = []
        while True:
            hoard.append(b"x" * isolated.MEGABYTE)

    with pytest.raises(isolated.TooBig):
        run(greedy, megabytes=resident_megabytes() + 150)


def test_one_giant_request_for_memory_is_refused_at_once():
    before = psutil.virtual_memory().available
    with pytest.raises(isolated.TooBig):
        run(lambda tell: len(bytearray(64 * 1024 * isolated.MEGABYTE)), megabytes=1024)
    assert psutil.virtual_memory().available > before / 2


@pytest.mark.parametrize(
    ("number", "expected"),
    [(signal.SIGKILL, isolated.Killed), (signal.SIGSEGV, isolated.Broken), (signal.SIGABRT, isolated.Broken)],
    ids=["kernel", "crash", "abort"],
)
def test_a_child_that_dies_is_told_from_one_that_fails(number, expected):
    def die(tell):
        faulthandler.disable()  # pytest's would print where the signal met it
        os.kill(os.getpid(), number)

    with pytest.raises(expected):
        run(die)


def test_a_child_that_just_leaves_has_failed():
    with pytest.raises(isolated.Broken, match="status 3"):
        run(lambda tell: os._exit(3))


def test_a_caller_that_may_no_longer_work_ends_the_child():
    class Lost(Exception):
        pass

    def beat():
        raise Lost

    began = time.monotonic()
    with pytest.raises(Lost):
        run(lambda tell: time.sleep(60), beat=beat, beat_every=0.3)
    assert time.monotonic() - began < 10


def test_the_caller_is_called_regularly_while_the_work_goes_on():
    beats = []
    run(lambda tell: time.sleep(1.5), beat=lambda: beats.append(1), beat_every=0.3)
    assert 2 <= len(beats) <= 5


@pytest.mark.skipif(sys.platform != "linux", reason="a service of the Linux kernel")
def test_the_child_dies_with_its_parent():
    code = (
        "import os, sys, time; from cmo_selector import isolated\n"
        "def work(tell):\n"
        "    tell(str(os.getpid())); time.sleep(60)\n"
        "isolated.Standby(lambda request, tell: work(tell), megabytes=2000, keep=1000).ask(\n"
        "    None, seconds=60, told=lambda t: print(t, flush=True), beat=lambda: None, beat_every=10)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.skipif(sys.platform != "linux", reason="a service of the Linux kernel")
def test_the_kernel_takes_the_child_before_its_parent():
    assert run(lambda tell: Path("/proc/self/oom_score_adj").read_text().strip()) == "1000"
    assert Path("/proc/self/oom_score_adj").read_text().strip() != "1000"


# -- one piece of work after another ------------------------------------------------------------------


def test_one_child_does_one_piece_after_another_and_keeps_what_it_has(standing):
    kept = []

    def serve(request, tell):
        kept.append(request)
        return os.getpid(), list(kept)

    ask, _ = standing(serve)
    first, second = ask("a"), ask("b" * 500_000)
    assert (first[0] == second[0] != os.getpid(), first[1], second[1]) == (True, ["a"], ["a", "b" * 500_000])
    assert kept == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, isolated.Broken),
        ({"seconds": 0.5}, isolated.TooSlow),
        ({"beat_every": 0.1}, OSError),
    ],
    ids=["fault", "time", "caller"],
)
def test_after_a_piece_that_did_not_end_well_the_next_one_has_a_new_child(standing, changes, expected):
    def serve(request, tell):
        if request == "break":
            time.sleep(60) if changes else {}["nothing"]
        return os.getpid()

    def beat():
        raise OSError

    ask, _ = standing(serve)
    first = ask()
    with pytest.raises(expected):
        ask("break", **{**changes, "beat": beat})
    assert not psutil.pid_exists(first)
    assert ask() != first


def test_a_child_that_dies_while_it_waits_is_replaced_and_nobody_notices(standing):
    ask, _ = standing(lambda request, tell: os.getpid())
    first = ask()
    os.kill(first, signal.SIGKILL)
    assert ask() != first


def test_a_child_without_work_ends_by_itself_and_the_next_piece_starts_another(standing):
    ask, _ = standing(lambda request, tell: os.getpid(), idle=0.2)
    first = ask()
    deadline = time.monotonic() + 20
    while psutil.Process(first).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert ask() != first


def test_a_child_that_has_grown_or_done_enough_is_replaced(standing):
    hoard = []

    def serve(request, tell):
        hoard.append(b"x" * request * isolated.MEGABYTE)
        return os.getpid()

    fresh, _ = standing(
        lambda request, tell: resident_megabytes()
    )  # a fork holds less than what it is forked from
    ask, _ = standing(serve, keep=fresh() + 150, megabytes=4000, at_most=3)
    pids = [ask(megabytes) for megabytes in (1, 300, 1, 1, 1, 1)]
    assert [pids.index(pid) for pid in pids] == [0, 0, 2, 2, 2, 5]


def test_cycles_are_collected_between_two_pieces_and_not_while_somebody_waits(standing):
    class Knot:
        pass

    tied = []

    def tie(request, tell):
        alive = sum(knot() is not None for knot in tied)
        for _ in range(5_000):
            knot = Knot()
            knot.itself = knot
            tied.append(weakref.ref(knot))
        return gc.isenabled(), alive, sum(knot() is not None for knot in tied[-5_000:])

    ask, _ = standing(tie)
    assert [ask(), ask()] == [(False, 0, 5_000), (False, 0, 5_000)]


def test_its_temporary_files_go_with_it(standing):
    def serve(request, tell):
        with tempfile.NamedTemporaryFile(delete=False) as file:
            return file.name

    ask, standby = standing(serve)
    left = Path(ask())
    assert left.exists()
    standby.end()
    assert not left.parent.exists()


# -- handing over -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [10, 5_000_000], ids=["that fits the pipe", "larger than the pipe"])
def test_a_child_that_hangs_is_replaced_and_nobody_hears_its_late_answer(standing, monkeypatch, size):
    monkeypatch.setattr(isolated, "BEGIN_SECONDS", 1.5)
    ask, _ = standing(lambda request, tell: (os.getpid(), request[:3]))
    hung, _ = ask("one" + "x" * size)
    psutil.Process(hung).suspend()
    beats = []
    pid, answer = ask("two" + "x" * size, beat=lambda: beats.append(1), beat_every=0.1)
    assert (pid != hung, answer, psutil.pid_exists(hung)) == (True, "two", False)
    assert len(beats) >= 2
    assert ask("three")[1] == "thr"


def test_whatever_is_raised_while_a_request_is_handed_over_ends_the_child(standing):
    ask, standby = standing(lambda request, tell: os.getpid())
    hung = ask()
    psutil.Process(hung).suspend()

    def signalled():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        ask(beat=signalled, beat_every=0.1)
    assert (standby.pid, psutil.pid_exists(hung)) == (None, False)
    psutil.Process(ask()).suspend()
    with pytest.raises(isolated.TooSlow):
        ask(seconds=0.3)


def test_an_answer_to_another_request_is_no_answer(standing):
    ask, standby = standing(lambda request, tell: request)
    assert ask("first") == "first"
    late = pickle.dumps((1, "begun", None))
    standby._child.heard += isolated.LENGTH.pack(len(late)) + late
    with pytest.raises(isolated.Broken, match="request 1 instead of 2"):
        ask("second")
    assert ask("third") == "third"


def test_no_room_for_another_process_is_named_and_leaves_nothing_open(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "isolated-999999999-x").mkdir()  # of a process that was killed
    isolated._remove_what_the_killed_left.cache_clear()

    def refuse():
        raise OSError(errno.EAGAIN, "no more processes")

    monkeypatch.setattr(os, "fork", refuse)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(isolated.NotStarted, match="no more processes"):
        run(lambda tell: None)
    assert (len(os.listdir("/proc/self/fd")), list(tmp_path.iterdir())) == (before, [])


@pytest.mark.parametrize(
    ("work", "fault"),
    [
        (lambda tell: bytearray(1900 * isolated.MEGABYTE), isolated.TooBig),
        (lambda tell: os.kill(os.getpid(), signal.SIGKILL), isolated.Killed),
        (lambda tell: time.sleep(30), isolated.TooSlow),
        (lambda tell: 1 / 0, isolated.Broken),
    ],
)
def test_a_fault_of_a_childs_own_child_keeps_its_name(work, fault):
    limit = 1 if fault is isolated.TooSlow else 20
    with pytest.raises(fault) as raised:
        run(lambda tell: run(work, megabytes=resident_megabytes() + 200, seconds=limit), megabytes=4000)
    assert type(raised.value) is fault


def test_a_childs_own_child_dies_with_it(tmp_path):
    noted = tmp_path / "pid"

    def inner(tell):
        noted.write_text(str(os.getpid()))
        time.sleep(60)

    with pytest.raises(isolated.TooSlow):
        run(lambda tell: run(inner, seconds=60), seconds=2)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(int(noted.read_text())) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(noted.read_text()))
