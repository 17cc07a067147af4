"""Reads and checks the input of the `programme` family: scope, rates, scenarios and yield."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from .errors import CostingError, shown
from .fields import Field
from .precision import ONE, ZERO, calculated_precisely, total
from .quote_input import read_quote
from .types import PerYear, Programme, Scenario, Yield

LONGEST = 1000  # periods; a thousand years is a slip of the keyboard
PROBABILITY_TOLERANCE = Decimal("1e-9")  # thirds written with ten digits still add up


@calculated_precisely
def read_programme(data: Mapping[str, object]) -> Programme:
    """The programme in `data`, completely checked: whatever this returns can be costed.

    Raises CostingError naming the first field that is wrong.
    """
    source = Field(data)
    source.know(
        "base_currency", "fx", "discount_rate", "mid_year", "periods", "scope", "yield",
        "benchmarks", "sponsor_costs", "scenarios", "quotes",
    )  # fmt: skip
    base_currency = source.need("base_currency").text()
    fx = read_rates(source, base_currency)
    discount_rate = source.need("discount_rate").number(above=-1)
    mid_year = source.optional("mid_year")
    periods = source.need("periods").whole(least=1, most=LONGEST)
    scope = read_scope(source.need("scope"))
    scenarios = read_scenarios(source.need("scenarios"), periods)
    yields = source.optional("yield")
    quote_fields = source.need("quotes").items(at_least=1)
    quotes = tuple(
        read_quote(field, periods=periods, fx=fx, scope=frozenset(scope), scenarios=scenarios)
        for field in quote_fields
    )
    refuse_repeated("quotes", "quote", (quote.name for quote in quotes))
    return Programme(
        base_currency=base_currency,
        fx=fx,
        discount_rate=discount_rate,
        mid_year=mid_year.flag() if mid_year else False,
        periods=periods,
        scope=scope,
        yields=read_yield(yields, scenarios) if yields else None,
        benchmarks=read_cash_by_code(source, "benchmarks", periods),
        sponsor_costs=read_cash_by_code(source, "sponsor_costs", periods),
        scenarios=scenarios,
        quotes=quotes,
    )


def read_rates(source: Field, base_currency: str) -> dict[str, Decimal]:
    """Base-currency units for one unit of each currency, the base itself included."""
    rates = {currency: field.number(above=0) for currency, field in source.named("fx")}
    if rates.get(base_currency, ONE) != ONE:
        raise CostingError(
            f"fx.{base_currency}",
            f"one {shown(base_currency)} cannot be {rates[base_currency]} of itself",
            "leave the base currency out of fx, or give it as 1",
        )
    return {**rates, base_currency: ONE}


def read_scope(field: Field) -> tuple[str, ...]:
    scope = tuple(item.text() for item in field.items(at_least=1))
    refuse_repeated("scope", "code", scope)
    return scope


def read_cash_by_code(source: Field, key: str, periods: int) -> dict[str, PerYear]:
    """Amounts in base currency, one per period, by code."""
    return {code: field.numbers(periods) for code, field in source.named(key)}


def read_scenarios(field: Field, periods: int) -> tuple[Scenario, ...]:
    scenarios = tuple(read_scenario(item, periods) for item in field.items(at_least=1))
    refuse_repeated("scenarios", "scenario", (scenario.name for scenario in scenarios))
    probabilities = [scenario.probability for scenario in scenarios if scenario.probability is not None]
    if len(probabilities) == len(scenarios) and abs(total(probabilities) - ONE) > PROBABILITY_TOLERANCE:
        raise CostingError(
            "scenarios",
            f"the probabilities add up to {total(probabilities)}",
            "make them add up to 1, or leave them all out",
        )
    return scenarios


def read_scenario(field: Field, periods: int) -> Scenario:
    field.know("name", "probability", "drivers", "cancelled")
    probability = field.optional("probability")
    drivers = {name: values.numbers(periods) for name, values in field.named("drivers")}
    cancelled = {}
    for name, values in field.named("cancelled"):
        if name not in drivers:
            raise values.error("is not a driver of this scenario", f"name one of {listed(drivers)}")
        cancelled[name] = values.numbers(periods)
    return Scenario(
        name=field.need("name").text(),
        probability=probability.number(least=0, most=1) if probability else None,
        drivers=drivers,
        cancelled=cancelled,
    )


def read_yield(field: Field, scenarios: Iterable[Scenario]) -> Yield:
    field.know("batch_driver", "p_success", "grams_per_batch", "dose_mg", "fill_loss")
    driver = field.need("batch_driver")
    for scenario in scenarios:
        if driver.text() not in scenario.drivers:
            raise driver.error(
                f"{shown(driver.value)} is not a driver of scenario {shown(scenario.name)}",
                f"name one of {listed(scenario.drivers)}",
            )
    grams, dose, loss = (field.optional(key) for key in ("grams_per_batch", "dose_mg", "fill_loss"))
    if dose and not grams:
        raise dose.error("cannot be used without grams_per_batch", "give both, or leave dose_mg out")
    return Yield(
        batch_driver=driver.text(),
        p_success=field.need("p_success").number(least=0, most=1),
        grams_per_batch=grams.number(above=0) if grams else None,
        dose_mg=dose.number(above=0) if dose else None,
        fill_loss=loss.number(least=0, below=1) if loss else ZERO,
    )


def refuse_repeated(path: str, noun: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise CostingError(
                path, f"the {noun} {shown(name)} is there twice", f"give every {noun} its own name"
            )
        seen.add(name)


def listed(names: Iterable[str]) -> str:
    """Names to choose from, in a message."""
    return ", ".join(shown(name) for name in sorted(names)[:8]) or "none: the scenario has no drivers"
