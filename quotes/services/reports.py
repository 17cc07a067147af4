"""Reports as rows: requesting, claiming, finishing, failing, taking back. The row is the truth about a job.

States move only by compare-and-swap (an UPDATE whose WHERE names the state it leaves and, while running, the
attempt that holds the row), so a message delivered twice, a worker that comes back from the dead and two beats
at once change nothing twice. A worker holds a row until `lease_until`, half a lease away, and extends it many times
while it works: the first half is for noticing that a worker has died, the second for making its report anew, before
whatever else waits. A worker that cannot reach the database for a whole lease gives the work up. Leases are written
and compared by the database's clock, so the machines' own need not agree.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from cmo_selector.accounts.models import Membership, User
from cmo_selector.accounts.roles import Action, may
from cmo_selector.audit.services import record
from cmo_selector.broker import tell
from quotes.enums import ReportState, ReportStep
from quotes.models import Project, Report
from quotes.ranking import rank_project
from quotes.reports.canonical import snapshot_hash
from quotes.reports.kinds import missing_for, title_of
from quotes.reports.options import ReportOptions
from quotes.reports.snapshot import SCHEMA_ID, SCHEMA_VERSION, build_snapshot
from quotes.services import report_files
from quotes.services.projects import ProjectArchived

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=settings.REPORT_LEASE_SECONDS)  # within which a lost report has ended again
NOTICED_AFTER = LEASE / 2  # without a sign of life, or with no worker told, a report is taken as lost
BEAT_EVERY = NOTICED_AFTER / 6  # how often a worker says that it lives
TOLD_AT_ONCE = 100  # the oldest that wait: a long queue must not fill the broker with messages sent again
FIRST = 0  # the broker's highest priority
RETRY_SECONDS = 0.5
MAX_ATTEMPTS = 3
ENDED_WITHOUT_FILE = (ReportState.FAILED, ReportState.STOPPED)
WORKER_LOST = (
    f"The worker stopped {MAX_ATTEMPTS} times while making this report, the last time at the step “{{step}}”. "
    "Try again later."
)


class NothingToRetry(ValueError):
    """The report is not in a state from which it can be tried again."""


class NothingToReport(ValueError):
    """The project does not hold what this kind of report is about."""


def request_report(
    *,
    actor: User,
    project: Project,
    options: ReportOptions | None = None,
    previous: Report | None = None,
    calculation: int | None = None,
    only_if: Callable[[Mapping[str, Any]], bool] = lambda snapshot: True,
) -> Report | None:
    """Freeze the project as it stands and queue its PDF, printed as `options` say (default: everything, on A4).

    With `previous`, an earlier report of the project, it opens with what changed since. `calculation` is the id of the
    kept make-or-buy calculation that is frozen in full, None the newest. `only_if` sees the snapshot
    and may say that no report is wanted after all: then None is returned and nothing is stored.

    When an identical snapshot has been asked for before with the same options, that report is returned with
    `reused` set and nothing is made twice. Prices are in it only if the actor's role sees them. Raises
    NothingToRank for a project without needs, NothingToReport and ProjectArchived.
    """
    options = options or ReportOptions()
    with transaction.atomic():
        project = _lock(project)  # nobody changes needs or weights between the ranking and the snapshot
        ranking = rank_project(project)
        snapshot = build_snapshot(
            project=project,
            ranking=ranking,
            requester=actor,
            include_prices=sees_prices(actor, project),
            calculation=calculation,
        )
        if missing := missing_for(snapshot, options):
            raise NothingToReport(missing)
        if not only_if(snapshot):
            return None
        digest = snapshot_hash(snapshot)
        if earlier := _same_request(project, digest, options, previous):
            earlier.reused = True
            return earlier
        report = Report.objects.create(
            project=project,
            title=title_of(snapshot, options),
            snapshot=snapshot,
            snapshot_hash=digest,
            engine_version=ranking.engine_version,
            previous=previous,
            requested_by=actor,
            notify=actor,
            **_columns(options),
        )
        record(
            actor=actor,
            verb="report.requested",
            obj=report,
            sponsor=project.sponsor,
            data={
                "kind": options.kind,
                "snapshot_hash": digest,
                "prices": snapshot["prices_included"],
                "recipient": options.recipient,
            },
        )
        transaction.on_commit(lambda: dispatch(report.pk))
    report.reused = False
    return report


def _columns(options: ReportOptions) -> dict[str, Any]:
    """Options as a report's columns."""
    return {
        "kind": options.kind,
        "about_partner": options.partner,
        "paper": options.paper,
        "appendices": list(options.appendices),
        "recipient": options.recipient,
    }


