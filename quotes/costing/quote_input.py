"""Reads and checks one quote of a programme: its lines, their quantities, prices and shares of each other."""

from __future__ import annotations

import graphlib
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal

from .errors import shown
from .fields import Field, optional_number
from .precision import ZERO
from .types import (
    DrivenQuantity,
    FixedQuantity,
    Line,
    Quantity,
    Quote,
    Scenario,
    ShareOf,
    State,
    TakeOrPay,
    Tier,
)

LONGEST_CIRCLE = 8  # codes shown in a message
QUANTITIES = ("per_period", "driver", "drivers", "share_of")


def read_quote(
    field: Field,
    *,
    periods: int,
    fx: Mapping[str, Decimal],
    scope: AbstractSet[str],
    scenarios: Sequence[Scenario],
) -> Quote:
    """One quote; `scope` and `scenarios` tell which codes and drivers its lines may refer to."""
    field.know("name", "currency", "headline", "escalation", "cancellation", "lines")
    name = field.need("name").text()
    currency = read_currency(field.need("currency"), fx)
    headline = field.optional("headline")
    escalation = optional_number(field, "escalation", ZERO, least=None, above=-1)
    states: dict[str, State] = {}
    lines: dict[str, list[tuple[Field, Line]]] = {}
    for item in field.need("lines").items():
        item.know(
            "code",
            "state",
            "quantity",
            "unit_price",
            "tiers",
            "take_or_pay",
            "markup",
            "escalation",
            "currency",
            "discount",
        )
        code = item.need("code").text()
        state = read_state(item)
        if states.setdefault(code, state) is not state:
            raise item.error(
                f"{shown(code)} is {state} here and {states[code]} in a line above",
                "say one thing about each code",
            )
        if state is State.QUOTED:
            line = read_line(
                item, code=code, currency=currency, escalation=escalation, periods=periods, fx=fx
            )
            check_drivers(item, line, scenarios)
            lines.setdefault(code, []).append((item, line))
    return Quote(
        name=name,
        currency=currency,
        headline=headline.number(least=0) if headline else None,
        cancellation={code: share.number(least=0, most=1) for code, share in field.named("cancellation")},
        states=states,
        lines=in_order_of_shares(lines, known=states.keys() | scope),
    )


def read_currency(field: Field, fx: Mapping[str, Decimal]) -> str:
    currency = field.text()
    if currency not in fx:
        raise field.error(
            f"there is no exchange rate for {shown(currency)}",
            "add it to fx as base-currency units for one unit of it",
        )
    return currency


def read_state(line: Field) -> State:
    field = line.optional("state")
    if field is None:
        return State.QUOTED
    try:
        return State(field.text())
    except ValueError:
        raise field.error(
            f"{shown(field.value)} is not a state", f"write one of {', '.join(State)}"
        ) from None


def read_line(
    field: Field, *, code: str, currency: str, escalation: Decimal, periods: int, fx: Mapping[str, Decimal]
) -> Line:
    """A quoted line; currency and escalation are the quote's unless the line has its own."""
    own_currency = field.optional("currency")
    quantity = read_quantity(field.need("quantity"), periods)
    if isinstance(quantity, ShareOf):
        refuse_prices_of_a_share(field)
        tiers: tuple[Tier, ...] = ()
    else:
        tiers = read_prices(field)
    commitment = field.optional("take_or_pay")
    return Line(
        code=code,
        quantity=quantity,
        tiers=tiers,
        take_or_pay=read_take_or_pay(commitment, periods) if commitment else None,
        markup=optional_number(field, "markup", ZERO),
        escalation=optional_number(field, "escalation", escalation, least=None, above=-1),
        currency=read_currency(own_currency, fx) if own_currency else currency,
        discount=optional_number(field, "discount", ZERO),
    )


