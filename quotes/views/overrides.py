"""Letting a failed must-have pass, with a reason that every report shows, and taking that back."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from cmo_selector.accounts.roles import Action
from partners.models import Organisation
from quotes.access import get_project, sponsor_action
from quotes.brief import NothingToRank
from quotes.models import MustOverride
from quotes.services.overrides import OverrideError, failed_musts, lift_override, override_must
from quotes.services.projects import ProjectArchived


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.OVERRIDE_MUST)
def let_pass(request: HttpRequest, project_id: int, slug: str) -> HttpResponse:
    """Choose one of the musts this partner fails and say why it is let pass."""
    project = get_project(request, project_id)
    organisation = get_object_or_404(Organisation.objects.active(), slug=slug)
    try:
        musts = failed_musts(project=project, organisation=organisation)
    except NothingToRank as nothing:
        raise Http404(str(nothing)) from nothing
    chosen = request.POST.get("need", request.GET.get("need", ""))
    context = {
        "project": project,
        "organisation": organisation,
        "musts": musts,
        "chosen": chosen or (musts[0].need_id if len(musts) == 1 else ""),
        "reason": request.POST.get("reason", ""),
        "problem": "",
        "problem_field": "",
    }
    if request.method == "POST":
        try:
            if not chosen:
                raise OverrideError("Choose the must-have to let pass.", "need")
            row = override_must(
                actor=request.user,
                project=project,
                organisation=organisation,
                need_key=chosen,
                reason=context["reason"],
            )
        except OverrideError as refused:
            context.update(problem=str(refused), problem_field=refused.field or "need")
            return render(request, "quotes/ranking/let_pass.html", context, status=422)
        except ProjectArchived as archived:
            context.update(problem=str(archived))
            return render(request, "quotes/ranking/let_pass.html", context, status=409)
        else:
            messages.success(
                request, f"Let pass for {row.organisation}. The ranking and every report say so."
            )
        return redirect("quotes:ranking_partner", project.pk, organisation.slug)
    return render(request, "quotes/ranking/let_pass.html", context)


@require_POST
@sponsor_action(Action.OVERRIDE_MUST)
def lift(request: HttpRequest, project_id: int, override_id: int) -> HttpResponse:
    """Take an override back: the must counts again."""
    project = get_project(request, project_id)
    row = get_object_or_404(
        MustOverride.objects.for_sponsor(request.sponsor).select_related("organisation", "project__sponsor"),
        pk=override_id,
        project=project,
    )
    try:
        lift_override(actor=request.user, override=row)
        messages.success(request, f"The must-have counts again for {row.organisation}.")
    except (OverrideError, ProjectArchived) as refused:
        messages.error(request, str(refused))
    if not Organisation.objects.active().filter(pk=row.organisation_id).exists():
        return redirect("quotes:ranking", project.pk)  # it has left the catalogue, and its page with it
    return redirect("quotes:ranking_partner", project.pk, row.organisation.slug)
