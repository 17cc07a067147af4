"""Report rows: asked for once, claimed once, finished once, taken back from dead workers, never lost."""

import datetime as dt
import hashlib
import logging
import resource

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.core.files.storage import default_storage
from django.utils import timezone
from kombu import pools
from kombu.exceptions import OperationalError

from cmo_selector import isolated
from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from cmo_selector.celery import app
from quotes import tasks
from quotes.brief import NothingToRank
from quotes.enums import ReportState, ReportStep
from quotes.models import Project, Report
from quotes.reports.canonical import snapshot_hash
from quotes.services import report_files, reports
from quotes.services.projects import ProjectArchived, archive_project
from tests.factories.quotes import ReportFactory
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 nominal"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def _forget_connections():
    """kombu keeps pools by the connection's hash, which is the same for two sockets."""
    pools.reset()
    app._pool = app.amqp._producer_pool = None


@pytest.fixture
def dead_broker():
    """A broker that refuses connections: a socket that does not exist."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.conf, "broker_url", "redis+socket:///nonexistent/valkey.sock")
        _forget_connections()
        yield
    _forget_connections()


@pytest.fixture
def report():
    return ReportFactory()


def ask(scene):
    return reports.request_report(actor=scene.user, project=scene.project)


def verbs():
    return list(
        AuditEvent.objects.filter(verb__startswith="report.").values_list("verb", flat=True).order_by("pk")
    )


# -- asking -------------------------------------------------------------------------------------------


def test_a_request_freezes_the_project_and_queues_a_row(scene):
    report = ask(scene)
    stored = Report.objects.get(pk=report.pk)
    assert (stored.state, stored.step, stored.attempts) == (ReportState.QUEUED, ReportStep.WAITING, 0)
    assert stored.snapshot_hash == snapshot_hash(stored.snapshot)
    assert stored.title == "Decision report: AAV-101 first GMP campaign"
    assert (stored.engine_version, stored.requested_by) == (stored.snapshot["engine"]["version"], scene.user)
    assert verbs() == ["report.requested"]


def test_workers_are_told_only_after_the_commit(
    scene, django_capture_on_commit_callbacks, dead_broker, caplog
):
    with django_capture_on_commit_callbacks(execute=False) as callbacks:
        ask(scene)
    assert len(callbacks) == 1
    assert "broker" not in caplog.text


def test_a_broker_out_of_reach_leaves_the_row_waiting(
    scene, django_capture_on_commit_callbacks, dead_broker, caplog
):
    with caplog.at_level(logging.WARNING), django_capture_on_commit_callbacks(execute=True):
        report = ask(scene)
    report.refresh_from_db()
    assert report.state == ReportState.QUEUED
    assert "the broker is out of reach" in caplog.text
    with pytest.raises(OperationalError):
        tasks.render_report.delay(report.pk)


def test_an_identical_request_is_answered_with_the_first_report(scene):
    first, second = ask(scene), ask(scene)
    assert (first.reused, second.reused, second.pk) == (False, True, first.pk)
    assert (Report.objects.count(), verbs()) == (1, ["report.requested"])


def test_a_change_makes_a_new_report(scene):
    first = ask(scene)
    scene.project.shortlist.filter(position=1).update(comment="New insight")
    assert ask(scene).pk != first.pk


def test_a_failed_or_fileless_report_is_not_reused(scene):
    first = ask(scene)
    reports.fail(reports.claim(first.pk), "Broken")
    second = ask(scene)
    assert second.pk != first.pk
    claimed = reports.claim(second.pk)
    reports.finish(claimed, PDF, 3)
    assert ask(scene).pk == second.pk
    default_storage.delete(Report.objects.get(pk=second.pk).file.name)
    assert ask(scene).pk not in (first.pk, second.pk)


def test_a_project_without_needs_creates_nothing(scene):
    scene.project.needs.all().delete()
    with pytest.raises(NothingToRank):
        ask(scene)
    assert not Report.objects.exists()
    assert verbs() == []


@pytest.mark.parametrize(
    ("role", "prices"),
    [(Role.OWNER, True), (Role.MANAGER, True), (Role.VIEWER, True), (Role.EVALUATOR, False)],
)
def test_prices_follow_the_role_of_the_requester(role, prices):
    report = ask(scenario.scene(role=role.value))
    assert report.snapshot["prices_included"] is prices


# -- claiming and finishing ------------------------------------------------------------------------------


def test_a_claim_takes_the_row_once(report):
    claimed = reports.claim(report.pk)
    assert (claimed.state, claimed.step, claimed.attempts) == (ReportState.RUNNING, ReportStep.CHARTS, 1)
    assert claimed.lease_until > timezone.now() + 0.9 * reports.NOTICED_AFTER
    assert reports.claim(report.pk) is None


@pytest.mark.parametrize("state", [ReportState.DONE, ReportState.FAILED, ReportState.RUNNING])
def test_a_row_that_needs_no_work_is_not_claimed(state):
    row = ReportFactory(done=True)
    Report.objects.filter(pk=row.pk).update(state=state, error="x")
    assert reports.claim(row.pk) is None
    assert reports.claim(row.pk + 1000) is None


def test_a_step_is_written_and_extends_the_lease(report):
    claimed = reports.claim(report.pk)
    Report.objects.filter(pk=report.pk).update(lease_until=timezone.now())
    reports.heartbeat(claimed, ReportStep.LAYOUT)
    report.refresh_from_db()
    assert report.step == ReportStep.LAYOUT
    assert report.lease_until > timezone.now() + 0.9 * reports.NOTICED_AFTER


def test_finishing_stores_the_file_with_its_checksum(report):
    reports.finish(reports.claim(report.pk), PDF, 7)
    report.refresh_from_db()
    assert (report.state, report.step, report.pages) == (ReportState.DONE, ReportStep.FINISHED, 7)
    assert report.file_sha256 == hashlib.sha256(PDF).hexdigest()
    assert (report_files.read_file(report), report.lease_until) == (PDF, None)
    assert report.file.name.startswith(f"reports/{report.project.sponsor_id}/{report.pk}/")
    assert verbs() == ["report.finished"]


def test_a_worker_that_lost_its_row_changes_nothing_and_leaves_no_file(report):
    stale = reports.claim(report.pk)
    Report.objects.filter(pk=report.pk).update(state=ReportState.QUEUED)
    fresh = reports.claim(report.pk)
    for late in (
        lambda: reports.heartbeat(stale, ReportStep.LAYOUT),
        lambda: reports.finish(stale, PDF, 1),
    ):
        with pytest.raises(reports.LeaseLost):
            late()
    reports.fail(stale, "Too late")
    report.refresh_from_db()
    assert (report.state, report.attempts, report.error) == (ReportState.RUNNING, fresh.attempts, "")
    assert not default_storage.exists(f"reports/{report.project.sponsor_id}/{report.pk}") or not any(
        default_storage.listdir(f"reports/{report.project.sponsor_id}/{report.pk}")[1]
    )


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_file_is_not_handed_out(report, damage):
    reports.finish(reports.claim(report.pk), PDF, 1)
    report.refresh_from_db()
    name = report.file.name
    default_storage.delete(name)
    if damage == "changed":
        with default_storage.open(name, "wb") as file:
            file.write(PDF + b"!")
    assert report_files.read_file(report) is None


def test_a_storage_that_fills_up_in_the_middle_of_a_file_leaves_no_half_a_file(report, tmp_path):
    """In a process of its own, whose files may not grow beyond a few kilobytes."""
    name = report_files.new_name(report)  # read here: the child must not use the database

    def store(request, tell):
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        try:
            return report_files.store(name, b"%PDF-" + b"x" * 100_000)
        except report_files.NotStored as refused:
            return type(refused).__name__

    child = isolated.Standby(store, megabytes=4000, keep=4000, at_most=1)
    quiet = {"told": lambda text: None, "beat": lambda: None, "beat_every": 10}
    assert child.ask(None, seconds=60, **quiet) == "NotStored"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


# -- failing and retrying ----------------------------------------------------------------------------------


def test_a_failed_report_can_be_tried_again_from_the_same_snapshot(scene):
    report = ask(scene)
    reports.fail(reports.claim(report.pk), "Broken")
    reports.retry_report(actor=scene.user, report=report)
    report.refresh_from_db()
    assert (report.state, report.attempts, report.error) == (ReportState.QUEUED, 0, "")
    assert report.snapshot_hash == snapshot_hash(report.snapshot)
    with pytest.raises(reports.NothingToRetry):
        reports.retry_report(actor=scene.user, report=report)
    assert verbs() == ["report.requested", "report.failed", "report.retried"]


def test_a_worker_of_a_cancelled_attempt_cannot_touch_the_next_one(scene):
    report = ask(scene)
    old = reports.claim(report.pk)
    reports.cancel_report(actor=scene.user, report=report)
    reports.retry_report(actor=scene.user, report=report)
    new = reports.claim(report.pk)
    assert (old.attempts, new.attempts) == (1, 1)
    with pytest.raises(reports.LeaseLost):
        reports.heartbeat(old)
    reports.fail(old, "Took too long")
    report.refresh_from_db()
    assert (report.state, report.error) == (ReportState.RUNNING, "")
    reports.heartbeat(new)


# -- sweeping ------------------------------------------------------------------------------------------------


def aged(seconds=60, **values):
    row = ReportFactory()
    Report.objects.filter(pk=row.pk).update(
        requested_at=timezone.now() - dt.timedelta(seconds=seconds), **values
    )
    return row


def in_(seconds):
    return timezone.now() + dt.timedelta(seconds=seconds)


def test_a_young_row_is_left_to_its_message():
    aged(5)
    assert reports.sweep() == reports.Sweep()


def test_a_lost_message_is_sent_again_but_not_on_every_sweep():
    row = aged()
    assert reports.sweep().dispatched == [row.pk]
    assert reports.sweep() == reports.Sweep()
    assert reports.sweep(now=in_(61)).dispatched == [row.pk]


def test_without_a_broker_the_sweep_tries_again_next_time(dead_broker):
    row = aged()
    assert reports.sweep() == reports.Sweep()
    row.refresh_from_db()
    assert (row.state, row.lease_until) == (ReportState.QUEUED, None)


def test_a_row_whose_worker_died_is_queued_and_sent_again():
    row = aged(state=ReportState.RUNNING, step=ReportStep.LAYOUT, attempts=1, lease_until=in_(-1))
    done = reports.sweep()
    assert (done.taken_back, done.dispatched) == ([row.pk], [row.pk])
    row.refresh_from_db()
    assert (row.state, row.step, row.attempts) == (ReportState.QUEUED, ReportStep.WAITING, 1)
    assert reports.claim(row.pk).attempts == 2


def test_a_row_whose_worker_died_does_not_wait_behind_the_others():
    with app.connection_for_write() as broker:
        broker.default_channel.queue_purge("render")
    waits = [ReportFactory() for _ in range(2)]
    assert all(reports.dispatch(row.pk) for row in waits)
    lost = aged(state=ReportState.RUNNING, attempts=1, lease_until=in_(-1))
    assert reports.sweep().dispatched == [lost.pk]
    with app.connection_for_read() as broker:
        told = [broker.default_channel.basic_get("render", no_ack=True).payload[0] for _ in range(3)]
    assert told == [[lost.pk], [waits[0].pk], [waits[1].pk]]


def test_a_row_whose_worker_lives_is_left_alone():
    aged(state=ReportState.RUNNING, attempts=1, lease_until=in_(60))
    assert reports.sweep() == reports.Sweep()


def test_after_three_dead_workers_the_report_fails_with_a_reason():
    row = aged(
        state=ReportState.RUNNING, step=ReportStep.LAYOUT, attempts=reports.MAX_ATTEMPTS, lease_until=in_(-1)
    )
    assert reports.sweep().given_up == [row.pk]
    row.refresh_from_db()
    assert (row.state, row.error) == (
        ReportState.FAILED,
        reports.WORKER_LOST.format(step=row.get_step_display()),
    )
    assert verbs() == ["report.failed"]


def test_beat_sweeps_several_times_per_lease(settings):
    entry = settings.CELERY_BEAT_SCHEDULE["sweep-reports"]
    assert (entry["task"], entry["schedule"]) == (tasks.sweep_reports.name, settings.REPORT_SWEEP_SECONDS)
    assert reports.NOTICED_AFTER.total_seconds() >= 2 * settings.REPORT_SWEEP_SECONDS
    assert 3 * reports.BEAT_EVERY < reports.NOTICED_AFTER < reports.LEASE


def test_limits_of_the_child_process_end_before_those_of_its_parent(settings):
    limits = (
        settings.REPORT_TIME_LIMIT_SECONDS,
        tasks.render_report.soft_time_limit,
        tasks.render_report.time_limit,
    )
    assert list(limits) == sorted(set(limits))


def test_an_archived_project_gets_no_new_report(scene):
    archive_project(actor=scene.user, project=scene.project)
    with pytest.raises(ProjectArchived):
        ask(scene)
    assert Report.objects.count() == 0


def test_the_snapshot_holds_the_needs_and_weights_that_were_ranked(scene):
    """The caller's copy of the project may be old: what counts is the row under the lock."""
    stale = scene.project
    Project.objects.filter(pk=stale.pk).update(name="Renamed meanwhile", currency="EUR")
    report = reports.request_report(actor=scene.user, project=stale)
    snapshot = Report.objects.get(pk=report.pk).snapshot
    assert (snapshot["project"]["name"], snapshot["project"]["currency"]) == ("Renamed meanwhile", "EUR")


