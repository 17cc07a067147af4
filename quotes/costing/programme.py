"""The `programme` family: quotes that cannot be compared become one programme cost each."""

from __future__ import annotations

from decimal import Decimal

from .currency import converted
from .escalation import discount_factors
from .gaps import plugs
from .lines import priced, quoted_cash
from .precision import calculated_precisely, stated
from .scenarios import expected_npv, regret, scenario_cost, winner
from .types import Programme, ProgrammeCost, Quote, QuoteCost, ScenarioCost


@calculated_precisely
def compare(programme: Programme) -> ProgrammeCost:
    """Every quote in every scenario, the winner of each scenario and the regret of each choice."""
    discounts = discount_factors(programme.discount_rate, programme.periods, mid_year=programme.mid_year)
    priced_quotes = [priced(quote, programme) for quote in programme.quotes]
    by_quote: dict[str, list[ScenarioCost]] = {quote.name: [] for quote in programme.quotes}
    for scenario in programme.scenarios:
        quoted = [(item.quote, quoted_cash(item, scenario, programme.periods)) for item in priced_quotes]
        fillers = plugs(programme, quoted)
        for quote, cash in quoted:
            cost = scenario_cost(programme, quote, scenario, quoted=cash, plugs=fillers, discounts=discounts)
            by_quote[quote.name].append(cost)
    costs = tuple(quote_cost(programme, quote, by_quote[quote.name]) for quote in programme.quotes)
    names = [scenario.name for scenario in programme.scenarios]
    best = [winner(costs, index) for index in range(len(names))]
    return ProgrammeCost(
        quotes=costs,
        winners={name: won.name if won else None for name, won in zip(names, best, strict=True)},
        regret={
            quote.name: {name: regret(quote, best[index], index) for index, name in enumerate(names)}
            for quote in costs
        },
    )


def quote_cost(programme: Programme, quote: Quote, scenarios: list[ScenarioCost]) -> QuoteCost:
    return QuoteCost(
        name=quote.name,
        headline=headline(programme, quote),
        scenarios=tuple(scenarios),
        expected_npv=expected_npv(programme, scenarios),
        out_of_scope=tuple(sorted(set(quote.lines) - set(programme.scope))),
    )


def headline(programme: Programme, quote: Quote) -> Decimal | None:
    """The vendor's own total in base currency: converted, nothing added; None when the vendor gave none."""
    return None if quote.headline is None else stated(converted(quote.headline, quote.currency, programme.fx))
