"""What stands beside the programme cost, as the templates print it: chances, coming late, bids taken back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import UNKNOWN, format_date, format_number, format_percent

from .money_words import whole


def beside_rows(s: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Rows with one cell per bidder, in the order of the quotes; empty when nothing of it is known.

    None of it is in the programme cost, and none of it decides which quote is the lowest.
    """
    c = s["costs"]
    quotes, need_date = c["quotes"], s["project"]["need_date"]
    rows = []
    if any(quote.get("ending") for quote in quotes):
        base = [quote["scenarios"][c["base"]] for quote in quotes]
        cells = [whole(figures.get("adjusted"), c["currency"]) for figures in base]
        rows.append(_line("Success-adjusted cost", "each year counted with its chance", cells))
    month = c["rfq"].get("month_value")
    if month is not None and need_date and any("late" in quote for quote in quotes):
        rows.append(_line(f"First slot against {format_date(need_date)}", "", [late_text(q) for q in quotes]))
        note = f"{whole(month, c['currency'])} a month"
        rows.append(_line("Cost of coming late", note, [_late(q, "cost", c) for q in quotes]))
        rows.append(_line("Programme cost with it", "", [_late(q, "with_it", c) for q in quotes]))
    return rows


def _line(label: str, note: str, cells: list[str]) -> dict[str, Any]:
    return {"label": label, "note": note, "cells": cells}


def late_text(quote: Mapping[str, Any]) -> str:
    """ "92 days late", "in time", or that the first slot is not stated"""
    late = quote.get("late")
    if late is None:
        return "not stated"
    return (
        f"{format_number(late['days'])} day{'' if late['days'] == 1 else 's'} late"
        if late["days"]
        else "in time"
    )


def _late(quote: Mapping[str, Any], figure: str, c: Mapping[str, Any]) -> str:
    late = quote.get("late")
    return UNKNOWN if late is None else whole(late[figure], c["currency"])


def endings(c: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each bidder's table of what is due when the programme ends early; empty without the chances."""
    return [
        {
            "name": quote["name"],
            "illustrative": quote["illustrative"],
            "adjusted": whole(quote["scenarios"][c["base"]]["adjusted"], c["currency"]),
            "rows": [
                {
                    "year": row["year"],
                    "reached": format_percent(Decimal(str(row["reached"])), 0),
                    "cells": [whole(row[name], c["currency"]) for name in ("cash", "fee", "commitment")],
                }
                for row in quote["ending"]
            ],
        }
        for quote in c["quotes"]
        if quote.get("ending")
    ]


def batches_text(row: Mapping[str, Any]) -> str:
    """ "12 batches, 14 needed: too few"; empty when one of both is not known."""
    made, wanted = row.get("batches"), row.get("batches_wanted")
    if made is None or wanted is None:
        return ""
    few = ": too few" if Decimal(str(made)) < wanted else ""
    return f"{format_number(Decimal(str(made)))} batches, {format_number(wanted)} needed{few}"


def withdrawn_rows(s: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Bidders that took their quotes back; older snapshots hold none."""
    return [{**row, "submitted_text": format_date(row["submitted_on"])} for row in s.get("withdrawn", [])]