# -- printing again, and who is told ------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["missing", "changed", "retention"])
def test_a_report_whose_file_is_lost_is_printed_again_from_the_same_figures(scene, damage):
    report = ask(scene)
    reports.finish(reports.claim(report.pk), PDF, 3)
    report.refresh_from_db()
    before, lost = (report.snapshot_hash, report.snapshot), report.file_sha256
    with pytest.raises(reports.NothingToRetry, match="has its file"):
        reports.retry_report(actor=scene.user, report=report)
    default_storage.delete(report.file.name)
    if damage == "changed":
        with default_storage.open(report.file.name, "wb") as file:
            file.write(PDF + b"!")
    if damage == "retention":
        Report.objects.filter(pk=report.pk).update(file_removed_at=timezone.now())
    scene.project.needs.all().delete()  # today's figures are others
    reports.retry_report(actor=scene.user, report=report)
    reports.finish(reports.claim(report.pk), PDF + b" again", 3)
    report.refresh_from_db()
    assert (report.state, (report.snapshot_hash, report.snapshot)) == (ReportState.DONE, before)
    assert (report_files.read_file(report), report.file_removed_at) == (PDF + b" again", None)
    assert default_storage.listdir(f"reports/{scene.sponsor.pk}/{report.pk}")[1] == [
        report.file.name.rpartition("/")[2]
    ]
    event = AuditEvent.objects.get(verb="report.reprinted")
    assert event.data == {"lost_sha256": lost}


