"""Unit metrics: the cost of a released batch, a gram and a dose, and how many batches a demand takes."""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from .precision import ONE, calculated_precisely, stated, total
from .types import Scenario, Yield

MG_PER_G = Decimal(1000)


def unit_costs(cost: Decimal, yields: Yield, scenario: Scenario) -> dict[str, Decimal | None]:
    """Cost per released batch, per gram and per dose, as far as the yield is known."""
    batches = total(scenario.drivers[yields.batch_driver]) * yields.p_success
    costs = {"per_released_batch": cost_per(cost, batches)}
    if yields.grams_per_batch is not None:
        grams = batches * yields.grams_per_batch
        costs["per_gram"] = cost_per(cost, grams)
        if yields.dose_mg is not None:
            doses = grams * MG_PER_G / yields.dose_mg * (ONE - yields.fill_loss)
            costs["per_dose"] = cost_per(cost, doses)
    return costs


def cost_per(cost: Decimal, count: Decimal) -> Decimal | None:
    """Cost of one of `count`; None when there are none."""
    return stated(cost / count) if count else None


@calculated_precisely
def batches_needed(
    *, demand: Decimal, yield_per_batch: Decimal, p_success: Decimal, overage: Decimal = ONE
) -> int:
    """ceil(demand × overage / (yield per batch × p)); demand and yield in the same unit."""
    needed = demand * overage / (yield_per_batch * p_success)
    return int(needed.to_integral_value(rounding=ROUND_CEILING))
