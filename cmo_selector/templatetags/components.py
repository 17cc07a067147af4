"""The building blocks of every page: ``{% load components %}``; docs/components.md shows how each is used.

An unknown argument is a TemplateSyntaxError (see registrar.py). Text is escaped unless it is already safe.
"""

import zlib
from decimal import Decimal
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from cmo_selector.templatetags import fmt
from cmo_selector.templatetags.bars import contribution_context, interval_context
from cmo_selector.templatetags.fields import error_rows, field_context
from cmo_selector.templatetags.registrar import component, parse_fill
from cmo_selector.templatetags.signs import EVIDENCE_LEVELS, STATUSES, icon_shapes

register = template.Library()
register.tag("fill", parse_fill)

TONES = ("neutral", "accent", "good", "warn", "bad")
VARIANTS = ("primary", "secondary", "ghost", "danger", "link")


def one_of(value: str, allowed: tuple, what: str) -> str:
    """The value, or ValueError naming the allowed ones."""
    if value not in allowed:
        raise ValueError(f"{what} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def element_id(prefix: str, *parts: object) -> str:
    """A short id, the same on every rendering of the same content, so that fragments match the page."""
    return f"{prefix}-{zlib.crc32('|'.join(map(str, parts)).encode()):08x}"


def unique_id(context: Context, prefix: str, *parts: object) -> str:
    """An element id; a repeat of the same content on one page gets a running number."""
    base = element_id(prefix, *parts)
    request = context.get("request")
    seen = request.__dict__.setdefault("_component_ids", {}) if request is not None else {}
    seen[base] = seen.get(base, 0) + 1
    return base if seen[base] == 1 else f"{base}-{seen[base]}"


@component(register, "icon", ("name", "size", "label"))
def icon(name: str, size: int = 18, label: str = "", css: str = "") -> SafeString:
    """An inline icon. Decorative unless it has a label; then it is an image of that name."""
    shapes = icon_shapes()
    if name not in shapes:
        raise ValueError(f"no icon {name!r}; there are: {', '.join(sorted(shapes))}")
    role = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="glyph{}" width="{}" height="{}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" focusable="false" {}>{}</svg>',
        f" {css}" if css else "", size, size, role, shapes[name],
    )  # fmt: skip


@component(register, "button", ("label",), forward=True)
def button(
    label: str,
    href: str = "",
    type: str = "button",
    variant: str = "secondary",
    icon: str = "",
    icon_end: str = "",
    size: str = "md",
    name: str = "",
    value: str = "",
    form: str = "",
    id: str = "",
    icon_only: bool = False,
    disabled: bool = False,
    download: bool = False,
    dialog: str = "",
    popover: str = "",
    css: str = "",
    attributes: str = "",
) -> dict:
    """A button, or a link that looks like one when it has an href."""
    one_of(variant, VARIANTS, "variant")
    one_of(size, ("sm", "md"), "size")
    one_of(type, ("button", "submit", "reset"), "type")
    return {**locals()}


@component(register, "badge", ("label",))
def badge(label: str, tone: str = "neutral", icon: str = "", title: str = "") -> dict:
    """A short word in a pill."""
    one_of(tone, TONES, "tone")
    return {**locals()}


@component(register, "status_pill", ("status", "label"))
def status_pill(status: str, label: str = "", title: str = "") -> dict:
    """A state: its word, and the tone and icon that go with it. A state not known here stays neutral."""
    code = str(status).lower().replace("-", "_").replace(" ", "_")
    tone, icon_name = STATUSES.get(code, ("neutral", ""))
    return {
        "label": label or code.replace("_", " ").capitalize(),
        "tone": tone,
        "icon": icon_name,
        "title": title,
    }


@component(register, "illustrative")
def illustrative(short: bool = False) -> dict:
    """The mark on everything that is demonstration data, not a statement about a real company."""
    return {"short": short}


@component(register, "alert", ("title",), block=True, fills=("actions",))
def alert(
    body: str, title: str = "", tone: str = "neutral", dismiss: bool = False, actions: str = ""
) -> dict:
    """A message in the page. Use tone bad only for what went wrong."""
    one_of(tone, TONES, "tone")
    icons = {
        "neutral": "info",
        "accent": "info",
        "good": "check-circle",
        "warn": "alert-triangle",
        "bad": "alert-circle",
    }
    return {**locals(), "icon": icons[tone], "role": "alert" if tone == "bad" else "status"}


@component(register, "note", ("text",))
def note(text: str, tone: str = "neutral", title: str = "") -> dict:
    """An alert of one sentence, without an end tag."""
    return alert(text, title, tone)


@component(register, "empty_state", ("title", "text"), block=True)
def empty_state(
    body: str,
    title: str,
    text: str = "",
    icon: str = "folder",
    action: str = "",
    href: str = "",
    level: int = 2,
) -> dict:
    """What to do when there is nothing yet. The body may hold further actions."""
    return {**locals()}


