"""Minimum projects in one currency, at the newest rates that the catalogue has."""

import datetime

import numpy as np

from partners import exchange
from partners.facets.columns import Columns, Floats

COMMON = ("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "KRW", "CAD", "AUD", "DKK", "SEK")


def stated_currencies(columns: Columns) -> list[str]:
    """Currencies in which a minimum project is stated, by code."""
    numbers = np.unique(columns.currency[~np.isnan(columns.minimum)]).tolist()
    return sorted(_code(number) for number in numbers)


def offered_currencies(columns: Columns) -> list[str]:
    """Currencies to ask in: the common ones, then others that are stated."""
    return [*COMMON, *(code for code in stated_currencies(columns) if code not in COMMON)]


def rates_day() -> datetime.date:
    """The day of the rates that `minimum_in` converts at."""
    return exchange.latest_day()


def minimum_in(columns: Columns, currency: str) -> Floats:
    """Every partner's minimum project in one currency, NaN where it is unknown or there is no rate.

    The same currency is compared as stated, without any rate.
    """
    if currency in columns.minimum_in:
        return columns.minimum_in[currency]
    result = np.full(columns.minimum.size, np.nan)
    per_euro: dict[str, float] = {}
    stated = stated_currencies(columns)
    if any(code != currency for code in stated):
        day = rates_day()
        for code in {currency, *stated}:
            try:
                per_euro[code] = float(exchange.rates_on(day, [code])[code].per_euro)
            except exchange.NoRate:
                continue
    for number in np.unique(columns.currency).tolist():
        code, own = _code(number), columns.currency == number
        if code == currency:
            result[own] = columns.minimum[own]
        elif code in per_euro and currency in per_euro:
            result[own] = columns.minimum[own] / per_euro[code] * per_euro[currency]
    columns.minimum_in[currency] = result
    return result


def _code(number: int) -> str:
    return number.to_bytes(3, "big").decode("ascii", "replace") if number else ""
