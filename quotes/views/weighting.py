"""Guided ways to weights (nothing is saved by looking), and the sponsor's named weight sets."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action
from cmo_selector.db import constraint_of
from cmo_selector.http import is_fragment
from partners.scoring import criteria_labels
from partners.scoring.types import CRITERIA
from quotes.access import get_project, sponsor_action
from quotes.forms.weight_forms import MEASURES, PROFILE_MEASURES
from quotes.models import Project, WeightSet
from quotes.ranking_page import BadWeights, rounded_to_100, trial_weights
from quotes.services.projects import WEIGHT_FIELDS
from quotes.services.weight_sets import TooManySets, add_weight_set, remove_weight_set
from quotes.versions import version_of
from quotes.weighting import (
    METHODS,
    RULES,
    SCALE,
    Outcome,
    by_pairs,
    by_ranking,
    by_swing,
    default_places,
    default_points,
)


@require_safe
@sponsor_action(Action.VIEW)
def method(request: HttpRequest, project_id: int, method: str) -> HttpResponse:
    """One guided way; the answers are in the address, the weights they give beside them."""
    project = get_project(request, project_id)
    if method not in METHODS:
        raise Http404("There is no such way to weights.")
    labels = criteria_labels(project.profile)
    context = {
        "project": project,
        "method": method,
        "title": METHODS[method],
        "methods": [
            {
                "label": label,
                "url": reverse("quotes:weight_method", args=[project.pk, key]),
                "current": key == method,
            }
            for key, label in METHODS.items()
        ],
        "version": version_of(project.weights, WEIGHT_FIELDS),
        "judged": "",
        **_answers(request, project, method, labels),
    }
    outcome = context["outcome"]
    context.update(_result(project, outcome, labels))
    template = "quotes/weights/method.html"
    if is_fragment(request) and request.htmx.target == "weighting-result":
        template += "#weighting"
    return render(request, template, context)


def _answers(request: HttpRequest, project: Project, method: str, labels: dict[str, str]) -> dict[str, Any]:
    """What was answered so far, or what the saved weights would answer."""
    given = dict(request.GET.items())
    saved = project.weights.as_dict()
    if method == "pairs":
        outcome = by_pairs(given, labels)
        for board in outcome.boards:
            if board.advice:
                board.advice_url = f"?{urlencode({**given, board.advice.name: board.advice.suggested})}"
        judged = ",".join(f"#judged-{board.key}" for board in outcome.boards)
        return {"outcome": outcome, "scale": [(key, words) for key, _, words in SCALE], "judged": judged}
    if method == "ranking":
        rule = given.get("rule", "roc")
        places = (
            {c: given.get(c, "") for c in CRITERIA}
            if any(c in given for c in CRITERIA)
            else default_places(saved)
        )
        rows = [{"code": c, "label": labels[c], "value": places[c]} for c in CRITERIA]
        return {
            "outcome": by_ranking(places, rule),
            "rule": rule,
            "rules": list(RULES.items()),
            "rows": rows,
            "places": [str(n) for n in range(1, len(CRITERIA) + 1)],
        }
    measures = {**MEASURES, **PROFILE_MEASURES.get(project.profile, {})}
    points = (
        {c: given.get(c, "") for c in CRITERIA}
        if any(c in given for c in CRITERIA)
        else default_points(saved)
    )
    rows = [{"code": c, "label": labels[c], "value": points[c], "measures": measures[c]} for c in CRITERIA]
    return {"outcome": by_swing(points), "rows": rows}


def _result(project: Project, outcome: Outcome, labels: dict[str, str]) -> dict[str, Any]:
    """The weights as rows and as fields of the forms that keep them."""
    if outcome.weights is None:
        return {"result": [], "fields": [], "try_url": ""}
    points = rounded_to_100(outcome.weights)
    saved = project.weights.as_dict()
    fields = [(code.lower(), f"{points[code]:f}") for code in CRITERIA]
    return {
        "result": [{"code": c, "label": labels[c], "points": points[c], "saved": saved[c]} for c in CRITERIA],
        "fields": fields,
        "try_url": f"{reverse('quotes:ranking', args=[project.pk])}?{urlencode(fields)}",
    }


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def set_add(request: HttpRequest, project_id: int) -> HttpResponse:
    """Keep the weights in the form under a name. Whatever is refused stays in the address."""
    project = get_project(request, project_id)
    name, function = request.POST.get("set_name", ""), request.POST.get("set_function", "")
    points = {code.lower(): request.POST.get(code.lower(), "") for code in CRITERIA}
    back = reverse("quotes:ranking_profiles", args=[project.pk])
    try:
        weights = trial_weights(points)
        if weights is None:
            raise BadWeights("No weights were given.")
        with transaction.atomic():
            row = add_weight_set(
                actor=request.user,
                sponsor=request.sponsor,
                name=name,
                function=function,
                weights=rounded_to_100(weights),
            )
    except (BadWeights, TooManySets, ValidationError, IntegrityError) as refused:
        messages.error(request, f"Weight set not kept. {in_words(refused)}")
        return redirect(f"{back}?{urlencode({**points, 'set_name': name, 'set_function': function})}#keep")
    messages.success(request, f"“{row.name}” is kept and stands beside the other weights.")
    return redirect(back)


def in_words(refused: Exception) -> str:
    """Why a name or a set was refused, naming the field."""
    if isinstance(refused, IntegrityError):
        found = constraint_of(refused)
        if found is None:
            raise refused
        return str(found[1].get_violation_error_message())
    if isinstance(refused, ValidationError):
        labels = {"name": "Name", "function": "Function"}
        said = [
            f"{labels.get(field, field)}: {' '.join(found)}" for field, found in refused.message_dict.items()
        ]
        return " ".join(said)
    return str(refused)


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def set_remove(request: HttpRequest, project_id: int, set_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    row = get_object_or_404(
        WeightSet.objects.for_sponsor(request.sponsor).select_related("sponsor"), pk=set_id
    )
    remove_weight_set(actor=request.user, weight_set=row)
    messages.success(request, f"“{row.name}” is removed.")
    return redirect("quotes:ranking_profiles", project.pk)
