"""What a partner answered about competing products and conflicts of interest, for one project."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from cmo_selector.accounts.roles import Action
from partners.models import Organisation
from quotes.access import get_project, sponsor_action
from quotes.forms.conflict_forms import ConflictForm
from quotes.models import ConflictCheck
from quotes.services.conflicts import forget_conflict, record_conflict
from quotes.services.projects import ProjectArchived


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_PROJECT)
def conflict(request: HttpRequest, project_id: int, slug: str) -> HttpResponse:
    """Record the answer, change it, or take it back."""
    project = get_project(request, project_id)
    organisation = get_object_or_404(Organisation.objects.active(), slug=slug)
    rows = ConflictCheck.objects.for_sponsor(request.sponsor).select_related("recorded_by")
    row = rows.filter(project=project, organisation=organisation).first()
    form = ConflictForm(request.POST if request.method == "POST" else None, instance=row)
    context = {"project": project, "organisation": organisation, "form": form, "row": row}
    if request.method != "POST":
        return render(request, "quotes/ranking/conflict.html", context)
    if not form.is_valid():
        return render(request, "quotes/ranking/conflict.html", context, status=400)
    values = form.cleaned_data
    said = {"actor": request.user, "project": project, "organisation": organisation}
    try:
        if values["answer"]:
            record_conflict(**said, **values)
            messages.success(request, f"The answer of {organisation} is recorded.")
        elif forget_conflict(**said):
            messages.success(request, f"The answer of {organisation} is taken back: unknown again.")
    except ProjectArchived as archived:
        form.add_error(None, str(archived))
        return render(request, "quotes/ranking/conflict.html", context, status=409)
    return redirect("quotes:ranking_partner", project.pk, organisation.slug)
