"""Work in a child process: its answer comes back, its faults are named, and its parent always lives."""

import faulthandler
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cmo_selector import isolated

ROOT = Path(__file__).resolve().parents[2]


def run(work, **changes):
    options = {
        "seconds": 30,
        "megabytes": 2000,
        "told": lambda text: None,
        "beat": lambda: None,
        "beat_every": 10,
        **changes,
    }
    return isolated.run(work, **options)


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
        "isolated.run(work, seconds=60, megabytes=2000, told=lambda t: print(t, flush=True),\n"
        "             beat=lambda: None, beat_every=10)"
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
