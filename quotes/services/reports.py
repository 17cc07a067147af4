"""Reports as rows: requesting, claiming, finishing, failing, taking back. The row is the truth about a job.

States move only by compare-and-swap (an UPDATE whose WHERE names the state it leaves and, while running, the
attempt that holds the row), so a message delivered twice, a worker that comes back from the dead and two beats
at once change nothing twice. A worker holds a row until `lease_until` and extends it while it works; the task's
time limit is below the lease, so nobody works on a row whose lease has run out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.text import slugify
from kombu.exceptions import OperationalError

from cmo_selector.accounts.models import Membership, User
from cmo_selector.accounts.roles import Action, may
from cmo_selector.audit.services import record
from quotes.enums import ReportState, ReportStep
from quotes.models import Project, Report
from quotes.ranking import rank_project
from quotes.reports.canonical import snapshot_hash
from quotes.reports.kinds import missing_for, title_of
from quotes.reports.options import ReportOptions
from quotes.reports.snapshot import build_snapshot
from quotes.services.projects import ProjectArchived

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(seconds=180)
DISPATCH_AFTER = dt.timedelta(seconds=30)  # a queued row this old has probably lost its message
DISPATCH_AGAIN_AFTER = dt.timedelta(seconds=120)  # between two messages for the same waiting row
MAX_ATTEMPTS = 3
ENDED_WITHOUT_FILE = (ReportState.FAILED, ReportState.STOPPED)
WORKER_LOST = f"The worker stopped {MAX_ATTEMPTS} times while making this report. Try again later."


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
    only_if: Callable[[Mapping[str, Any]], bool] = lambda snapshot: True,
) -> Report | None:
    """Freeze the project as it stands and queue its PDF, printed as `options` say (default: everything, on A4).

    With `previous`, an earlier report of the project, it opens with what changed since. `only_if` sees the snapshot
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
            project=project, ranking=ranking, requester=actor, include_prices=sees_prices(actor, project)
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
        if report.state != ReportState.DONE or read_file(report) is not None:
            return report
    return None


def read_file(report: Report) -> bytes | None:
    """The stored PDF, or None when it is missing or no longer matches its checksum."""
    try:
        with report.file.open("rb") as stored:
            content = stored.read()
    except (OSError, ValueError) as error:
        logger.error("report %s: its file cannot be read (%s)", report.pk, type(error).__name__)
        return None
    if hashlib.sha256(content).hexdigest() != report.file_sha256:
        logger.error("report %s: its file does not match its checksum", report.pk)
        return None
    return content


def dispatch(report_id: int) -> bool:
    """Tell the workers about a queued row. False when the broker is out of reach: beat tells them later."""
    from quotes.tasks import render_report

    try:
        render_report.delay(report_id)
    except OperationalError as error:
        logger.warning("report %s waits: the broker is out of reach (%s)", report_id, type(error).__name__)
        return False
    return True


@transaction.atomic
def retry_report(*, actor: User, report: Report) -> None:
    """Queue a failed or cancelled report again, from its own frozen snapshot. Raises NothingToRetry otherwise."""
    queued = Report.objects.filter(pk=report.pk, state__in=ENDED_WITHOUT_FILE).update(
        state=ReportState.QUEUED,
        step=ReportStep.WAITING,
        attempts=0,
        lease_until=timezone.now() + DISPATCH_AFTER,
        error="",
        started_at=None,
        finished_at=None,
        noticed_at=None,
    )
    if not queued:
        raise NothingToRetry("This report has not failed: there is nothing to try again.")
    record(actor=actor, verb="report.retried", obj=report, sponsor=report.project.sponsor)
    transaction.on_commit(lambda: dispatch(report.pk))


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
        **_columns(replace(report.options, recipient=recipient)),
    )
    transaction.on_commit(lambda: dispatch(copy.pk))
    return copy


def queue_position(report: Report) -> int:
    """How many reports were asked for earlier and still wait for a worker."""
    earlier = Q(requested_at__lt=report.requested_at) | Q(requested_at=report.requested_at, pk__lt=report.pk)
    return Report.objects.filter(earlier, state=ReportState.QUEUED).count()


# -- the worker's side ----------------------------------------------------------------------------


