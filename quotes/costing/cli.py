"""`python -m quotes.costing`: JSON on standard input, JSON on standard output.

`{"family": …, "input": …}` gives one object; `{"cases": [{"id": …, "family": …, "input": …}]}` gives
`{"results": [{"id": …, …}]}` in the same order. Bad input is one line on standard error and exit status 2,
and nothing on standard output.
"""

from __future__ import annotations

import argparse
import decimal
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TextIO

from .errors import CostingError, shown
from .fields import Field
from .lease import lease_or_buy, read_lease
from .make_or_buy import make_or_buy, read_make_or_buy
from .programme import compare
from .programme_input import read_programme
from .types import ProgrammeCost, QuoteCost, ScenarioCost

BAD_INPUT = 2
LARGEST_ID = 10**15  # ids that are numbers
Values = dict[str, object]


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads standard input, writes the answer; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m quotes.costing",
        description="Costs programmes, leases and make-or-buy questions. JSON on standard input, JSON on "
        'standard output: {"family": …, "input": …} or {"cases": [{"id": …, "family": …, "input": …}]}; '
        "families: " + ", ".join(FAMILIES) + ".",
    )
    parser.parse_args(arguments)
    return run(sys.stdin.buffer.read(), sys.stdout, sys.stderr)


def run(source: bytes, output: TextIO, errors: TextIO) -> int:
    try:
        text = json.dumps(answer(parsed(source)), allow_nan=False)
    except CostingError as error:
        print(f"quotes.costing: {error}", file=errors)
        return BAD_INPUT
    except RecursionError:
        print("quotes.costing: the input is nested too deeply; send plain objects and lists", file=errors)
        return BAD_INPUT
    print(text, file=output)
    return 0


# -- reading ----------------------------------------------------------------------------------


def parsed(source: bytes) -> Field:
    """The JSON document, every number exactly as it was written."""
    remedy = "send one JSON object on standard input"
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CostingError("input", f"is not UTF-8 text (byte {error.start})", remedy) from None
    try:
        return Field(
            json.loads(
                text,
                parse_float=exact,
                parse_int=exact,
                parse_constant=Decimal,
                object_pairs_hook=without_repeats,
            )
        )
    except json.JSONDecodeError as error:
        problem = f"is not JSON ({error.msg}, line {error.lineno}, column {error.colno})"
        raise CostingError("input", problem, remedy) from None


def exact(text: str) -> Decimal:
    """A number of the document; one beyond all exponents is infinite, for its field to refuse."""
    try:
        return Decimal(text)
    except decimal.InvalidOperation:
        return Decimal("Infinity")


def without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise CostingError(shown(key), "is there twice in one object", "keep the one that is meant")
        found[key] = value
    return found


# -- answering --------------------------------------------------------------------------------


def answer(source: Field) -> Values:
    """The values of one question, or of all cases."""
    if "cases" not in source.entries():
        return answer_one(source)
    cases = source.need("cases").items()
    return {"results": [answer_case(case) for case in cases]}


def answer_case(case: Field) -> Values:
    """One of several cases, under its id; an error names the case."""
    identifier = case.optional("id")
    name: str | int | None = None
    if identifier:
        is_text = isinstance(identifier.value, str)
        name = identifier.text() if is_text else identifier.whole(least=0, most=LARGEST_ID)
    try:
        values = answer_one(case)
    except CostingError as error:
        where = f"case {shown(name)}" if name is not None else case.path
        field = f"{where}, {error.field}" if error.field else where
        raise CostingError(field, error.problem, error.remedy) from None
    return {"id": name, **values}


def answer_one(question: Field) -> Values:
    question.know("id", "family", "title", "input", "expected")
    family = Field(question.entries().get("family"), None, "family")
    if family.value is None:
        raise family.error("is missing", f"write one of {', '.join(FAMILIES)}")
    if family.text() not in FAMILIES:
        raise family.error(f"{shown(family.value)} is unknown", f"write one of {', '.join(FAMILIES)}")
    given = Field(question.entries().get("input"), None, "input")
    return FAMILIES[family.text()](given.entries())


def programme_values(data: Mapping[str, object]) -> Values:
    cost: ProgrammeCost = compare(read_programme(data))
    return {
        "quotes": [quote_values(quote) for quote in cost.quotes],
        "winners": dict(cost.winners),
        "regret": {
            name: {scenario: optional(amount) for scenario, amount in row.items()}
            for name, row in cost.regret.items()
        },
    }


def quote_values(quote: QuoteCost) -> Values:
    values: Values = {
        "name": quote.name,
        "headline": optional(quote.headline),
        "scenarios": [scenario_values(scenario) for scenario in quote.scenarios],
    }
    if quote.expected_npv is not None:
        values["expected_npv"] = number(quote.expected_npv)
    return values


def scenario_values(scenario: ScenarioCost) -> Values:
    return {
        "name": scenario.name,
        "cash": [number(amount) for amount in scenario.cash],
        "plugged_cash": [number(amount) for amount in scenario.plugged_cash],
        "nominal": number(scenario.nominal),
        "npv": number(scenario.npv),
        "plugged_share": number(scenario.plugged_share),
        "gaps": list(scenario.gaps),
        "unpriced": list(scenario.unpriced),
        "excluded": list(scenario.excluded),
        "comparable": scenario.comparable,
        **{name: optional(amount) for name, amount in scenario.unit_costs.items()},
    }


def lease_values(data: Mapping[str, object]) -> Values:
    result = lease_or_buy(read_lease(data))
    return {
        "after_tax_debt_rate": number(result.after_tax_debt_rate),
        "nal": number(result.nal),
        "advice": result.advice,
    }


def make_or_buy_values(data: Mapping[str, object]) -> Values:
    result = make_or_buy(read_make_or_buy(data))
    return {
        "npv_cost_make": number(result.npv_cost_make),
        "npv_cost_buy": number(result.npv_cost_buy),
        "advice": result.advice,
        "annualised_capex": number(result.annualised_capex),
        "break_even_batches_per_year": optional(result.break_even_batches_per_year),
    }


FAMILIES: dict[str, Callable[[Mapping[str, object]], Values]] = {
    "programme": programme_values,
    "lease_or_buy": lease_values,
    "make_or_buy": make_or_buy_values,
}


def number(amount: Decimal) -> float:
    """An amount as a JSON number of 17 digits."""
    value = float(amount)
    if not math.isfinite(value):
        raise CostingError(
            "", "a result is too large to write down", "check rates and prices for misplaced digits"
        )
    return value


def optional(amount: Decimal | None) -> float | None:
    return None if amount is None else number(amount)
