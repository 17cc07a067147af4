"""Scheduled reports: making and stopping a schedule, and what beat asks for when one is due."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cmo_selector.accounts.models import Membership, User
from cmo_selector.accounts.roles import Action, may
from cmo_selector.audit.services import record
from cmo_selector.db import constraint_of
from quotes.brief import NothingToRank
from quotes.enums import ReportRhythm
from quotes.models import Project, Report, ReportSchedule
from quotes.reports.changes import changes_between, is_news
from quotes.reports.options import ReportOptions
from quotes.services.projects import ProjectArchived
from quotes.services.reports import ENDED_WITHOUT_FILE, NothingToReport, request_report

logger = logging.getLogger(__name__)

PERIODS = {ReportRhythm.WEEKLY: dt.timedelta(days=7), ReportRhythm.CHANGE: dt.timedelta(days=1)}
GONE = "Its author may no longer ask for reports of this organisation."
ARCHIVED = "The project is archived."
FAULT = "The report could not be made; the fault has been recorded. It is tried again at the next date."


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
    """Look at every schedule that is due; returns the ids of the reports asked for."""
    now = now or timezone.now()
    due = ReportSchedule.objects.filter(stopped_at=None, next_at__lte=now).order_by("next_at", "pk")
    reports = []
    for schedule_id in due.values_list("pk", flat=True):
        try:
            report = run_one(schedule_id, now=now)
        except Exception:  # whatever is wrong with one project, the others' schedules go on
            logger.exception("schedule %s: no report", schedule_id)
            _put_off(schedule_id, now=now)
            continue
        if report is not None:
            reports.append(report.pk)
    return reports


def _put_off(schedule_id: int, *, now: dt.datetime) -> None:
    """Say that a report could not be made, and try again at the next date."""
    for schedule in ReportSchedule.objects.filter(pk=schedule_id, stopped_at=None):
        ReportSchedule.objects.filter(pk=schedule_id, next_at=schedule.next_at).update(
            problem=FAULT, next_at=now + PERIODS[ReportRhythm(schedule.rhythm)]
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
    report, schedule.problem = None, ""
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
    schedule.next_at = now + PERIODS[ReportRhythm(schedule.rhythm)]
    schedule.last_report = report or schedule.last_report
    schedule.save(update_fields=["next_at", "last_report", "problem"])
    return report


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
