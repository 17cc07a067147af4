"""Frozen costs → what the templates print."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import (
    UNKNOWN,
    format_date,
    format_number,
    format_percent,
)
from quotes.comparison import NO_HEADLINE, NOT_GIVEN

from .adjusted_words import batches_text, beside_rows, endings, late_text
from .money_words import short_amount, whole

RATE_DIGITS = 5
UNIT_NAMES = {
    "per_released_batch": "per released batch",
    "per_gram": "per gram",
    "per_dose": "per dose",
}
KIND_COLOURS = {
    "total": "#0b6474",
    "quoted": "#2c5b8c",
    "sponsor": "#5c4a88",
    "plug": "#b3541e",
    "discount": "#7b8894",
}
KIND_WORDS = {
    "total": "total",
    "quoted": "the bidder's own figures",
    "sponsor": "own work",
    "plug": "filled in by us",
    "discount": "discounting",
}


def cost_context(s: Mapping[str, Any]) -> dict[str, Any] | None:
    """Costs as tables and bars; None for a snapshot without a comparison (older ones have no such part)."""
    c = s.get("costs")
    if not c:
        return None
    currency, names = c["currency"], {q["quote_id"]: q["name"] for q in c["quotes"]}
    top = max(
        (abs(float(step[end])) for q in c["quotes"] for step in q["waterfall"] for end in ("start", "end")),
        default=0.0,
    )
    ends = [float(f["npv"]) for q in c["quotes"] for f in q["scenarios"].values()]
    reach = (min(ends, default=0.0), max(ends, default=0.0))
    return {
        **c,
        "rows": [_row(c, quote) for quote in c["quotes"]],
        "scenario_rows": [_scenario(c, row, names) for row in c["scenarios"]],
        "spread": [_spread(c, quote, reach) for quote in c["quotes"]],
        "axis": [whole(end, currency).replace(" ", "\u00a0") for end in reach],
        "waterfalls": [_waterfall(quote, currency, top) for quote in c["quotes"]],
        "telling": [_waterfall(quote, currency, top) for quote in _telling(c)],
        "line_rows": _line_rows(c),
        "terms": _terms(c),
        "any_expected": any(quote["expected"] is not None for quote in c["quotes"]),
        "kinds": [{"word": KIND_WORDS[kind], "colour": colour} for kind, colour in KIND_COLOURS.items()],
        "all_illustrative": all(quote["illustrative"] for quote in c["quotes"]),
        "unit_rows": _unit_rows(c),
        "beside_rows": beside_rows(s),
        "endings": endings(c),
        "columns": len(c["quotes"]) + 1,
        "rate_text": format_percent(Decimal(str(c["rfq"]["discount_rate"])), None),
        "rate_pairs": [(code, rate_text(rate)) for code, rate in sorted(c["rates"]["used"].items())],
        "base_name": next(row["name"] for row in c["scenarios"] if row["id"] == c["base"]),
    }


def rate_text(rate: Any) -> str:
    """An exchange rate to five significant digits, rounded: "1.0864", "0.000044712"; zeros at the end are left out."""
    number = Decimal(str(rate))
    places = max(0, RATE_DIGITS - 1 - number.adjusted())
    shown = round(number, places).normalize()
    return format_number(shown, decimals=max(0, -shown.as_tuple().exponent))


def _telling(c: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The quote that costs least and the one with the lowest headline: often not the same."""
    stated = [quote for quote in c["quotes"] if quote["headline"] is not None]
    lowest = min(stated, key=lambda quote: Decimal(str(quote["headline"])), default=c["quotes"][0])
    return [quote for quote in c["quotes"] if quote in (c["quotes"][0], lowest)]


def programme_costs(s: Mapping[str, Any], *, short: bool = False) -> dict[int, str]:
    """Partner id → its normalised programme cost in words; `short` for tables without room."""
    c = s.get("costs")
    if not c:
        return {}
    found = {}
    for quote in c["quotes"]:
        base = quote["scenarios"][c["base"]]
        text = (short_amount if short else whole)(base["npv"], c["currency"])
        found[quote["partner_id"]] = text if base["comparable"] else f"{text} (not comparable)"
    return found


