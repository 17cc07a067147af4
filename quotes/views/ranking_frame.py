"""What the ranking's views share: the weights at one side, the tabs, the ranking as this person may read it.

Every tab is a page of its own with the tried weights in its address, so that it can be reloaded, shared and opened
without JavaScript. htmx swaps `#results` while a slider moves and `#ranking-frame` when a tab is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from cmo_selector.accounts.roles import Action, may
from cmo_selector.http import is_fragment
from partners.scoring import criteria_labels
from partners.scoring.types import CRITERIA, Group, Ranking
from quotes.access import get_project
from quotes.brief import NothingToRank
from quotes.models import Project
from quotes.prices import without_prices
from quotes.ranking import rank_project
from quotes.ranking_page import BadWeights, part_note, trial_weights
from quotes.robustness import DRAWS, LIVE_DRAWS, SPACES
from quotes.services.criteria_lock import criteria_locked
from quotes.services.projects import WEIGHT_FIELDS
from quotes.versions import version_of

#: key, label, URL name
TABS: tuple[tuple[str, str, str], ...] = (
    ("list", "List", "ranking"),
    ("robustness", "How firm", "ranking_robustness"),
    ("why", "Why above", "ranking_why"),
    ("value", "Benefit and cost", "ranking_value"),
    ("profiles", "Other weights", "ranking_profiles"),
    ("whatif", "What if", "ranking_whatif"),
    ("questions", "Questions", "ranking_questions"),
)
AMONG_RANKED = ("robustness", "value", "profiles", "questions")  # tabs that speak of ranked partners only
MOVING = "X-Moving"  # header of a request made while a slider is dragged


@dataclass
class Frame:
    """One request to a tab: the project, its ranking (None without needs) and the context of the page."""

    project: Project
    ranking: Ranking | None
    labels: dict[str, str]
    weights: dict[str, float]
    space: str
    draws: int
    context: dict[str, Any]


def ranking_for(
    request: HttpRequest, project: Project, weights: dict[str, float] | None, also: Iterable[int] = ()
) -> Ranking:
    """The ranking as this person may read it; `also` are partners to be in it wherever they stand."""
    ranked = rank_project(project, weights=weights, also=also)
    return ranked if may(request.membership.role, Action.SEE_PRICES) else without_prices(ranked)


def open_frame(request: HttpRequest, project_id: int, tab: str, *, ranked: bool = True) -> Frame:
    """Rank with the weights in the query, or with the saved ones when there are none or they cannot be used.

    `ranked` False leaves the ranking to the view.
    """
    project = get_project(request, project_id)
    error, trial, title = "", None, "These weights cannot be used"
    try:
        trial = trial_weights(request.GET)
    except BadWeights as bad:
        error = str(bad)
    weights = trial or project.weights.as_dict()
    labels = criteria_labels(project.profile)
    space = request.GET.get("space", "near")
    if space not in SPACES:
        title = title if error else "Another way of varying weights is shown"
        error, space = error or f"There is no way of varying weights called “{space[:40]}”.", "near"
    query = kept_query(request.GET)
    context: dict[str, Any] = {
        "project": project,
        "version": version_of(project.weights, WEIGHT_FIELDS),
        "locked": criteria_locked(project),
        "error": error,
        "trial": trial is not None,
        "error_title": title,
        "tail": f"?{urlencode({k: v for k, v in query.items() if k != 'space'})}" if trial else "",
        "sliders": _sliders(request.GET, labels, weights, tried=trial is not None),
        "tabs": _tabs(project, tab, query),
        "tab": tab,
        "tab_url": next(reverse(f"quotes:{name}", args=[project.pk]) for key, _, name in TABS if key == tab),
        "query_fields": list(query.items()),
        "carried": _carried(request),
        "here": _here(request, project, tab),
        "space": space,
        "page": None,
        "nothing": "",
    }
    ranking = None
    try:
        ranking = ranking_for(request, project, weights) if ranked else None
    except NothingToRank as nothing:
        context["nothing"] = str(nothing)
    context["nobody"] = bool(ranking and tab in AMONG_RANKED and not ranking.group(Group.RANKED))
    context["part_note"] = part_note(ranking) if ranking and tab != "list" else ""
    draws = LIVE_DRAWS if request.headers.get(MOVING) else DRAWS
    return Frame(project, ranking, labels, weights, space, draws, context)


def show_frame(request: HttpRequest, frame: Frame, status: int = 200, **more: Any) -> HttpResponse:
    """The whole page, or its results while a slider moves."""
    template = "quotes/ranking/ranking.html"
    context = {**frame.context, **more, "tab_template": f"quotes/ranking/tab_{frame.context['tab']}.html"}
    piece = is_fragment(request) and request.htmx.target == "results"
    if piece:
        template += "#results"
    if frame.context["error"]:
        status = 400
    return render(request, template, context, status=200 if is_fragment(request) else status)


def kept_query(given: Mapping[str, str]) -> dict[str, str]:
    """The part of a query that every tab understands."""
    names = [*(code.lower() for code in CRITERIA), "space"]
    return {name: given[name] for name in names if given.get(name)}


def _carried(request: HttpRequest) -> list[tuple[str, str]]:
    """What else is in the address of this tab (two partners, a scenario), so that moving a slider keeps it."""
    return [
        (key, value)
        for key, value in request.GET.items()
        if value and (key in ("a", "b", "p", "show") or key.partition(".")[0] in ("n", "f", "a"))
    ]


def _here(request: HttpRequest, project: Project, tab: str) -> str:
    """The address of this tab without the tried weights."""
    name = next(name for key, _, name in TABS if key == tab)
    rest = _carried(request)
    if request.GET.get("space"):
        rest.append(("space", request.GET["space"]))
    return reverse(f"quotes:{name}", args=[project.pk]) + (f"?{urlencode(rest)}" if rest else "")


def _tabs(project: Project, current: str, query: dict[str, str]) -> list[dict[str, Any]]:
    tail = f"?{urlencode(query)}" if query else ""
    return [
        {
            "key": key,
            "label": label,
            "url": reverse(f"quotes:{name}", args=[project.pk]) + tail,
            "current": key == current,
        }
        for key, label, name in TABS
    ]


def _sliders(
    given: Mapping[str, str], labels: dict[str, str], weights: dict[str, float], *, tried: bool
) -> list[dict[str, Any]]:
    """One per criterion. Points stay as they were typed; where one is above a slider's 100, all are shares of 100."""
    typed = {code: given[code.lower()] for code in labels if given.get(code.lower())}
    if tried and any(Decimal(text.strip() or "0") > 100 for text in typed.values()):
        typed = {}
    return [
        {
            "code": code,
            "name": code.lower(),
            "label": label,
            "value": typed.get(code, f"{weights[code]:g}"),
            "share": weights[code],
        }
        for code, label in labels.items()
    ]
