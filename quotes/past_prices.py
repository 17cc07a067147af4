"""What the organisation's own past quotes say about a price: never anybody else's, never invented."""

from __future__ import annotations

from decimal import Decimal
from statistics import median

from quotes.models import ProjectRates, QuoteLine, Rfq, ScopeLine
from quotes.rfq_enums import LineState, PricingModel, QuoteState

FEWEST = 2  # prices; one is an anecdote


def past_unit_prices(rfq: Rfq, lines: list[ScopeLine], rates: ProjectRates) -> dict[str, Decimal]:
    """Median unit price by code from the sponsor's other RFQs, in the project's currency. One query."""
    rows = (
        QuoteLine.objects.for_sponsor(rfq.project.sponsor)
        .filter(
            code__in=[line.code for line in lines],
            state=LineState.QUOTED,
            model=PricingModel.UNIT,
            quote__state__in=[QuoteState.SUBMITTED, QuoteState.AWARDED, QuoteState.NOT_AWARDED],
        )
        .exclude(quote__rfq=rfq)
        .values_list("code", "values", "quote__currency")
    )
    found: dict[str, list[Decimal]] = {}
    for code, values, currency in rows:
        rate = _rate(values.get("currency") or currency, rates)
        if rate is not None and values.get("price"):
            found.setdefault(code, []).append(Decimal(values["price"]) * rate)
    return {code: median(prices) for code, prices in found.items() if len(prices) >= FEWEST}


def _rate(currency: str, rates: ProjectRates) -> Decimal | None:
    if currency == rates.base:
        return Decimal(1)
    text = rates.rates.get(currency)
    return Decimal(text) if text else None
