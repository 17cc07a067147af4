"""What the report pages show: rows for the list, progress and outcome of one report. Figures come from its snapshot."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils import timezone

from cmo_selector.templatetags.fmt import format_date, format_datetime
from quotes.enums import ReportKind, ReportState, ReportStep, ToolKind
from quotes.models import Project, Report, ReportSchedule, ReportShare
from quotes.report_queue import queue_position
from quotes.reports import charts, wording
from quotes.reports.asked import decision_asked
from quotes.reports.canonical import snapshot_hash
from quotes.reports.context import CHART_ROWS, FIRST_PAGE_ROWS
from quotes.reports.decision import criteria_names, points
from quotes.reports.firmness_words import firmness_rows
from quotes.reports.make_words import memo_context
from quotes.reports.printable import clean
from quotes.reports.snapshot import SCHEMA_ID, SCHEMA_VERSION, TRACED
from quotes.services.report_files import NotReachable, size_of
from quotes.services.shares import with_maker

logger = logging.getLogger(__name__)

PER_PAGE = 20
CHANGED = "The frozen figures of this report do not match their checksum, so they are not handed out."
COMPARED = 200  # the newest reports that can be compared with one another
LONG_WAIT_SECONDS = 60  # after which the page says that waiting is safe
STEPS = [ReportStep.WAITING, ReportStep.CHARTS, ReportStep.LAYOUT, ReportStep.STORING, ReportStep.FINISHED]


def reports_of(project: Project, page: str | None) -> Page:
    """One page of the project's reports, newest first, without their snapshots."""
    reports = Report.objects.filter(project=project).select_related("requested_by").defer("snapshot")
    return Paginator(reports.order_by("-requested_at", "-pk"), PER_PAGE).get_page(page)


def _comparable(project: Project, sees_prices: bool) -> QuerySet[Report]:
    """Reports of this format whose figures a role may read."""
    rows = Report.objects.filter(
        project=project, snapshot__schema={"id": SCHEMA_ID, "version": SCHEMA_VERSION}
    )
    return rows if sees_prices else rows.filter(snapshot__prices_included=False)


def something_to_compare(project: Project, sees_prices: bool) -> bool:
    """Whether there are two snapshots that differ. One query."""
    hashes = _comparable(project, sees_prices).order_by().values_list("snapshot_hash", flat=True)
    return len(hashes.distinct()[:2]) == 2


def comparable_reports(
    project: Project, sees_prices: bool, asked: Collection[int] = ()
) -> list[tuple[int, str]]:
    """Ids and names of reports that a role may compare, newest first: one for each snapshot in this format.

    Of the `COMPARED` newest; those `asked` for by id are among them however old they are, and whoever else has the
    same snapshot. One query, two when some are asked for.
    """
    rows = _comparable(project, sees_prices).order_by("-requested_at", "-pk")
    values = rows.values_list("pk", "snapshot_hash", "requested_at", "requested_by__name")
    chosen = list(values.filter(pk__in=asked)) if asked else []
    taken = {digest for _, digest, _, _ in chosen}
    for row in values[:COMPARED]:
        if row[1] not in taken:
            taken.add(row[1])
            chosen.append(row)
    chosen.sort(key=lambda row: (row[2], row[0]), reverse=True)
    return [
        (pk, f"{format_datetime(asked_at)} · {digest[:8]} · {name}") for pk, digest, asked_at, name in chosen
    ]


def can_be_compared(report: Report, sees_prices: bool) -> bool:
    """Whether a role may see what changed since the report that this one follows. One query, none without one."""
    if report.previous_id is None:
        return False
    pair = _comparable(report.project, sees_prices).filter(pk__in=(report.pk, report.previous_id))
    return len(set(pair.order_by().values_list("snapshot_hash", flat=True))) == 2


def schedules_of(project: Project) -> list[ReportSchedule]:
    """Schedules that run, and those that stopped by themselves within a month, so that somebody notices."""
    recent = timezone.now() - dt.timedelta(days=30)
    shown = Q(stopped_at=None) | Q(stopped_at__gt=recent)
    found = ReportSchedule.objects.filter(shown, project=project).select_related("created_by", "last_report")
    return list(found.defer("last_report__snapshot"))


def shortlisted(project: Project) -> list[tuple[int, str]]:
    """Ids and names of the partners a dossier can be about: those of the shortlist, as far as they are frozen."""
    entries = project.shortlist.select_related("organisation").order_by("position")[:TRACED]
    return [(entry.organisation_id, entry.organisation.name) for entry in entries]