def _lock(project: Project) -> Project:
    """The project as it is now, locked until the end of the transaction. Raises ProjectArchived."""
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if current.archived_at is not None:
        raise ProjectArchived
    return current


def sees_prices(user: User, project: Project) -> bool:
    """Whether the person's role at the project's sponsor shows prices."""
    roles = Membership.objects.filter(user=user, sponsor=project.sponsor_id).values_list("role", flat=True)
    return any(may(role, Action.SEE_PRICES) for role in roles)


def _same_request(
    project: Project, digest: str, options: ReportOptions, previous: Report | None
) -> Report | None:
    """The newest report of the same frozen inputs and options that is under way, or done with its file whole."""
    reports = Report.objects.filter(
        project=project,
        snapshot_hash=digest,
        previous=previous,
        **_columns(options),
    ).exclude(state__in=ENDED_WITHOUT_FILE)
    for report in reports.defer("snapshot").order_by("-requested_at", "-pk"):
        if report.state != ReportState.DONE or _file_is_whole(report):
            return report
    return None


def _file_is_whole(report: Report) -> bool:
    try:
        return report_files.read_file(report) is not None
    except report_files.NotReachable:
        return True  # a storage that is away today has lost nothing; a new file could not be stored either


def dispatch(report_id: int, *, first: bool = False) -> bool:
    """Tell the workers about a queued row. False when the broker is out of reach: beat tells them later.

    One that comes `first` does not wait behind the others.
    """
    from quotes.tasks import render_report

    return tell(render_report, report_id, priority=FIRST if first else None)


def retry_report(*, actor: User, report: Report) -> None:
    """Queue a report again, from its own frozen snapshot: one that failed or was cancelled, or whose file is lost.

    Whoever asks is told the outcome. Raises NothingToRetry otherwise.
    """
    seen: dict[str, Any] = {"state__in": ENDED_WITHOUT_FILE}
    data = {}
    if report.state == ReportState.DONE:
        _check_reprint(report)
        seen = {"state": ReportState.DONE, "file": report.file.name, "file_sha256": report.file_sha256}
        data = {"lost_sha256": report.file_sha256}
    with transaction.atomic():
        queued = Report.objects.filter(pk=report.pk, **seen).update(
            state=ReportState.QUEUED,
            step=ReportStep.WAITING,
            attempts=0,
            lease_until=Now() + NOTICED_AFTER,
            error="",
            file="",
            file_sha256="",
            file_removed_at=None,
            started_at=None,
            finished_at=None,
            notify=actor,
            noticed_at=None,
            notice_after=None,
            seen_at=None,
        )
        if not queued:
            raise NothingToRetry("This report has not failed: there is nothing to try again.")
        verb = "report.reprinted" if data else "report.retried"
        record(actor=actor, verb=verb, obj=report, sponsor=report.project.sponsor, data=data)
        transaction.on_commit(lambda: dispatch(report.pk))


