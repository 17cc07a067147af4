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
    *("Success-adjusted cost", "Days late", "Cost of coming late", "Programme cost with it"),
    *("Assumptions", "Exclusions"),
)
ENDING = (
    *("Bidder", "Year", "Reached with", "Payments if reached", "Fee if it ends in this year"),
    *("Take-or-pay if it has ended", "Discount factor", "Expected present value"),
)
BESIDE_AMOUNT = ("price and terms", "where the amount comes from")


def quotes_sheets(book: Book, c: Mapping[str, Any]) -> None:
    """Three sheets, four with chances of success. Amounts are in the project's currency; present values, unless they
    are called nominal."""
    names = [f"{q['name']} (illustrative)" if q["illustrative"] else q["name"] for q in c["quotes"]]
    title = f"Programme cost, {c['currency']}"
    book.sheet(
        title,
        TOTALS,
        _totals(c),
        widths=(34, 12, 20, 18, 18, 12, 12, 18, 18, 16, 14, 14, 10, 14, 20, 10, 18, 20, 50, 50),
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
    if any(quote.get("ending") for quote in c["quotes"]):
        book.sheet("If it ends early", ENDING, _endings(c), widths=(34, 8, 12, 20, 22, 22, 16, 22))
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
            *(amount(base.get("adjusted")), *_late(quote)),
            *(quote["assumptions"], quote["exclusions"]),
        ]


def _late(quote: Mapping[str, Any]) -> tuple[Value, Value, Value]:
    late = quote.get("late")
    return (late["days"], amount(late["cost"]), amount(late["with_it"])) if late else (None, None, None)


def _endings(c: Mapping[str, Any]) -> Iterator[list[Value]]:
    """The years of each bidder, then their sum, its success-adjusted cost, worked out from the cells beside it."""
    line = 2
    for quote in c["quotes"]:
        first = line
        for row in quote.get("ending", []):
            before = "1" if line == first else f"C{line - 1}"
            expected = f"=(C{line}*D{line}+({before}-C{line})*E{line}+(1-C{line})*F{line})*G{line}"
            figures = (amount(row[name]) for name in ("reached", "cash", "fee", "commitment", "discount"))
            yield [quote["name"], row["year"], *figures, Formula(expected)]
            line += 1
        if line > first:
            total = Formula(f"=SUM(H{first}:H{line - 1})")
            yield [quote["name"], "Success-adjusted cost", *["–"] * 5, total]
            line += 1


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
