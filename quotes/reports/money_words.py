"""Amounts of money in a report. Every amount is whole: a programme is not known to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import UNKNOWN, format_money, format_number, whole_units


def whole(amount: Any, currency: str) -> str:
    """ "EUR 22,950,000"; unknown when nobody said."""
    if amount is None:
        return UNKNOWN
    return format_money(whole_units(Decimal(str(amount))), currency)


def short_amount(amount: Any, currency: str) -> str:
    """ "USD 14.19m" where a table has no room; below a million as a whole amount."""
    value = Decimal(str(amount))
    if abs(value) < 1_000_000:
        return whole(value, currency)
    return f"{currency} {format_number(value / 1_000_000, decimals=2)}m"