def calculations_of(project: Project) -> list[tuple[int, str]]:
    """Ids and names of the kept make-or-buy calculations that a memo can be about, newest first."""
    kept = project.calculations.filter(tool=ToolKind.MAKE).order_by("-created_at", "-pk")
    return [(row.pk, f"{row.name}, kept on {format_date(row.created_at.date())}") for row in kept]


def report_of(project: Project, report_id: int) -> Report | None:
    """A report of this project with its snapshot."""
    return Report.objects.filter(project=project, pk=report_id).select_related("requested_by").first()


def status_of(project: Project, report_id: int) -> Report | None:
    """The same without the snapshot: for the question that is asked every second and a half."""
    reports = Report.objects.filter(project=project, pk=report_id).select_related("requested_by")
    return reports.defer("snapshot").first()


@dataclass(frozen=True)
class Progress:
    """Where a report's job stands. `step` counts from 1."""

    open: bool
    step: int
    labels: list[str]
    words: str
    long_wait: bool
    before: int  # reports that wait and were asked for earlier


def progress_of(report: Report) -> Progress:
    waiting = report.state == ReportState.QUEUED
    waited = (timezone.now() - report.requested_at).total_seconds()
    return Progress(
        open=report.state in (ReportState.QUEUED, ReportState.RUNNING),
        step=STEPS.index(ReportStep(report.step)) + 1,
        labels=[step.label for step in STEPS],
        words=report.get_step_display(),
        long_wait=waiting and waited > LONG_WAIT_SECONDS,
        before=queue_position(report) if waiting else 0,
    )


def shares_of(report: Report) -> list[ReportShare]:
    """Links to copies of the same frozen figures, newest first, with their view logs."""
    copies = Report.objects.filter(project=report.project_id, snapshot_hash=report.snapshot_hash)
    found = with_maker(ReportShare.objects.filter(report__in=copies)).select_related("report", "created_by")
    return list(found.defer("report__snapshot").prefetch_related("views"))


def readable_by(report: Report, sees_prices: bool) -> bool:
    """Whether a role may open the report's figures and file: prices only for roles that see prices."""
    return sees_prices or report.snapshot.get("prices_included") is False


def file_size(report: Report) -> dict[str, Any]:
    """`size`: bytes of the stored file, None when it is not there; `away`: the storage does not answer."""
    try:
        return {"size": size_of(report), "away": False}
    except NotReachable:
        return {"size": None, "away": True}


def of_this_format(report: Report) -> bool:
    """Whether this version can read the report's snapshot."""
    return report.snapshot.get("schema") == {"id": SCHEMA_ID, "version": SCHEMA_VERSION}


def is_unchanged(report: Report) -> bool:
    """Whether the frozen figures still match the hash that stands on every page of the PDF."""
    if snapshot_hash(report.snapshot) == report.snapshot_hash:
        return True
    logger.error("report %s: its snapshot does not match its hash", report.pk)
    return False


def _said_without_ranking(kind: str, s: Mapping[str, Any]) -> dict[str, str]:
    """Question and answer of the kinds that are not about the ranking; nothing for the others."""
    if kind == ReportKind.MEMO and (memo := memo_context(s)):
        return {
            "question": f"Make or buy: “{memo['name']}”",
            "headline": f"{memo['sentence']} {memo['turning']}",
        }
    if kind == ReportKind.PACKAGE and (package := s.get("rfq_package")):
        number = package["cover"]["version"]
        edition = f"version {number}" if number else "a draft that has not been sent"
        return {"question": package["content"]["title"], "headline": f"What bidders are asked: {edition}."}
    return {}


def summary_of(report: Report) -> dict[str, Any] | None:
    """The frozen result in short: headline, leading partners, and the contribution chart of the PDF.

    None for a snapshot in a format that this version does not read.
    """
    if not of_this_format(report):
        return None
    snapshot = clean(report.snapshot)
    if said := _said_without_ranking(report.kind, snapshot):
        return {**said, "snapshot": snapshot, "firmness": {"rows": []}, "leaders": []}
    labels = criteria_names(snapshot)
    rows = snapshot["ranked"][:CHART_ROWS]
    return {
        "headline": wording.headline(snapshot),
        "question": wording.question(snapshot),
        "asked": decision_asked(snapshot),
        "snapshot": snapshot,
        "firmness": firmness_rows(snapshot),
        "leaders": snapshot["ranked"][:FIRST_PAGE_ROWS],
        "spec": charts.contribution_spec(rows, labels) if rows else None,
        "chart_height": "sm" if len(rows) <= 4 else "md" if len(rows) <= 7 else "lg",
        "labels": labels,
        "chart_rows": [{"row": row, "cells": list(points(row).values())} for row in rows],
    }