def read_quantity(field: Field, periods: int) -> Quantity:
    field.know(*QUANTITIES, "share")
    given = [key for key in QUANTITIES if field.optional(key)]
    if len(given) != 1:
        raise field.error(f"has {len(given)} of {', '.join(QUANTITIES)}", "give exactly one of them")
    value = field.need(given[0])
    if given == ["per_period"]:
        return FixedQuantity(value.numbers(periods))
    if given == ["driver"]:
        return DrivenQuantity((value.text(),))
    if given == ["drivers"]:
        return DrivenQuantity(tuple(name.text() for name in value.items(at_least=1)))
    return ShareOf(value.text(), field.need("share").number(least=0))


def read_prices(line: Field) -> tuple[Tier, ...]:
    """The line's price tiers; a flat `unit_price` is one tier from 0."""
    flat, field = line.optional("unit_price"), line.optional("tiers")
    if flat and field:
        raise line.error("has both unit_price and tiers", "keep the one that is meant")
    if not field:
        return (Tier(ZERO, line.need("unit_price").number(least=0)),)
    tiers: list[Tier] = []
    for item in field.items(at_least=1):
        item.know("from", "unit_price")
        start = item.need("from")
        tier = Tier(start.number(least=0), item.need("unit_price").number(least=0))
        if tiers and tier.from_quantity <= tiers[-1].from_quantity:
            raise start.error(
                f"{tier.from_quantity} does not come after {tiers[-1].from_quantity}, where the tier above starts",
                "sort the tiers by `from` and let each quantity start only one",
            )
        tiers.append(tier)
    return tuple(tiers)


def read_take_or_pay(field: Field, periods: int) -> TakeOrPay:
    field.know("committed", "share")
    return TakeOrPay(
        committed=field.need("committed").numbers(periods),
        share=field.need("share").number(least=0, most=1),
    )


def refuse_prices_of_a_share(line: Field) -> None:
    """A share of another line is already an escalated amount in base currency: it has no price of its own."""
    for key in ("tiers", "take_or_pay", "discount"):
        if field := line.optional(key):
            raise field.error("cannot be used with share_of", "leave it out, or give a quantity of its own")
    for key, neutral in (("unit_price", 1), ("escalation", 0)):
        if (field := line.optional(key)) and field.number() != neutral:
            raise field.error(
                "a share of another line follows that line's price and escalation",
                f"leave {key} out, or give the line a quantity of its own",
            )


def check_drivers(field: Field, line: Line, scenarios: Sequence[Scenario]) -> None:
    if not isinstance(line.quantity, DrivenQuantity):
        return
    for scenario in scenarios:
        for driver in line.quantity.drivers:
            if driver not in scenario.drivers:
                raise field.need("quantity").error(
                    f"{shown(driver)} is not a driver of scenario {shown(scenario.name)}",
                    "add the driver to the scenario, or name one it has",
                )


def in_order_of_shares(
    lines: Mapping[str, list[tuple[Field, Line]]], *, known: AbstractSet[str]
) -> dict[str, tuple[Line, ...]]:
    """The lines by code, each share after the code it is a share of; unknown codes and circles are refused."""
    follows: dict[str, list[str]] = {code: [] for code in sorted(lines)}
    for code in follows:
        for field, line in lines[code]:
            if not isinstance(line.quantity, ShareOf):
                continue
            if line.quantity.code not in known:
                raise Field(None, field.need("quantity"), "share_of").error(
                    f"{shown(line.quantity.code)} is neither a line of this quote nor in the scope",
                    "name a code that is",
                )
            if line.quantity.code in follows:
                follows[code].append(line.quantity.code)
    try:
        order = tuple(graphlib.TopologicalSorter(follows).static_order())
    except graphlib.CycleError as error:
        circle: list[str] = error.args[1][::-1]  # each is a share of the next
        first = next(
            field
            for field, line in lines[circle[0]]
            if isinstance(line.quantity, ShareOf) and line.quantity.code == circle[1]
        )
        names = [shown(code) for code in circle[:LONGEST_CIRCLE]] + ["…"] * (len(circle) > LONGEST_CIRCLE)
        raise Field(None, first.need("quantity"), "share_of").error(
            f"{' → '.join(names)} are shares of each other in a circle",
            "give one of them a quantity and price of its own",
        ) from None
    return {code: tuple(line for _, line in lines[code]) for code in order}
