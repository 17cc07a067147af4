"""The risk register of a shortlisted partner: add a line, change or close it."""

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cmo_selector.accounts.roles import Action
from quotes.access import get_project, sponsor_action
from quotes.forms.risk_forms import USUAL_RISKS, RiskForm
from quotes.models import Project, ShortlistRisk
from quotes.services.risks import RiskChanged, add_risk, change_risk
from quotes.views.shortlist import entry_of, refused_when_archived


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.COMMENT)
@refused_when_archived
def risk_add(request: HttpRequest, project_id: int, entry_id: int) -> HttpResponse:
    """`?text=` fills in one of the usual risks."""
    project = get_project(request, project_id)
    entry = entry_of(project, entry_id)
    start = {"text": request.GET.get("text", "")[:200]}
    form = RiskForm(request.POST or None, instance=ShortlistRisk(entry=entry), initial=start)
    if request.method == "POST" and form.is_valid():
        try:
            risk = add_risk(actor=request.user, entry=entry, values=form.cleaned_data)
        except IntegrityError:
            form.add_error("text", "This risk is in the partner's register already.")
        else:
            messages.success(request, f"{entry.organisation}: risk noted, rated {risk.rating_word}.")
            return _back(project, entry.pk)
    taken = set(entry.risks.values_list("text", flat=True))
    context = {"project": project, "entry": entry, "form": form, "risk": None}
    context["usual"] = [text for text in USUAL_RISKS if text not in taken]
    return render(request, "quotes/shortlist/risk.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.COMMENT)
@refused_when_archived
def risk_edit(request: HttpRequest, project_id: int, risk_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    risk = _risk(project, risk_id)
    form = RiskForm(request.POST or None, instance=_risk(project, risk_id))
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            changed = change_risk(
                actor=request.user, risk=risk, values=form.cleaned_data, seen=form.cleaned_data["seen"]
            )
        except RiskChanged as somebody:
            conflict = somebody.current
            form.add_error(None, "Somebody else changed this risk. Compare, then save again.")
            form.data = {**form.data.dict(), "seen": conflict.updated_at.isoformat()}
        except IntegrityError:
            form.add_error("text", "This risk is in the partner's register already.")
        else:
            messages.success(request, "Risk saved." if changed else "Nothing was changed.")
            return _back(project, risk.entry_id)
    context = {"project": project, "entry": risk.entry, "form": form, "risk": risk}
    context |= {"conflict": conflict, "usual": []}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "quotes/shortlist/risk.html", context, status=status)


def _risk(project: Project, risk_id: int) -> ShortlistRisk:
    risks = ShortlistRisk.objects.for_sponsor(project.sponsor).filter(entry__project=project)
    risk = risks.select_related("entry__organisation", "entry__project__sponsor").filter(pk=risk_id).first()
    if risk is None:
        raise Http404("There is no such risk in this project.")
    return risk


def _back(project: Project, entry_id: int) -> HttpResponse:
    response = redirect("quotes:shortlist", project.pk)
    response["Location"] += f"#entry-{entry_id}"
    return response
