"""Reports survive what happens to machines. Real workers, beat, broker and database, each of them killed in turn.

Whatever happens, every report ends done exactly once, or failed with a reason; none is lost and none is made twice.
"""

import resource
import shutil
import time

import pytest

from quotes import tasks
from quotes.enums import Appendix, ReportState
from quotes.models import Report
from tests.concurrency.plant import ALIAS, LEASE, SWEEP, Plant
from tests.quotes.reports.scenario import frozen, scene

pytestmark = [pytest.mark.worker, pytest.mark.slow]
EVERYTHING = tuple(Appendix.values)
MEMORY = 600  # megabytes
GRACE = 20  # seconds that a busy machine may be late


@pytest.fixture(scope="module")
def db(django_db_setup, django_db_blocker):
    """In place of pytest-django's: the suite's database for the whole module, without a transaction around tests."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def plant(db):
    plant = Plant()
    try:
        plant.build()
        plant.start_beat()
        plant.start_worker(  # never renewed for its age: a process that has gone has gone because of a job
            "first", REPORT_MEMORY_LIMIT_MB=str(MEMORY), CELERY_WORKER_MAX_TASKS_PER_CHILD="100000"
        )
        yield plant
    finally:
        plant.clean()


@pytest.fixture(scope="module")
def short(plant) -> dict:
    """A snapshot of a project whose catalogue is empty: two pages, quickly made."""

    def empty():
        made = scene(with_shortlist=False)
        for organisation in made.partners.values():
            organisation.active = False
            organisation.save()
        return made

    return frozen(empty)


@pytest.fixture(scope="module")
def long(plant) -> dict:
    """A snapshot with everything in it, which takes seconds."""
    return frozen(scene)


@pytest.fixture(scope="module")
def huge(long) -> dict:
    """The same with thousands of rows, as no project has: it needs far more memory than a worker grants."""
    return {**long, "knocked_out": long["knocked_out"] * 3000}


def test_kill_minus_nine_in_the_middle_of_fifty_jobs_with_two_workers_and_every_message_twice(plant, short):
    plant.start_worker("second")
    ids = plant.ask(short, 50, times=2)
    plant.until(lambda: sum(row.state == ReportState.DONE for row in plant.rows(ids)) >= 8, "some are done")
    plant.until(
        lambda: (
            plant.renderers("second")
            and sum(row.state == ReportState.RUNNING for row in plant.rows(ids)) == 2
        ),
        "both workers are in the middle of one",
    )
    plant.kill("second")
    held = {row.pk for row in plant.rows(ids) if row.state == ReportState.RUNNING}
    plant.start_worker("third")
    plant.until(
        lambda: all(row.state != ReportState.RUNNING or row.attempts > 1 for row in plant.rows(held)),
        "the dead worker's row is taken back within its lease",
        seconds=LEASE + 2 * SWEEP + GRACE,
    )
    rows = plant.ended(ids)
    plant.assert_done_once(rows)
    assert len(plant.files()) == 50
    again = [row.attempts for row in rows if row.attempts != 1]
    assert again in ([], [2]), "only what the killed worker held was begun twice"
    plant.kill("third")


def test_a_broker_that_stops_loses_everything_and_comes_back(plant, short):
    ids = plant.ask(short, 6)
    plant.until(lambda: any(row.state == ReportState.RUNNING for row in plant.rows(ids)), "one is being made")
    plant.services._stop_valkey()
    shutil.rmtree(plant.services.valkey_data)
    unheard = plant.ask(short, 2, times=0)  # asked for while nobody could be told
    plant.services.ensure_running("plant")
    rows = plant.ended([*ids, *unheard])
    plant.assert_done_once(rows)
    assert {row.attempts for row in rows} == {1}


def test_a_database_that_restarts_costs_no_report(plant, short, long):
    ids = [*plant.ask(long, 1, appendices=EVERYTHING), *plant.ask(short, 4)]
    plant.until_begun(ids[:1])
    stopped = time.monotonic()
    plant.services._stop_postgres()
    plant.services.ensure_running("plant")
    away = time.monotonic() - stopped
    rows = plant.ended(ids)
    plant.assert_done_once(rows)
    if away < LEASE / 2:
        assert rows[0].attempts == 1, "its worker kept at it"


def test_a_storage_that_cannot_be_written_fails_the_report_with_the_reason_and_a_later_try_succeeds(
    plant, short
):
    kept = plant.media / "reports"
    aside = plant.media / "aside"
    kept.mkdir(exist_ok=True)
    kept.rename(aside)
    kept.write_text("a file where the directory was: nothing can be stored below it")
    (failed,) = plant.ended(plant.ask(short))
    assert (failed.state, failed.error, failed.file.name) == (ReportState.FAILED, tasks.NOT_STORED, "")
    kept.unlink()
    aside.rename(kept)
    Report.objects.using(ALIAS).filter(pk=failed.pk).update(state=ReportState.QUEUED, attempts=0, error="")
    plant.assert_done_once(plant.ended([failed.pk]))


def test_a_disk_that_is_full_fails_the_report_with_the_reason_and_leaves_nothing_behind(plant, short):
    before = plant.files()
    pool, renderers = plant.children("first"), plant.renderers("first")
    for process in pool:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    if renderers:  # one that has its fonts writes nothing itself: its worker finds no room for the report
        (failed,) = plant.ended(plant.ask(short))
        assert (failed.state, failed.error) == (ReportState.FAILED, tasks.NOT_STORED)
    for process in renderers:
        process.kill()
    (failed,) = plant.ended(plant.ask(short))  # a new one finds no room for its fonts
    for process in [*pool, *plant.renderers("first")]:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert (failed.state, failed.error) == (ReportState.FAILED, tasks.DISK_FULL)
    assert plant.files() == before
    plant.assert_done_once(plant.ended(plant.ask(short)))


def test_a_report_that_needs_too_much_memory_says_so_and_the_worker_goes_on(plant, short, huge):
    pool = plant.children("first")
    (failed,) = plant.ended(plant.ask(huge, appendices=EVERYTHING))
    assert (failed.state, failed.error) == (ReportState.FAILED, tasks.TOO_BIG.format(megabytes=MEMORY))
    plant.assert_done_once(plant.ended(plant.ask(short)))
    assert plant.children("first") == pool, "the same process goes on"


def test_a_renderer_that_the_system_kills_is_a_reason_and_the_worker_goes_on(plant, short, long):
    pool = plant.children("first")
    ids = plant.ask(long, appendices=EVERYTHING)
    plant.until_begun(ids)
    for process in plant.renderers("first"):
        process.kill()
    (failed,) = plant.ended(ids)
    assert (failed.state, failed.error) == (ReportState.FAILED, tasks.KILLED)
    plant.assert_done_once(plant.ended(plant.ask(short)))
    assert plant.children("first") == pool


def test_cancelling_ends_the_renderer_and_frees_the_worker(plant, long):
    (pk,) = plant.ask(long, appendices=EVERYTHING)
    plant.until_begun([pk])
    Report.objects.using(ALIAS).filter(pk=pk, state=ReportState.RUNNING).update(state=ReportState.STOPPED)
    plant.until(lambda: not plant.renderers("first"), "nobody works on it any more", seconds=LEASE + GRACE)
    assert plant.row(pk).state == ReportState.STOPPED


def test_a_report_that_takes_too_long_or_cannot_be_made_says_so(plant, short, long):
    plant.kill("first")
    plant.start_worker("hasty", REPORT_TIME_LIMIT_SECONDS="1")
    (slow,) = plant.ended(plant.ask(long, appendices=EVERYTHING))
    assert (slow.state, slow.error) == (ReportState.FAILED, tasks.TOO_SLOW.format(seconds=1))
    (broken,) = plant.ended(plant.ask({}))
    assert (broken.state, broken.error) == (ReportState.FAILED, tasks.BROKEN)
    assert "Traceback" in plant.log("hasty")
