"""What the organisation's own past quotes say about a price: never others', invented or sealed ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from django.db.models import Q
from django.utils import timezone

from quotes.models import ProjectRates, QuoteLine, Rfq, ScopeLine
from quotes.rfq_enums import LineState, PricingModel, QuoteState

FEWEST = 2  # prices; one is an anecdote
PRICED = (PricingModel.UNIT, PricingModel.FIXED)


@dataclass(frozen=True)
class PastPrice:
    """The median of `count` earlier prices per unit or lump sum, net of discounts, and when they were given."""

    median: Decimal
    count: int
    first: dt.date
    last: dt.date


def past_prices(rfq: Rfq, lines: list[ScopeLine], rates: ProjectRates) -> dict[str, PastPrice]:
    """By code, from the sponsor's other RFQs, in the project's currency at its rates. One query."""
    sealed = Q(quote__rfq__sealed=True, quote__rfq__deadline__gt=timezone.now())
    rows = (
        QuoteLine.objects.for_sponsor(rfq.project.sponsor)
        .filter(
            code__in=[line.code for line in lines],
            state=LineState.QUOTED,
            model__in=PRICED,
            quote__state__in=[QuoteState.SUBMITTED, QuoteState.AWARDED, QuoteState.NOT_AWARDED],
        )
        .exclude(quote__rfq=rfq)
        .exclude(sealed)
        .values_list("code", "values", "quote__currency", "quote__submitted_at")
    )
    found: dict[str, list[tuple[Decimal, dt.date]]] = {}
    for code, values, currency, submitted in rows:
        rate = _rate(values.get("currency") or currency, rates)
        # what a lump sum takes off one unit cannot be said
        if rate is not None and values.get("price") and not values.get("lump_discount"):
            net = Decimal(values["price"]) * (1 - Decimal(values.get("discount") or 0))
            found.setdefault(code, []).append((net * rate, submitted.date()))
    return {code: _summary(prices) for code, prices in found.items() if len(prices) >= FEWEST}


def _summary(prices: list[tuple[Decimal, dt.date]]) -> PastPrice:
    days = [day for _, day in prices]
    return PastPrice(median(price for price, _ in prices), len(prices), min(days), max(days))


def _rate(currency: str, rates: ProjectRates) -> Decimal | None:
    if currency == rates.base:
        return Decimal(1)
    text = rates.rates.get(currency)
    return Decimal(text) if text else None
