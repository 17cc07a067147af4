"""The quotes of a snapshot as sheets: totals per bidder, scenarios, lines with live totals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from openpyxl.utils import get_column_letter

from cmo_selector.templatetags.fmt import UNKNOWN
from partners.spreadsheets import Book, Formula, Value

from . import wording
from .cost_words import instead_of_amount

TOTALS = (
    *(
        "Bidder",
        "Illustrative",
        "Programme cost (NPV)",
        "Nominal cash",
        "Headline",
        "Filled in, %",
        "Comparable",
    ),
    *(
        "Greatest regret",
        "Expected",
        "Lines answered, %",
        "First slot",
        "Valid until",
        "Revision",
        "Received",
    ),
    *("Assumptions", "Exclusions"),
)
BESIDE_AMOUNT = ("price and terms", "where the amount comes from")


def quotes_sheets(book: Book, c: Mapping[str, Any]) -> None:
    """Three sheets. Amounts are in the project's currency; present values, unless they are called nominal."""
    names = [f"{q['name']} (illustrative)" if q["illustrative"] else q["name"] for q in c["quotes"]]
    title = f"Programme cost, {c['currency']}"
    book.sheet(
        title, TOTALS, _totals(c), widths=(34, 12, 20, 18, 18, 12, 12, 18, 18, 16, 14, 14, 10, 14, 50, 50)
    )
    book.sheet(
        "Scenarios",
        ("Scenario", "Probability", *names, "Lowest"),
        _scenarios(c),
        widths=(28, 12, *[20] * len(names), 30),
    )
    header = ["Work package", "Line"]
    for name in names:
        header += [f"{name}: present value", *(f"{name}: {what}" for what in BESIDE_AMOUNT)]
    book.sheet("Quote lines", header, _lines(c), widths=(28, 36, *[20, 36, 24] * len(names)))


def _totals(c: Mapping[str, Any]) -> Iterator[list[Value]]:
    for quote in c["quotes"]:
        base = quote["scenarios"][c["base"]]
        yield [
            *(quote["name"], quote["illustrative"], amount(base["npv"]), amount(base["nominal"])),
            *(amount(quote["headline"]), percent(base["plugged_share"]), base["comparable"]),
            *(amount(quote["worst_regret"]), amount(quote["expected"]), percent(quote["completeness"])),
            *(
                day(quote["slot_from"]),
                day(quote["valid_until"]),
                quote["revision"],
                day(quote["submitted_on"]),
            ),
            *(quote["assumptions"], quote["exclusions"]),
        ]


def _scenarios(c: Mapping[str, Any]) -> Iterator[list[Value]]:
    names = {quote["quote_id"]: quote["name"] for quote in c["quotes"]}
    for row in c["scenarios"]:
        amounts = [amount(quote["scenarios"][row["id"]]["npv"]) for quote in c["quotes"]]
        chance = None if row["probability"] is None else Decimal(str(row["probability"]))
        yield [row["name"], chance, *amounts, names.get(row["winner"], "nobody")]


def _lines(c: Mapping[str, Any]) -> Iterator[list[Value]]:
    """The lines of the base scenario; the last row sums each bidder's column."""
    for index, line in enumerate(c["lines"]):
        row: list[Value] = [line["package"], line["label"]]
        for quote in c["quotes"]:
            said = quote["lines"][index]
            row += [instead_of_amount(said) or amount(said["npv"]), said["words"], said["source_words"]]
        yield row
    end = len(c["lines"]) + 1
    total: list[Value] = ["Sum", f"the programme cost in the scenario “{_base(c)}”"]
    for number in range(len(c["quotes"])):
        column = get_column_letter(3 + 3 * number)
        total += [Formula(f"=SUM({column}2:{column}{end})"), _left_out(c["quotes"][number]), "–"]
    yield total


def _left_out(quote: Mapping[str, Any]) -> str:
    """How many lines the sum holds nothing for because nobody has priced them."""
    count = sum(instead_of_amount(said) in ("no price", UNKNOWN) for said in quote["lines"])
    return f"without {wording.counted(count, 'line')} that nobody has priced" if count else "–"


def _base(c: Mapping[str, Any]) -> str:
    return next(row["name"] for row in c["scenarios"] if row["id"] == c["base"])


def amount(text: Any) -> Decimal | None:
    return None if text is None else Decimal(str(text))


def percent(share: Any) -> Decimal:
    return Decimal(str(share)) * 100


def day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