def _check_reprint(report: Report) -> None:
    """Raises NothingToRetry unless the PDF of a finished report is lost and can be printed from its figures."""
    if report.snapshot.get("schema") != {"id": SCHEMA_ID, "version": SCHEMA_VERSION}:
        raise NothingToRetry("This report was frozen in an older format and cannot be printed again.")
    try:
        lost = report_files.read_file(report) is None
    except report_files.NotReachable:
        raise NothingToRetry(
            "The store of files does not answer, so nobody knows whether the file is lost. Try again in a few minutes."
        ) from None
    if not lost:
        raise NothingToRetry("This report has its file: there is nothing to print again.")


@transaction.atomic
def cancel_report(*, actor: User, report: Report) -> bool:
    """Stop a report that waits or is being made. False when it had ended before.

    A worker that has it loses its lease, finds out at its next step, and leaves the row alone.
    """
    stopped = Report.objects.filter(pk=report.pk, state__in=(ReportState.QUEUED, ReportState.RUNNING)).update(
        state=ReportState.STOPPED, lease_until=None, finished_at=timezone.now()
    )
    if stopped:
        record(actor=actor, verb="report.cancelled", obj=report, sponsor=report.project.sponsor)
    return bool(stopped)


def copy_for(*, actor: User, report: Report, recipient: str) -> Report:
    """The same frozen report printed for somebody; runs in the caller's transaction."""
    copy = Report.objects.create(
        project=report.project,
        title=report.title,
        snapshot=report.snapshot,
        snapshot_hash=report.snapshot_hash,
        engine_version=report.engine_version,
        previous=report.previous,
        requested_by=actor,
        notify=actor,
        **_columns(replace(report.options, recipient=recipient)),
    )
    transaction.on_commit(lambda: dispatch(copy.pk))
    return copy


# -- the worker's side ----------------------------------------------------------------------------


def claim(report_id: int) -> Report | None:
    """Take a queued row for this worker; None when somebody else has it or it needs no work."""
    began = time.monotonic()
    won = Report.objects.filter(pk=report_id, state=ReportState.QUEUED).update(
        state=ReportState.RUNNING,
        step=ReportStep.CHARTS,
        attempts=F("attempts") + 1,
        lease_until=Now() + NOTICED_AFTER,
        started_at=Now(),
        finished_at=None,
        error="",
    )
    if not won:
        return None
    report = Report.objects.select_related("project__sponsor", "previous").get(pk=report_id)
    report.held_until = began + LEASE.total_seconds()
    return report


class LeaseLost(Exception):
    """The row no longer belongs to this attempt: another worker has it, or it was failed or cancelled meanwhile."""


def _held(report: Report):
    """The row as this claim left it; attempts begin anew when a report is tried again, so the time tells too."""
    return Report.objects.filter(
        pk=report.pk, state=ReportState.RUNNING, attempts=report.attempts, started_at=report.started_at
    )


def heartbeat(report: Report, step: str | None = None) -> None:
    """Extend the lease; `step` records the step that begins now. Raises LeaseLost.

    A database that is away for a while is no reason to stop: nobody else can take the row meanwhile.
    """
    began = time.monotonic()
    changes: dict[str, Any] = {"lease_until": Now() + NOTICED_AFTER}
    if step is not None:
        changes["step"] = report.step = step
    try:
        held = _held(report).update(**changes)
    except (OperationalError, InterfaceError) as error:
        connection.close()
        if time.monotonic() >= report.held_until:
            raise LeaseLost from error
        logger.warning("report %s: no heartbeat, the database is away", report.pk)
        return
    if not held:
        raise LeaseLost
    report.held_until = began + LEASE.total_seconds()


def _once_the_database_answers(report: Report, write: Callable[[], object]) -> None:
    """Call `write`, again while the database is away and the lease lasts."""
    while True:
        try:
            write()
            return
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() >= report.held_until:
                raise
            time.sleep(RETRY_SECONDS)


def finish(report: Report, content: bytes, pages: int) -> None:
    """Store the PDF and close the row. Raises NotStored and what `close` raises."""
    close(report, report_files.store(report_files.new_name(report), content), pages)


