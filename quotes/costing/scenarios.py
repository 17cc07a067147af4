"""One quote in one scenario, and what the scenarios say together: expectation, winners, regret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from .escalation import present_value
from .gaps import Plug, shares_of_plugs
from .lines import Cash, added_up
from .precision import ZERO, calculated_precisely, stated, stated_all, total
from .types import (
    CodeCost,
    PerYear,
    Programme,
    Quote,
    QuoteCost,
    Scenario,
    ScenarioCost,
    Source,
    State,
)
from .units import unit_costs

MOST_PLUGGED = Decimal("0.25")


def scenario_cost(
    programme: Programme,
    quote: Quote,
    scenario: Scenario,
    *,
    quoted: Cash,
    plugs: Mapping[str, Plug],
    discounts: PerYear,
) -> ScenarioCost:
    """The quote's normalised cost: quoted cash, plugs for its gaps and the sponsor's cost of what it excludes."""
    codes = code_costs(programme, quote, quoted, plugs)
    nothing = (ZERO,) * programme.periods
    cash = added_up([nothing, *(code.cash for code in codes)])
    plugged_cash = added_up([nothing, *(code.plugged_cash for code in codes)])
    npv = present_value(cash, discounts)
    plugged_share = stated(present_value(plugged_cash, discounts) / npv) if npv else ZERO
    excluded = tuple(code.code for code in codes if code.source is Source.SPONSOR)
    unpriced = tuple(code.code for code in codes if code.source is Source.UNPRICED)
    gap_sources = (Source.MEDIAN, Source.BENCHMARK, Source.UNPRICED)
    return ScenarioCost(
        name=scenario.name,
        cash=stated_all(cash),
        plugged_cash=stated_all(plugged_cash),
        nominal=stated(total(cash)),
        npv=stated(npv),
        plugged_share=plugged_share,
        gaps=tuple(code.code for code in codes if code.source in gap_sources),
        unpriced=unpriced,
        excluded=excluded,
        sponsor_unpriced=tuple(code for code in excluded if code not in programme.sponsor_costs),
        comparable=plugged_share <= MOST_PLUGGED and not unpriced,
        unit_costs=unit_costs(npv, programme.yields, scenario) if programme.yields else {},
        codes=codes,
    )


def code_costs(
    programme: Programme, quote: Quote, quoted: Cash, plugs: Mapping[str, Plug]
) -> tuple[CodeCost, ...]:
    """Each code of the scope, in the scope's order; other codes of the quote are not needed and not counted."""
    nothing = (ZERO,) * programme.periods
    states = {code: quote.states.get(code, State.NOT_QUOTED) for code in programme.scope}
    own_plugs = {code: plugs[code].cash for code, state in states.items() if state is State.NOT_QUOTED}
    shares = shares_of_plugs(quote, own_plugs)

    def cost(code: str, state: State) -> CodeCost:
        if state is State.NOT_QUOTED:
            return CodeCost(code, plugs[code].source, plugs[code].cash, plugs[code].cash)
        if state is State.EXCLUDED:
            return CodeCost(code, Source.SPONSOR, programme.sponsor_costs.get(code, nothing), nothing)
        if state is State.INCLUDED:
            return CodeCost(code, Source.INCLUDED, nothing, nothing)
        if code in shares:
            return CodeCost(code, Source.QUOTED, added_up([quoted[code], shares[code]]), shares[code])
        return CodeCost(code, Source.QUOTED, quoted[code], nothing)

    return tuple(cost(code, state) for code, state in states.items())


def expected_npv(programme: Programme, costs: Sequence[ScenarioCost]) -> Decimal | None:
    """The scenarios' NPV weighed by probability; None unless every scenario has one."""
    weights = [scenario.probability for scenario in programme.scenarios]
    weighed = [cost.npv * weight for cost, weight in zip(costs, weights, strict=True) if weight is not None]
    return stated(total(weighed)) if len(weighed) == len(weights) else None


def winner(quotes: Sequence[QuoteCost], index: int) -> QuoteCost | None:
    """The comparable quote of lowest NPV in one scenario; of equal ones the first by name."""
    comparable = [quote for quote in quotes if quote.scenarios[index].comparable]
    return min(comparable, key=lambda quote: (quote.scenarios[index].npv, quote.name), default=None)


def regret(quote: QuoteCost, best: QuoteCost | None, index: int) -> Decimal | None:
    """What choosing this quote costs more than the winner in one scenario; None when it is not comparable."""
    own = quote.scenarios[index]
    if best is None or not own.comparable:
        return None
    return own.npv - best.scenarios[index].npv


@calculated_precisely
def success_adjusted_npv(
    cash: Sequence[Decimal],
    reached: Sequence[Decimal],
    *,
    discounts: Sequence[Decimal],
    expected_cancellation: Sequence[Decimal] = (),
) -> Decimal:
    """Σ P(reach t) · cash_t · discount_t + Σ expected cancellation_t · discount_t (domain rule "success-adjusted")."""
    likely = [amount * probability for amount, probability in zip(cash, reached, strict=True)]
    cancellation = present_value(expected_cancellation, discounts) if expected_cancellation else ZERO
    return stated(present_value(likely, discounts) + cancellation)


@calculated_precisely
def delay_cost(*, months_late: Decimal, month_value: Decimal) -> Decimal:
    """What coming late costs: months after the date of need × the project's value of a month; early is no gain."""
    return stated(max(months_late, ZERO) * month_value)
