"""The `lease_or_buy` family: the net advantage of leasing a piece of equipment.

kd' = debt_rate × (1 - T)
NAL = price - Σ lease_k(1-T)/(1+kd')^k - Σ T·depreciation_k/(1+kd')^k + Σ maintenance_k(1-T)/(1+kd')^k
      - residual(1-T)/(1+residual_rate)^n,   k = 1 … n; payments in advance move the lease alone to k-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from .escalation import discount_factors, present_value
from .fields import Field, optional_number
from .precision import ONE, ZERO, calculated_precisely, settled, stated
from .types import PerYear

LONGEST = 1000  # years


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease against a purchase. Tuples have one amount per year; maintenance is what only an owner pays."""

    price: Decimal
    payments: PerYear
    in_advance: bool
    tax_rate: Decimal
    debt_rate: Decimal
    depreciation: PerYear
    maintenance: PerYear
    residual: Decimal
    residual_rate: Decimal


@dataclass(frozen=True, slots=True)
class LeaseAdvice:
    """`nal` above zero speaks for the lease."""

    after_tax_debt_rate: Decimal
    nal: Decimal
    advice: str


@calculated_precisely
def read_lease(data: Mapping[str, object]) -> Lease:
    """The lease in `data`, checked. Yearly amounts are one number for every year, or a list."""
    source = Field(data)
    source.know(
        "price", "years", "lease_payment", "in_advance", "tax_rate", "debt_rate",
        "depreciation", "maintenance", "residual", "residual_rate",
    )  # fmt: skip
    price = source.need("price").number(least=0)
    years = source.need("years").whole(least=1, most=LONGEST)
    debt_rate = source.need("debt_rate").number(least=0)
    in_advance = source.optional("in_advance")
    depreciation = source.optional("depreciation")
    maintenance = source.optional("maintenance")
    return Lease(
        price=price,
        payments=every_year(source.need("lease_payment"), years),
        in_advance=in_advance.flag() if in_advance else False,
        tax_rate=source.need("tax_rate").number(least=0, most=1),
        debt_rate=debt_rate,
        depreciation=every_year(depreciation, years) if depreciation else (price / years,) * years,
        maintenance=every_year(maintenance, years) if maintenance else (ZERO,) * years,
        residual=optional_number(source, "residual", ZERO),
        residual_rate=optional_number(source, "residual_rate", debt_rate, least=None, above=-1),
    )


def every_year(field: Field, years: int) -> PerYear:
    """One amount for every year, or a list with one for each."""
    if isinstance(field.value, list | tuple):
        return field.numbers(years)
    return (field.number(least=0),) * years


@calculated_precisely
def lease_or_buy(lease: Lease) -> LeaseAdvice:
    """The net advantage of leasing, and what it advises."""
    after_tax = ONE - lease.tax_rate
    rate = lease.debt_rate * after_tax
    years = len(lease.payments)
    factors = discount_factors(rate, years + 1)
    at_year_end = factors[1:]
    at_payment = factors[:-1] if lease.in_advance else at_year_end
    residual_factor = discount_factors(lease.residual_rate, years + 1)[-1]
    terms = (
        lease.price,
        -present_value(lease.payments, at_payment) * after_tax,
        -present_value(lease.depreciation, at_year_end) * lease.tax_rate,
        present_value(lease.maintenance, at_year_end) * after_tax,
        -lease.residual * after_tax * residual_factor,
    )
    nal = settled(sum(terms, ZERO), size=max(abs(term) for term in terms))
    return LeaseAdvice(stated(rate), stated(nal), "lease" if nal > 0 else "buy")
