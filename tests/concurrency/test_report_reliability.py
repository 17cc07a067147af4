"""Reports survive what happens to machines. Real workers, beat, broker and database, each of them killed in turn.

Whatever happens, every report ends done exactly once, or failed with a reason, within the lease; none is lost and none
is made twice.
"""

import resource
import shutil
import socket
import time

import pytest
import redis
from kombu import pools

from cmo_selector import env
from cmo_selector.celery import app
from partners.models import RegisterUpload
from partners.tasks import read_register_upload
from quotes import tasks
from quotes.enums import Appendix, ReportState
from quotes.models import Report
from quotes.services import reports
from tests.concurrency.plant import ALIAS, LEASE, Plant, children_of
from tests.quotes.reports.scenario import frozen, scene

pytestmark = [pytest.mark.worker, pytest.mark.slow]
EVERYTHING = tuple(Appendix.values)
MEMORY = 600  # megabytes


def forget_connections() -> None:
    """kombu keeps pools by the connection's hash, which is the same for two sockets."""
    pools.reset()
    app._pool = app.amqp._producer_pool = None


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
        plant.start_worker("upkeep", "upkeep")
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
    rows = plant.recovered(ids, "a killed worker", meanwhile=lambda: plant.start_worker("third"))
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
    rows = plant.recovered([*ids, *unheard], "a broker that lost everything")
    plant.assert_done_once(rows)
    assert {row.attempts for row in rows} == {1}


def test_a_database_that_restarts_costs_no_report(plant, short, long):
    ids = [*plant.ask(long, 1, appendices=EVERYTHING), *plant.ask(short, 4)]
    plant.until_begun(ids[:1])
    stopped = time.monotonic()
    plant.services._stop_postgres()
    plant.services.ensure_running("plant")
    away = time.monotonic() - stopped
    rows = plant.recovered(ids, "a restarted database")
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
    plant.assert_done_once(plant.recovered([failed.pk], "a storage that could not be written"))


def test_a_disk_that_is_full_fails_the_report_with_the_reason_and_leaves_nothing_behind(plant, short):
    before = plant.files()
    pool, renderers = plant.children("first"), plant.renderers("first")
    for process in [*pool, *renderers]:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    if renderers:  # one that has its fonts finds no room for the report
        (failed,) = plant.ended(plant.ask(short))
        assert (failed.state, failed.error) == (ReportState.FAILED, tasks.NOT_STORED)
    for process in renderers:
        process.kill()
    (failed,) = plant.ended(plant.ask(short))  # a new one finds no room for its fonts
    for process in [*pool, *plant.renderers("first")]:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert (failed.state, failed.error) == (ReportState.FAILED, tasks.DISK_FULL)
    assert plant.files() == before
    plant.assert_done_once(plant.recovered(plant.ask(short), "a full disk"))


@pytest.fixture
def silent_mail_server():
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"smtp://127.0.0.1:{server.getsockname()[1]}"


def test_neither_long_imports_nor_a_silent_mail_server_keep_a_dead_workers_report_waiting(
    plant, short, long, silent_mail_server
):
    uploads = RegisterUpload.objects.using(ALIAS).bulk_create(
        RegisterUpload(kind="drls", file_name="drls.csv", size=1, uploaded_by=plant.user) for _ in range(2)
    )
    plant.start_worker("imports", "worker", slots=2)
    plant.start_worker("mail", "mail", EMAIL_URL=silent_mail_server)
    # every slot for imports waits for a row that somebody keeps: as busy as with the longest of files
    with plant.holding(RegisterUpload.objects.filter(pk__in=[upload.pk for upload in uploads])):
        for upload in uploads:
            plant.send(read_register_upload, upload.pk)
        plant.until(
            lambda: plant.log("imports").count("read_register_upload[") == 2, "both imports have begun"
        )
        plant.start_worker("second")
        ids = plant.ask(long, 3, appendices=EVERYTHING)
        plant.until(
            lambda: (
                plant.renderers("second")
                and sum(row.state == ReportState.RUNNING for row in plant.rows(ids)) == 2
            ),
            "both workers are in the middle of one",
        )
        plant.kill("second")
        rows = plant.recovered(ids, "a killed worker, with all other slots taken")
        plant.assert_done_once(rows)
        assert [row.attempts for row in rows].count(2) == 1
    plant.kill("imports")
    plant.kill("mail")


def test_a_broker_without_room_is_told_again(plant, short, monkeypatch):
    monkeypatch.setattr(app.conf, "broker_url", env.celery_broker_url(plant.services.redis_url))
    forget_connections()
    ids = plant.ask(short, 2, times=0)
    with redis.Redis.from_url(plant.services.redis_url) as broker:
        broker.config_set("maxmemory", 1)
        assert [reports.dispatch(pk) for pk in ids] == [False, False]
        broker.config_set("maxmemory", 0)
    forget_connections()
    plant.assert_done_once(plant.recovered(ids, "a broker that had no room"))


def test_a_renderer_that_hangs_is_replaced_and_its_worker_keeps_its_report(plant, short):
    plant.assert_done_once(plant.ended(plant.ask(short)))
    (hung,) = plant.renderers("first")
    hung.suspend()
    (row,) = plant.recovered(plant.ask(short), "a renderer that hangs")
    plant.assert_done_once([row])
    assert (row.attempts, hung.is_running()) == (1, False)


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


def test_the_process_that_draws_stays_after_few_pages_and_makes_room_for_many(plant, long):
    def drawing() -> list:
        return [child for renderer in plant.renderers("first") for child in children_of(renderer)]

    plant.assert_done_once(plant.ended(plant.ask(long)))
    assert len(drawing()) == 1
    ids = plant.ask(long, appendices=EVERYTHING)
    plant.until_begun(ids)
    plant.until(lambda: not drawing(), "nothing draws any more while pages are laid out", seconds=LEASE)
    assert plant.row(ids[0]).state == ReportState.RUNNING
    plant.assert_done_once(plant.ended(ids))


def test_cancelling_ends_the_renderer_and_frees_the_worker(plant, long):
    (pk,) = plant.ask(long, appendices=EVERYTHING)
    plant.until_begun([pk])
    Report.objects.using(ALIAS).filter(pk=pk, state=ReportState.RUNNING).update(state=ReportState.STOPPED)
    plant.until(lambda: not plant.renderers("first"), "nobody works on it any more", seconds=LEASE)
    assert plant.row(pk).state == ReportState.STOPPED


def test_a_report_that_takes_too_long_or_cannot_be_made_says_so(plant, short, long):
    plant.kill("first")
    plant.start_worker("hasty", REPORT_TIME_LIMIT_SECONDS="1")
    (slow,) = plant.ended(plant.ask(long, appendices=EVERYTHING))
    assert (slow.state, slow.error) == (ReportState.FAILED, tasks.TOO_SLOW.format(seconds=1))
    (broken,) = plant.ended(plant.ask({}))
    assert (broken.state, broken.error) == (ReportState.FAILED, tasks.BROKEN)
    assert "Traceback" in plant.log("hasty")
