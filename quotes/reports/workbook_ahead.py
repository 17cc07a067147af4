"""Sheets of what lies ahead: networks that cover the whole scope, and every partner now and at the next stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from partners.scoring.explain import rounded
from partners.spreadsheets import Book, Value

from .ahead_words import place
from .workbook_costs import amount

NETWORKS = (
    *(
        "Network",
        "Kind",
        "Score",
        "Low",
        "High",
        "Lost to hand-overs",
        "Hand-overs",
        "Months",
        "Cost",
        "Currency",
    ),
    *(
        "Part of the scope",
        "Partner",
        "Illustrative",
        "Site",
        "Points for the part",
        "Outcome",
        "Reason",
        "Sources",
    ),
)
RUNWAY = (
    *("Partner", "Illustrative", "Now", "Points now", "Next stage", "Points at the next stage"),
    *("Transfer before", "Months, shortest", "Months, longest", "Cost", "Currency", "What lies ahead"),
)


def ahead_sheets(book: Book, s: Mapping[str, Any]) -> None:
    """Only the sheets that have something to say. Costs that nobody set are unknown, not zero."""
    networks, runway = s.get("networks") or {}, s.get("runway") or {}
    if networks.get("networks"):
        widths = (10, 22, 10, 10, 10, 12, 12, 10, 16, 10, 30, 34, 12, 28, 12, 14, 60, 50)
        book.sheet("Networks", NETWORKS, _networks(networks), widths=widths)
    if runway.get("partners"):
        widths = (34, 12, 16, 12, 16, 14, 22, 12, 12, 16, 10, 70)
        book.sheet("Next stage", RUNWAY, _runway(runway), widths=widths)


def _networks(found: Mapping[str, Any]) -> Iterator[list[Value]]:
    for number, row in enumerate(found["networks"], start=1):
        hand_overs = row["hand_overs_between_partners"] + row["hand_overs_within_a_partner"]
        for part in row["parts"]:
            sources = dict.fromkeys(f"{fact['source']}, {fact['as_of']}" for fact in part["facts"])
            yield [
                *(
                    number,
                    row["label"],
                    *(rounded(row[name]) for name in ("point", "low", "high", "penalty")),
                ),
                *(hand_overs, row["months"], amount(row["cost"]), row["currency"]),
                *(part["part"], part["partner"], part.get("illustrative", False), part["site"]),
                *(rounded(part["point"]), part["outcome"], part["reason"], "; ".join(sources) or "none"),
            ]


def _runway(found: Mapping[str, Any]) -> Iterator[list[Value]]:
    for row in found["partners"]:
        transfer = row["transfer"]
        later: tuple[Value, ...] = ("none as far as is known", *["–"] * 4)
        if row["unknown"] and not transfer:
            later = ("unknown", *["–"] * 4)
        if transfer:
            months = (transfer["months_low"], transfer["months_high"])
            later = (transfer["stage"], *months, amount(transfer["cost"]), transfer["currency"])
        yield [
            *(row["partner"], row["illustrative"], place(row["now"]), rounded(row["now"]["point"])),
            *(place(row["next"]), rounded(row["next"]["point"]), *later, row["sentence"]),
        ]
