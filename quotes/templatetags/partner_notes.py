"""Puts the sponsor's own notes and flags onto pages about partners."""

from django import template
from django.template import Context

from cmo_selector.accounts.roles import Action, may
from partners.models import Organisation
from quotes.relations import relation_with, standings_of

register = template.Library()

CACHE = "_partner_standings"


@register.inclusion_tag("quotes/partner_notes/block.html", takes_context=True)
def partner_notes(context: Context, organisation: Organisation) -> dict:
    """What the reader's organisation keeps about the partner; nothing without a sponsor. One query."""
    request = context["request"]
    membership = request.membership
    if not membership or not may(membership.role, Action.VIEW):
        return {"sponsor": None}
    return {
        "sponsor": request.sponsor,
        "organisation": organisation,
        "relation": relation_with(request.sponsor, organisation),
        "may_edit": may(membership.role, Action.NOTE_PARTNERS),
    }


@register.inclusion_tag("quotes/partner_notes/flag.html", takes_context=True)
def standing_badge(context: Context, partner_id: int) -> dict:
    """“Preferred” or “Blocked” where the reader's organisation says so. One query for all rows of a page."""
    request = context["request"]
    if not hasattr(request, CACHE):
        setattr(request, CACHE, standings_of(request.sponsor))
    return {"standing": getattr(request, CACHE).get(partner_id)}