def earliest_slots(s: Mapping[str, Any]) -> dict[int, str]:
    """Partner id → the first slot it offered with its quote, else the earliest one the catalogue knows."""
    found = {}
    for partner_id, slot in s.get("slots", {}).items():
        held = " (tentatively held)" if slot["status"] == "tentative" else ""
        found[int(partner_id)] = f"slot {format_date(slot['starts_on'])}{held}"
    for quote in (s.get("costs") or {}).get("quotes", []):
        if quote["slot_from"]:
            found[quote["partner_id"]] = f"slot offered {format_date(quote['slot_from'])}"
    return found


def _row(c: Mapping[str, Any], quote: Mapping[str, Any]) -> dict[str, Any]:
    base, currency = quote["scenarios"][c["base"]], c["currency"]
    return {
        **quote,
        "npv": whole(base["npv"], currency),
        "headline_text": "not stated" if quote["headline"] is None else whole(quote["headline"], currency),
        "plugged_text": format_percent(Decimal(str(base["plugged_share"])), 1),
        "plugged": Decimal(str(base["plugged_share"])) > 0,
        "comparable": base["comparable"],
        "why_not": _why_not_comparable(quote, base),
        "wins": base["wins"],
        "nominal": whole(base["nominal"], currency),
        "expected_text": whole(quote["expected"], currency),
        "regret_text": "not comparable throughout"
        if quote["worst_regret"] is None
        else whole(quote["worst_regret"], currency),
        "complete": format_percent(Decimal(str(quote["completeness"])), 0),
        "slot_text": format_date(quote["slot_from"]),
        "late_text": late_text(quote) if (quote.get("late") or {}).get("days") else "",
        "valid_text": format_date(quote["valid_until"]),
        "submitted_text": format_date(quote["submitted_on"]),
    }


