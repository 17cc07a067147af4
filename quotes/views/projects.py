"""Projects: the list, the five steps that set one up, its overview, weights and archive."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from cmo_selector.db import constraint_errors
from quotes.access import get_project, sponsor_action
from quotes.forms import ProductForm, RuleForm, StageForm, WeightsForm
from quotes.forms.fields import Conflict
from quotes.models import Project
from quotes.needs import ALWAYS_ON
from quotes.project_filter import ProjectFilter
from quotes.project_page import (
    STEPS,
    brief_rows,
    gaps,
    need_groups,
    neighbour,
    next_action,
    step_links,
    weight_bars,
)
from quotes.project_selectors import archived_projects, needs_of, project_overview, project_page
from quotes.selectors import projects_of
from quotes.services.approval import approve_weights
from quotes.services.criteria_lock import CriteriaLocked, criteria_locked
from quotes.services.projects import (
    WEIGHT_FIELDS,
    AmountsInCurrency,
    ProjectArchived,
    ProjectChange,
    ProjectNotEditable,
    archive_project,
    change_weights,
    create_project,
    reset_weights,
    restore_project,
    stage_defaults,
    update_project,
)
from quotes.suggestions import prompts, suggested_needs
from quotes.versions import StaleVersion, shown, version_of

INVALID, CONFLICT = 422, 409  # HTTP status of a form that is shown again


def editable(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view gets the sponsor's own live project; 403 for a role that may not edit, 404 for a foreign one."""

    @sponsor_action(Action.EDIT_PROJECT)
    @wraps(view)
    def gated(request: HttpRequest, project_id: int, **kwargs: Any) -> HttpResponse:
        project = get_project(request, project_id)
        try:
            if project.archived_at is not None and request.method != "POST":
                raise ProjectArchived  # of what is sent the service says so, and the form keeps what was typed
            return view(request, project, **kwargs)
        except ProjectNotEditable as archived:
            messages.error(request, str(archived))
            return redirect("quotes:project", project.pk)

    return gated


# -- list and overview ---------------------------------------------------------------------------------


@require_safe
@sponsor_action(Action.VIEW)
def project_list(request: HttpRequest) -> HttpResponse:
    if request.GET.get("archived"):
        context = {"archived": archived_projects(request.sponsor, request.GET.get("page"))}
        return render(request, "quotes/projects/archived.html", context)
    chosen = ProjectFilter(request.GET, projects_of(request.sponsor), sponsor=request.sponsor)
    page = project_page(chosen.found, request.GET.get("page"))
    rows = [{"project": project, "next": next_action(project)} for project in page]
    return render(request, "quotes/projects/list.html", {"rows": rows, "page": page, "filter": chosen})


