"""The `make_or_buy` family: an own plant against a contract manufacturer, success-adjusted. Costs are positive.

make = Σ capex_t/(1+r)^t + Σ P_t(F_t + v·n_t)(1-T)/(1+r)^t - T·Σ P_t·depreciation_t/(1+r)^t
       - P_last·residual/(1+r)^last
buy  = Σ P_t·cost_t(1-T)/(1+r)^t + Σ expected_cancellation_t/(1+r)^t
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .escalation import discount_factors, present_value
from .fields import Field, optional_number
from .precision import ONE, ZERO, calculated_precisely, stated, total
from .types import PerYear

LONGEST = 1000  # years


@dataclass(frozen=True, slots=True)
class Plant:
    """Making: `capex_total` and `life_years` give the annualised capex, the rest the programme's cost."""

    capex: PerYear
    capex_total: Decimal
    life_years: Decimal
    fixed: PerYear
    fixed_per_year: Decimal
    variable_per_batch: Decimal
    depreciation: PerYear
    residual: Decimal


@dataclass(frozen=True, slots=True)
class Contract:
    """Buying: the normalised cost stream of the contract manufacturer and its price of one more batch."""

    cost: PerYear
    price_per_batch: Decimal
    expected_cancellation: PerYear


@dataclass(frozen=True, slots=True)
class MakeOrBuy:
    """Both ways over the same years; `probability` is the chance that a year is reached."""

    discount_rate: Decimal
    tax_rate: Decimal
    batches: PerYear
    probability: PerYear
    make: Plant
    buy: Contract


@dataclass(frozen=True, slots=True)
class MakeOrBuyAdvice:
    """Expected costs; break-even is None when a batch of the contract manufacturer is not dearer than an own one."""

    npv_cost_make: Decimal
    npv_cost_buy: Decimal
    advice: str
    annualised_capex: Decimal
    break_even_batches_per_year: Decimal | None


@calculated_precisely
def read_make_or_buy(data: Mapping[str, object]) -> MakeOrBuy:
    """The question in `data`, checked. `batches` says how many years there are."""
    source = Field(data)
    source.know("discount_rate", "tax_rate", "batches", "probability", "make", "buy")
    batches = source.need("batches")
    count = len(batches.items(at_least=1))
    if count > LONGEST:
        raise batches.error(f"has {count} values", f"give at most {LONGEST}, one for each year")
    return MakeOrBuy(
        discount_rate=source.need("discount_rate").number(above=-1),
        tax_rate=source.need("tax_rate").number(least=0, most=1),
        batches=batches.numbers(count),
        probability=source.need("probability").numbers(count, most=1),
        make=read_plant(source.need("make"), count),
        buy=read_contract(source.need("buy"), count),
    )


def read_plant(field: Field, count: int) -> Plant:
    field.know(
        "capex", "capex_total", "life_years", "fixed", "fixed_per_year", "variable_per_batch",
        "depreciation", "residual",
    )  # fmt: skip
    capex = field.need("capex").numbers(count)
    life = field.need("life_years")
    if life.number(above=0) > LONGEST:
        raise life.error(f"{life.value} is too long", f"give at most {LONGEST} years")
    return Plant(
        capex=capex,
        capex_total=optional_number(field, "capex_total", total(capex)),
        life_years=life.number(above=0),
        fixed=field.need("fixed").numbers(count),
        fixed_per_year=field.need("fixed_per_year").number(least=0),
        variable_per_batch=field.need("variable_per_batch").number(least=0),
        depreciation=numbers_or_nothing(field, "depreciation", count),
        residual=optional_number(field, "residual", ZERO),
    )


def read_contract(field: Field, count: int) -> Contract:
    field.know("cost", "price_per_batch", "expected_cancellation")
    return Contract(
        cost=field.need("cost").numbers(count),
        price_per_batch=field.need("price_per_batch").number(least=0),
        expected_cancellation=numbers_or_nothing(field, "expected_cancellation", count),
    )


def numbers_or_nothing(parent: Field, key: str, count: int) -> PerYear:
    """One amount per year, all zero when not given."""
    field = parent.optional(key)
    return field.numbers(count) if field else (ZERO,) * count


@calculated_precisely
def make_or_buy(question: MakeOrBuy) -> MakeOrBuyAdvice:
    """The expected cost of both ways, the cheaper one, and the batches a year from which making pays."""
    make, buy = stated(cost_of_making(question)), stated(cost_of_buying(question))
    yearly = annualised(question.make.capex_total, question.discount_rate, question.make.life_years)
    return MakeOrBuyAdvice(
        npv_cost_make=make,
        npv_cost_buy=buy,
        advice="make" if make < buy else "buy",
        annualised_capex=stated(yearly),
        break_even_batches_per_year=break_even(yearly, question),
    )


def cost_of_making(question: MakeOrBuy) -> Decimal:
    plant, tax = question.make, question.tax_rate
    factors = discount_factors(question.discount_rate, len(question.batches))
    likely = tuple(p * factor for p, factor in zip(question.probability, factors, strict=True))
    running = [
        fixed + plant.variable_per_batch * batches
        for fixed, batches in zip(plant.fixed, question.batches, strict=True)
    ]
    return (
        present_value(plant.capex, factors)
        + present_value(running, likely) * (ONE - tax)
        - present_value(plant.depreciation, likely) * tax
        - plant.residual * likely[-1]
    )


def cost_of_buying(question: MakeOrBuy) -> Decimal:
    factors = discount_factors(question.discount_rate, len(question.batches))
    likely = tuple(p * factor for p, factor in zip(question.probability, factors, strict=True))
    return present_value(question.buy.cost, likely) * (ONE - question.tax_rate) + present_value(
        question.buy.expected_cancellation, factors
    )


def annualised(capex: Decimal, rate: Decimal, years: Decimal) -> Decimal:
    """K·r / (1 - (1+r)^-L), the yearly instalment that pays capex K back over L years; K/L when r is 0."""
    if not rate:
        return capex / years
    return capex * rate / (ONE - (ONE + rate) ** -years)


def break_even(yearly: Decimal, question: MakeOrBuy) -> Decimal | None:
    """(annualised capex + fixed per year) / (price per batch - variable per batch)."""
    saved = question.buy.price_per_batch - question.make.variable_per_batch
    return stated((yearly + question.make.fixed_per_year) / saved) if saved > 0 else None
