"""Two pages beside the ranking: networks that cover the whole scope, and the runway to the next stage."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cmo_selector.accounts.roles import Action, may
from partners.enums import Stage
from partners.scoring.types import Group
from quotes.access import get_project, sponsor_action
from quotes.brief import NothingToRank
from quotes.network_page import network_rows, runway_rows
from quotes.prices import networks_without_prices, runway_without_prices
from quotes.ranking import FIRST_WORDS, catalogue_is_large, networks_of, runway_of


@require_safe
@sponsor_action(Action.VIEW)
def networks(request: HttpRequest, project_id: int) -> HttpResponse:
    """Who covers the whole scope, and what each part does."""
    project = get_project(request, project_id)
    context = {"project": project}
    try:
        proposal = networks_of(project)
    except NothingToRank as nothing:
        context["nothing"] = str(nothing)
        return render(request, "quotes/ranking/networks.html", context)
    if not may(request.membership.role, Action.SEE_PRICES):
        proposal = networks_without_prices(proposal)
    context |= {"proposal": proposal, "rows": network_rows(proposal)}
    return render(request, "quotes/ranking/networks.html", context)


@require_safe
@sponsor_action(Action.VIEW)
def runway(request: HttpRequest, project_id: int) -> HttpResponse:
    """Rank now and at the next stage, and the later transfer that a partner makes necessary."""
    project = get_project(request, project_id)
    context = {"project": project}
    try:
        found = runway_of(project)
    except NothingToRank as nothing:
        context["nothing"] = str(nothing)
        return render(request, "quotes/ranking/runway.html", context)
    if not may(request.membership.role, Action.SEE_PRICES):
        found = runway_without_prices(found)
    context |= {
        "runway": found,
        "rows": runway_rows(found),
        "thin": runway_rows(found, Group.INSUFFICIENT),
        "stage": Stage(found.stage).label,
        "next_stage": Stage(found.next_stage).label,
        "large": catalogue_is_large(),
        "first_words": FIRST_WORDS,
        "last_stage": found.stage == found.next_stage,
    }
    return render(request, "quotes/ranking/runway.html", context)
