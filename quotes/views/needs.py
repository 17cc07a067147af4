"""Needs of a project: add one of a chosen kind, take over suggestions, edit, remove."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cmo_selector.http import is_fragment
from quotes.forms import NeedForm, RuleForm
from quotes.models import Need, Project
from quotes.needs import NEED_RELATED, RULES, need_label
from quotes.services.criteria_lock import CriteriaLocked, criteria_locked
from quotes.services.projects import (
    ProjectNotEditable,
    add_need,
    add_suggested_needs,
    change_need,
    remove_need,
)
from quotes.versions import StaleVersion
from quotes.views.projects import CONFLICT, INVALID, editable, needs_context


def _need(project: Project, need_id: int) -> Need:
    needs = Need.objects.for_sponsor(project.sponsor).filter(project=project)
    need = needs.select_related(*NEED_RELATED).filter(pk=need_id).first()
    if need is None:
        raise Http404("There is no such need in this project. Somebody may have removed it.")
    need.project = project
    return need


@require_http_methods(["GET", "HEAD", "POST"])
@editable
def need_add(request: HttpRequest, project: Project) -> HttpResponse:
    """GET: choose a rule (`?rule=`), then its fields. POST: add the need, or suggestions by name."""
    if request.method == "POST" and "suggestion" in request.POST:
        return _take_over(request, project)
    rule = (request.POST if request.method == "POST" else request.GET).get("rule", "")
    if rule not in RULES:
        if rule or request.method == "POST":
            messages.error(request, "Choose what kind of need this is.")
        return _need_page(request, project, "", None, INVALID if request.method == "POST" else 200)
    form = NeedForm(request.POST or None, project=project, rule=rule)
    status = INVALID if form.is_bound else 200
    if request.method == "POST" and form.is_valid():
        try:
            need = add_need(actor=request.user, project=project, values=form.values)
        except ProjectNotEditable as refused:  # what was typed stays, with the reason above it
            form.add_error(None, str(refused))
            status = CONFLICT
        else:
            messages.success(request, f"Added: {_sentence(need, project)}.")
            return redirect("quotes:project_step", project.pk, "needs")
    return _need_page(request, project, rule, form, status)


def _sentence(need: Need, project: Project) -> str:
    need.project = project
    return need_label(need)


def _need_page(
    request: HttpRequest, project: Project, rule: str, form: NeedForm | None, status: int = 200, **more: Any
) -> HttpResponse:
    context = {
        "project": project,
        "rule": rule,
        "asks": RULES[rule].asks if rule else "",
        "rule_form": RuleForm(initial={"rule": rule}),
        "form": form,
        "conflicts": [],
        "need": None,
        "locked": criteria_locked(project),
        **more,
    }
    template = "quotes/projects/need_form.html"
    if is_fragment(request) and request.method == "GET":
        template = "quotes/projects/need_fields.html#fields"
    return render(request, template, context, status=status)


def _take_over(request: HttpRequest, project: Project) -> HttpResponse:
    key = request.POST["suggestion"]
    try:
        added = add_suggested_needs(actor=request.user, project=project, keys=None if key == "all" else [key])
    except ProjectNotEditable as refused:
        messages.error(request, str(refused))
        return _board(request, project)
    if not added:
        messages.info(request, "Nothing to add: the project has that need already.")
    elif len(added) == 1:
        messages.success(request, f"Added: {need_label(added[0])}.")
    else:
        messages.success(request, f"{len(added)} needs added.")
    return _board(request, project)


def _board(request: HttpRequest, project: Project) -> HttpResponse:
    if is_fragment(request):
        return render(request, "quotes/projects/needs.html#board", needs_context(request, project))
    if project.archived_at is not None:
        return redirect("quotes:project", project.pk)
    return redirect("quotes:project_step", project.pk, "needs")


@require_http_methods(["GET", "HEAD", "POST"])
@editable
def need_edit(request: HttpRequest, project: Project, need_id: int) -> HttpResponse:
    sent = request.POST.get("rule", "")
    if sent in RULES and not project.needs.filter(pk=need_id).exists():
        return _gone(request, project, sent)
    need = _need(project, need_id)
    label = need_label(need)
    form = NeedForm(request.POST or None, project=project, rule=need.rule, instance=need)
    conflicts, status = [], 200
    if request.method == "POST":
        status = INVALID
        if form.is_valid():
            try:
                stored, let_pass = Need(pk=need.pk, project=project), _let_pass(need)
                changed = change_need(
                    actor=request.user, need=stored, values=form.values, version=form.opened_with
                )
                messages.success(request, "Need saved." if changed else "Nothing was changed.")
                if let_pass > _let_pass(need):
                    messages.warning(
                        request, "What was let pass of this need counts again: it was another need then."
                    )
                return redirect("quotes:project_step", project.pk, "needs")
            except StaleVersion as stale:
                conflicts, status = form.conflicts_with(stale.current), CONFLICT
                label = need_label(stale.current)
            except ProjectNotEditable as refused:  # what was typed stays, with the reason above it
                form.add_error(None, str(refused))
                status = CONFLICT
            except Need.DoesNotExist:
                return _gone(request, project, need.rule)
    context = {"need": need, "label": label, "conflicts": conflicts}
    return _need_page(request, project, need.rule, form, status, **context)


def _let_pass(need: Need) -> int:
    """For how many partners this need is let pass."""
    return need.overrides.filter(lifted_at=None).count()


def _gone(request: HttpRequest, project: Project, rule: str) -> HttpResponse:
    """The need was removed while it was being edited: what was typed stands in the form of a new one."""
    form = NeedForm(request.POST, project=project, rule=rule)
    form.is_valid()
    form.add_error(
        None,
        "Somebody removed this need while you were editing it. What you typed is still here: add it as a new need, "
        "or cancel.",
    )
    return _need_page(request, project, rule, form, CONFLICT)


@require_http_methods(["GET", "HEAD", "POST"])
@editable
def need_delete(request: HttpRequest, project: Project, need_id: int) -> HttpResponse:
    """GET asks, POST removes."""
    need = _need(project, need_id)
    label = need_label(need)
    if request.method == "POST":
        try:
            remove_need(actor=request.user, need=need)
            messages.success(request, f"Removed: {label}.")
        except CriteriaLocked as locked:
            messages.error(request, str(locked))
        except Need.DoesNotExist:
            messages.info(request, f"Somebody removed this need already: {label}.")
        return redirect("quotes:project_step", project.pk, "needs")
    return render(
        request,
        "quotes/projects/need_delete.html",
        {"project": project, "need": need, "label": label, "let_pass": _let_pass(need)},
    )
