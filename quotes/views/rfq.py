"""Requests for quotation: the list, the steps that prepare one, readiness, preview."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cmo_selector.accounts.roles import Action
from cmo_selector.db import constraint_of
from quotes.access import get_project, sponsor_action
from quotes.forms.rfq_forms import BriefForm, DemandForm, QuestionsForm, TermsForm
from quotes.forms.rfq_scope_form import ScopeForm
from quotes.models import Rfq
from quotes.quote_upload import FILE_RULES
from quotes.rfq_questions import suggested_questions
from quotes.rfq_selectors import document, rfq_overview, rfqs_of
from quotes.rfq_templates import best_template, templates
from quotes.services.projects import ProjectArchived
from quotes.services.rfq import RfqError, StaleRfq, content_of, create_rfq, save_rfq, save_scope

STEPS = (
    ("brief", "Brief"),
    ("demand", "Demand and years"),
    ("scope", "Scope"),
    ("questions", "Questions and criteria"),
    ("terms", "Deadline and NDA"),
)
FORMS = {
    "brief": BriefForm,
    "demand": DemandForm,
    "scope": ScopeForm,
    "questions": QuestionsForm,
    "terms": TermsForm,
}
INVALID, CONFLICT = 422, 409


def get_rfq(request: HttpRequest, project_id: int, rfq_id: int) -> Rfq:
    """An RFQ of the sponsor's own project, or 404."""
    project = get_project(request, project_id)
    rfq = Rfq.objects.for_sponsor(request.sponsor).filter(project=project, pk=rfq_id).first()
    if rfq is None:
        raise Http404("There is no such request for quotation.")
    rfq.project = project
    return rfq


def archived_refused(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A change to an archived project leads back to the project, which can be restored there."""

    @wraps(view)
    def gated(request: HttpRequest, project_id: int, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, project_id, **kwargs)
        except ProjectArchived as archived:
            messages.error(request, str(archived))
            return redirect("quotes:project", project_id)

    return gated


@require_safe
@sponsor_action(Action.VIEW)
def rfq_list(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    offered = list(templates().values())
    context = {
        "project": project,
        "rfqs": list(rfqs_of(project)),
        "templates": offered,
        "best": best_template(project),
    }
    return render(request, "quotes/rfq/list.html", context)


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def rfq_new(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    template = templates().get(request.POST.get("template", "")) or best_template(project)
    rfq = create_rfq(actor=request.user, project=project, template=template)
    messages.success(request, f"Draft made from the template “{template.label}”. Go through the steps.")
    return redirect("quotes:rfq_step", project.pk, rfq.pk, "brief")


@require_safe
@sponsor_action(Action.VIEW)
def rfq_detail(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    return detail_page(request, get_rfq(request, project_id, rfq_id))


def detail_page(
    request: HttpRequest, rfq: Rfq, *, refused: RfqError | None = None, typed: str = ""
) -> HttpResponse:
    """The RFQ's page; after a refusal with the reason and what was `typed` in the field that is meant."""
    context = {
        "project": rfq.project,
        "rfq": rfq,
        "overview": rfq_overview(rfq),
        "steps": STEPS,
        "refused": refused,
        "typed": typed,
        **FILE_RULES,
    }
    return render(request, "quotes/rfq/detail.html", context, status=INVALID if refused else 200)


@require_safe
@sponsor_action(Action.VIEW)
def rfq_preview(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    context = {"project": rfq.project, "rfq": rfq, "doc": document(content_of(rfq))}
    return render(request, "quotes/rfq/preview.html", context)


@require_safe
@sponsor_action(Action.VIEW)
def rfq_version(request: HttpRequest, project_id: int, rfq_id: int, number: int) -> HttpResponse:
    """A version as it was sent."""
    rfq = get_rfq(request, project_id, rfq_id)
    version = rfq.versions.select_related("created_by").filter(number=number).first()
    if version is None:
        raise Http404("There is no such version.")
    context = {"project": rfq.project, "rfq": rfq, "doc": document(version.content), "version": version}
    return render(request, "quotes/rfq/preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def rfq_step(request: HttpRequest, project_id: int, rfq_id: int, step: str) -> HttpResponse:
    """One step; it is saved on its own and may be done in any order."""
    rfq = get_rfq(request, project_id, rfq_id)
    if step not in FORMS:
        raise Http404("There is no such step.")
    form = _form(request, rfq, step)
    status = 200
    if request.method == "POST":
        if form.is_valid() and (saved := _save(request, rfq, step, form)):
            return saved
        status = CONFLICT if getattr(form, "stale", False) else INVALID
    names = [name for name, _ in STEPS]
    context = {
        "project": rfq.project,
        "rfq": rfq,
        "form": form,
        "step": step,
        "number": names.index(step) + 1,
        "steps": _step_links(rfq),
        "previous": names[names.index(step) - 1] if names.index(step) else "",
        "last": step == names[-1],
    }
    return render(request, f"quotes/rfq/step_{step}.html", context, status=status)


def _form(request: HttpRequest, rfq: Rfq, step: str):
    extra: dict[str, Any] = {}
    if step == "scope":
        extra["lines"] = list(rfq.lines.all())
    elif step == "questions":
        extra["suggested"] = suggested_questions(rfq.project)
    return FORMS[step](request.POST if request.method == "POST" else None, rfq=rfq, **extra)


def _save(request: HttpRequest, rfq: Rfq, step: str, form) -> HttpResponse | None:
    """Save and go on; None, with the reason in the form, when it cannot be saved."""
    edition = form.cleaned_data["edition"]
    try:
        with transaction.atomic():
            if step == "scope":
                saved = save_scope(actor=request.user, rfq=rfq, rows=form.kept, edition=edition)
            else:
                saved = save_rfq(actor=request.user, rfq=rfq, values=form.values, edition=edition)
    except StaleRfq as stale:
        form.add_error(None, str(stale))
        form.knowingly(stale.edition)
        form.stale = True
        return None
    except RfqError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return None
    except IntegrityError as error:
        found = constraint_of(error)
        if found is None:
            raise
        form.add_error("title" if "title" in form.fields else None, found[1].get_violation_error_message())
        return None
    if saved.state == "open":
        messages.info(request, "Saved. Partners see it when you publish the change on the RFQ's page.")
    names = [name for name, _ in STEPS]
    at = names.index(step)
    if request.POST.get("go") == "stay":
        messages.success(request, "Saved.")
        return redirect("quotes:rfq_step", rfq.project_id, rfq.pk, step)
    if at + 1 < len(names):
        return redirect("quotes:rfq_step", rfq.project_id, rfq.pk, names[at + 1])
    return redirect("quotes:rfq", rfq.project_id, rfq.pk)


def _step_links(rfq: Rfq) -> list[tuple[str, str]]:
    from django.urls import reverse

    return [(label, reverse("quotes:rfq_step", args=[rfq.project_id, rfq.pk, name])) for name, label in STEPS]
