"""Sheets of what people added to a ranking: the team's own scores, and the make-or-buy calculation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from partners.spreadsheets import Book, Formula, Value

from .make_words import SWING_WORDS, WAY_TITLES

EVALUATION = (
    *("Partner", "Illustrative", "Criterion", "Mean", "Lowest", "Highest", "Standard deviation", "People"),
    *("Agreed", "Reason", "Counts"),
)


def group_sheets(book: Book, s: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """Only the sheets that have something to say."""
    evaluation = (s.get("firmness") or {}).get("evaluation")
    if evaluation and evaluation["partners"]:
        rows = _evaluation(evaluation, labels)
        book.sheet("Evaluation", EVALUATION, rows, widths=(34, 12, 36, *[12] * 6, 60, 10))
    if memo := s.get("make_or_buy"):
        header = ("Part", "What", *WAY_TITLES.values(), "Make less buy")
        book.sheet("Make or buy", header, _make_or_buy(memo), widths=(30, 46, 18, 18, 18, 18))


def _evaluation(evaluation: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[list[Value]]:
    line = 1
    for partner in evaluation["partners"]:
        for cell in partner["criteria"]:
            line += 1
            figures = (cell[name] for name in ("mean", "low", "high", "deviation", "voices", "agreed"))
            yield [
                *(partner["name"], partner["illustrative"], f"{cell['code']} {labels[cell['code']]}"),
                *("none" if figure is None else figure for figure in figures),
                cell["reason"] or "none",
                Formula(f'=IF(ISNUMBER(I{line}),I{line},IF(ISNUMBER(D{line}),D{line},"not scored"))'),
            ]


def _make_or_buy(memo: Mapping[str, Any]) -> Iterator[list[Value]]:
    rows = [("Cost after tax, present value", row["name"], row["costs"]) for row in memo["spread"]]
    for row in memo["swings"]:
        for end, factor in (("low", 1 - Decimal(memo["step"])), ("high", 1 + Decimal(memo["step"]))):
            rows.append((f"One assumption times {factor}", SWING_WORDS[row["code"]], row[end]))
    for line, (part, what, costs) in enumerate(rows, start=2):
        amounts = [Decimal(costs[way]) if way in costs else "none" for way in WAY_TITLES]
        yield [part, what, *amounts, Formula(f"=C{line}-D{line}")]
