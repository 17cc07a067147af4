"""Inputs of the engine, as small as they can be, and what comes out of them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

from quotes.costing import compare, read_programme

CASES = json.loads((Path(__file__).parent / "costing_cases.json").read_text(encoding="utf-8"))["cases"]


def case(identifier: str) -> dict:
    """A fresh copy of a reference case."""
    return json.loads(json.dumps(next(item for item in CASES if item["id"] == identifier)))


def line(code, price=None, *per_period, **more):
    """A line with typed quantities, or with what `more` says."""
    found = {"code": code, **more}
    if price is not None:
        found["unit_price"] = price
    if per_period:
        found["quantity"] = {"per_period": list(per_period)}
    return found


def quote(name, *lines, **more):
    return {"name": name, "currency": "USD", "lines": list(lines), **more}


def programme(*quotes, scope=("batch",), periods=2, scenarios=None, **more):
    """Two years, no discounting, one scenario without drivers, unless told otherwise."""
    return {
        "base_currency": "USD",
        "discount_rate": 0,
        "periods": periods,
        "scope": list(scope),
        "scenarios": scenarios or [{"name": "base"}],
        "quotes": list(quotes),
        **more,
    }


def compared(*quotes, **more):
    return compare(read_programme(programme(*quotes, **more)))


def cash(*quotes, **more):
    """The first quote's cash in the first scenario, as plain numbers."""
    return plain(compared(*quotes, **more).quotes[0].scenarios[0].cash)


def plain(amounts):
    return [float(amount) for amount in amounts]


def close(found, expected, *, within=Decimal("1e-25")) -> bool:
    """Equal up to rounding in the last digits of the default decimal context (28)."""
    found, expected = Decimal(found), Decimal(expected)
    return abs(found - expected) <= within * max(abs(found), abs(expected))
