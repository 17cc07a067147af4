"""A scratch scenario beside the base: change a fact, a must or a weight, look at the ranks, keep or drop."""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from partners.scoring.types import Brief, Level, PartnerFacts, Rule
from quotes.access import get_project, sponsor_action
from quotes.brief import NothingToRank
from quotes.models import Need, Project, WhatIfScenario
from quotes.needs import NEED_FIELDS, NEED_RELATED
from quotes.prices import PRICE_ASSUMED, PRICE_NEED, PRICE_RULES, is_price_change
from quotes.ranking import Inputs, inputs_of
from quotes.ranking_page import BadWeights, rounded_to_100, trial_weights
from quotes.scenario_page import (
    WEIGHTS,
    change_words,
    compared,
    is_change,
    kept_scenarios,
    touched,
    with_all_leaders,
)
from quotes.services.projects import (
    ProjectArchived,
    ProjectNotEditable,
    change_need,
    change_weights,
    lock_project,
    remove_need,
)
from quotes.services.scenarios import ScenarioError, drop_scenario, keep_scenario
from quotes.versions import StaleVersion, version_of
from quotes.views.ranking_frame import open_frame, show_frame
from quotes.views.weighting import in_words
from quotes.whatif import (
    ASSUMED,
    EDITABLE,
    LEVELS,
    OFF,
    BadScenario,
    Scenario,
    compare_rankings,
    editable_facts,
    grouped,
    no_need,
    rank_scenario,
    read_scenario,
    summary,
    with_leaders,
)


@require_safe
@sponsor_action(Action.VIEW)
def whatif(request: HttpRequest, project_id: int) -> HttpResponse:
    """The scenario in the address beside the base. Nothing is saved by looking."""
    frame = open_frame(request, project_id, "whatif", ranked=False)
    prices = may(request.membership.role, Action.SEE_PRICES)
    rows = list(frame.project.whatif_scenarios.select_related("created_by"))
    side_by_side = bool(rows) and request.GET.get("compare") == "kept"
    looked_at = [request.GET, *(row.changes for row in rows if side_by_side)]
    try:
        given = inputs_of(frame.project, also=touched(looked_at, prices=prices))
    except NothingToRank as nothing:
        frame.context["nothing"] = str(nothing)
        return show_frame(request, frame)
    if side_by_side:
        given = with_all_leaders(rows, given, prices=prices)
    scenario, problem = Scenario(), ""
    try:
        scenario = read_scenario(request.GET, prices=prices)
        given = with_leaders(given, scenario, frame.weights)
        base, other = given.ranking(), rank_scenario(given, scenario, frame.weights)
    except BadScenario as bad:
        problem = str(bad)
        base = other = given.ranking()
    moved = compare_rankings(base, other)
    kept = kept_scenarios(rows, given, base, prices=prices) if side_by_side else []
    changes = {key: value for key, value in request.GET.items() if value.strip() and is_change(key)}
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
        needs_version=_needs_version((need.id, need.level.value) for need in given.brief.needs),
        levels=list(LEVELS.items()),
        partners=given.facts,
        chosen=chosen,
        facts=grouped(editable_facts(chosen, request.GET, prices=prices)) if chosen else [],
        assumptions=_assumptions(chosen, given.brief, request.GET, prices) if chosen else [],
        hidden=_hidden(request, chosen, prices),
        fact_changes=bool(scenario.facts or scenario.assumed),
        kept=list(changes.items()) + [(k, v) for k, v in request.GET.items() if k == "p" and v],
        change_words=change_words(given, changes, prices=prices) if started and not problem else [],
        corrections=_corrections(scenario, given) if not problem else [],
        scenarios=[_kept_row(row, given, prices) for row in rows],
        side_by_side=side_by_side,
        compared=compared(base, kept) if side_by_side else None,
        compared_names=[k.row.name for k in kept if k.ranking is not None],
        kept_scenarios=kept,
        scenario_name=request.GET.get("scenario_name", "")[:60],
        can_keep=bool(scenario.levels) or frame.context["trial"],
    )


def _kept_row(row: WhatIfScenario, given: Inputs, prices: bool) -> dict[str, Any]:
    """A kept scenario in the list, with the address that opens it, unless that would tell prices."""
    told = prices or not any(map(is_price_change, row.changes))
    url = f"{reverse('quotes:ranking_whatif', args=[row.project_id])}?{urlencode(row.changes)}"
    return {
        "row": row,
        "url": url if told else "",
        "words": change_words(given, row.changes, prices=prices),
        "drop_label": f"Drop the scenario {row.name}",
    }


def _corrections(scenario: Scenario, given: Inputs) -> list[dict[str, str]]:
    """Changed facts that are recorded: each may be proposed to the curators as a correction, with its source."""
    found = []
    for change in scenario.facts:
        ref = given.refs.get((change.kind, change.pk))
        if ref is None:
            continue
        value = (
            f"{change.value:f}".rstrip("0").rstrip(".") if isinstance(change.value, float) else change.value
        )
        query = urlencode({"column": change.name, "value": str(value)})
        url = reverse("proposals:correct", args=[change.kind, change.pk])
        label = EDITABLE[change.kind][change.name][1]
        found.append({"url": f"{url}?{query}", "label": f"{ref.label}: {label} {value}"})
    return found


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


