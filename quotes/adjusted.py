"""What stands beside a quote's programme cost: chances of success, coming late, the batches a need takes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from quotes.costing import batches_needed, compare, delay_cost, read_programme, success_adjusted_npv
from quotes.costing.precision import precisely
from quotes.costing.types import ScenarioCost
from quotes.costing_inputs import end_scenarios, programme
from quotes.models import Quote, Rfq

if TYPE_CHECKING:
    from quotes.comparison import Comparison

DAYS_PER_MONTH = Decimal("30.4375")


def cancellation_fees(found: Comparison) -> dict[int, list[Decimal]]:
    """By quote, what ending the programme in each year costs on top of what it costs anyway."""
    ended, cancelled = end_scenarios(found.rfq)
    data = programme(found.rfq, found.lines, found.quotes, [ended, cancelled], found.rates)
    fees = {}
    with precisely():
        for cost in compare(read_programme(data)).quotes:
            anyway, with_fee = cost.scenarios
            fees[int(cost.name)] = [b - a for a, b in zip(anyway.cash, with_fee.cash, strict=True)]
    return fees


def success_adjusted(found: Comparison, quote: Quote, figures: ScenarioCost) -> Decimal | None:
    """Σ P(year is reached) · cash, and the fee for cancelling in the year that is not; None without the chances."""
    if quote.pk not in found.fees:
        return None
    with precisely():
        reached = [Decimal(text) for text in found.rfq.reach]
        before = [Decimal(1), *reached[:-1]]
        ending = [
            (sooner - now) * fee
            for sooner, now, fee in zip(before, reached, found.fees[quote.pk], strict=True)
        ]
        return success_adjusted_npv(
            figures.cash, reached, discounts=found.discounts(), expected_cancellation=ending
        )


@dataclass(frozen=True)
class Late:
    """How much after the day of need a quote's first slot is, and what that costs the project."""

    days: int
    months: Decimal
    cost: Decimal | None


def lateness(rfq: Rfq, quote: Quote) -> Late | None:
    """None when the day of need or the first slot is unknown; a slot in time is zero months late."""
    need = rfq.project.need_date
    if need is None or quote.slot_from is None:
        return None
    days = max(0, (quote.slot_from - need).days)
    months = Decimal(days) / DAYS_PER_MONTH
    value = rfq.month_value
    return Late(
        days, months, delay_cost(months_late=months, month_value=value) if value is not None else None
    )


def batches_wanted(rfq: Rfq) -> int | None:
    """Batches for the material needed with its overage, at the yield and success rate; None when one is unknown."""
    if not (rfq.needed_grams and rfq.grams_per_batch and rfq.p_success):
        return None
    return batches_needed(
        demand=rfq.needed_grams,
        yield_per_batch=rfq.grams_per_batch,
        p_success=rfq.p_success,
        overage=1 + rfq.overage,
    )
