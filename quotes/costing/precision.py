"""How exactly the engine calculates: 50 digits inside, 34 digits stated, sums that ignore their order."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from decimal import Decimal
from functools import wraps
from typing import ParamSpec, TypeVar

from .errors import CostingError

ZERO = Decimal(0)
ONE = Decimal(1)

INSIDE = decimal.Context(
    prec=50,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=decimal.MIN_EMIN,
    Emax=decimal.MAX_EMAX,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
STATED = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN)
ROUNDING = Decimal("1e-40")

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


def precisely() -> AbstractContextManager[decimal.Context]:
    """The engine's decimal context, whatever the caller's is."""
    return decimal.localcontext(INSIDE)


def calculated_precisely(function: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Runs the function in the engine's context; what no number can hold becomes a readable error."""

    @wraps(function)
    def wrapped(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        with precisely():
            try:
                return function(*args, **kwargs)
            except decimal.DecimalException as error:
                raise CostingError(
                    "", "the amounts cannot be calculated", "check rates and prices for misplaced digits"
                ) from error

    return wrapped


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, added in order of size: the same amounts give the same digits in whatever order they come."""
    return sum(sorted(amounts), ZERO)


def stated(amount: Decimal) -> Decimal:
    """An amount as it leaves the engine: rounded to 34 digits, so that equal costs compare equal."""
    return STATED.plus(amount)


def settled(amount: Decimal, *, size: Decimal) -> Decimal:
    """An amount that is left over when amounts of `size` cancel out; nothing, when it is only their rounding."""
    return ZERO if abs(amount) <= size * ROUNDING else amount


def stated_all(amounts: Iterable[Decimal]) -> tuple[Decimal, ...]:
    """`stated` for one amount per period."""
    return tuple(STATED.plus(amount) for amount in amounts)
