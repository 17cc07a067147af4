"""Time and money: price escalation and discounting, one factor per period (year t = 0 … T-1)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from .precision import ONE, total
from .types import PerYear


def growth(rate: Decimal, count: int) -> PerYear:
    """(1 + rate)^t for t = 0 … count-1."""
    factor, factors = ONE, []
    for _ in range(count):
        factors.append(factor)
        factor *= ONE + rate
    return tuple(factors)


def discount_factors(rate: Decimal, count: int, *, mid_year: bool = False) -> PerYear:
    """1 / (1 + rate)^t, or 1 / (1 + rate)^(t + 0.5) when amounts fall in the middle of their year."""
    half = (ONE + rate).sqrt() if mid_year else ONE
    return tuple(ONE / (factor * half) for factor in growth(rate, count))


def present_value(amounts: Iterable[Decimal], factors: Iterable[Decimal]) -> Decimal:
    """The sum of the amounts, each times its discount factor."""
    return total(amount * factor for amount, factor in zip(amounts, factors, strict=True))
