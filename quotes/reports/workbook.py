"""Snapshot → XLSX: ranking, contributions, needs, facts, and who is out. Totals are formulas that a reader can follow.

Like the PDF it reads the snapshot and nothing else; scores and contributions are the printed ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from openpyxl.utils import get_column_letter

from partners.scoring.explain import rounded
from partners.scoring.types import CRITERIA
from partners.spreadsheets import Book, Formula, Value

from . import wording
from .asked import decision_asked
from .decision import criteria_names, points, risks
from .printable import clean
from .workbook_ahead import ahead_sheets
from .workbook_costs import quotes_sheets
from .workbook_group import group_sheets

RANKING = (
    *("Rank", "Partner", "Illustrative", "Lead site", "Score", "Low", "High", "Coverage, %"),
    *("Best rank", "Worst rank", "Must-haves to verify"),
)
FACTS = ("Key", "Fact", "Site", "Evidence level", "Source", "Source link", "Retrieved on")
RISKS = ("Partner", "Risk", "Likelihood", "Impact", "Rating", "What is done about it", "Who looks after it")
WITHDRAWN = ("Bidder", "Illustrative", "RFQ", "Revision", "Received", "Reason the bidder gave")
FIRST_POINTS_COLUMN = 3  # after rank and partner


def workbook(snapshot: Mapping[str, Any], snapshot_hash: str) -> bytes:
    """The XLSX file of a snapshot."""
    s = clean(snapshot)
    labels = criteria_names(s)
    book = Book()
    book.sheet("Ranking", RANKING, _ranking(s), widths=(8, 34, 12, 28, 10, 10, 10, 12, 10, 11, 60))
    header = ("Rank", "Partner", *(f"{code} {label}" for code, label in labels.items()), "Score")
    book.sheet("Contributions", header, _contributions(s), widths=(8, 34, *[14] * len(labels), 10))
    book.sheet(
        "Weights", ("Criterion", "Weight", "Default of the stage"), _weights(s, labels), widths=(44, 10, 20)
    )
    partners = traced(s)
    names = [_named(p) for p in partners]
    book.sheet("Needs", ("Level", "Need", *names), _needs(s, partners), widths=(10, 60, *[24] * len(names)))
    book.sheet(
        "Criteria",
        ("Partner", "Criterion", "Sub-criterion", "Low", "High", "Reason", "Facts"),
        _criteria(partners, labels),
        widths=(30, 36, 34, 8, 8, 60, 40),
    )
    book.sheet("Facts", FACTS, _facts(s), widths=(22, 60, 26, 18, 44, 44, 14))
    book.sheet(
        "Knocked out",
        ("Partner", "Illustrative", "Lead site", "Failed must-have", "Reason", "Sources"),
        _knocked_out(s),
        widths=(34, 12, 28, 60, 60, 50),
    )
    if costs := s.get("costs"):
        quotes_sheets(book, costs)
    if withdrawn := s.get("withdrawn"):
        book.sheet("Withdrawn quotes", WITHDRAWN, _withdrawn(withdrawn), widths=(34, 12, 40, 10, 14, 60))
    ahead_sheets(book, s)
    group_sheets(book, s, labels)
    book.sheet("Risks", RISKS, _risks(s), widths=(34, 50, 12, 12, 10, 60, 24))
    book.sheet("Record", ("What", "Value"), _record(s, snapshot_hash), widths=(28, 90))
    return book.bytes()


def traced(s: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The partners frozen with every reason: those printed in full, then by rank, then the rest of the shortlist."""
    others = [row["partner_id"] for row in [*s["ranked"], *s["shortlist"]]]
    keys = dict.fromkeys([*s["detail_order"], *map(str, others)])
    return [s["details"][key] for key in keys if key in s["details"]]


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['name']} (illustrative)" if row["illustrative"] else row["name"]


def _ranking(s: Mapping[str, Any]) -> Iterator[list[Value]]:
    for row in s["ranked"]:
        yield [
            *(row["rank"], row["name"], row["illustrative"], row["lead_site"]),
            *(rounded(row[name]) for name in ("point", "low", "high")),
            rounded(row["coverage"], Decimal(1)),
            *(row["best_rank"], row["worst_rank"], "; ".join(row["unverified"]) or "none"),
        ]


