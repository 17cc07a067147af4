"""What a make-or-buy answer turns on: each assumption moved alone, down and up, and what every way then costs.

An assumption is multiplied by 1 - step and 1 + step. With the batches, a bought programme changes by the price of a
batch for each one more or less, and the bought part of a hybrid in proportion. Years that are certain stay certain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from .make_or_buy import MakeOrBuy, cost_of_buying, cost_of_making
from .precision import ONE, ZERO, calculated_precisely, stated
from .types import PerYear

STEP = Decimal("0.2")
MAKE, BUY, HYBRID = "make", "buy", "hybrid"

Change = Callable[[MakeOrBuy, Decimal], MakeOrBuy]


@dataclass(frozen=True, slots=True)
class Swing:
    """One assumption: the cost of each way at 1 - step (`low`) and at 1 + step (`high`).

    `level_at` is the factor at which making and buying cost the same, None where no factor from 0 on does or where
    the costs do not change in proportion to the assumption.
    """

    code: str
    low: Mapping[str, Decimal]
    high: Mapping[str, Decimal]
    level_at: Decimal | None

    @property
    def reach(self) -> Decimal:
        """How far the difference between making and buying moves."""
        return abs(_gap(self.high) - _gap(self.low))


@calculated_precisely
def swings(question: MakeOrBuy, hybrid: MakeOrBuy | None = None, *, step: Decimal = STEP) -> list[Swing]:
    """The assumptions that matter, the one that moves the difference most first."""
    base = _costs(question, hybrid, _unchanged, ONE)
    found = []
    for code, change in CHANGES.items():
        low = _costs(question, hybrid, change, ONE - step)
        high = _costs(question, hybrid, change, ONE + step)
        if low != high:
            found.append(Swing(code, low, high, _level_at(code, _gap(base), _gap(low), _gap(high), step)))
    return sorted(found, key=lambda swing: (-swing.reach, swing.code))


def _costs(
    question: MakeOrBuy, hybrid: MakeOrBuy | None, change: Change, factor: Decimal
) -> dict[str, Decimal]:
    changed = change(question, factor)
    found = {MAKE: stated(cost_of_making(changed)), BUY: stated(cost_of_buying(changed))}
    if hybrid is not None:
        part = change(hybrid, factor)
        if change is _batches:
            part = replace(part, buy=replace(hybrid.buy, cost=_times(hybrid.buy.cost, factor)))
        found[HYBRID] = stated(cost_of_making(part) + cost_of_buying(part))
    return found


def _gap(costs: Mapping[str, Decimal]) -> Decimal:
    return costs[MAKE] - costs[BUY]


def _level_at(code: str, base: Decimal, low: Decimal, high: Decimal, step: Decimal) -> Decimal | None:
    slope = (high - low) / (2 * step)
    if code not in IN_PROPORTION or not slope:
        return None
    factor = ONE - base / slope
    return stated(factor) if factor >= 0 else None


# -- the assumptions ------------------------------------------------------------------------------


def _unchanged(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    return question


def _investment(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    """Depreciation follows the investment."""
    plant = question.make
    changed = replace(
        plant, capex=_times(plant.capex, factor), depreciation=_times(plant.depreciation, factor)
    )
    return replace(question, make=changed)


def _fixed(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    return replace(question, make=replace(question.make, fixed=_times(question.make.fixed, factor)))


def _variable(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    changed = replace(question.make, variable_per_batch=question.make.variable_per_batch * factor)
    return replace(question, make=changed)


def _residual(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    return replace(question, make=replace(question.make, residual=question.make.residual * factor))


def _bought(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    return replace(question, buy=replace(question.buy, cost=_times(question.buy.cost, factor)))


def _batches(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    batches = _times(question.batches, factor)
    more = zip(question.buy.cost, batches, question.batches, strict=True)
    cost = tuple(
        max(ZERO, paid + (now - before) * question.buy.price_per_batch) for paid, now, before in more
    )
    return replace(question, batches=batches, buy=replace(question.buy, cost=cost))


def _chance(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    likely = tuple(p if p == ONE else min(ONE, p * factor) for p in question.probability)
    return replace(question, probability=likely)


def _discount(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    return replace(question, discount_rate=question.discount_rate * factor)


def _tax(question: MakeOrBuy, factor: Decimal) -> MakeOrBuy:
    return replace(question, tax_rate=min(ONE, question.tax_rate * factor))


CHANGES: dict[str, Change] = {
    "investment": _investment,
    "fixed": _fixed,
    "variable": _variable,
    "residual": _residual,
    "bought": _bought,
    "batches": _batches,
    "chance": _chance,
    "discount": _discount,
    "tax": _tax,
}
# Costs change in proportion to these, so that the point at which both ways cost the same can be told.
IN_PROPORTION = {"investment", "fixed", "variable", "residual", "bought"}


def _times(amounts: PerYear, factor: Decimal) -> PerYear:
    return tuple(amount * factor for amount in amounts)
