"""What the quoted lines of one quote cost in base currency, code by code and period by period.

amount × (1 + markup) × (1 + escalation)^t × fx; cancelled quantities cost their share of the price, escalated and
converted the same way but without markup, since nothing is bought and passed on for them. A lump-sum discount is
credited against what the line costs, from the first period on, until it is used up; it never makes money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from .currency import converted
from .escalation import growth
from .precision import ONE, ZERO, total
from .quantities import billed_quantities, cancelled_quantities, price_at
from .types import Line, PerYear, Programme, Quote, Scenario, ShareOf

Cash = dict[str, PerYear]


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with what does not depend on the scenario: base-currency units for one unit of its money."""

    line: Line
    on_billed: PerYear  # with markup
    on_cancelled: PerYear
    discount: Decimal  # in base currency


@dataclass(frozen=True, slots=True)
class PricedQuote:
    """A quote's lines by code, each share after the code it is a share of."""

    quote: Quote
    lines: Mapping[str, tuple[PricedLine, ...]]


def priced(quote: Quote, programme: Programme) -> PricedQuote:
    """The quote with escalation, markup and exchange rate worked out once for all scenarios."""
    escalations = {line.escalation for lines in quote.lines.values() for line in lines}
    grown = {rate: growth(rate, programme.periods) for rate in escalations}

    def priced_line(line: Line) -> PricedLine:
        on_cancelled = tuple(
            converted(factor, line.currency, programme.fx) for factor in grown[line.escalation]
        )
        on_billed = tuple(factor * (ONE + line.markup) for factor in on_cancelled)
        discount = converted(line.discount, line.currency, programme.fx)
        return PricedLine(line, on_billed, on_cancelled, discount)

    return PricedQuote(
        quote, {code: tuple(priced_line(line) for line in lines) for code, lines in quote.lines.items()}
    )


def quoted_cash(quote: PricedQuote, scenario: Scenario, periods: int) -> Cash:
    """Base-currency cash of every quoted code. A share of a code that is not quoted is nothing here;
    `gaps.shares_of_plugs` adds its part of the plug."""
    nothing = (ZERO,) * periods
    cash: Cash = {}
    for code, lines in quote.lines.items():
        fee = quote.quote.cancellation.get(code, ZERO)
        cash[code] = added_up(
            share_cash(item.line, cash.get(item.line.quantity.code, nothing))
            if isinstance(item.line.quantity, ShareOf)
            else line_cash(item, scenario, fee)
            for item in lines
        )
    return cash


def line_cash(item: PricedLine, scenario: Scenario, fee: Decimal) -> PerYear:
    """Cash of a line with quantities of its own; `fee` is the share of the price due for what is cancelled."""
    billed = billed_quantities(item.line, scenario)
    prices = [price_at(item.line.tiers, quantity) for quantity in billed]
    amounts = tuple(
        quantity * price * factor
        for quantity, price, factor in zip(billed, prices, item.on_billed, strict=True)
    )
    if item.discount:
        amounts = credited(amounts, item.discount)
    cancelled = cancelled_quantities(item.line, scenario) if fee else None
    if cancelled is None:
        return amounts
    fees = tuple(
        fee * price * quantity * factor
        for quantity, price, factor in zip(cancelled, prices, item.on_cancelled, strict=True)
    )
    return added_up([amounts, fees])


def credited(amounts: PerYear, discount: Decimal) -> PerYear:
    """The amounts less a lump sum, period by period until it is used up; what is left over at the end lapses."""
    left, net = discount, []
    for amount in amounts:
        taken = min(left, amount)
        left -= taken
        net.append(amount - taken)
    return tuple(net)


def share_cash(line: Line, base: PerYear) -> PerYear:
    """A share of base-currency cash, which is escalated and converted already, with the line's own markup."""
    if not isinstance(line.quantity, ShareOf):
        raise TypeError("the line is no share of another")
    factor = line.quantity.share * (ONE + line.markup)
    return tuple(factor * amount for amount in base)


def added_up(series: Iterable[Sequence[Decimal]]) -> PerYear:
    """Several series of cash, added period by period."""
    rows = list(series)
    return tuple(rows[0]) if len(rows) == 1 else tuple(total(column) for column in zip(*rows, strict=True))
