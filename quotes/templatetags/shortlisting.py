"""Puts the sponsor's side onto pages of the shared catalogue, which itself knows nothing of sponsors."""

from collections.abc import Sequence

from django import template
from django.template import Context

from cmo_selector.accounts.roles import Action, may
from partners.models import Organisation
from quotes.models import ShortlistEntry
from quotes.selectors import projects_of

register = template.Library()


@register.inclusion_tag("quotes/shortlist/pick.html", takes_context=True)
def shortlist_picker(context: Context, organisation: Organisation) -> dict:
    """A menu "add to the shortlist of …" for people who may; nothing for others. Two queries."""
    request = context["request"]
    membership = request.membership
    projects, taken = [], set()
    if membership and may(membership.role, Action.EDIT_SHORTLIST):
        projects = list(projects_of(request.sponsor))
        entries = ShortlistEntry.objects.for_sponsor(request.sponsor).filter(organisation=organisation)
        taken = set(entries.values_list("project_id", flat=True))
    return {
        "organisation": organisation,
        "free": [p for p in projects if p.pk not in taken],
        "taken": [p for p in projects if p.pk in taken],
        "path": request.path,
        "csrf_token": context.get("csrf_token"),
        "request": request,
    }


@register.inclusion_tag("quotes/shortlist/pick_many.html", takes_context=True)
def shortlist_all(context: Context, organisations: Sequence[Organisation]) -> dict:
    """A menu "add all to …" for people who may; nothing for others. One query."""
    request = context["request"]
    membership = request.membership
    allowed = membership and may(membership.role, Action.EDIT_SHORTLIST)
    return {
        # who is no longer offered can be compared, but not be taken up anew
        "organisations": [organisation for organisation in organisations if organisation.active],
        "projects": list(projects_of(request.sponsor)) if allowed else [],
        "csrf_token": context.get("csrf_token"),
        "request": request,
    }
