"""Puts a person's saved searches onto the browse page."""

from django import template
from django.template import Context

from quotes.searches import searches_of

register = template.Library()
MOST_IN_MENU = 12


@register.inclusion_tag("quotes/searches/menu.html", takes_context=True)
def saved_searches(context: Context, query: str) -> dict:
    """Save this search, or run one that was saved; nothing without a sponsor. One query."""
    request = context["request"]
    sponsor = getattr(request, "sponsor", None)
    if sponsor is None:
        return {"sponsor": None}
    searches = list(searches_of(request.user, sponsor)[:MOST_IN_MENU])
    return {"sponsor": sponsor, "query": query, "searches": searches}
