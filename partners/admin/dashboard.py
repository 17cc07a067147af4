"""The desk's first page: what waits for a curator, and how well the catalogue covers modalities and regions."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from partners import freshness
from partners.curation import selectors
from partners.curation.remembered import remembered
from partners.curation.selectors import Number, number_of
from partners.enums import MatchState, SuggestionState, TaskState
from partners.models import (
    Certificate,
    LinkSuggestion,
    MatchProposal,
    PartyMatch,
    Proposal,
    RegisterEstablishment,
    VerificationTask,
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One queue: how long it is, and the page where it is worked off."""

    title: str
    number: Number | None  # None: being counted
    url: str
    note: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Adds `tiles` and `coverage` for those who may see the catalogue (UNFOLD's DASHBOARD_CALLBACK)."""
    context |= {"tiles": [], "coverage": None, "may_see_coverage": False}
    if request.user.has_perm("partners.view_organisation"):  # type: ignore[union-attr]
        context |= {"tiles": tiles(request), "coverage": remembered("coverage"), "may_see_coverage": True}
    return context


def tiles(request: HttpRequest) -> list[Tile]:
    """Every queue, the empty ones too: an empty queue is good news."""
    today = timezone.localdate()
    stale = selectors.stale_queues(today)
    open_tasks = VerificationTask.objects.filter(state=TaskState.OPEN)
    mine = number_of(open_tasks.filter(assigned_to=request.user))
    unlinked = RegisterEstablishment.objects.filter(facility=None, left_on=None)
    expiring = Certificate.objects.filter(freshness.expiring(Certificate, today))
    suggestions = LinkSuggestion.objects.filter(state=SuggestionState.OPEN)
    contradictions, pairs = remembered("conflicts"), remembered("duplicates")
    return [
        Tile(
            "Stale facts",
            Number(sum(q.number.value for q in stale), any(q.number.more for q in stale)),
            reverse("admin:partners_stale"),
            "expired, or older than the half-life of their kind",
        ),
        Tile(
            "Contradictions",
            contradictions and Number(contradictions.value.number, contradictions.value.more),
            reverse("admin:partners_conflicts"),
            "sources that disagree about one thing",
        ),
        Tile(
            "Expiring certificates",
            number_of(expiring),
            _list("certificate", "freshness=expiring"),
            f"within {freshness.SOON_DAYS} days",
        ),
        Tile(
            "Register rows without a site",
            number_of(unlinked),
            _list("registerestablishment", "facility__isempty=1&left_on__isempty=1"),
            "establishments that no catalogue site is linked to",
        ),
        Tile(
            "Register matches",
            number_of(MatchProposal.objects.filter(state=MatchState.OPEN)),
            _list("matchproposal", "state__exact=open"),
            "register rows that are probably a partner’s site",
        ),
        Tile(
            "Probable duplicates",
            pairs and Number(len(pairs.value)),
            reverse("admin:partners_duplicates"),
            "partners or sites that look like one",
        ),
        Tile(
            "Suggested links",
            number_of(suggestions),
            _list("linksuggestion", "state__exact=open"),
            "links between register and catalogue, proposed by users",
        ),
        Tile(
            "Open proposals",
            number_of(Proposal.objects.filter(state=SuggestionState.OPEN)),
            _list("proposal", "state__exact=open"),
            "corrections and partners, proposed by users",
        ),
        Tile(
            "Listed parties to check",
            number_of(PartyMatch.objects.filter(state=MatchState.OPEN)),
            _list("partymatch", "state__exact=open"),
            "names of restricted-party lists that are like a partner’s",
        ),
        Tile(
            "Facts to verify",
            number_of(open_tasks),
            _list("verificationtask", "state__exact=open"),
            f"{mine} of them yours",
        ),
    ]


def _list(model: str, query: str) -> str:
    return f"{reverse(f'admin:partners_{model}_changelist')}?{query}"