@component(register, "crumb", ("label", "href"))
def crumb(label: str, href: str = "") -> SafeString:
    """One step of the breadcrumbs; without href it is the current page."""
    if href:
        return format_html('<li><a href="{}">{}</a></li>', href, label)
    return format_html('<li aria-current="page">{}</li>', label)


@component(
    register,
    "page_header",
    ("heading", "lead"),
    block=True,
    fills=("breadcrumbs", "title", "text", "actions"),
)
def page_header(
    body: str,
    heading: str = "",
    lead: str = "",
    breadcrumbs: str = "",
    title: str = "",
    text: str = "",
    actions: str = "",
) -> dict:
    """The top of a page: breadcrumbs, the only h1, a line of explanation, the page's actions."""
    values = {
        "breadcrumbs": breadcrumbs,
        "heading": title or heading,
        "lead": text or lead,
        "actions": actions,
    }
    return {**values, "body": body}


@component(register, "card", ("title",), block=True, fills=("heading", "actions", "footer"))
def card(
    body: str,
    title: str = "",
    note: str = "",
    level: int = 2,
    id: str = "",
    flush: bool = False,
    css: str = "",
    heading: str = "",
    actions: str = "",
    footer: str = "",
) -> dict:
    """A framed part of a page. flush: the content (a table, a list) reaches the frame."""
    return {**locals(), "title": heading or title}


@component(register, "stat", ("label", "value"))
def stat(
    label: str, value: object, unit: str = "", note: str = "", href: str = "", tone: str = "neutral"
) -> dict:
    """One figure with its name; write the basis (coverage, date) in note."""
    one_of(tone, TONES, "tone")
    return {**locals(), "value": fmt.unknown(value)}


@component(register, "unknown", ("ask",), context=True)
def unknown(context: Context, ask: str = "") -> dict:
    """The word unknown; ask says what to ask the partner to find out."""
    return {"ask": ask, "id": unique_id(context, "ask", ask) if ask else ""}


@component(register, "tooltip", ("text", "label"), context=True)
def tooltip(context: Context, text: str, label: str = "", title: str = "") -> dict:
    """A word that explains itself on hover, focus or click."""
    return {"text": text, "label": label, "title": title, "id": unique_id(context, "tip", text, label)}


@component(register, "help", ("text",), context=True)
def help_tip(context: Context, text: str, title: str = "Explanation") -> dict:
    """A question mark that explains what stands beside it."""
    return {"text": text, "title": title, "id": unique_id(context, "help", text)}


@component(register, "evidence", ("source", "retrieved_on", "level"), context=True)
def evidence(
    context: Context,
    source: object,
    retrieved_on: object = None,
    level: str = "",
    url: str = "",
    note: str = "",
    expires_on: object = None,
    compact: bool = False,
    correct: str = "",
) -> dict:
    """What a fact rests on: evidence level in view; source, date and link on hover, focus or click.

    `correct` is the address where a correction can be proposed.
    """
    code = str(level or "")
    if code and code not in EVIDENCE_LEVELS:
        raise ValueError(f"evidence level must be one of {', '.join(EVIDENCE_LEVELS)}, not {code!r}")
    label, icon_name, strength = EVIDENCE_LEVELS.get(code, ("Level unknown", "help", 0))
    return {
        "source": fmt.unknown(source), "retrieved_on": fmt.date_iso(retrieved_on), "url": url, "note": note,
        "expires_on": fmt.format_date(expires_on) if expires_on else "", "compact": compact, "correct": correct,
        "label": label, "icon": icon_name, "strength": strength,
        "id": unique_id(context, "evidence", source, retrieved_on, code, url, note, expires_on, correct),
    }  # fmt: skip


@component(register, "progress", ("value", "maximum"))
def progress(value: object = None, maximum: object = 100, label: str = "Progress", text: str = "") -> dict:
    """A progress bar; without a value it shows that work is under way."""
    if value is not None and not 0 <= value <= maximum:
        raise ValueError(f"progress {value!r} is outside 0 to {maximum!r}")
    share = (
        fmt.format_percent(Decimal(str(value)) / Decimal(str(maximum)))
        if value is not None and maximum
        else ""
    )
    return {"value": value, "maximum": maximum, "label": label, "text": text or share}


@component(register, "steps", ("items", "current"))
def steps(items: list, current: int, label: str = "Steps") -> dict:
    """Steps of a wizard. items: labels, or (label, href) pairs; current counts from 1."""
    if not 1 <= int(current) <= len(items):
        raise ValueError(f"step {current!r} is outside 1 to {len(items)}")
    pairs = [(item, "") if isinstance(item, str) else (item[0], item[1]) for item in items]
    rows = [
        {
            "number": n,
            "label": text,
            "href": href,
            "state": "done" if n < current else "now" if n == current else "next",
        }
        for n, (text, href) in enumerate(pairs, 1)
    ]
    return {"rows": rows, "label": label, "current": current, "count": len(rows)}


