"""How much of a line is billed and cancelled in each period of a scenario, and at which unit price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from .precision import total
from .types import DrivenQuantity, FixedQuantity, Line, PerYear, Scenario, TakeOrPay, Tier


def billed_quantities(line: Line, scenario: Scenario) -> PerYear:
    """The quantities the line is charged for: those needed, at least the committed share."""
    if isinstance(line.quantity, FixedQuantity):
        needed = line.quantity.per_period
    elif isinstance(line.quantity, DrivenQuantity):
        needed = added(line.quantity.drivers, scenario.drivers)
    else:
        raise TypeError("a share of another line has no quantities")
    return with_commitment(needed, line.take_or_pay) if line.take_or_pay else needed


def cancelled_quantities(line: Line, scenario: Scenario) -> PerYear | None:
    """What the scenario cancels of the line's drivers; None when it cancels nothing of them."""
    if not isinstance(line.quantity, DrivenQuantity):
        return None
    cancelled = [driver for driver in line.quantity.drivers if driver in scenario.cancelled]
    return added(cancelled, scenario.cancelled) if cancelled else None


def added(names: Sequence[str], amounts: Mapping[str, PerYear]) -> PerYear:
    """The named drivers' quantities, added period by period."""
    if len(names) == 1:
        return amounts[names[0]]
    return tuple(total(column) for column in zip(*(amounts[name] for name in names), strict=True))


def with_commitment(needed: PerYear, commitment: TakeOrPay) -> PerYear:
    """Take-or-pay: max(needed, share × committed) in each period."""
    return tuple(
        max(quantity, commitment.share * committed)
        for quantity, committed in zip(needed, commitment.committed, strict=True)
    )


def price_at(tiers: Sequence[Tier], billed: Decimal) -> Decimal:
    """The unit price of all units of a period in which `billed` are billed.

    Tiers start at rising quantities; below the first one its price holds too.
    """
    price = tiers[0].unit_price
    for tier in tiers[1:]:
        if billed < tier.from_quantity:
            break
        price = tier.unit_price
    return price
