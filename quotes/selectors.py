"""What the sponsor's pages read: one named function per page, each with a fixed number of queries."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from cmo_selector.accounts.models import Sponsor
from cmo_selector.audit.models import AuditEvent, describe
from cmo_selector.audit.services import about
from quotes.enums import ReportState, ShortlistStatus
from quotes.models import Need, Project, Quote, Report, Rfq, RfqMessage, ShortlistEntry, WeightSet
from quotes.prices import event_without_prices
from quotes.rfq_enums import InvitationState, MessageKind, QuoteState, RfqState


@dataclass(frozen=True)
class HomeOverview:
    """What the first page shows of one sponsor; everything is empty for a person without a sponsor."""

    projects: list[Project]
    reports: list[Report]
    rfqs: list[Rfq]  # open ones, the nearest deadline first


def rfq_standing() -> dict[str, Any]:
    """Annotations of a project: its newest RFQ's id, state and deadline, its open questions and received quotes."""
    newest = (
        Rfq.objects.filter(project=OuterRef("pk"))
        .exclude(state=RfqState.CANCELLED)
        .order_by("-created_at", "-pk")
    )
    open_questions = RfqMessage.objects.filter(
        rfq__project=OuterRef("pk"), rfq__state=RfqState.OPEN, kind=MessageKind.QUESTION, answered_at=None
    )
    received = Quote.objects.filter(rfq__project=OuterRef("pk")).exclude(
        state__in=[QuoteState.DRAFT, QuoteState.WITHDRAWN]
    )
    return {
        "rfq_id": Subquery(newest.values("pk")[:1]),
        "rfq_state": Subquery(newest.values("state")[:1]),
        "rfq_deadline": Subquery(newest.values("deadline")[:1]),
        "question_count": _count(open_questions),
        "quote_count": _count(received),
    }


def projects_of(sponsor: Sponsor | None) -> QuerySet[Project]:
    """A sponsor's live projects with the counts that lists show, and where its newest RFQ stands."""
    return (
        Project.objects.for_sponsor(sponsor)
        .filter(archived_at=None)
        .select_related("modality", "weights")
        .annotate(
            need_count=_count(Need.objects.filter(project=OuterRef("pk"))),
            must_count=_count(Need.objects.filter(project=OuterRef("pk"), level="must")),
            shortlist_count=_count(ShortlistEntry.objects.filter(project=OuterRef("pk"))),
            report_count=_count(Report.objects.filter(project=OuterRef("pk"), state=ReportState.DONE)),
            **rfq_standing(),
        )
        .order_by("-updated_at", "-pk")
    )


def _count(rows: QuerySet) -> Coalesce:
    """How many rows of a correlated subquery there are."""
    counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def home_overview(sponsor: Sponsor | None) -> HomeOverview:
    """Three queries: the latest projects with their next action, the latest reports, the quotes due."""
    reports = Report.objects.for_sponsor(sponsor).select_related("project").defer("snapshot")[:5]
    due = (
        Rfq.objects.for_sponsor(sponsor)
        .filter(state=RfqState.OPEN, project__archived_at=None)
        .select_related("project")
        .annotate(
            invited_count=Count("invitations", distinct=True),
            received_count=Count(
                "invitations", filter=Q(invitations__state=InvitationState.SUBMITTED), distinct=True
            ),
        )
        .order_by("deadline", "pk")[:5]
    )
    return HomeOverview(projects=list(projects_of(sponsor)[:8]), reports=list(reports), rfqs=list(due))


def shortlist_of(project: Project) -> list[ShortlistEntry]:
    """Entries in the team's order, with their risks: two queries."""
    return list(
        ShortlistEntry.objects.filter(project=project)
        .select_related("organisation__merged_into", "added_by")
        .prefetch_related("risks")
        .order_by("position")
    )


def partners_of_facts(facts: Iterable[tuple[str, int]]) -> set[int]:
    """The partners (ids) that recorded facts, by kind and id, belong to. One query per kind."""
    by_kind: dict[str, list[int]] = {}
    for kind, pk in facts:
        by_kind.setdefault(kind, []).append(pk)
    found: set[int] = set()
    for kind, pks in by_kind.items():
        model = apps.get_model("partners", kind)
        of_partner = any(field.name == "organisation" for field in model._meta.get_fields())
        path = "organisation" if of_partner else "facility__organisation"
        found.update(model.objects.filter(pk__in=pks).values_list(path, flat=True))
    return found


def weight_sets_of(sponsor: Sponsor | None) -> QuerySet[WeightSet]:
    """The sponsor's named weight sets, by function and name."""
    return WeightSet.objects.for_sponsor(sponsor).order_by("function", "name", "pk")


def shortlisted_ids(project: Project) -> set[int]:
    return set(project.shortlist.values_list("organisation_id", flat=True))


@dataclass(frozen=True)
class LogLine:
    """One event of a project's history in words."""

    at: dt.datetime
    who: str
    what: str
    details: str


SAID_ALREADY = {"rule", "level", "suggested"}  # an event about a need is called by its level and rule


def decision_log(project: Project, *, prices: bool, limit: int = 50) -> list[LogLine]:
    """The latest events of the project, its needs, weights, shortlist and reports, without prices if need be."""
    events = AuditEvent.objects.filter(about=about(project)).order_by("-at", "-pk")[:limit]
    lines = []
    for event in events:
        data = event.data if prices else event_without_prices(event.data)
        if "rule" in data:
            data = {key: value for key, value in data.items() if key not in SAID_ALREADY}
        lines.append(LogLine(event.at, event.actor_name, event.words, describe(_labelled(data))))
    return lines


def _labelled(data: Mapping[str, Any]) -> dict[str, Any]:
    """Statuses by the names the pages give them."""
    names = dict(ShortlistStatus.choices)
    status = data.get("status")
    if isinstance(status, list):
        return {**data, "status": [names.get(code, code) for code in status]}
    return {**data, "status": names.get(status, status)} if status else dict(data)
