"""Conversion into the programme's base currency at the project's dated rates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal


def converted(amount: Decimal, currency: str, fx: Mapping[str, Decimal]) -> Decimal:
    """The amount in base currency. `fx` gives base-currency units for one unit of a currency."""
    return amount * fx[currency]
