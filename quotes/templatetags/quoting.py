"""Amounts of a comparison: whole units in tables, cents where a unit is priced."""

from decimal import Decimal

from django import template

from cmo_selector.templatetags.fmt import UNKNOWN, format_money, format_number, whole_units
from quotes.comparison import Column

register = template.Library()


@register.filter
def whole_money(amount: Decimal | None, currency: str) -> str:
    """Rounded to whole units: a programme is not known to the cent."""
    if amount is None:
        return UNKNOWN
    return format_money(whole_units(amount), currency)


@register.filter
def cents(amount: Decimal | None, currency: str) -> str:
    if amount is None:
        return UNKNOWN
    return f"{currency} {format_number(Decimal(amount), decimals=2)}"


@register.filter
def unit_cost(column: Column, name: str) -> Decimal | None:
    return column.figures.unit_costs.get(name)


@register.filter
def whole(amount: Decimal | None) -> str:
    """A rounded amount without a currency, for tools that ask for none."""
    return UNKNOWN if amount is None else format_number(whole_units(amount))
