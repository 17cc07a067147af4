"""The compare tray, and the buttons that put a partner into it or take it out."""

from django import template
from django.template import Context

from partners import tray
from partners.models import Organisation

register = template.Library()


@register.inclusion_tag("partners/_compare_button.html", takes_context=True)
def compare_button(context: Context, partner: Organisation) -> dict:
    """A toggle that belongs to the form of the tray; the page must have `compare_tray` on it. No query."""
    kept = tray.slugs_in(context["request"].session)
    return {"partner": partner, "kept": partner.slug in kept}


@register.inclusion_tag("partners/_compare_section.html", takes_context=True)
def compare_tray(context: Context) -> dict:
    """The tray at the bottom of a page: one query, none while it is empty."""
    request = context["request"]
    return {
        "partners": tray.in_order(tray.slugs_in(request.session)),
        "refusal": "",
        "path": request.get_full_path(),
        "csrf_token": context.get("csrf_token"),
    }