def _why_not_comparable(quote: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """Why a quote cannot win, in words; empty when it can."""
    if base["comparable"]:
        return ""
    open_lines = sum(line["source"] == "unpriced" for line in quote["lines"])
    if open_lines:
        return f"not comparable: {open_lines} line{'s' if open_lines > 1 else ''} without any price"
    return "not comparable: more than a quarter is filled in"


def _scenario(c: Mapping[str, Any], row: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    cells = []
    for quote in c["quotes"]:
        figures = quote["scenarios"][row["id"]]
        if figures["wins"]:
            note = "lowest"
        elif not figures["comparable"]:
            note = "not comparable"
        else:
            note = "" if figures["regret"] is None else f"+{whole(figures['regret'], c['currency'])}"
        cells.append({"npv": whole(figures["npv"], c["currency"]), "note": note, "wins": figures["wins"]})
    probability = row["probability"]
    delay = ""
    if row["delay_cost"] is not None:
        months = format_number(Decimal(str(row["delay_months"])))
        delay = f"{whole(row['delay_cost'], c['currency'])} for {months} months' delay come on top"
    return {
        **row,
        "cells": cells,
        "probability_text": format_percent(Decimal(str(probability)), None)
        if probability is not None
        else "",
        "delay_text": delay,
        "batches_text": batches_text(row),
        "winner_name": names.get(row["winner"], "nobody") if row["winner"] else "nobody",
    }


def _spread(c: Mapping[str, Any], quote: Mapping[str, Any], reach: tuple[float, float]) -> dict[str, Any]:
    """From the cheapest to the dearest scenario, the base scenario marked; all quotes on one scale."""
    low, high = reach
    width = high - low or 1.0
    amounts = [float(f["npv"]) for f in quote["scenarios"].values()]
    base = float(quote["scenarios"][c["base"]]["npv"])
    place = lambda amount: (amount - low) / width * 100  # noqa: E731
    words = (
        f"{whole(min(amounts), c['currency'])} to {whole(max(amounts), c['currency'])}, "
        f"base {whole(base, c['currency'])}"
    )
    return {
        "name": quote["name"],
        "illustrative": quote["illustrative"],
        "bar_words": words,
        "low": whole(min(amounts), c["currency"]),
        "high": whole(max(amounts), c["currency"]),
        "bar": {
            "low": f"{2 + place(min(amounts)):.2f}",
            "point": f"{2 + place(base):.2f}",
            "width": f"{max(place(max(amounts)) - place(min(amounts)), 0.6):.2f}",
        },
    }


def _waterfall(quote: Mapping[str, Any], currency: str, top: float) -> dict[str, Any]:
    """Bars from the headline to the normalised cost, on one scale for all quotes."""
    steps = []
    for step in quote["waterfall"]:
        start, end = sorted((float(step["start"]), float(step["end"])))
        stated = step["amount"] is not None and step["label"] != NO_HEADLINE  # a zero in older snapshots
        amount = Decimal(str(step["amount"])) if stated else None
        sign = "" if amount is None or step["kind"] == "total" else "+" if amount >= 0 else "−"
        steps.append(
            {
                "label": step["label"],
                "kind_word": KIND_WORDS[step["kind"]],
                "total": step["kind"] == "total",
                "colour": KIND_COLOURS[step["kind"]],
                "amount": f"{sign}{whole(None if amount is None else abs(amount), currency)}",
                "start": f"{max(start, 0) / (top or 1) * 100:.2f}",
                "width": f"{max((end - max(start, 0)) / (top or 1) * 100, 0.4):.2f}",
            }
        )
    return {"name": quote["name"], "illustrative": quote["illustrative"], "steps": steps}


def _line_rows(c: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The scope by work package, each line with what every bidder says and its present value."""
    packages: dict[str, list[dict[str, Any]]] = {}
    for index, line in enumerate(c["lines"]):
        cells = []
        for quote in c["quotes"]:
            said = quote["lines"][index]
            amount = instead_of_amount(said) or whole(said["npv"], c["currency"])
            cells.append({**said, "amount": amount, "note": _note(said)})
        packages.setdefault(line["package"], []).append({**line, "cells": cells})
    return [{"package": package, "rows": rows} for package, rows in packages.items()]


def instead_of_amount(said: Mapping[str, Any]) -> str:
    """What stands in place of a frozen line's amount; empty when it has one.

    Snapshots made before prices nobody knows were frozen as null hold a zero there, and say so in their words.
    """
    if said["source"] == "included":
        return "included"
    if said["source"] == "unpriced":
        return "no price"
    return UNKNOWN if said["npv"] is None or said["source_words"] == NOT_GIVEN else ""


def _note(said: Mapping[str, Any]) -> str:
    """Where an amount comes from when it is not the bidder's; of a line without a price only that it is a gap."""
    if said["source"] in ("quoted", "included"):
        return ""
    return "a gap" if said["source"] == "unpriced" else said["source_words"]


def _terms(c: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each bidder assumes and leaves out, in its own words."""
    return [
        {
            **quote,
            "assumed": [
                {"label": label["label"], "text": line["assumption"]}
                for label, line in zip(c["lines"], quote["lines"], strict=True)
                if line["assumption"]
            ],
            "slot_text": format_date(quote["slot_from"]),
            "valid_text": format_date(quote["valid_until"]),
        }
        for quote in c["quotes"]
    ]


def _unit_rows(c: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Cost per unit in the base scenario, for the units that the RFQ makes known."""
    rows = []
    bases = [quote["scenarios"][c["base"]] for quote in c["quotes"]]
    unit = c["rfq"]["unit_label"]
    if unit and any(base["per_unit"] is not None for base in bases):
        rows.append({"label": f"per {unit}", "cells": [_unit(base["per_unit"], c) for base in bases]})
    for name, label in UNIT_NAMES.items():
        amounts = [base["unit_costs"].get(name) for base in bases]
        if any(amount is not None for amount in amounts):
            rows.append({"label": label, "cells": [_unit(amount, c) for amount in amounts]})
    return rows


def _unit(amount: Any, c: Mapping[str, Any]) -> str:
    if amount is None:
        return "nothing is made"
    return f"{c['currency']} {format_number(Decimal(str(amount)), decimals=2)}"