def close(report: Report, stored: report_files.Stored, pages: int) -> None:
    """Close the row: its PDF is stored. Raises LeaseLost, and then the file is removed again.

    Whatever else goes wrong here, the row may have been closed before the answer was lost, and then needs its file;
    one that nobody needs goes with `remove_leftovers`.
    """
    try:
        _once_the_database_answers(report, lambda: _close_done(report, stored, pages))
    except LeaseLost:
        report_files.remove(report, stored.name)
        raise
    report_files.remove_others(report, stored.name)


@transaction.atomic
def _close_done(report: Report, stored: report_files.Stored, pages: int) -> None:
    closed = _held(report).update(
        state=ReportState.DONE,
        step=ReportStep.FINISHED,
        lease_until=None,
        file=stored.name,
        file_sha256=stored.sha256,
        pages=pages,
        finished_at=timezone.now(),
    )
    if closed:
        record(
            actor=None,
            verb="report.finished",
            obj=report,
            sponsor=report.project.sponsor,
            data={"pages": pages, "bytes": stored.size, "attempt": report.attempts},
        )
    elif not Report.objects.filter(pk=report.pk, state=ReportState.DONE, file=stored.name).exists():
        raise LeaseLost  # otherwise it was closed by this very attempt, and only the answer was lost


def fail(report: Report, reason: str) -> None:
    """Close the row with a reason that people can read. Does nothing when the row is no longer ours."""
    _once_the_database_answers(report, lambda: _close_failed(report, reason, Q()))


@transaction.atomic
def _close_failed(report: Report, reason: str, condition: Q) -> int:
    closed = (
        _held(report)
        .filter(condition)
        .update(state=ReportState.FAILED, lease_until=None, error=reason[:400], finished_at=timezone.now())
    )
    if closed:
        record(
            actor=None,
            verb="report.failed",
            obj=report,
            sponsor=report.project.sponsor,
            data={"reason": reason[:400], "attempt": report.attempts},
        )
    return closed


# -- beat's side ------------------------------------------------------------------------------------


@dataclass
class Sweep:
    """What one sweep did, by report id."""

    dispatched: list[int] = field(default_factory=list)
    taken_back: list[int] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)


def sweep(*, now: dt.datetime | None = None) -> Sweep:
    """Take rows back from dead workers, give up on those that died too often, dispatch what waits too long.

    Asks the database and the broker only, so that it is soon over whatever else is wrong.
    """
    moment: Any = Now() if now is None else now
    done = Sweep()
    expired = Q(lease_until__lt=moment)
    running = Report.objects.filter(expired, state=ReportState.RUNNING)
    for report in running.select_related("project__sponsor").defer("snapshot"):
        if report.attempts >= MAX_ATTEMPTS:
            if _close_failed(report, WORKER_LOST.format(step=report.get_step_display()), expired):
                done.given_up.append(report.pk)
        elif (
            _held(report)
            .filter(expired)
            .update(state=ReportState.QUEUED, step=ReportStep.WAITING, lease_until=None)
        ):
            done.taken_back.append(report.pk)
    quiet = Q(lease_until=None, requested_at__lt=moment - NOTICED_AFTER) | Q(lease_until__lt=moment)
    waiting = Report.objects.filter(quiet, state=ReportState.QUEUED).order_by("requested_at", "pk")
    for report_id, begun in waiting.values_list("pk", "attempts")[:TOLD_AT_ONCE]:
        # A waiting row's lease is the time before which no second message is sent for it.
        told = Report.objects.filter(quiet, pk=report_id, state=ReportState.QUEUED).update(
            lease_until=moment + NOTICED_AFTER
        )
        if not told:
            continue
        if not dispatch(report_id, first=begun > 0):
            Report.objects.filter(pk=report_id, state=ReportState.QUEUED).update(lease_until=None)
            break  # no broker: the next sweep tries again
        done.dispatched.append(report_id)
    return done
