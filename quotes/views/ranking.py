"""The ranking page: weights on one side, ordered partners with their reasons on the other."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action
from cmo_selector.http import page_of_ours
from partners.models import Organisation
from partners.scoring import criteria_labels, explain
from partners.scoring.confidence import confidence
from partners.scoring.types import CRITERIA
from quotes.access import get_project, sponsor_action
from quotes.brief import NothingToRank
from quotes.models import Project
from quotes.overrides import overrides_in_force
from quotes.ranking_page import (
    LISTED,
    BadWeights,
    build_page,
    build_row,
    explain_criteria,
    rounded_to_100,
    rule_rows,
    trial_weights,
)
from quotes.robustness import firmness_of
from quotes.robustness_page import VERDICTS, assumption, verdict_sentence
from quotes.selectors import shortlisted_ids
from quotes.services.projects import ProjectNotEditable, change_weights
from quotes.versions import StaleVersion
from quotes.views.ranking_frame import kept_query, open_frame, ranking_for, show_frame


@require_safe
@sponsor_action(Action.VIEW)
def ranking(request: HttpRequest, project_id: int) -> HttpResponse:
    """All partners in order. Weights in the query are tried without being saved."""
    frame = open_frame(request, project_id, "list")
    if frame.ranking is None:
        return show_frame(request, frame)
    firm = firmness_of(frame.ranking, space=frame.space, draws=frame.draws)
    page = build_page(
        frame.ranking,
        shortlisted_ids(frame.project),
        frame.project.profile,
        firm,
        listed=None if request.GET.get("show") == "all" else LISTED,
    )
    label, tone = VERDICTS[firm.verdict]
    return show_frame(
        request,
        frame,
        page=page,
        all_url=f"{frame.context['tab_url']}?{urlencode({**kept_query(request.GET), 'show': 'all'})}",
        headline=page.headline,
        firmness=verdict_sentence(firm) if len(firm.ranked) > 1 else "",
        label=label,
        tone=tone,
        assumption=assumption(firm),
    )


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def save_weights(request: HttpRequest, project_id: int) -> HttpResponse:
    """Keep the weights that are being tried. Whatever is refused stays on the sliders."""
    project = get_project(request, project_id)
    tried = {code.lower(): request.POST.get(code.lower(), "") for code in CRITERIA}
    here = _tab(request, project)
    back = f"{here}{'&' if '?' in here else '?'}{urlencode(tried)}"
    try:
        weights = trial_weights(tried)
        if weights is None:
            raise BadWeights("No weights were given.")
        change_weights(
            actor=request.user,
            project=project,
            weights=rounded_to_100(weights),
            version=request.POST.get("version", ""),
        )
    except BadWeights as bad:
        messages.error(request, f"Weights not saved. {bad}")
        return redirect(back)
    except StaleVersion:
        messages.error(
            request,
            "Weights not saved: somebody else changed them since you opened this page. Yours are still on the "
            "sliders; “Back to saved” shows theirs. Save again to replace theirs.",
        )
        return redirect(back)
    except ProjectNotEditable as archived:
        messages.error(request, str(archived))
        return redirect(back)
    messages.success(request, "Weights saved.")
    return redirect(here)


def _tab(request: HttpRequest, project: Project) -> str:
    """The tab that the button was pressed on, with what else stood in its address; else the list."""
    listed = reverse("quotes:ranking", args=[project.pk])
    target = request.POST.get("next", "")
    return target if target.startswith(listed) and page_of_ours(request, target) else listed


@require_safe
@sponsor_action(Action.VIEW)
def partner(request: HttpRequest, project_id: int, slug: str) -> HttpResponse:
    """One partner's result opened down to its facts."""
    project = get_project(request, project_id)
    pk = Organisation.objects.active().filter(slug=slug).values_list("pk", flat=True).first()
    if pk is None:
        raise Http404("There is no such partner.")
    error, trial = "", None
    try:
        trial = trial_weights(request.GET)
    except BadWeights as bad:
        error = str(bad)
    try:
        ranked = ranking_for(request, project, trial, also=[pk])
    except NothingToRank as nothing:
        messages.error(request, str(nothing))
        return redirect("quotes:ranking", project.pk)
    result = next((r for r in ranked.results if r.partner_id == pk), None)
    if result is None:  # left the catalogue between the two looks at it
        raise Http404("There is no such partner.")
    labels = criteria_labels(project.profile)
    row = build_row(result, shortlisted_ids(project), labels)
    context = {
        "project": project,
        "ranking": ranked,
        "result": result,
        "error": error,
        "trial": trial is not None,
        "row": row,
        "summary": explain.summary(result, ranked),
        "confidence": confidence(result, ranked.weights, ranked.as_of),
        "rules": rule_rows(result),
        "overrides": [o for o in overrides_in_force(project) if o.organisation_id == result.partner_id],
        "criteria": explain_criteria(row, ranked.weights, labels),
        "questions": explain.questions(result, ranked.weights),
    }
    return render(request, "quotes/ranking/partner.html", context, status=400 if error else 200)