@component(register, "form_field", ("field",), forward=True)
def form_field(
    field: BoundField,
    label: str = "",
    help: str = "",
    hide_label: bool = False,
    unit: str = "",
    prefix: str = "",
    enhance: bool = False,
    optional: bool = True,
    css: str = "",
    attributes: str = "",
) -> dict:
    """A form field with label, help and errors tied to the input; what was typed stays."""
    if not isinstance(field, BoundField):
        raise ValueError(f"form_field needs a bound field of a form, not {field!r}")
    return field_context(**locals())


@component(register, "form_errors", ("form",))
def form_errors(form: BaseForm, title: str = "") -> dict:
    """What is wrong with a form, with a link to each field. Nothing at all when nothing is wrong."""
    rows = error_rows(form)
    many = f"{len(rows)} things need attention" if len(rows) > 1 else "One thing needs attention"
    return {"rows": rows, "title": title or many}


@component(register, "chip", ("label", "remove"), forward=True)
def chip(label: str, remove: str = "", name: str = "", attributes: str = "") -> dict:
    """A filter that is on; remove is the address without it."""
    return {**locals()}


@component(register, "data_table", ("label",), block=True, fills=("caption",))
def data_table(
    body: str, label: str, caption: str = "", css: str = "", sticky: bool = False, id: str = ""
) -> dict:
    """A table that scrolls inside its own region and never the page. The body is thead and tbody."""
    return {**locals()}


@component(register, "confirm", ("label", "action"), block=True, context=True)
def confirm(
    context: Context,
    body: str,
    label: str,
    action: str,
    title: str = "",
    yes: str = "",
    variant: str = "danger",
    icon: str = "trash",
    size: str = "sm",
    icon_only: bool = False,
    name: str = "",
    value: str = "",
) -> dict:
    """A POST that first asks. The body says what will happen; works without JavaScript (native popover)."""
    one_of(variant, VARIANTS, "variant")
    values = {key: val for key, val in locals().items() if key != "context"}
    return {
        **values,
        "title": title or f"{label}?",
        "yes": yes or label,
        "id": unique_id(context, "confirm", label, action, value),
    }


@component(register, "pagination", ("page",), context=True)
def pagination(
    context: Context,
    page: Page,
    parameter: str = "page",
    target: str = "",
    swap: str = "innerHTML",
    label: str = "Pages",
) -> dict:
    """Links to the other pages, every other query parameter kept. target: htmx swaps that element."""
    request = context.get("request")
    query = request.GET.copy() if request is not None else None

    def address(number: int) -> str:
        if query is None:
            return f"?{parameter}={number}"
        query[parameter] = str(number)
        return "?" + query.urlencode()

    rows: list[dict[str, Any]] = []
    if page.paginator.num_pages > 1:
        for number in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1):
            gap = not isinstance(number, int)
            rows.append({"gap": gap, "number": number, "href": "" if gap else address(number)})
    return {
        "page": page, "rows": rows, "target": target, "swap": swap, "label": label, "parameter": parameter,
        "previous": address(page.previous_page_number()) if page.has_previous() else "",
        "next": address(page.next_page_number()) if page.has_next() else "",
    }  # fmt: skip


@component(register, "interval_bar", ("low", "point", "high"))
def interval_bar(
    low: object,
    point: object,
    high: object,
    minimum: int = 0,
    maximum: int = 100,
    label: str = "Score",
    width: int = 160,
) -> dict:
    """A point in its interval on a fixed scale, as SVG with the same in words."""
    return interval_context(low, point, high, minimum, maximum, label, width)


@component(register, "contribution_bar", ("parts", "maximum"))
def contribution_bar(
    parts: list, maximum: object = 100, label: str = "Contributions", width: int = 320, table: str = "hidden"
) -> dict:
    """What each criterion adds. parts: (code, label, value) in fixed order; table: hidden, open, closed."""
    one_of(table, ("hidden", "open", "closed"), "table")
    return contribution_context(parts, maximum, label, width, table)


@component(register, "chart", ("title",), block=True)
def chart(
    body: str,
    title: str,
    url: str = "",
    spec: object = None,
    id: str = "",
    height: str = "md",
    summary: str = "Figures behind the chart",
) -> dict:
    """A Vega-Lite chart from an address or a spec; the body is the table behind it, which stays.

    `summary` names the body when the table stands in view already and the body says something else.
    """
    one_of(height, ("sm", "md", "lg"), "height")
    if bool(url) == bool(spec):
        raise ValueError("chart needs either url or spec")
    found = id or element_id("chart", title)
    return {
        "body": body,
        "title": title,
        "url": url,
        "spec": spec,
        "height": height,
        "summary": summary,
        "id": found,
        "spec_id": f"{found}-spec",
    }