def claim(report_id: int) -> Report | None:
    """Take a queued row for this worker; None when somebody else has it or it needs no work."""
    now = timezone.now()
    won = Report.objects.filter(pk=report_id, state=ReportState.QUEUED).update(
        state=ReportState.RUNNING,
        step=ReportStep.CHARTS,
        attempts=F("attempts") + 1,
        lease_until=now + LEASE,
        started_at=now,
        finished_at=None,
        error="",
    )
    return Report.objects.select_related("project__sponsor", "previous").get(pk=report_id) if won else None


class LeaseLost(Exception):
    """The row no longer belongs to this attempt: another worker has it, or it was failed meanwhile."""


def _held(report: Report):
    return Report.objects.filter(pk=report.pk, state=ReportState.RUNNING, attempts=report.attempts)


def heartbeat(report: Report, step: str) -> None:
    """Record the step that begins now and extend the lease. Raises LeaseLost."""
    if not _held(report).update(step=step, lease_until=timezone.now() + LEASE):
        raise LeaseLost


def finish(report: Report, content: bytes, pages: int) -> None:
    """Store the PDF and close the row. Raises LeaseLost (the file is removed again) and OSError."""
    name = f"{slugify(report.project.name)[:60] or 'project'}-{report.snapshot_hash[:8]}.pdf"
    report.file.save(name, ContentFile(content), save=False)
    try:
        with transaction.atomic():
            closed = _held(report).update(
                state=ReportState.DONE,
                step=ReportStep.FINISHED,
                lease_until=None,
                file=report.file.name,
                file_sha256=hashlib.sha256(content).hexdigest(),
                pages=pages,
                finished_at=timezone.now(),
            )
            if not closed:
                raise LeaseLost
            record(
                actor=None,
                verb="report.finished",
                obj=report,
                sponsor=report.project.sponsor,
                data={"pages": pages, "bytes": len(content), "attempt": report.attempts},
            )
    except BaseException:
        report.file.storage.delete(report.file.name)
        raise


@transaction.atomic
def fail(report: Report, reason: str) -> None:
    """Close the row with a reason that people can read. Does nothing when the row is no longer ours."""
    closed = _held(report).update(
        state=ReportState.FAILED, lease_until=None, error=reason[:400], finished_at=timezone.now()
    )
    if closed:
        record(
            actor=None,
            verb="report.failed",
            obj=report,
            sponsor=report.project.sponsor,
            data={"reason": reason[:400], "attempt": report.attempts},
        )


# -- beat's side ------------------------------------------------------------------------------------


@dataclass
class Sweep:
    """What one sweep did, by report id."""

    dispatched: list[int] = field(default_factory=list)
    taken_back: list[int] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)


def sweep(*, now: dt.datetime | None = None) -> Sweep:
    """Take rows back from dead workers, give up on those that died too often, dispatch what waits too long."""
    now, done = now or timezone.now(), Sweep()
    expired = Report.objects.filter(state=ReportState.RUNNING, lease_until__lt=now)
    for report in expired.select_related("project__sponsor").defer("snapshot"):
        if report.attempts >= MAX_ATTEMPTS:
            fail(report, WORKER_LOST)
            done.given_up.append(report.pk)
        elif (
            _held(report)
            .filter(lease_until__lt=now)
            .update(state=ReportState.QUEUED, step=ReportStep.WAITING, lease_until=None)
        ):
            done.taken_back.append(report.pk)
    quiet = Q(lease_until=None, requested_at__lt=now - DISPATCH_AFTER) | Q(lease_until__lt=now)
    waiting = Report.objects.filter(quiet, state=ReportState.QUEUED).order_by("requested_at", "pk")
    for report_id in waiting.values_list("pk", flat=True):
        # A waiting row's lease is the time before which no second message is sent for it.
        told = Report.objects.filter(quiet, pk=report_id, state=ReportState.QUEUED).update(
            lease_until=now + DISPATCH_AGAIN_AFTER
        )
        if not told:
            continue
        if not dispatch(report_id):
            Report.objects.filter(pk=report_id, state=ReportState.QUEUED).update(lease_until=None)
            break  # no broker: the next sweep tries again
        done.dispatched.append(report_id)
    return done
