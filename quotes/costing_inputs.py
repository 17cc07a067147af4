"""The only bridge from rows of RFQs and quotes to the costing engine's programme. No queries: rows come loaded.

Vendor lines are multiplied by the sponsor's quantities. How a pricing model becomes lines of the engine:

* unit, tiers, take-or-pay: price or tiers × the line's quantity; take-or-pay with the commitment the bidder asks for
* fixed: the price × typed quantities; on a line that follows a driver, once, in the first year with base demand
* FTE: people × months (1 when not said) × rate; time and materials: hours × rate, at most the cap
* cost-plus: (materials + labour + overhead) × (1 + mark-up); milestone: price × probability
* a discount in per cent is taken off the price, the tiers or the fixed part before everything else; a lump-sum
  discount is credited against the line's first amounts
* hybrid: the fixed part once and the price × quantity; share: of another line's cash
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from quotes.models import CostScenario, ProjectRates, Quote, QuoteLine, Rfq, ScopeLine
from quotes.quote_sheet import CONDITIONS
from quotes.rfq_enums import Demand, LineState, PricingModel

ZERO = Decimal(0)
Programme = dict[str, Any]


class NotCostable(ValueError):
    """What is missing before quotes can be compared, for people."""


def programme(
    rfq: Rfq,
    lines: Sequence[ScopeLine],
    quotes: Iterable[Quote],
    scenarios: Sequence[CostScenario],
    rates: ProjectRates,
    *,
    escalated: bool = True,
) -> Programme:
    """The engine's input; quotes are named by their primary key. Each quote needs its lines prefetched.

    `escalated` False leaves out all price escalation, for the waterfall. Raises NotCostable.
    """
    if not lines:
        raise NotCostable("The RFQ has no scope yet.")
    if not scenarios:
        raise NotCostable("There is no scenario to compare the quotes in.")
    by_code = {line.code: line for line in lines}
    data: Programme = {
        "base_currency": rates.base,
        "fx": {code: Decimal(rate) for code, rate in rates.rates.items()},
        "discount_rate": rfq.discount_rate,
        "mid_year": rfq.mid_year,
        "periods": rfq.periods,
        "scope": list(by_code),
        "benchmarks": {x.code: numbers(x.benchmark, rfq.periods) for x in lines if x.benchmark},
        "sponsor_costs": {x.code: numbers(x.sponsor_cost, rfq.periods) for x in lines if x.sponsor_cost},
        "scenarios": [scenario_input(rfq, scenario) for scenario in scenarios],
        "quotes": [quote_input(rfq, quote, by_code, escalated=escalated) for quote in quotes],
    }
    if rfq.batch_driver and rfq.p_success and rfq.batch_driver in driver_names(rfq):
        data["yield"] = {
            "batch_driver": rfq.batch_driver,
            "p_success": rfq.p_success,
            "grams_per_batch": rfq.grams_per_batch,
            "dose_mg": rfq.dose_mg if rfq.grams_per_batch else None,
            "fill_loss": rfq.fill_loss,
        }
    return data


def end_scenarios(rfq: Rfq) -> tuple[CostScenario, CostScenario]:
    """A programme that needs nothing, and the same with each year's base demand cancelled: their difference is what
    cancelling in that year costs."""
    nothing = CostScenario(pk=-1, name="ended", rfq=rfq)
    cancelled = {name: [str(n) for n in row] for name, row in demand(rfq, Demand.BASE).items()}
    return nothing, CostScenario(pk=-2, name="cancelled", rfq=rfq, cancelled=cancelled)


def without_commitments(data: Programme) -> Programme | None:
    """The same programme with nothing committed; None when no quote commits to anything."""
    if not any("take_or_pay" in line for quote in data["quotes"] for line in quote["lines"]):
        return None
    quotes = [
        {
            **quote,
            "lines": [{k: v for k, v in line.items() if k != "take_or_pay"} for line in quote["lines"]],
        }
        for quote in data["quotes"]
    ]
    return {**data, "quotes": quotes}


# -- demand ---------------------------------------------------------------------------------------


def driver_names(rfq: Rfq) -> list[str]:
    return [driver["name"] for driver in rfq.drivers]


def numbers(texts: Sequence[str] | None, periods: int) -> list[Decimal]:
    """One number per period; missing ones at the end are zero."""
    found = [Decimal(text) for text in (texts or [])[:periods]]
    return found + [ZERO] * (periods - len(found))


def demand(rfq: Rfq, kind: str) -> dict[str, list[Decimal]]:
    """Quantities per driver and period as the RFQ states them for low, base or high."""
    return {driver["name"]: numbers(driver.get(kind), rfq.periods) for driver in rfq.drivers}


def scenario_quantities(rfq: Rfq, scenario: CostScenario) -> tuple[dict, dict]:
    """(needed, cancelled) quantities per driver and period.

    Stopped half way: nothing from that year on, and that year's base quantity is cancelled. Delayed: drivers counted
    in months run on for the delay in the last year.
    """
    if scenario.follows in (Demand.LOW, Demand.BASE, Demand.HIGH):
        return demand(rfq, scenario.follows), {}
    base = demand(rfq, Demand.BASE)
    if scenario.follows == Demand.STOP:
        stop = max(1, rfq.periods // 2)
        if stop >= rfq.periods:
            return base, {}
        needed = {name: [*row[:stop], *[ZERO] * (rfq.periods - stop)] for name, row in base.items()}
        cancelled = {
            name: [row[t] if t == stop else ZERO for t in range(rfq.periods)] for name, row in base.items()
        }
        return needed, cancelled
    if scenario.follows == Demand.DELAY:
        for driver in rfq.drivers:
            if driver.get("unit") == "months":
                base[driver["name"]][-1] += scenario.delay_months
        return base, {}
    needed = {name: numbers(scenario.drivers.get(name), rfq.periods) for name in base}
    cancelled = {
        name: numbers(row, rfq.periods) for name, row in scenario.cancelled.items() if name in base and row
    }
    return needed, cancelled


def scenario_input(rfq: Rfq, scenario: CostScenario) -> dict[str, Any]:
    needed, cancelled = scenario_quantities(rfq, scenario)
    return {
        "name": str(scenario.pk),
        "probability": scenario.probability,
        "drivers": needed,
        "cancelled": cancelled,
    }


# -- quotes ---------------------------------------------------------------------------------------


def quote_input(
    rfq: Rfq, quote: Quote, scope: Mapping[str, ScopeLine], *, escalated: bool = True
) -> dict[str, Any]:
    lines: list[dict[str, Any]] = []
    cancellation: dict[str, Decimal] = {}
    lines += [{"code": code, "state": LineState.INCLUDED.value} for code in CONDITIONS if code in scope]
    for line in quote.lines.all():
        asked = scope.get(line.code)
        if asked is None or line.code in CONDITIONS:  # no longer in the scope, or nothing to pay for
            continue
        lines += engine_lines(rfq, asked, line, escalated=escalated)
        if fee := line.values.get("cancellation"):
            cancellation[line.code] = Decimal(fee)
    return {
        "name": str(quote.pk),
        "currency": quote.currency,
        "headline": quote.headline,
        "escalation": (quote.escalation or ZERO) if escalated else ZERO,
        "cancellation": cancellation,
        "lines": lines,
    }


def engine_lines(
    rfq: Rfq, asked: ScopeLine, line: QuoteLine, *, escalated: bool = True
) -> list[dict[str, Any]]:
    """A quoted line as one or two lines of the engine."""
    if line.state != LineState.QUOTED:
        return [{"code": line.code, "state": line.state}]
    values = line.values
    common: dict[str, Any] = {"code": line.code, "state": "quoted"}
    if values.get("markup"):
        common["markup"] = Decimal(values["markup"])
    if values.get("currency"):
        common["currency"] = values["currency"]
    if line.model == PricingModel.SHARE:
        quantity = {"share_of": values["share_code"], "share": Decimal(values["share"])}
        return [{key: v for key, v in {**common, "quantity": quantity}.items() if key != "currency"}]
    if escalated and values.get("escalation"):
        common["escalation"] = Decimal(values["escalation"])
    if values.get("lump_discount"):
        common["discount"] = Decimal(values["lump_discount"])
    quantity = needed_quantity(rfq, asked)
    net = 1 - Decimal(values.get("discount") or 0)
    if line.model == PricingModel.FIXED:
        return [{**common, "quantity": once(rfq, asked), "unit_price": net * Decimal(values["price"])}]
    if line.model == PricingModel.HYBRID:
        return [
            {**common, "quantity": once(rfq, asked), "unit_price": net * Decimal(values["fixed"])},
            {**common, "quantity": quantity, "unit_price": net * Decimal(values["price"])},
        ]
    if line.model == PricingModel.TAKE_OR_PAY:
        common["take_or_pay"] = {
            "committed": numbers(values["committed"], rfq.periods),
            "share": Decimal(values["committed_share"]),
        }
    if values.get("tiers"):
        tiers = [
            {"from": Decimal(start), "unit_price": net * Decimal(price)} for start, price in values["tiers"]
        ]
        return [{**common, "quantity": quantity, "tiers": tiers}]
    return [{**common, "quantity": quantity, "unit_price": net * unit_price(line)}]


def needed_quantity(rfq: Rfq, asked: ScopeLine) -> dict[str, Any]:
    if asked.driver:
        return {"driver": asked.driver}
    return {"per_period": numbers(asked.quantities, rfq.periods)}


def once(rfq: Rfq, asked: ScopeLine) -> dict[str, Any]:
    """Typed quantities as they are; for a driver, one in the first year with base demand."""
    if not asked.driver:
        return needed_quantity(rfq, asked)
    row = demand(rfq, Demand.BASE).get(asked.driver, [])
    first = next((t for t, quantity in enumerate(row) if quantity), 0)
    return {"per_period": [Decimal(t == first) for t in range(rfq.periods)]}


def unit_price(line: QuoteLine) -> Decimal:
    """The price of one unit of the line's quantity, before mark-up and escalation."""
    value = {name: Decimal(line.values[name]) for name in AMOUNTS if line.values.get(name)}
    if line.model == PricingModel.FTE:
        return value["ftes"] * value.get("months", Decimal(1)) * value["price"]
    if line.model == PricingModel.TIME:
        amount = value["hours"] * value["price"]
        return min(amount, value["cap"]) if "cap" in value else amount
    if line.model == PricingModel.COST_PLUS:
        return sum((value.get(name, ZERO) for name in ("materials", "labour", "overhead")), ZERO)
    if line.model == PricingModel.MILESTONE:
        return value["price"] * value["probability"]
    return value["price"]


AMOUNTS = ("price", "ftes", "months", "hours", "cap", "materials", "labour", "overhead", "probability")
