"""Normalising 50 quotes × 200 lines × 5 scenarios × 10 years, of which every 20th line of a quote is a gap.

The yardstick is the same arithmetic as a bare loop over floats that checks nothing, knows neither tiers nor
take-or-pay and takes the lines as they come; the engine reads and checks the input and calculates in decimals
of 50 digits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from decimal import Decimal
from statistics import median
from typing import Any

from quotes.costing import compare, read_programme
from tests.bench import Row, median_ms

QUOTES, LINES, SCENARIOS, YEARS = 50, 200, 5, 10
GAP_EVERY = 20
RATE = 0.1
FX = {"USD": 1.0, "EUR": 1.1, "CHF": 1.12}

Data = Mapping[str, Any]


def run() -> list[Row]:
    data = programme()
    checked = read_programme(data)
    engine = {cost.name: float(cost.scenarios[0].npv) for cost in compare(checked).quotes}
    naive = {name: npvs[0] for name, npvs in naive_npvs(data).items()}
    if any(abs(engine[name] - naive[name]) > 1e-9 * naive[name] for name in naive):
        raise AssertionError("the engine and the yardstick disagree: the comparison means nothing")
    return [
        Row("bare loop over floats", median_ms(lambda: naive_npvs(data))),
        Row("reading and checking the input", median_ms(lambda: read_programme(data), repeat=3)),
        Row("costing what was read", median_ms(lambda: compare(checked), repeat=3)),
        Row("both", median_ms(lambda: compare(read_programme(data)), repeat=3)),
        Row("rows of a database as the engine's input", median_ms(rows_to_programme(), repeat=3)),
    ]


def rows_to_programme() -> Callable[[], Data]:
    """The bridge alone, on rows that are loaded already; how many queries that takes does not depend on quotes."""
    from quotes.costing_inputs import programme as bridge
    from quotes.models import CostScenario, ProjectRates, Quote, QuoteLine, Rfq, ScopeLine

    amounts = [str(number) for number in range(YEARS)]
    kinds = dict.fromkeys(("low", "base", "high"), amounts)
    rfq = Rfq(periods=YEARS, discount_rate=Decimal("0.1"), drivers=[{"name": "batches", "unit": "", **kinds}])
    scope = [ScopeLine(code=f"line_{n:03}", driver="batches") for n in range(LINES)]
    scenarios = [CostScenario(pk=n, follows="base") for n in range(SCENARIOS)]
    quotes = []
    for bidder in range(QUOTES):
        quote = Quote(pk=bidder, currency="EUR")
        lines = [
            QuoteLine(code=x.code, state="quoted", model="unit", values={"price": "1250.50"}) for x in scope
        ]
        quote._prefetched_objects_cache = {"lines": _Loaded(lines)}
        quotes.append(quote)
    rates = ProjectRates(base="USD", rates={"EUR": "1.1"})
    return lambda: bridge(rfq, scope, quotes, scenarios, rates)


class _Loaded(list):
    """Rows that were prefetched."""

    def all(self) -> _Loaded:
        return self


def programme() -> Data:
    """Quotes in three currencies: lines with typed quantities and lines that follow the scenario's drivers."""
    chance = random.Random(6)  # noqa: S311 - data for a benchmark
    scope = [f"line_{number:03}" for number in range(LINES)]
    drivers = ["batches", "runs", "pulls", "months"]

    def line(code: str, number: int) -> Data:
        typed = {"per_period": [chance.randint(0, 12) for _ in range(YEARS)]}
        driven = {"driver": drivers[number % len(drivers)]}
        price = round(chance.uniform(100, 1_000_000), 2)
        return {"code": code, "unit_price": price, "quantity": typed if number % 3 == 0 else driven}

    return {
        "base_currency": "USD",
        "fx": FX,
        "discount_rate": RATE,
        "periods": YEARS,
        "scope": scope,
        "yield": {"batch_driver": "batches", "p_success": 0.9, "grams_per_batch": 4200},
        "scenarios": [
            {
                "name": f"scenario {number}",
                "probability": 0.2,
                "drivers": {name: [chance.randint(0, 9) + number for _ in range(YEARS)] for name in drivers},
            }
            for number in range(SCENARIOS)
        ],
        "quotes": [
            {
                "name": f"quote {bidder}",
                "currency": list(FX)[bidder % len(FX)],
                "headline": 1_000_000,
                "escalation": 0.03,
                "lines": [
                    line(code, number) for number, code in enumerate(scope) if (number + bidder) % GAP_EVERY
                ],
            }
            for bidder in range(QUOTES)
        ],
    }


def naive_npvs(data: Data) -> dict[str, list[float]]:
    """NPV by quote and scenario: gaps at the median of the others, nothing else."""
    npvs: dict[str, list[float]] = {quote["name"]: [] for quote in data["quotes"]}
    for scenario in data["scenarios"]:
        cash: dict[str, dict[str, list[float]]] = {}
        for quote in data["quotes"]:
            fx, growth = FX[quote["currency"]], 1 + quote["escalation"]
            cash[quote["name"]] = costs = {}
            for line in quote["lines"]:
                quantity = line["quantity"]
                amounts = quantity.get("per_period") or scenario["drivers"][quantity["driver"]]
                price = line["unit_price"]
                costs[line["code"]] = [amount * price * growth**t * fx for t, amount in enumerate(amounts)]
        for name, costs in cash.items():
            npv = 0.0
            for code in data["scope"]:
                amounts = costs.get(code)
                if amounts is None:
                    others = [other[code] for other in cash.values() if code in other]
                    amounts = [median(column) for column in zip(*others, strict=True)]
                npv += sum(amount / (1 + RATE) ** t for t, amount in enumerate(amounts))
            npvs[name].append(npv)
    return npvs