def _needs_version(levels: Iterable[tuple[str, str]]) -> str:
    """Changes when a need is added, removed or gets another level."""
    return hashlib.sha256(repr(sorted(levels)).encode()).hexdigest()[:12]


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

    def elsewhere(key: str) -> bool:
        head = key.partition(".")[0]
        return (
            key in WEIGHTS or (head == "f" and key not in shown) or (head == "a" and not key.startswith(own))
        )

    return [(key, value) for key, value in request.GET.items() if value and elsewhere(key)]


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def keep(request: HttpRequest, project_id: int) -> HttpResponse:
    """Put the scenario's weights and levels into the project. Facts stay in the address, never in the catalogue."""
    project = get_project(request, project_id)
    page = reverse("quotes:ranking_whatif", args=[project.pk])
    sent = {
        key: value
        for key, value in request.POST.items()
        if key not in ("csrfmiddlewaretoken", "version", "needs")
    }
    try:
        scenario = read_scenario({k: v for k, v in sent.items() if k.startswith("n.")}, prices=True)
        weights = trial_weights(sent)
        with transaction.atomic():
            lock_project(project)  # what is compared and changed below is read after the wait
            done = _keep_levels(request, project, scenario.levels)
            if weights is not None:
                version = request.POST.get("version", "")
                done += change_weights(
                    actor=request.user, project=project, weights=rounded_to_100(weights), version=version
                )
    except (BadScenario, BadWeights, ProjectNotEditable, ValidationError) as refused:
        messages.error(request, f"Nothing kept. {in_words(refused)}")
        return redirect(f"{page}?{urlencode(sent)}")
    except (StaleVersion, Need.DoesNotExist):
        messages.error(
            request, "Nothing kept: somebody else changed the weights or a need since you opened this page."
        )
        return redirect(f"{page}?{urlencode(sent)}")
    messages.success(
        request, "Kept in the project." if done else "The project has these weights and levels already."
    )
    rest = {key: value for key, value in sent.items() if key.startswith(("f.", "a.")) or key == "p"}
    return redirect(f"{page}?{urlencode(rest)}" if rest else page)


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def save(request: HttpRequest, project_id: int) -> HttpResponse:
    """Keep the scenario under a name. The project and the catalogue stay as they are."""
    project = get_project(request, project_id)
    page = reverse("quotes:ranking_whatif", args=[project.pk])
    changes = {key: value.strip() for key, value in request.POST.items() if is_change(key) and value.strip()}
    name = request.POST.get("scenario_name", "")
    back = f"{page}?{urlencode(changes)}"
    try:
        tried = trial_weights(changes)
        if not read_scenario(changes, prices=True) and tried is None:
            changes = {}
        with transaction.atomic():
            row = keep_scenario(
                actor=request.user,
                project=project,
                name=name,
                changes=changes,
                words=_log_words(project, changes),
            )
    except (
        BadScenario,
        BadWeights,
        ScenarioError,
        ProjectArchived,
        ValidationError,
        IntegrityError,
    ) as refused:
        messages.error(request, f"Scenario not kept. {in_words(refused)}")
        return redirect(f"{page}?{urlencode({**changes, 'scenario_name': name})}")
    messages.success(request, f"“{row.name}” is kept with this project.")
    return redirect(back)


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def drop(request: HttpRequest, project_id: int, scenario_id: int) -> HttpResponse:
    """Drop a kept scenario."""
    project = get_project(request, project_id)
    row = get_object_or_404(
        WhatIfScenario.objects.for_sponsor(request.sponsor).select_related("project__sponsor"),
        project=project,
        pk=scenario_id,
    )
    try:
        drop_scenario(actor=request.user, scenario=row, words=_log_words(project, row.changes))
        messages.success(request, f"“{row.name}” is dropped.")
    except ProjectArchived as archived:
        messages.error(request, str(archived))
    return redirect("quotes:ranking_whatif", project.pk)


def _log_words(project: Project, changes: Mapping[str, str]) -> list[str]:
    """A scenario's changes as the decision log tells them: to everybody, so without amounts of money."""
    try:
        given = inputs_of(project, also=touched([changes], prices=True))
    except NothingToRank:
        return []
    return change_words(given, changes, prices=False)


def _keep_levels(request: HttpRequest, project: Project, levels: dict[str, str]) -> int:
    """How many needs changed. Raises BadScenario for a need that is gone."""
    rows = {str(need.pk): need for need in project.needs.select_related(*NEED_RELATED)}
    done = 0
    gone = levels.keys() - rows.keys()
    if gone:
        raise BadScenario(no_need(min(gone)))
    if rows and all(levels.get(key) == OFF for key in rows):
        raise BadScenario("With every need left out there is nothing to rank against. Keep at least one.")
    now = _needs_version((key, need.level) for key, need in rows.items())
    changes = any(rows[key].level != level for key, level in levels.items())
    if changes and request.POST.get("needs", now) != now:
        raise StaleVersion(project)
    for key, level in levels.items():
        need: Need = rows[key]
        if need.level == level:
            continue
        need.project = project
        if level == OFF:
            remove_need(actor=request.user, need=need)
        else:
            values = {name: getattr(need, name) for name in NEED_FIELDS}
            version = version_of(need, NEED_FIELDS)
            change_need(actor=request.user, need=need, values={**values, "level": level}, version=version)
        done += 1
    return done
