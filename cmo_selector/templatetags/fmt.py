"""How figures, dates and countries are written, on screen and in the PDF.

The ``format_*`` functions are plain: values in, text out, no template context. The filters and tags below
them wrap an absent value in ``<span class="unknown">`` so that it is recognised at a glance.

Unknown is ``None`` or an empty string and is written "unknown"; a zero stays a zero.
Wrong types raise ``TypeError`` and impossible values ``ValueError``, both naming the value: a page that
would show a wrong figure must not be rendered.
"""

import datetime
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

UNKNOWN = "unknown"
CURRENCY = re.compile(r"[A-Z]{3}")
COUNTRY = re.compile(r"[A-Z]{2}")
EN_DASH = "–"
WIDE = Context(prec=100)  # the default one cannot round what has more than 28 digits


def is_unknown(value: object) -> bool:
    """None and the empty string are unknown; 0, False and empty lists are statements."""
    return value is None or (isinstance(value, str) and not value.strip())


def _decimal(value: object, what: str) -> Decimal:
    """The number as Decimal. Text and booleans are refused: they would print something nobody computed."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError(f"{what} must be a number, not {type(value).__name__}: {value!r}")
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"{what} must be finite, not {value!r}")
    return number


def _rounded(number: Decimal, decimals: int) -> str:
    """Thousands separators, half up, and never a negative zero."""
    quantum = Decimal(1).scaleb(-decimals)
    result = number.quantize(quantum, rounding=ROUND_HALF_UP, context=WIDE)
    return f"{result if result else abs(result):,f}"


def whole_units(amount: int | Decimal) -> Decimal:
    """Rounded to whole units, halves to the even one, however many digits it has: for amounts of a programme."""
    return Decimal(amount).quantize(Decimal(1), context=WIDE)


def _places(number: Decimal) -> int:
    """Decimal places worth showing: none for whole numbers, two above one, three significant digits below."""
    if number == number.to_integral_value():
        return 0
    most = 2 if abs(number) >= 1 else 2 - number.adjusted()
    return min(most, max(0, -number.normalize().as_tuple().exponent))


def format_money(amount: int | Decimal | None, currency: str | None, decimals: int | None = None) -> str:
    """``USD 6,000,000``: ISO 4217 code first, always. Cents only when there are some. Floats are refused."""
    if is_unknown(amount):
        return UNKNOWN
    if isinstance(amount, float):
        raise TypeError(f"money must be a Decimal or int, not float: {amount!r}")
    number = _decimal(amount, "money")
    if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
        raise ValueError(f"money needs an ISO 4217 code such as USD, not {currency!r}")
    if decimals is None:
        whole = number == number.to_integral_value()
        decimals = 0 if whole else max(2, _places(number))
    return f"{currency} {_rounded(number, decimals)}"


def format_number(
    value: int | float | Decimal | None, unit: str | None = "", decimals: int | None = None
) -> str:
    """``2,000 L``; ``%`` follows without a space. Places as in `_places` unless given."""
    if is_unknown(value):
        return UNKNOWN
    number = _decimal(value, "number")
    text = _rounded(number, _places(number) if decimals is None else decimals)
    if not unit:
        return text
    return f"{text}%" if unit == "%" else f"{text} {unit}"


def format_percent(fraction: int | float | Decimal | None, decimals: int | None = 0) -> str:
    """A fraction, 0 to 1, as per cent: 0.82 → ``82%``. Already per cent: format_number(x, "%").

    `decimals` None shows the places that are there, for what somebody typed: 0.075 → ``7.5%``, 0.08 → ``8%``.
    """
    if is_unknown(fraction):
        return UNKNOWN
    return format_number(_decimal(fraction, "percent") * 100, "%", decimals)


def format_interval(
    low: int | float | Decimal | None,
    high: int | float | Decimal | None,
    unit: str = "",
    decimals: int | None = None,
) -> str:
    """``61.0–74.5``; one number when both ends print alike; a missing end is called unknown."""
    if is_unknown(low) and is_unknown(high):
        return UNKNOWN
    ends = [format_number(low, "", decimals), format_number(high, "", decimals)]
    if not (is_unknown(low) or is_unknown(high)) and _decimal(low, "low") > _decimal(high, "high"):
        raise ValueError(f"interval runs backwards: {low!r} to {high!r}")
    if UNKNOWN in ends:
        return f"{format_number(low, unit, decimals)} to {format_number(high, unit, decimals)}"
    if ends[0] == ends[1]:
        text = ends[0]
    elif ends[0].startswith("-") or ends[1].startswith("-"):
        text = f"{ends[0]} to {ends[1]}"
    else:
        text = EN_DASH.join(ends)
    return text + ("%" if unit == "%" else f" {unit}" if unit else "")


def format_date(value: datetime.date | str | None) -> str:
    """``2026-01-31``. Takes a date, a datetime (in the current time zone) or ISO text from a snapshot."""
    if is_unknown(value):
        return UNKNOWN
    if isinstance(value, str):
        value = _from_iso(value)
    if isinstance(value, datetime.datetime):
        value = (timezone.localtime(value) if timezone.is_aware(value) else value).date()
    if not isinstance(value, datetime.date):
        raise TypeError(f"date must be a date or ISO text, not {type(value).__name__}: {value!r}")
    return value.isoformat()


def format_datetime(value: datetime.datetime | str | None) -> str:
    """``2026-01-31 14:05 UTC``, in the current time zone, to the minute."""
    if is_unknown(value):
        return UNKNOWN
    if isinstance(value, str):
        value = _from_iso(value)
    if not isinstance(value, datetime.datetime):
        raise TypeError(f"time must be a datetime or ISO text, not {type(value).__name__}: {value!r}")
    if timezone.is_naive(value):
        return value.strftime("%Y-%m-%d %H:%M")
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M %Z")


def _from_iso(text: str) -> datetime.date:
    """A date or datetime from ISO 8601 text."""
    try:
        return datetime.date.fromisoformat(text) if len(text) == 10 else datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"not an ISO date: {text!r}") from None


def format_country(code: object) -> str:
    """The country's English name for an ISO 3166-1 alpha-2 code; a code nobody knows is shown as it is."""
    if is_unknown(code) or (hasattr(code, "code") and is_unknown(code.code)):
        return UNKNOWN
    text = getattr(code, "code", code)
    if not isinstance(text, str) or not COUNTRY.fullmatch(text):
        raise ValueError(f"country must be a two-letter ISO code, not {text!r}")
    # imported here: it needs settings, which the other functions do without
    from django_countries import countries

    return countries.name(text) or text


