"""Scheduled reports: making and stopping a schedule, and what beat asks for when one is due."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from cmo_selector.accounts.models import Membership, User
from cmo_selector.accounts.roles import Action, may
from cmo_selector.audit.services import record
from cmo_selector.db import constraint_of
from quotes.brief import NothingToRank
from quotes.enums import ReportRhythm, ReportState
from quotes.models import Project, Report, ReportSchedule
from quotes.reports.changes import changes_between, is_news
from quotes.reports.options import ReportOptions
from quotes.services.projects import ProjectArchived
from quotes.services.reports import ENDED_WITHOUT_FILE, NothingToReport, request_report

logger = logging.getLogger(__name__)

PERIODS = {ReportRhythm.WEEKLY: dt.timedelta(days=7), ReportRhythm.CHANGE: dt.timedelta(days=1)}
GONE = "Its author may no longer ask for reports of this organisation."
ARCHIVED = "The project is archived."
FAULT = "The report could not be made; the fault has been recorded. It is tried again {when}."
AGAIN_AFTER = dt.timedelta(hours=1)
TRIES = 3  # an hour apart; then a fault waits for the schedule's next date
MOST_FAILED = 4  # reports in a row; then the schedule stops
GIVEN_UP = "{count} reports in a row could not be made. The last one: {error}"


class ScheduleExists(ValueError):
    """The project already follows this kind of report in this rhythm."""


@transaction.atomic
def create_schedule(*, actor: User, project: Project, rhythm: str, options: ReportOptions) -> ReportSchedule:
    """Follow a kind of report from now on; the first one is asked for within minutes.

    Raises ScheduleExists and ProjectArchived.
    """
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if current.archived_at is not None:
        raise ProjectArchived
    try:
        with transaction.atomic():
            schedule = ReportSchedule.objects.create(
                project=current,
                rhythm=rhythm,
                kind=options.kind,
                paper=options.paper,
                appendices=list(options.appendices),
                recipient=options.recipient,
                created_by=actor,
                next_at=timezone.now(),
            )
    except IntegrityError as error:
        found = constraint_of(error)
        if found is None or found[1].name != "report_schedule_once":
            raise
        raise ScheduleExists(
            "The project already has such a schedule. Stop it first, or choose another rhythm or kind."
        ) from error
    record(
        actor=actor,
        verb="report.schedule_created",
        obj=schedule,
        sponsor=current.sponsor,
        data={"rhythm": rhythm, "kind": options.kind, "recipient": options.recipient},
    )
    return schedule


@transaction.atomic
def stop_schedule(*, actor: User | None, schedule: ReportSchedule, because: str = "Stopped by hand.") -> bool:
    """End a schedule; its reports stay. False when it had been stopped before."""
    stopped = ReportSchedule.objects.filter(pk=schedule.pk, stopped_at=None).update(
        stopped_at=timezone.now(), stopped_because=because[:200]
    )
    if stopped:
        record(
            actor=actor,
            verb="report.schedule_stopped",
            obj=schedule,
            sponsor=schedule.project.sponsor,
            data={"because": because},
        )
    return bool(stopped)


def run_due(*, now: dt.datetime | None = None) -> list[int]:
    """Look at every schedule that is due; returns the ids of the reports asked for.

    A lock that was waited for too long, a deadlock or a database that is away changes nothing: the next beat looks
    again. A fault of this program is tried again within hours.
    """
    now = now or timezone.now()
    _give_up(now=now)
    due = ReportSchedule.objects.filter(stopped_at=None, next_at__lte=now).order_by("next_at", "pk")
    reports = []
    for schedule_id in due.values_list("pk", flat=True):
        try:
            report = run_one(schedule_id, now=now)
        except (OperationalError, InterfaceError):
            logger.exception("schedule %s: no look", schedule_id)
            if not connection.is_usable():
                connection.close()
                break
            continue
        except SoftTimeLimitExceeded:
            logger.warning("schedule %s: no time left in this round", schedule_id)
            break
        except Exception:  # whatever is wrong with one project, the others' schedules go on
            logger.exception("schedule %s: no report", schedule_id)
            _put_off(schedule_id, now=now)
            continue
        if report is not None:
            reports.append(report.pk)
    return reports


def _give_up(*, now: dt.datetime) -> None:
    """Stop the schedules whose reports fail one after another; their authors are owed an e-mail about it."""
    hopeless = ReportSchedule.objects.filter(
        stopped_at=None, failed__gte=MOST_FAILED - 1, last_report__state=ReportState.FAILED
    )
    for schedule in hopeless.select_related("project__sponsor", "last_report").defer("last_report__snapshot"):
        because = GIVEN_UP.format(count=schedule.failed + 1, error=schedule.last_report.error)
        with transaction.atomic():
            if stop_schedule(actor=None, schedule=schedule, because=because):
                ReportSchedule.objects.filter(pk=schedule.pk).update(given_up_at=now)


def _put_off(schedule_id: int, *, now: dt.datetime) -> None:
    """Say that a report could not be made, and try again in an hour, or at the next date after some times."""
    for schedule in ReportSchedule.objects.filter(pk=schedule_id, stopped_at=None):
        soon = schedule.faults + 1 < TRIES
        pause = AGAIN_AFTER if soon else PERIODS[ReportRhythm(schedule.rhythm)]
        ReportSchedule.objects.filter(pk=schedule_id, next_at=schedule.next_at).update(
            problem=FAULT.format(when="within the hour" if soon else "at the next date"),
            faults=schedule.faults + 1 if soon else 0,
            next_at=now + pause,
        )


@transaction.atomic
def run_one(schedule_id: int, *, now: dt.datetime) -> Report | None:
    """One look at one schedule. The report and the next date are written together, so two beats ask only once."""
    locked = ReportSchedule.objects.select_for_update(skip_locked=True, of=("self",))
    schedule = (
        locked.select_related("project__sponsor", "created_by", "last_report")
        .filter(pk=schedule_id, stopped_at=None, next_at__lte=now)
        .first()
    )
    if schedule is None:
        return None
    if not _still_allowed(schedule):
        stop_schedule(actor=None, schedule=schedule, because=GONE)
        return None
    report, schedule.problem, schedule.faults = None, "", 0
    try:
        with transaction.atomic():
            report = request_report(
                actor=schedule.created_by,
                project=schedule.project,
                options=_options(schedule),
                previous=_base(schedule),
                only_if=_wanted(schedule),
            )
    except ProjectArchived:
        stop_schedule(actor=None, schedule=schedule, because=ARCHIVED)
        return None
    except (NothingToRank, NothingToReport) as nothing:
        schedule.problem = str(nothing)[:400]
    if report is not None:
        schedule.failed = _failed_in_a_row(schedule)
        schedule.last_report = report
    schedule.next_at = now + _pause(schedule)
    schedule.save(update_fields=["next_at", "last_report", "problem", "faults", "failed"])
    return report


def _failed_in_a_row(schedule: ReportSchedule) -> int:
    """How many reports, up to the last one, could not be made. One that was cancelled by hand says nothing."""
    last = schedule.last_report
    if last is None or last.state == ReportState.DONE:
        return 0
    return schedule.failed + (last.state == ReportState.FAILED)


def _pause(schedule: ReportSchedule) -> dt.timedelta:
    """Until the next look: twice as long after every report that could not be made, but never beyond a week."""
    period = PERIODS[ReportRhythm(schedule.rhythm)]
    return min(period * 2**schedule.failed, PERIODS[ReportRhythm.WEEKLY])


def _options(schedule: ReportSchedule) -> ReportOptions:
    return ReportOptions(
        kind=schedule.kind,
        paper=schedule.paper,
        appendices=tuple(schedule.appendices),
        recipient=schedule.recipient,
    )


def _still_allowed(schedule: ReportSchedule) -> bool:
    author = schedule.created_by
    roles = Membership.objects.filter(user=author, sponsor=schedule.project.sponsor_id).values_list(
        "role", flat=True
    )
    return author.is_active and any(may(role, Action.REQUEST_REPORT) for role in roles)


def _base(schedule: ReportSchedule) -> Report | None:
    """The newest report of the schedule that was made or is under way: nobody read one that failed or was cancelled."""
    report = schedule.last_report
    while report is not None and report.state in ENDED_WITHOUT_FILE:
        report = report.previous
    return report


def _wanted(schedule: ReportSchedule):
    """Whether a new snapshot deserves a report: always every week, else when it differs from the last one."""
    last = _base(schedule)

    def wanted(snapshot: Mapping[str, Any]) -> bool:
        if schedule.rhythm == ReportRhythm.WEEKLY or last is None:
            return True
        if last.snapshot.get("schema") != snapshot["schema"]:
            return True
        return is_news(changes_between(last.snapshot, snapshot), schedule.kind)

    return wanted
