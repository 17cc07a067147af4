"""Puts the sponsor's own notes and flags onto pages about partners."""

from collections.abc import Sequence

from django import template
from django.template import Context

from cmo_selector.accounts.roles import Action, may
from partners.models import Organisation
from quotes.models import PartnerRelation
from quotes.relations import relation_with, relations_of, standings_of

register = template.Library()

CACHE = "_partner_standings"
KEPT = "_partner_relations"


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


@register.inclusion_tag("quotes/partner_notes/line.html", takes_context=True)
def our_line(context: Context, partner_id: int) -> dict:
    """Flag, tags and agreements in a line of a card; nothing where nothing is kept. One query for all cards."""
    return {"relation": _kept(context).get(partner_id)}


@register.inclusion_tag("quotes/partner_notes/comparison.html", takes_context=True)
def our_comparison(context: Context, partners: Sequence[Organisation], span: int) -> dict:
    """A topic of the side-by-side table with what the reader's organisation keeps. One query."""
    kept = _kept(context)
    relations = [kept.get(partner.pk) for partner in partners]
    return {"relations": relations if any(relations) else [], "span": span}


def _kept(context: Context) -> dict[int, PartnerRelation]:
    request = context["request"]
    if not hasattr(request, KEPT):
        membership = request.membership
        seen = membership and may(membership.role, Action.VIEW)
        setattr(request, KEPT, relations_of(request.sponsor) if seen else {})
    return getattr(request, KEPT)