def mark_unknown(text: str) -> str:
    """The word "unknown" in its own look; any other text unchanged (and escaped by the template as usual)."""
    return unknown_html() if text == UNKNOWN else text


def unknown_html() -> SafeString:
    """The word "unknown" as every page shows it."""
    return format_html('<span class="unknown">{}</span>', UNKNOWN)


@register.filter
def money(amount: int | Decimal | None, currency: str | None) -> str:
    """{{ amount|money:"USD" }}"""
    return mark_unknown(format_money(amount, currency))


@register.filter
def number(value: int | float | Decimal | None, unit: str | None = "") -> str:
    """{{ litres|number:"L" }}, {{ weight|number:"%" }}, {{ count|number }}"""
    return mark_unknown(format_number(value, unit))


@register.filter
def score(value: int | float | Decimal | None, decimals: int = 1) -> str:
    """{{ total|score }}: a score out of 100 with one decimal, so that a column lines up."""
    return mark_unknown(format_number(value, "", decimals))


@register.filter
def percent(fraction: int | float | Decimal | None, decimals: int = 0) -> str:
    """{{ coverage|percent }}: a fraction 0 to 1."""
    return mark_unknown(format_percent(fraction, decimals))


@register.filter
def percent_as_typed(fraction: int | float | Decimal | None) -> str:
    """{{ rfq.discount_rate|percent_as_typed }}: a fraction 0 to 1 with the places it has."""
    return mark_unknown(format_percent(fraction, None))


@register.filter(name="interval")
def interval_filter(pair: Sequence | None, unit: str = "") -> str:
    """{{ pair|interval:"L" }}: a (low, high) pair."""
    if is_unknown(pair):
        return unknown_html()
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise TypeError(f"interval needs a (low, high) pair, not {pair!r}")
    return mark_unknown(format_interval(pair[0], pair[1], unit))


@register.simple_tag(name="interval")
def interval_tag(low: object, high: object, unit: str = "", decimals: int | None = None) -> str:
    """{% interval low high "L" decimals=1 %}"""
    return mark_unknown(format_interval(low, high, unit, decimals))


@register.filter
def unknown(value: object) -> object:
    """{{ text|unknown }}: None and '' become "unknown"; everything else passes through."""
    return unknown_html() if is_unknown(value) else value


@register.filter
def date_iso(value: datetime.date | str | None) -> str:
    """{{ inspected_on|date_iso }}"""
    return mark_unknown(format_date(value))


@register.filter
def datetime_iso(value: datetime.datetime | str | None) -> str:
    """{{ created_at|datetime_iso }}"""
    return mark_unknown(format_datetime(value))


@register.filter
def country(code: object) -> str:
    """{{ facility.country|country }}: name for a code or a django-countries value."""
    return mark_unknown(format_country(code))
