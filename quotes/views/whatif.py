"""A scratch scenario beside the base: change a fact, a must or a weight, look at the ranks, keep or drop."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from partners.scoring import rank
from partners.scoring.types import CRITERIA, Brief, Level, PartnerFacts, Rule
from quotes.access import get_project, sponsor_action
from quotes.brief import NothingToRank
from quotes.models import Need, Project
from quotes.needs import NEED_FIELDS, NEED_RELATED
from quotes.prices import PRICE_NEED, PRICE_RULES
from quotes.ranking import inputs_of
from quotes.ranking_page import BadWeights, rounded_to_100, trial_weights
from quotes.services.projects import (
    ProjectNotEditable,
    change_need,
    change_weights,
    remove_need,
)
from quotes.versions import StaleVersion
from quotes.views.ranking_frame import open_frame, show_frame
from quotes.whatif import (
    ASSUMED,
    INSPECTION_OUTCOMES,
    LEVELS,
    OFF,
    PRICE_ASSUMED,
    BadScenario,
    Scenario,
    compare_rankings,
    editable_facts,
    grouped,
    rank_scenario,
    read_scenario,
    summary,
)


@require_safe
@sponsor_action(Action.VIEW)
def whatif(request: HttpRequest, project_id: int) -> HttpResponse:
    """The scenario in the address beside the base. Nothing is saved by looking."""
    frame = open_frame(request, project_id, "whatif", ranked=False)
    prices = may(request.membership.role, Action.SEE_PRICES)
    try:
        given = inputs_of(frame.project)
    except NothingToRank as nothing:
        frame.context["nothing"] = str(nothing)
        return show_frame(request, frame)
    base = rank(given.facts, given.brief, given.weights, overrides=given.overrides)
    scenario, other, problem = Scenario(), base, ""
    try:
        scenario = read_scenario(request.GET, prices=prices)
        other = rank_scenario(given, scenario, frame.weights)
    except BadScenario as bad:
        problem = str(bad)
    moved = compare_rankings(base, other)
    started = bool(scenario) or frame.context["trial"]
    chosen = _chosen(given.facts, request.GET.get("p", ""), base.results[0].slug if base.results else "")
    return show_frame(
        request,
        frame,
        status=400 if problem else 200,
        headline=problem
        or (summary(moved) if started else "Change a fact, a must or a weight and see what moves."),
        problem=problem,
        started=started,
        moved=moved,
        needs=_needs(given.brief, request.GET, prices),
        levels=list(LEVELS.items()),
        partners=given.facts,
        chosen=chosen,
        facts=grouped(editable_facts(chosen, request.GET, prices=prices)) if chosen else [],
        assumptions=_assumptions(chosen, given.brief, request.GET, prices) if chosen else [],
        outcomes=INSPECTION_OUTCOMES,
        hidden=_hidden(request, chosen, prices),
        fact_changes=bool(scenario.facts or scenario.assumed),
        kept=[(k, v) for k, v in request.GET.items() if v],
        can_keep=bool(scenario.levels) or frame.context["trial"],
    )


def _chosen(facts: tuple[PartnerFacts, ...], slug: str, first: str) -> PartnerFacts | None:
    by_slug = {partner.slug: partner for partner in facts}
    return by_slug.get(slug) or by_slug.get(first)


def _needs(brief: Brief, query: Any, prices: bool) -> list[dict[str, Any]]:
    return [
        {
            "key": f"n.{need.id}",
            "label": need.label if prices or need.rule not in PRICE_RULES else PRICE_NEED,
            "now": LEVELS[need.level.value],
            "typed": query.get(f"n.{need.id}", ""),
        }
        for need in brief.needs
    ]


def _assumptions(partner: PartnerFacts, brief: Brief, query: Any, prices: bool) -> list[dict[str, Any]]:
    """What may be assumed of this partner: a slot, a minimum, a price, and that a service need is met."""
    found = [
        {
            "key": f"a.{partner.id}.{what}",
            "label": label,
            "what": kind,
            "typed": query.get(f"a.{partner.id}.{what}", ""),
        }
        for what, (kind, label) in ASSUMED.items()
        if prices or what not in PRICE_ASSUMED
    ]
    found += [
        {
            "key": (key := f"a.{partner.id}.need.{need.id}"),
            "label": need.label,
            "what": "flag",
            "typed": query.get(key, ""),
        }
        for need in brief.needs
        if need.rule is Rule.CAPABILITY and need.level is Level.MUST
    ]
    return found


def _hidden(request: HttpRequest, chosen: PartnerFacts | None, prices: bool) -> list[tuple[str, str]]:
    """Changes of other partners and the tried weights, which the form on the screen does not show."""
    shown = {f.key for f in editable_facts(chosen, {}, prices=prices)} if chosen else set()
    own = f"a.{chosen.id}." if chosen else "a.."
    weights = {code.lower() for code in CRITERIA}

    def elsewhere(key: str) -> bool:
        head = key.partition(".")[0]
        return (
            key in weights or (head == "f" and key not in shown) or (head == "a" and not key.startswith(own))
        )

    return [(key, value) for key, value in request.GET.items() if value and elsewhere(key)]


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def keep(request: HttpRequest, project_id: int) -> HttpResponse:
    """Put the scenario's weights and levels into the project. Facts stay in the address, never in the catalogue."""
    project = get_project(request, project_id)
    page = reverse("quotes:ranking_whatif", args=[project.pk])
    sent = {
        key: value for key, value in request.POST.items() if key not in ("csrfmiddlewaretoken", "version")
    }
    try:
        scenario = read_scenario({k: v for k, v in sent.items() if k.startswith("n.")}, prices=True)
        weights = trial_weights(sent)
        with transaction.atomic():
            done = _keep_levels(request, project, scenario.levels)
            if weights is not None:
                version = request.POST.get("version", "")
                done += change_weights(
                    actor=request.user, project=project, weights=rounded_to_100(weights), version=version
                )
    except (BadScenario, BadWeights, ProjectNotEditable) as refused:
        messages.error(request, f"Nothing kept. {refused}")
        return redirect(f"{page}?{urlencode(sent)}")
    except StaleVersion:
        messages.error(
            request, "Nothing kept: somebody else changed the weights or a need since you opened this page."
        )
        return redirect(f"{page}?{urlencode(sent)}")
    messages.success(
        request, "Kept in the project." if done else "The project has these weights and levels already."
    )
    rest = {key: value for key, value in sent.items() if key.startswith(("f.", "a.")) or key == "p"}
    return redirect(f"{page}?{urlencode(rest)}" if rest else page)


def _keep_levels(request: HttpRequest, project: Project, levels: dict[str, str]) -> int:
    """How many needs changed. A need that is gone by now is passed over."""
    rows = {str(need.pk): need for need in project.needs.select_related(*NEED_RELATED)}
    done = 0
    if rows and all(levels.get(key) == OFF for key in rows):
        raise BadScenario("With every need left out there is nothing to rank against. Keep at least one.")
    for key, level in levels.items():
        need: Need | None = rows.get(key)
        if need is None or need.level == level:
            continue
        need.project = project
        if level == OFF:
            remove_need(actor=request.user, need=need)
        else:
            values = {name: getattr(need, name) for name in NEED_FIELDS}
            change_need(actor=request.user, need=need, values={**values, "level": level})
        done += 1
    return done