@require_safe
@sponsor_action(Action.VIEW)
def project_detail(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    overview = project_overview(project)
    prices = may(request.membership.role, Action.SEE_PRICES)
    context = {
        "project": project,
        "overview": overview,
        "brief": brief_rows(project, prices=prices),
        "groups": need_groups(overview.needs, prices=prices),
        "gaps": gaps(project, overview.needs),
        "bars": weight_bars(project),
        "weights_version": version_of(project.weights, WEIGHT_FIELDS),
        "next": next_action(project),
    }
    return render(request, "quotes/projects/overview.html", context)


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def project_archive(request: HttpRequest, project_id: int) -> HttpResponse:
    """Archive a project, or with `restore` bring it back."""
    project = get_project(request, project_id)
    if request.POST.get("restore"):
        restore_project(actor=request.user, project=project)
        messages.success(request, f"{project.name} is back in the list of projects.")
        return redirect("quotes:project", project.pk)
    try:
        archive_project(actor=request.user, project=project)
    except ProjectNotEditable as refused:
        messages.error(request, str(refused))
        return redirect("quotes:rfq_list", project.pk)
    messages.success(request, f"{project.name} is archived. Nothing was deleted; it can be restored.")
    return redirect("quotes:project_list")


# -- the five steps --------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_PROJECT)
def project_new(request: HttpRequest) -> HttpResponse:
    """Step 1 of a new project: nothing is stored before it is sent."""
    blank = Project(sponsor=request.sponsor)
    if request.method != "POST":
        return _product_page(request, ProductForm(instance=blank), None)
    form = ProductForm(request.POST, instance=blank)
    if form.is_valid():
        with constraint_errors(form):
            project = create_project(actor=request.user, sponsor=request.sponsor, values=form.values)
        if not form.errors:
            messages.success(request, "Project created. Every step is saved as you go on.")
            return redirect("quotes:project_step", project.pk, "stage")
    return _product_page(request, form, None, status=INVALID)


@require_http_methods(["GET", "HEAD", "POST"])
@editable
def project_step(request: HttpRequest, project: Project, step: str) -> HttpResponse:
    """One step of the setup; needs and review are changed through pages of their own."""
    if step not in dict(STEPS):
        raise Http404("There is no such step.")
    if step in ("needs", "review") and request.method == "POST":
        return HttpResponseNotAllowed(["GET", "HEAD"])
    return {
        "product": _product_step,
        "stage": _stage_step,
        "needs": _needs_step,
        "weights": _weights_step,
        "review": _review_step,
    }[step](request, project)


def _onward(request: HttpRequest, project: Project, step: str) -> HttpResponse:
    """Where the pressed button leads."""
    go = request.POST.get("go", "next")
    if go == "close":
        return redirect("quotes:project", project.pk)
    target = neighbour(step, -1 if go == "back" else 1)
    return redirect("quotes:project_step", project.pk, target or step)


def _wizard(project: Project | None, step: str) -> dict[str, Any]:
    labels = [label for _, label in STEPS]
    return {
        "project": project,
        "step": step,
        "steps": step_links(project) if project else labels,
        "number": [name for name, _ in STEPS].index(step) + 1,
        "back": neighbour(step, -1),
        "locked": project is not None and criteria_locked(project),
    }


def _product_page(
    request: HttpRequest, form: ProductForm, project: Project | None, status: int = 200, **more: Any
) -> HttpResponse:
    context = {**_wizard(project, "product"), "form": form, "conflicts": [], **more}
    return render(request, "quotes/projects/product.html", context, status=status)


def _product_step(request: HttpRequest, project: Project) -> HttpResponse:
    return _brief_step(request, project, ProductForm, "product")


def _stage_step(request: HttpRequest, project: Project) -> HttpResponse:
    return _brief_step(request, project, StageForm, "stage")


def _brief_step(
    request: HttpRequest, project: Project, form_class: type[ProductForm | StageForm], step: str
) -> HttpResponse:
    # The form writes into its instance while it validates; the page keeps showing what is stored.
    form = form_class(request.POST or None, instance=copy.copy(project))
    conflicts, status = [], 200
    if request.method == "POST":
        status = INVALID
        if form.is_valid():
            try:
                with constraint_errors(form):
                    change = update_project(
                        actor=request.user, project=project, values=form.values, version=form.opened_with
                    )
                if not form.errors:
                    _tell(request, change)
                    return _onward(request, project, step)
            except AmountsInCurrency as refused:
                form.add_error("currency", str(refused))
            except CriteriaLocked as refused:
                for name in refused.fields:
                    form.add_error(name, f"Locked. Saved: {shown(project, name) or 'empty'}.")
                form.add_error(None, str(refused))
                status = CONFLICT
            except ProjectNotEditable as refused:  # what was typed stays, with the reason above it
                form.add_error(None, str(refused))
                status = CONFLICT
            except StaleVersion as stale:
                conflicts, status = form.conflicts_with(stale.current), CONFLICT
    context = {**_wizard(project, step), "form": form, "conflicts": conflicts}
    return render(request, f"quotes/projects/{step}.html", context, status=status)


def _tell(request: HttpRequest, change: ProjectChange) -> None:
    project = change.project
    what = f"{project.get_stage_display()}, {project.get_profile_display().lower()}"
    if change.weights_followed:
        messages.info(request, f"The weights follow: they are now the defaults for {what}.")
    elif change.weights_kept:
        messages.warning(
            request,
            f"Your edited weights were kept. The defaults for {what} are different; the step “Weights” shows both "
            "and resets them with one click.",
        )
    elif change.changed:
        messages.success(request, "Saved.")


def needs_context(request: HttpRequest, project: Project) -> dict[str, Any]:
    """What the needs step shows; also used by the fragment that replaces its board."""
    needs = needs_of(project)
    return {
        **_wizard(project, "needs"),
        "groups": need_groups(needs),
        "count": len(needs),
        "suggestions": suggested_needs(project, needs),
        "prompts": prompts(project, needs),
        "fixed": ALWAYS_ON,
    }


def _needs_step(request: HttpRequest, project: Project) -> HttpResponse:
    context = {**needs_context(request, project), "rule_form": RuleForm(), "form": None}
    return render(request, "quotes/projects/needs.html", context)


def _review_step(request: HttpRequest, project: Project) -> HttpResponse:
    needs = needs_of(project)
    found = gaps(project, needs)
    context = {
        **_wizard(project, "review"),
        "brief": brief_rows(project),
        "groups": need_groups(needs),
        "gaps": found,
        "blocked": any(gap.stops for gap in found),
        "bars": weight_bars(project),
    }
    return render(request, "quotes/projects/review.html", context)


# -- weights -----------------------------------------------------------------------------------------------


def _weights_step(request: HttpRequest, project: Project) -> HttpResponse:
    return _weights_page(request, project, wizard=True)


@require_http_methods(["GET", "HEAD", "POST"])
@editable
def weights(request: HttpRequest, project: Project) -> HttpResponse:
    """The same form outside the wizard, for a project that is set up already."""
    return _weights_page(request, project, wizard=False)


@require_POST
@editable
def weights_approve(request: HttpRequest, project: Project) -> HttpResponse:
    """Approve the weights that the overview showed."""
    try:
        if approve_weights(actor=request.user, project=project, version=request.POST.get("version", "")):
            messages.success(request, "You approved these weights. Reports say so.")
        else:
            messages.info(request, "You have approved these weights already.")
    except StaleVersion:
        messages.error(
            request, "The weights have changed since this page was opened. Look at them, then approve."
        )
    return redirect(f"{reverse('quotes:project', args=[project.pk])}#weights")


def _weights_page(request: HttpRequest, project: Project, *, wizard: bool) -> HttpResponse:
    action = request.POST.get("action", "save") if request.method == "POST" else ""
    defaults = stage_defaults(project)
    form = WeightsForm(request.POST or None, project=project, defaults=defaults, scaling=action == "scale")
    conflicts: list[Conflict] = []
    scaled, status = False, 200
    if action == "reset":
        try:
            if reset_weights(actor=request.user, project=project):
                messages.success(request, "The weights are the defaults again.")
            else:
                messages.info(request, "The weights are the defaults already.")
            return redirect(request.path)
        except ProjectNotEditable as refused:  # what was typed stays, with the reason above it
            form.add_error(None, str(refused))
            status = CONFLICT
    elif action:
        status = INVALID
        if form.is_valid() and action == "scale":
            typed = {code.lower(): f"{points.normalize():f}" for code, points in form.points.items()}
            version = form.opened_with
            form = WeightsForm({**typed, "version": version}, project=project, defaults=defaults)
            form.is_valid()
            scaled, status = True, 200
        elif form.is_valid():
            try:
                change_weights(
                    actor=request.user, project=project, weights=form.points, version=form.opened_with
                )
                messages.success(request, "Weights saved.")
                return (
                    _onward(request, project, "weights") if wizard else redirect("quotes:project", project.pk)
                )
            except ProjectNotEditable as refused:  # what was typed stays, with the reason above it
                form.add_error(None, str(refused))
                status = CONFLICT
            except StaleVersion as stale:
                conflicts, status = form.conflicts_with(stale.current), CONFLICT
    context = {
        **_wizard(project, "weights"),
        "form": form,
        "conflicts": conflicts,
        "scaled": scaled,
        "wizard": wizard,
        "edited": not project.weights.from_defaults,
    }
    return render(request, "quotes/projects/weights.html", context, status=status)
