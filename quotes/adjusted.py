"""What stands beside a quote's programme cost: chances of success, coming late, the batches a need takes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from quotes.costing import batches_needed, compare, delay_cost, read_programme, success_adjusted_npv
from quotes.costing.precision import precisely
from quotes.costing.types import ScenarioCost
from quotes.costing_inputs import end_scenarios, programme, without_commitments
from quotes.models import Quote, Rfq

if TYPE_CHECKING:
    from quotes.comparison import Comparison

DAYS_PER_MONTH = Decimal("30.4375")


@dataclass(frozen=True)
class EndCosts:
    """What ending the programme costs with one quote, year by year and not yet weighed by chances.

    `fees` are due once, in the year that is not reached; `commitments` are what take-or-pay bills in that year and in
    every one after it, though nothing is made.
    """

    fees: list[Decimal]
    commitments: list[Decimal]


def end_costs(found: Comparison) -> dict[int, EndCosts]:
    """By quote, what ending costs on top of what is due anyway."""
    ended, cancelled = end_scenarios(found.rfq)
    data = programme(found.rfq, found.lines, found.quotes, [ended, cancelled], found.rates)
    free = without_commitments({**data, "scenarios": data["scenarios"][:1]})
    with precisely():
        costs = compare(read_programme(data)).quotes
        bound = compare(read_programme(free)).quotes if free else costs
        return {
            int(cost.name): EndCosts(
                fees=_differences(cost.scenarios[1], cost.scenarios[0]),
                commitments=_differences(cost.scenarios[0], without.scenarios[0]),
            )
            for cost, without in zip(costs, bound, strict=True)
        }


def _differences(more: ScenarioCost, less: ScenarioCost) -> list[Decimal]:
    return [a - b for a, b in zip(more.cash, less.cash, strict=True)]


def success_adjusted(found: Comparison, quote: Quote, figures: ScenarioCost) -> Decimal | None:
    """Σ P(year is reached) · cash, and of the years that are not: the fee for cancelling in the first of them and
    what take-or-pay bills in each; None without the chances."""
    if quote.pk not in found.ending:
        return None
    costs = found.ending[quote.pk]
    with precisely():
        reached = [Decimal(text) for text in found.rfq.reach]
        before = [Decimal(1), *reached[:-1]]
        ending = [
            (sooner - now) * fee + (1 - now) * commitment
            for sooner, now, fee, commitment in zip(
                before, reached, costs.fees, costs.commitments, strict=True
            )
        ]
        return success_adjusted_npv(
            figures.cash, reached, discounts=found.discounts(), expected_cancellation=ending
        )


@dataclass(frozen=True)
class EndingRow:
    """One year: the chance that it is reached, its cash then, and what is due when it is not."""

    year: int
    reached: Decimal
    cash: Decimal
    fee: Decimal
    commitment: Decimal


def ending_rows(found: Comparison, quote: Quote, figures: ScenarioCost) -> list[EndingRow]:
    """What the success-adjusted cost of a quote rests on; empty without the chances."""
    if quote.pk not in found.ending:
        return []
    costs = found.ending[quote.pk]
    columns = (found.rfq.years, map(Decimal, found.rfq.reach), figures.cash, costs.fees, costs.commitments)
    return [EndingRow(*row) for row in zip(*columns, strict=True)]


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
