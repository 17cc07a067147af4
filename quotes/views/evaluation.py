"""Group evaluation: everybody scores alone; once scoring is closed means, spread and the agreed scores are read."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from partners.models import Organisation
from partners.scoring import criteria_labels
from partners.scoring.types import CRITERIA
from quotes.access import get_project, sponsor_action
from quotes.evaluation_page import criteria_for, own_progress, results, voices
from quotes.models import AgreedScore, Evaluation, EvaluationScore, Project
from quotes.selectors import shortlist_of
from quotes.services import evaluation as services
from quotes.services.evaluation import EvaluationError, agreed_version
from quotes.services.projects import ProjectNotEditable
from quotes.versions import StaleVersion


def _evaluation(project: Project) -> Evaluation | None:
    return Evaluation.objects.filter(project=project).first()


@require_safe
@sponsor_action(Action.VIEW)
def overview(request: HttpRequest, project_id: int) -> HttpResponse:
    """Where the evaluation stands; one's own progress while it is open, the results once it is closed."""
    project = get_project(request, project_id)
    evaluation = _evaluation(project)
    labels = criteria_labels(project.profile)
    context: dict[str, Any] = {
        "project": project,
        "evaluation": evaluation,
        "rows": [],
        "entries": [],
        "voices": 0,
    }
    if evaluation is not None:
        prices = may(request.membership.role, Action.SEE_PRICES)
        codes = criteria_for(prices)
        done = own_progress(evaluation, request.user, codes)
        context["entries"] = [
            {"organisation": entry.organisation, "done": done[entry.organisation_id], "of": len(codes)}
            for entry in shortlist_of(project)
        ]
        context["voices"] = voices(evaluation)
        context["other_weights"] = (
            bool(evaluation.weights) and evaluation.weights != project.weights.as_dict()
        )
        if evaluation.closed_at:
            context["rows"] = results(evaluation, project, labels, prices=prices)
            context["codes"] = [(code, labels[code]) for code in CRITERIA]
    else:
        context["shortlisted"] = project.shortlist.exists()
    return render(request, "quotes/evaluation/overview.html", context)


def _act(
    action: Action, done: str, service: Callable[..., Any], *, with_reason: bool = False
) -> Callable[..., HttpResponse]:
    """A POST that calls one service and returns to the overview with its outcome in words."""

    @require_POST
    @sponsor_action(action)
    def view(request: HttpRequest, project_id: int) -> HttpResponse:
        project = get_project(request, project_id)
        more = {"reason": request.POST.get("reason", "")} if with_reason else {}
        try:
            service(actor=request.user, project=project, **more)
            messages.success(request, done)
        except (EvaluationError, ProjectNotEditable) as refused:
            typed = more.get("reason", "").strip()
            messages.error(request, f"{refused} You wrote: “{typed}”" if typed else str(refused))
        return redirect("quotes:evaluation", project.pk)

    return view


start = _act(
    Action.EDIT_PROJECT, "Started. Everybody who evaluates can score now.", services.start_evaluation
)
close = _act(Action.EDIT_PROJECT, "Scoring is closed; the results are below.", services.close_scoring)
reopen = _act(Action.UNLOCK_EVALUATION, "Scoring is open again.", services.reopen_scoring, with_reason=True)
unlock = _act(
    Action.UNLOCK_EVALUATION,
    "Criteria and weights can be changed until the next response.",
    services.unlock_criteria,
    with_reason=True,
)


def _partner(project: Project, slug: str) -> Organisation:
    found = Organisation.objects.filter(slug=slug, pk__in=project.shortlist.values("organisation")).first()
    if found is None:
        raise Http404("This partner is not on the shortlist.")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EVALUATE)
