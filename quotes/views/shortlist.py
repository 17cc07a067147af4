"""The shortlist: who is being followed up, in which order, with which status and why."""

import datetime as dt
from collections.abc import Callable
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import slug_re
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from cmo_selector.http import page_of_ours
from partners.models import Organisation
from quotes.access import get_project, sponsor_action
from quotes.enums import ShortlistStatus
from quotes.models import Project, ShortlistEntry
from quotes.selectors import decision_log, shortlist_of
from quotes.services.projects import ProjectArchived
from quotes.services.shortlist import (
    EntryGone,
    ShortlistError,
    add_to_shortlist,
    change_entry,
    comment_on_entry,
    move_entry,
    remove_entry,
)


class EntryForm(forms.Form):
    """Status, reason and comment of one entry; `seen` is the version that was on the screen."""

    status = forms.ChoiceField(choices=ShortlistStatus.choices)
    reason = forms.CharField(
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Why this status. Needed for a rejection; leadership reads it in the report.",
    )
    comment = forms.CharField(required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args, may_edit: bool, **kwargs):
        super().__init__(*args, **kwargs)
        if not may_edit:  # an evaluator comments, nothing else
            del self.fields["status"], self.fields["reason"]

    def clean_seen(self) -> dt.datetime:
        try:
            seen = parse_datetime(self.cleaned_data["seen"])
        except ValueError:  # the right shape, but no such day
            seen = None
        if seen is None or timezone.is_naive(seen):
            raise forms.ValidationError("Open the page again: the version of this entry is missing.")
        return seen

    def clean(self) -> dict:
        data = super().clean()
        if data.get("status") == ShortlistStatus.REJECTED and not data.get("reason", "").strip():
            self.add_error("reason", "Say why the partner is rejected.")
        return data


def refused_when_archived(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A change to an archived project leads back to the project, which can be restored there.

    One to an entry that somebody else took off meanwhile leads back to the shortlist; a comment typed is said again.
    """

    @wraps(view)
    def gated(request: HttpRequest, project_id: int, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, project_id, **kwargs)
        except ProjectArchived as archived:
            messages.error(request, str(archived))
            return redirect("quotes:project", project_id)
        except EntryGone as gone:
            typed = request.POST.get("comment", "").strip()
            messages.error(request, f"{gone} Your comment was: “{typed}”" if typed else str(gone))
            return redirect("quotes:shortlist", project_id)

    return gated


@require_safe
@sponsor_action(Action.VIEW)
def shortlist(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    prices = may(request.membership.role, Action.SEE_PRICES)
    log = decision_log(project, prices=prices)
    context = {"project": project, "entries": shortlist_of(project), "log": log}
    return render(request, "quotes/shortlist/shortlist.html", context)


@require_POST
@sponsor_action(Action.EDIT_SHORTLIST)
@refused_when_archived
def add(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    organisation = _partner(request.POST.get("partner", ""))
    _, new = add_to_shortlist(actor=request.user, project=project, organisation=organisation)
    if new:
        messages.success(request, f"{organisation} is on the shortlist.")
    else:
        messages.info(request, f"{organisation} was already on the shortlist.")
    return redirect(_next(request, project))


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.COMMENT)
@refused_when_archived
def edit(request: HttpRequest, project_id: int, entry_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    entry = _listed(request, project, entry_id)
    may_edit = may(request.membership.role, Action.EDIT_SHORTLIST)
    current = {"status": entry.status, "reason": entry.reason, "comment": entry.comment}
    form = EntryForm(
        request.POST or None, may_edit=may_edit, initial={**current, "seen": entry.updated_at.isoformat()}
    )
    conflict = False
    if request.method == "POST" and form.is_valid():
        try:
            _save(request, entry, form.cleaned_data, may_edit)
            messages.success(request, f"{entry.organisation}: saved.")
            return redirect("quotes:shortlist", project.pk)
        except ShortlistError as error:
            form.add_error(error.field, str(error))
            conflict = error.field is None
            if conflict:  # the next save is made knowingly, over the version now shown
                entry.refresh_from_db()
                form.data = {**form.data.dict(), "seen": entry.updated_at.isoformat()}
    context = {"project": project, "entry": entry, "form": form, "conflict": conflict, "may_edit": may_edit}
    return render(request, "quotes/shortlist/edit.html", context, status=400 if form.errors else 200)


def _save(request: HttpRequest, entry: ShortlistEntry, data: dict, may_edit: bool) -> None:
    if may_edit:
        change_entry(
            actor=request.user,
            entry=entry,
            status=data["status"],
            reason=data["reason"],
            comment=data["comment"],
            seen=data["seen"],
        )
    else:
        comment_on_entry(actor=request.user, entry=entry, comment=data["comment"], seen=data["seen"])


@require_POST
@sponsor_action(Action.EDIT_SHORTLIST)
@refused_when_archived
def move(request: HttpRequest, project_id: int, entry_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    entry = _listed(request, project, entry_id)
    direction = request.POST.get("direction")
    if direction not in ("up", "down"):
        messages.error(request, "Say whether the partner moves up or down.")
    else:
        move_entry(actor=request.user, entry=entry, up=direction == "up")
    return redirect("quotes:shortlist", project.pk)


@require_POST
@sponsor_action(Action.EDIT_SHORTLIST)
@refused_when_archived
def remove(request: HttpRequest, project_id: int, entry_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    entry = _listed(request, project, entry_id)
    remove_entry(actor=request.user, entry=entry)
    messages.success(
        request, f"{entry.organisation} is off the shortlist. The decision log keeps its history."
    )
    return redirect("quotes:shortlist", project.pk)


def _listed(request: HttpRequest, project: Project, entry_id: int) -> ShortlistEntry:
    """As `entry_of`; what is sent to an entry that has gone raises EntryGone, so that nothing typed is lost."""
    try:
        return entry_of(project, entry_id)
    except Http404:
        if request.method != "POST" or ShortlistEntry.objects.filter(pk=entry_id).exists():
            raise  # nothing was sent, or it is an entry of another project
        raise EntryGone("That partner is not on the shortlist any more: somebody took it off.") from None


def entry_of(project: Project, entry_id: int) -> ShortlistEntry:
    """An entry of the project's shortlist, or 404."""
    entries = ShortlistEntry.objects.for_sponsor(project.sponsor).filter(project=project)
    entry = entries.select_related("organisation", "project__sponsor").filter(pk=entry_id).first()
    if entry is None:
        raise Http404("There is no such entry on this shortlist.")
    return entry


def _partner(slug: str) -> Organisation:
    """An active partner by what a form sent, which may be anything."""
    organisation = None
    if slug_re.fullmatch(slug):
        organisation = Organisation.objects.active().filter(slug=slug).first()
    if organisation is None:
        raise Http404("There is no such partner.")
    return organisation


def _next(request: HttpRequest, project: Project) -> str:
    """Back to where the button was pressed, if that is a page of ours."""
    target = request.POST.get("next", "")
    return target if page_of_ours(request, target) else project.get_absolute_url() + "shortlist/"
