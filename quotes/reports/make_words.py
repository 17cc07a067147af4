"""The frozen make-or-buy calculation → what the memo prints: answer, assumptions, spread, and what it turns on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import format_number, format_percent, whole_units

from . import wording

YEARS_PER_TABLE = 8
FAR = Decimal(2)  # a change of more than 200 % is no longer told
WAY_WORDS = {"make": "an own plant", "buy": "a contract manufacturer", "hybrid": "a hybrid of both"}
WAY_TITLES = {"make": "Make", "buy": "Buy", "hybrid": "Hybrid"}
WAY_COLOURS = {"make": "#5c4a88", "buy": "#0b6474", "hybrid": "#95562b"}
SWING_WORDS = {
    "investment": "Own investment, with its depreciation",
    "fixed": "Own fixed cost",
    "variable": "Own variable cost per batch",
    "residual": "Value of the plant at the end",
    "bought": "Contract manufacturer's cost",
    "batches": "Batches per year",
    "chance": "Chance that uncertain years are reached",
    "discount": "Discount rate",
    "tax": "Tax rate",
}


def whole(amount: Any) -> str:
    return format_number(whole_units(Decimal(str(amount))))


def signed_whole(amount: Any) -> str:
    """ "+1,200" or "−1,200" with a true minus sign."""
    value = Decimal(str(amount))
    return f"{'−' if value < 0 else '+'}{whole(abs(value))}"


def memo_context(s: Mapping[str, Any]) -> dict[str, Any] | None:
    """None for a snapshot without a kept calculation, without prices, or made before they were frozen."""
    found = s.get("make_or_buy")
    if not found:
        return None
    ways = list(WAY_TITLES)
    shown = [way for way in ways if way in found["costs"]]
    most = max(
        (Decimal(str(a)) for row in found["spread"] for a in row["costs"].values()), default=Decimal(1)
    )
    return {
        **found,
        "currency": found.get("currency", ""),
        "sentence": sentence(found),
        "ways": [{"code": way, "title": WAY_TITLES[way], "colour": WAY_COLOURS[way]} for way in shown],
        "totals": [
            {"title": WAY_TITLES[way], "amount": whole(found["costs"][way]), "best": way == found["advice"]}
            for way in shown
        ],
        "spread_rows": [_spread(row, shown, most) for row in found["spread"]],
        "break_even_text": _break_even(found),
        "annualised_text": whole(found["annualised"]),
        "first_rows": [{"label": row["label"], "text": whole(row["value"])} for row in found["first"]],
        "stated_pairs": _pairs(found["stated"]),
        "year_parts": list(_years(found["per_year"])),
        "swing_rows": _swings(found),
        "turning": turning(found),
        "step_text": format_percent(Decimal(str(found["step"])), 0),
        "earlier_rows": [_earlier(row) for row in found["earlier"]],
    }


def sentence(found: Mapping[str, Any]) -> str:
    """Which way costs least by expected cost, and by how much."""
    costs = {way: Decimal(str(amount)) for way, amount in found["costs"].items()}
    named = f"{found['currency']}\u00a0" if found.get("currency") else ""
    best = found["advice"]
    others = sorted((amount - costs[best], way) for way, amount in costs.items() if way != best)
    gap, second = others[0]
    if not gap:
        return f"By expected cost {WAY_WORDS[best]} and {WAY_WORDS[second]} cost the same: {named}{whole(costs[best])}."
    text = (
        f"By expected cost {WAY_WORDS[best]} is the cheapest way: {named}{whole(costs[best])} after tax in present "
        f"value, {named}{whole(gap)} less than {WAY_WORDS[second]}"
    )
    return (
        text
        + "".join(f" and {named}{whole(more)} less than {WAY_WORDS[way]}" for more, way in others[1:])
        + "."
    )


def turning(found: Mapping[str, Any]) -> str:
    """What would turn the answer within the step, in a sentence."""
    turns = [
        SWING_WORDS[row["code"]].lower()
        for row in found["swings"]
        if any(_cheapest(row[end]) != found["advice"] for end in ("low", "high"))
    ]
    step = format_percent(Decimal(str(found["step"])), 0)
    if not turns:
        return f"No single assumption, moved by {step} up or down, changes which way is the cheapest."
    return (
        f"Moved alone by {step}, {wording.counted(len(turns), 'assumption')} would change which way is the cheapest: "
        f"{wording.listing(turns)}."
    )


def _cheapest(costs: Mapping[str, Any]) -> str:
    return min(costs, key=lambda way: (Decimal(str(costs[way])), list(WAY_TITLES).index(way)))


def _spread(row: Mapping[str, Any], ways: list[str], most: Decimal) -> dict[str, Any]:
    cells = []
    for way in ways:
        amount = Decimal(str(row["costs"][way]))
        cells.append(
            {
                "title": WAY_TITLES[way],
                "amount": whole(amount),
                "best": way == row["cheapest"],
                "colour": WAY_COLOURS[way],
                "width": f"{max(Decimal(0), amount) / (most or 1) * 100:.2f}",
            }
        )
    return {"name": row["name"], "cells": cells, "cheapest": WAY_TITLES[row["cheapest"]].lower()}


def _break_even(found: Mapping[str, Any]) -> str:
    if found["break_even"] is None:
        return "none: a bought batch is not dearer than an own one"
    return format_number(Decimal(str(found["break_even"])), decimals=1)


def _pairs(rows: Iterable[Mapping[str, Any]]) -> list[list[tuple[str, str]]]:
    cells = [
        (row["label"], f"{_number(row['value'], row['percent'])} {row['unit']}".rstrip()) for row in rows
    ]
    if len(cells) % 2:
        cells.append(("", ""))
    return [cells[i : i + 2] for i in range(0, len(cells), 2)]


def _years(rows: list[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    count = len(rows[0]["values"]) if rows else 0
    for start in range(0, count, YEARS_PER_TABLE):
        part = range(start, min(start + YEARS_PER_TABLE, count))
        yield {
            "years": [year + 1 for year in part],
            "rows": [{"label": row["label"], "cells": [_cell(row, year) for year in part]} for row in rows],
        }


def _cell(row: Mapping[str, Any], year: int) -> str:
    return _number(row["values"][year], row["percent"])


def _number(value: Any, percent: bool) -> str:
    number = Decimal(str(value))
    return format_number(number * 100, "%") if percent else format_number(number)


def _swings(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Make less buy at both ends, on one scale with nothing in its place; the bar crosses where both cost the same."""
    gaps = [
        {end: Decimal(str(row[end]["make"])) - Decimal(str(row[end]["buy"])) for end in ("low", "high")}
        for row in found["swings"]
    ]
    base = Decimal(str(found["costs"]["make"])) - Decimal(str(found["costs"]["buy"]))
    ends = [gap for row in gaps for gap in row.values()] + [base, Decimal(0)]
    least, room = min(ends), (max(ends) - min(ends)) or Decimal(1)

    def place(value: Decimal) -> str:
        return f"{2 + (value - least) / room * 100:.2f}"

    return [
        {
            "label": SWING_WORDS[row["code"]],
            "low": signed_whole(gap["low"]),
            "high": signed_whole(gap["high"]),
            "start": place(min(gap.values())),
            "width": f"{abs(gap['high'] - gap['low']) / room * 100:.2f}",
            "base": place(base),
            "zero": place(Decimal(0)),
            "words": f"From {signed_whole(gap['low'])} to {signed_whole(gap['high'])}",
            "level": _level(row),
            "turns": any(_cheapest(row[end]) != found["advice"] for end in ("low", "high")),
        }
        for row, gap in zip(found["swings"], gaps, strict=True)
    ]


def _level(row: Mapping[str, Any]) -> str:
    """The change at which making and buying cost the same."""
    if row["level_at"] is None:
        return "far off" if row["proportional"] else "–"
    change = Decimal(str(row["level_at"])) - 1
    if change > FAR:
        return "far off"
    return f"{'−' if change < 0 else '+'}{format_percent(abs(change), 0)}"


def _earlier(row: Mapping[str, Any]) -> dict[str, Any]:
    amounts = [whole(row["costs"][way]) if way in row["costs"] else "–" for way in WAY_TITLES]
    return {**row, "advice_text": WAY_TITLES[row["advice"]], "cells": amounts}