def score(request: HttpRequest, project_id: int, slug: str) -> HttpResponse:
    """One's own points for one partner. Nobody else's are shown."""
    project = get_project(request, project_id)
    organisation = _partner(project, slug)
    evaluation = _evaluation(project)
    if evaluation is None:
        raise Http404("No evaluation has been started.")
    codes = criteria_for(may(request.membership.role, Action.SEE_PRICES))
    labels = criteria_labels(project.profile)
    mine = {
        row.criterion: row
        for row in EvaluationScore.objects.filter(
            evaluation=evaluation, evaluator=request.user, organisation=organisation
        )
    }
    rows = [_score_row(request, code, labels[code], mine.get(code)) for code in codes]
    problems = [row["problem"] for row in rows if row["problem"]]
    if request.method == "POST" and not problems:
        try:
            services.save_scores(
                actor=request.user,
                project=project,
                organisation=organisation,
                scores={r["code"]: (int(r["points"]), r["comment"]) for r in rows if r["points"]},
                withdrawn=[r["code"] for r in rows if not r["points"] and r["code"] in mine],
            )
            messages.success(request, f"Your scores for {organisation} are saved.")
            return redirect("quotes:evaluation", project.pk)
        except (EvaluationError, ProjectNotEditable) as refused:
            problems = [str(refused)]
    context = {
        "project": project,
        "organisation": organisation,
        "evaluation": evaluation,
        "rows": rows,
        "problems": problems,
    }
    return render(request, "quotes/evaluation/score.html", context, status=422 if problems else 200)


def _score_row(request: HttpRequest, code: str, label: str, saved: EvaluationScore | None) -> dict[str, str]:
    """What was typed, else what is saved; a problem names the criterion and the remedy."""
    if request.method == "POST":
        points, comment = request.POST.get(code, "").strip(), request.POST.get(f"{code}-comment", "").strip()
    else:
        points, comment = (str(saved.points), saved.comment) if saved else ("", "")
    problem = ""
    if points and not (points.isascii() and points.isdecimal() and len(points) <= 3 and int(points) <= 100):
        problem = f"{code} {label}: points are whole numbers from 0 to 100, not “{points[:20]}”."
    elif comment and not points:
        problem = f"{code} {label}: give points too, or clear the comment."
    elif len(comment) > 500:
        problem = f"{code} {label}: the comment is longer than 500 characters."
    return {"code": code, "label": label, "points": points, "comment": comment, "problem": problem}


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_PROJECT)
def agree(request: HttpRequest, project_id: int, slug: str, criterion: str) -> HttpResponse:
    """What the group agrees on for one criterion of one partner, beside what everybody said."""
    project = get_project(request, project_id)
    organisation = _partner(project, slug)
    evaluation = _evaluation(project)
    if evaluation is None or criterion not in CRITERIA:
        raise Http404("There is nothing to agree on.")
    if evaluation.closed_at is None and request.method != "POST":  # of what is sent the service says so
        messages.error(request, "Close scoring first: everybody scores alone until then.")
        return redirect("quotes:evaluation", project.pk)
    said = list(
        EvaluationScore.objects.filter(evaluation=evaluation, organisation=organisation, criterion=criterion)
        .select_related("evaluator")
        .order_by("-points", "pk")
    )
    saved = AgreedScore.objects.filter(
        evaluation=evaluation, organisation=organisation, criterion=criterion
    ).first()
    points = request.POST.get("points", str(saved.points) if saved else "").strip()
    reason = request.POST.get("reason", saved.reason if saved else "")
    problem, version = "", request.POST.get("version", agreed_version(saved))
    if request.method == "POST":
        try:
            if not points.isascii() or not points.isdecimal() or len(points) > 3:
                raise EvaluationError("Points are whole numbers from 0 to 100.")
            services.agree_score(
                actor=request.user,
                project=project,
                organisation=organisation,
                criterion=criterion,
                points=int(points),
                reason=reason,
                version=version,
            )
            messages.success(request, "Agreed.")
            return redirect("quotes:evaluation", project.pk)
        except StaleVersion:
            now = (
                AgreedScore.objects.filter(
                    evaluation=evaluation, organisation=organisation, criterion=criterion
                )
                .select_related("by")
                .first()
            )
            problem, version = _agreed_meanwhile(now), agreed_version(now)
        except (EvaluationError, ProjectNotEditable) as refused:
            problem = str(refused)
    context = {
        "project": project,
        "organisation": organisation,
        "label": f"{criterion} {criteria_labels(project.profile)[criterion]}",
        "said": said,
        "points": points,
        "reason": reason,
        "problem": problem,
        "version": version,
    }
    return render(request, "quotes/evaluation/agree.html", context, status=422 if problem else 200)


def _agreed_meanwhile(now: AgreedScore | None) -> str:
    """What somebody else kept since the form was opened; what was typed stays in the form."""
    theirs = f"{now.by} kept {now.points} points: “{now.reason}”" if now else "the agreed score is gone"
    return f"Not kept: meanwhile {theirs}. Yours is still below; keep it again to replace theirs."
