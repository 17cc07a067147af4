"""What the pages of the projects read."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet

from cmo_selector.accounts.models import Sponsor
from quotes.models import Need, Project, Report, ShortlistEntry
from quotes.needs import NEED_RELATED
from quotes.selectors import rfq_standing


@dataclass(frozen=True)
class ProjectOverview:
    """A project with everything its first page shows."""

    needs: list[Need]
    shortlist: list[ShortlistEntry]
    reports: list[Report]


PER_PAGE = 50


def project_page(found: QuerySet[Project], page: str | None = None) -> Page:
    """A page of the projects that a filter left. Two queries."""
    return Paginator(found, PER_PAGE).get_page(page)


def archived_projects(sponsor: Sponsor | None, page: str | None = None) -> Page:
    archived = (
        Project.objects.for_sponsor(sponsor)
        .exclude(archived_at=None)
        .select_related("modality")
        .order_by("-archived_at", "-pk")
    )
    return Paginator(archived, PER_PAGE).get_page(page)


def needs_of(project: Project) -> list[Need]:
    """Needs in order, with everything their sentences read. One query."""
    return list(project.needs.select_related(*NEED_RELATED))


def project_overview(project: Project) -> ProjectOverview:
    """Four queries: needs, shortlist, the latest reports, the RFQs. Adds what the next action reads."""
    needs = needs_of(project)
    shortlist = list(project.shortlist.select_related("organisation").order_by("position"))
    reports = list(project.reports.defer("snapshot").order_by("-requested_at", "-pk")[:5])
    project.need_count, project.shortlist_count = len(needs), len(shortlist)
    project.report_count = sum(report.state == "done" for report in reports)
    standing = rfq_standing()
    row = Project.objects.filter(pk=project.pk).annotate(**standing).values(*standing).get()
    for name, value in row.items():
        setattr(project, name, value)
    return ProjectOverview(needs, shortlist, reports)