def _contributions(s: Mapping[str, Any]) -> Iterator[list[Value]]:
    first = get_column_letter(FIRST_POINTS_COLUMN)
    last = get_column_letter(FIRST_POINTS_COLUMN + len(CRITERIA) - 1)
    for line, row in enumerate(s["ranked"], start=2):
        yield [row["rank"], _named(row), *points(row).values(), Formula(f"=SUM({first}{line}:{last}{line})")]


def _weights(s: Mapping[str, Any], labels: Mapping[str, str]) -> Iterator[list[Value]]:
    values, defaults = s["weights"]["values"], s["weights"]["defaults"]
    for code, label in labels.items():
        yield [f"{code} {label}", values[code], defaults[code]]
    end = len(labels) + 1
    yield ["Sum", Formula(f"=SUM(B2:B{end})"), Formula(f"=SUM(C2:C{end})")]


def _needs(s: Mapping[str, Any], partners: list[Mapping[str, Any]]) -> Iterator[list[Value]]:
    for rule in s["rules"]:
        outcomes = (p["outcomes"].get(rule["need_id"], "unknown") for p in partners)
        yield [wording.LEVEL_WORDS[rule["level"]], rule["label"], *outcomes]


def _criteria(partners: list[Mapping[str, Any]], labels: Mapping[str, str]) -> Iterator[list[Value]]:
    for partner in partners:
        for criterion in partner["criteria"]:
            name = f"{criterion['code']} {labels[criterion['code']]}"
            for sub in criterion["subs"]:
                bounds = (rounded(sub["low"]), rounded(sub["high"]))
                keys = "; ".join(sub["facts"]) or "none"
                yield [_named(partner), name, sub["label"], *bounds, sub["reason"], keys]


def _facts(s: Mapping[str, Any]) -> Iterator[list[Value]]:
    for key, fact in s["facts"].items():
        yield [
            *(key, fact["label"], fact["site"] or "the partner as a whole", fact["evidence_label"]),
            *(fact["source"], fact["url"] or "none", _day(fact["as_of"])),
        ]


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _knocked_out(s: Mapping[str, Any]) -> Iterator[list[Value]]:
    for row in s["knocked_out"]:
        for fail in row["fails"]:
            sources = dict.fromkeys(f"{fact['source']}, {fact['as_of']}" for fact in fail.get("facts", []))
            what = (row["name"], row["illustrative"], row["lead_site"], fail["label"], fail["reason"])
            yield [*what, "; ".join(sources) or "none"]


def _withdrawn(rows: list[Mapping[str, Any]]) -> Iterator[list[Value]]:
    for row in rows:
        what = (row["name"], row["illustrative"], row["rfq"], row["revision"])
        yield [*what, _day(row["submitted_on"]), row["reason"] or "none"]


def _risks(s: Mapping[str, Any]) -> Iterator[list[Value]]:
    for risk in risks(s):
        what = (risk["text"], risk["likelihood"], risk["impact"], risk["rating_word"])
        yield [_named({**risk, "name": risk["partner"]}), *what, risk["response"], risk["owner"]]


def _record(s: Mapping[str, Any], snapshot_hash: str) -> Iterator[list[Value]]:
    asked = decision_asked(s)
    yield ["Question", wording.question(s)]
    yield [asked["label"], asked["text"]]
    yield ["Recommendation", wording.headline(s)]
    for text in wording.caveats(s):
        yield ["Beside it", text]
    yield ["Data as of", _day(s["as_of"])]
    yield ["Requested by", f"{s['requested_by']['name']}, {s['sponsor']['name']}"]
    yield ["Weights approved by", wording.approval(s["weights"])]
    yield ["Snapshot (SHA-256)", snapshot_hash]
    yield ["Scoring engine", s["engine"]["version"]]
    yield ["Caution (0 the middle of an interval, 1 its lowest end)", s["engine"]["caution"]]
    yield ["Least coverage to be ranked, %", s["engine"]["min_coverage"]]
    yield ["unknown", "Nobody has stated it. It does not mean no, none or zero."]
    if s["illustrative"]:
        yield ["Illustrative", "An invented partner with made-up figures, for demonstration only."]
    if not s["prices_included"]:
        yield ["Prices", "Withheld, because the requester's role does not show them."]