def test_a_fault_after_the_commit_leaves_the_file_that_the_row_names(report, monkeypatch):
    close = reports._close_done

    def close_and_be_interrupted(*arguments):
        close(*arguments)
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(reports, "_close_done", close_and_be_interrupted)
    with pytest.raises(SoftTimeLimitExceeded):
        reports.finish(reports.claim(report.pk), PDF, 1)
    report.refresh_from_db()
    assert (report.state, report_files.read_file(report)) == (ReportState.DONE, PDF)


def test_files_of_attempts_that_nobody_ended_are_removed(report):
    claimed = reports.claim(report.pk)
    kept = ReportFactory()
    reports.finish(reports.claim(kept.pk), PDF, 1)
    reports.fail(claimed, "Broken")
    orphan = report_files.store(report_files.new_name(claimed), PDF).name
    tasks.remove_old_report_files()
    kept.refresh_from_db()
    assert (default_storage.exists(orphan), report_files.read_file(kept)) == (False, PDF)


def test_leases_follow_the_clock_of_the_database(report, monkeypatch):
    claimed = reports.claim(report.pk)
    ahead = timezone.now() + dt.timedelta(hours=1)
    monkeypatch.setattr(reports.timezone, "now", lambda: ahead)
    assert reports.sweep() == reports.Sweep()
    reports.heartbeat(claimed)
    report.refresh_from_db()
    assert report.lease_until < ahead


@pytest.mark.parametrize(
    ("error", "step", "reason"),
    [
        (SoftTimeLimitExceeded(), ReportStep.LAYOUT, "longer than 180 seconds"),
        (isolated.TooSlow(), ReportStep.STORING, "could not be stored"),
        (isolated.NotStarted(), ReportStep.CHARTS, "could not start the process"),
    ],
)
def test_reasons_name_what_was_wrong(error, step, reason):
    assert reason in tasks._reason(error, step)
