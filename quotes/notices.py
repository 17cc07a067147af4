"""News for the person signed in: reports of theirs that have ended since they last looked."""

from __future__ import annotations

from django.core.paginator import Page, Paginator
from django.db.models import Count, IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from cmo_selector.accounts.models import Sponsor, User
from quotes.enums import ReportState
from quotes.models import Report

ENDED = (ReportState.DONE, ReportState.FAILED)
UNDER_WAY = (ReportState.QUEUED, ReportState.RUNNING)
PER_PAGE = 20


def header_figures() -> dict[str, Coalesce]:
    """What the header shows of a membership, as parts of the one query that finds memberships."""
    return {
        "unread_reports": _count(Q(state__in=ENDED, seen_at=None)),
        "open_reports": _count(Q(state__in=UNDER_WAY)),
    }


def _count(condition: Q) -> Coalesce:
    own = Report.objects.filter(
        condition, notify=OuterRef("user_id"), project__sponsor=OuterRef("sponsor_id")
    )
    counted = own.order_by().values("notify").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


def notices_of(user: User, sponsor: Sponsor | None, page: str | None) -> Page:
    """The person's own ended reports at this sponsor, the latest outcome first."""
    reports = Report.objects.for_sponsor(sponsor).filter(notify=user, state__in=ENDED)
    found = reports.select_related("project").defer("snapshot").order_by("-finished_at", "-pk")
    return Paginator(found, PER_PAGE).get_page(page)
