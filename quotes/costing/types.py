"""Plain data of the costing engine: what comes in (a programme) and what goes out (its normalised costs).

Amounts are `Decimal`. A tuple of amounts always has one per period (year t = 0 … T-1). Amounts of a quote are
in its currency, everything else and every result in the programme's base currency. Rates and shares are
fractions (0.04 for 4 %). Unknown is `None`, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

PerYear: TypeAlias = tuple[Decimal, ...]


class State(StrEnum):
    """What a bidder says about a line of the scope."""

    QUOTED = "quoted"
    INCLUDED = "included"  # in the price of another line: costs nothing extra
    EXCLUDED = "excluded"  # the sponsor does it, at the sponsor's cost
    NOT_QUOTED = "not_quoted"  # a gap


class Source(StrEnum):
    """Where the amount for one code of the scope comes from."""

    QUOTED = "quoted"
    INCLUDED = "included"
    SPONSOR = "sponsor"
    MEDIAN = "median"  # of the other quotes
    BENCHMARK = "benchmark"
    UNPRICED = "unpriced"  # a gap that nothing fills


# -- what comes in ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FixedQuantity:
    """Quantities typed into the line, one per period."""

    per_period: PerYear


@dataclass(frozen=True, slots=True)
class DrivenQuantity:
    """Quantities of the scenario: the sum of the named drivers."""

    drivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShareOf:
    """A share of what another code of the same quote costs in base currency."""

    code: str
    share: Decimal


Quantity: TypeAlias = FixedQuantity | DrivenQuantity | ShareOf


@dataclass(frozen=True, slots=True)
class Tier:
    """From this billed quantity of a period on, every unit of the period costs `unit_price`."""

    from_quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class TakeOrPay:
    """At least `share` of the committed quantity is billed."""

    committed: PerYear
    share: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One quoted line. A flat price is one tier from 0; a `ShareOf` line has no tiers.

    `discount` is a lump sum in the line's currency, credited against the line's first amounts until it is used up.
    """

    code: str
    quantity: Quantity
    tiers: tuple[Tier, ...]
    take_or_pay: TakeOrPay | None
    markup: Decimal
    escalation: Decimal
    currency: str
    discount: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """One bidder's quote.

    `states` says what the bidder said about each code; `lines` holds the quoted lines by code, in an order in
    which a share comes after what it is a share of. `headline` is the vendor's own total.
    """

    name: str
    currency: str
    headline: Decimal | None
    cancellation: Mapping[str, Decimal]
    states: Mapping[str, State]
    lines: Mapping[str, tuple[Line, ...]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One future: the quantities needed and the quantities cancelled, by driver."""

    name: str
    probability: Decimal | None
    drivers: Mapping[str, PerYear]
    cancelled: Mapping[str, PerYear]


@dataclass(frozen=True, slots=True)
class Yield:
    """What a batch gives. Grams and doses are stated only when their inputs are known."""

    batch_driver: str
    p_success: Decimal
    grams_per_batch: Decimal | None
    dose_mg: Decimal | None
    fill_loss: Decimal


@dataclass(frozen=True, slots=True)
class Programme:
    """Everything a comparison needs. `fx` gives base-currency units for one unit of a currency."""

    base_currency: str
    fx: Mapping[str, Decimal]
    discount_rate: Decimal
    mid_year: bool
    periods: int
    scope: tuple[str, ...]
    yields: Yield | None
    benchmarks: Mapping[str, PerYear]
    sponsor_costs: Mapping[str, PerYear]
    scenarios: tuple[Scenario, ...]
    quotes: tuple[Quote, ...]


# -- what goes out ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CodeCost:
    """What one code of the scope costs: `cash` with plugs, and the part of it that is a plug."""

    code: str
    source: Source
    cash: PerYear
    plugged_cash: PerYear


@dataclass(frozen=True, slots=True)
class ScenarioCost:
    """The normalised cost of one quote in one scenario, with the codes it is made of.

    `unit_costs` holds per_released_batch, per_gram, per_dose as far as the yield is known; None when no batch
    is made. `sponsor_unpriced` are excluded codes for which no sponsor cost was given (counted as nothing).
    """

    name: str
    cash: PerYear
    plugged_cash: PerYear
    nominal: Decimal
    npv: Decimal
    plugged_share: Decimal
    gaps: tuple[str, ...]
    unpriced: tuple[str, ...]
    excluded: tuple[str, ...]
    sponsor_unpriced: tuple[str, ...]
    comparable: bool
    unit_costs: Mapping[str, Decimal | None]
    codes: tuple[CodeCost, ...]


@dataclass(frozen=True, slots=True)
class QuoteCost:
    """One quote in every scenario. `out_of_scope` are quoted codes the programme does not need: not counted."""

    name: str
    headline: Decimal | None
    scenarios: tuple[ScenarioCost, ...]
    expected_npv: Decimal | None
    out_of_scope: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProgrammeCost:
    """The comparison. `winners` by scenario; `regret` by quote, then scenario; None where there is none."""

    quotes: tuple[QuoteCost, ...]
    winners: Mapping[str, str | None]
    regret: Mapping[str, Mapping[str, Decimal | None]]
