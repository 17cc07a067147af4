"""The package of an RFQ as bidders take it away: one tagged PDF and one workbook, from a version's frozen content.

Both read the content and a `Cover`, nothing else. WeasyPrint is loaded only when a PDF is asked for.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.template.loader import render_to_string
from django.utils.text import slugify

from cmo_selector.templatetags.fmt import format_datetime, format_number
from partners.spreadsheets import Book, Value
from quotes.models import Rfq, RfqVersion
from quotes.quote_sheet import LINE_FIELDS
from quotes.reports.canonical import canonical
from quotes.reports.printable import clean
from quotes.reports.wording import shorten
from quotes.rfq_enums import Basis, MessageKind, Treatment
from quotes.rfq_selectors import document
from quotes.rfq_templates import fitted

TEMPLATE = "quotes/rfq/pdf/package.html"
LAYOUT = 1  # raise when the layout changes: earlier files in the cache are no longer used
KEPT = 24 * 60 * 60  # seconds
YEARS_PER_TABLE = 8


NDA_FIRST = "Confidential. A bidder reads this only after accepting the NDA below or sending a signed one."


@dataclass(frozen=True)
class Cover:
    """What stands around the content. `version` None is a draft; `recipient` is the bidder's name."""

    sponsor: str
    deadline: dt.datetime | None
    contact: str
    version: int | None = None
    published: dt.datetime | None = None
    note: str = ""
    recipient: str = ""
    nda: str = ""
    nda_text: str = ""
    sealed: bool = False
    answered: tuple[tuple[str, str], ...] = ()

    @property
    def edition(self) -> str:
        return f"Version {self.version}" if self.version else "Draft, not sent"


def package_cover(rfq: Rfq, version: RfqVersion | None) -> Cover:
    """What stands around the RFQ's package as the sponsor sees it. One query, for the questions answered so far."""
    return Cover(
        sponsor=rfq.project.sponsor.name,
        deadline=rfq.deadline,
        contact="named in the invitation",
        version=version.number if version else None,
        published=version.created_at if version else None,
        note=version.note if version else "",
        nda=NDA_FIRST if rfq.nda_required else "",
        nda_text=rfq.nda_text if rfq.nda_required else "",
        sealed=rfq.sealed,
        answered=answered_questions(rfq),
    )


def answered_questions(rfq: Rfq) -> tuple[tuple[str, str], ...]:
    """What every bidder may read of the questions: the text and its answer, never a name. One query."""
    rows = rfq.messages.filter(kind=MessageKind.QUESTION, answered_at__isnull=False)
    return tuple(rows.values_list("text", "answer"))


def package_pdf(content: Mapping[str, Any], cover: Cover) -> bytes:
    """The PDF/UA file. It is made once per content and cover, and kept for a day."""
    frozen = {"layout": LAYOUT, "content": content, "cover": {k: str(v) for k, v in asdict(cover).items()}}
    key = f"rfq-package-{hashlib.sha256(canonical(frozen)).hexdigest()}"
    found = cache.get(key)
    if found is None:
        from quotes.reports.render import to_pdf

        found = to_pdf(package_html(content, cover)).content
        cache.set(key, found, KEPT)
    return found


def package_html(content: Mapping[str, Any], cover: Cover) -> str:
    return render_to_string(TEMPLATE, package_context(content, cover))


def package_context(content: Mapping[str, Any], cover: Cover) -> dict[str, Any]:
    """What the PDF's template prints; texts are fit for print."""
    doc = clean(document(dict(content)))
    said = clean(asdict(cover))
    return {
        "doc": doc,
        "waiting": doc["waiting"],
        "cover": {**said, "edition": cover.edition},
        "short_title": shorten(doc["title"], 70),
        "short_sponsor": shorten(said["sponsor"], 26),
        "short_recipient": shorten(said["recipient"], 24),
        "deadline": format_datetime(cover.deadline) if cover.deadline else "not set yet",
        "published": format_datetime(cover.published) if cover.published else "",
        "demand_parts": demand_parts(doc),
        "packages": [
            {"name": p["name"], "lines": [{**x, "counted": counted(x, doc["years"])} for x in p["lines"]]}
            for p in doc["packages"]
        ],
        "years_words": f"{doc['years'][0]} to {doc['years'][-1]}"
        if len(doc["years"]) > 1
        else str(doc["years"][0]),
        "files": [
            {**row, "shown_size": format_number(Decimal(max(1, row["size"] // 1024)))} for row in doc["files"]
        ],
    }


def demand_parts(doc: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The demand in tables of at most eight years, so that every figure stays readable on paper."""
    years = doc["years"]
    starts = range(0, len(years), YEARS_PER_TABLE)
    return [
        {
            "years": years[at : at + YEARS_PER_TABLE],
            "rows": [
                {**row, "values": row["values"][at : at + YEARS_PER_TABLE]} for row in doc["demand_rows"]
            ],
        }
        for at in starts
    ]


def counted(line: Mapping[str, Any], years: Sequence[int]) -> str:
    """A line's base quantities in words: by its driver, or year by year without the zeros."""
    if line["counted_by"]:
        return f"{line['total']} ({line['counted_by'].lower()})"
    given = [f"{year}: {n}" for year, n in zip(years, line["per_year"], strict=True) if n != "0"]
    return "; ".join(given) or "none: a rate is asked for"


def package_name(content: Mapping[str, Any], cover: Cover, ending: str) -> str:
    edition = f"version-{cover.version}" if cover.version else "draft"
    return f"{slugify(content['title'])[:60] or 'request'}-{edition}.{ending}"


# -- the workbook ---------------------------------------------------------------------------------


def package_xlsx(content: Mapping[str, Any], cover: Cover) -> bytes:
    """The same package as a workbook, a sheet per part."""
    doc = document(dict(content))
    book = Book()
    book.sheet("Request", ("What", "Text"), _request(doc, cover), widths=(34, 110))
    years = tuple(str(year) for year in doc["years"])
    book.sheet("Demand", ("Driver", "Unit", "Case", *years), _demand(doc), widths=(34, 18, 10))
    header = ("Code", "Line", "Work package", "Deliverable", "Basis", "Treatment", "Counted by", *years)
    book.sheet("Scope", header, _scope(doc), widths=(20, 36, 26, 40, 14, 14, 22))
    rows = [[q["id"], q["text"]] for q in doc["questions"]]
    book.sheet("Questions", ("Id", "Question"), rows, widths=(8, 110))
    book.sheet("Documents", ("From", "Document", "File", "SHA-256"), _documents(doc), widths=(12, 60, 50, 68))
    criteria = [[c["text"], Decimal(str(c["weight"]))] for c in doc["criteria"]]
    book.sheet("Evaluation", ("Criterion", "Weight, %"), criteria, widths=(60, 12))
    answers = [list(pair) for pair in cover.answered]
    book.sheet("Answers", ("Question of a bidder", "Answer to all"), answers, widths=(70, 90))
    fields = [[label, "in the bid sheet, line by line"] for label in LINE_FIELDS.values()]
    book.sheet("Response sheet", ("Field of every line", "Where"), fields, widths=(40, 40))
    return book.bytes()


def _request(doc: Mapping[str, Any], cover: Cover) -> Iterator[list[Value]]:
    project = doc["project"]
    yield ["Request for quotation", doc["title"]]
    yield ["Edition", cover.edition]
    if cover.note:
        yield ["What changed", cover.note]
    yield ["Sponsor", cover.sponsor]
    yield ["Contact", cover.contact]
    yield ["Quotes are due by", format_datetime(cover.deadline) if cover.deadline else "not set yet"]
    yield ["Sealed until then", cover.sealed]
    yield ["NDA", cover.nda or "none asked for"]
    for label, name in (
        ("Project", "name"),
        ("Product", "product"),
        ("Indication", "indication"),
        ("Modality", "modality"),
        ("Dosage form", "dosage_form"),
        ("Stage", "stage"),
    ):
        yield [label, project[name]]
    yield ["Markets", ", ".join(doc["markets"])]
    for section in doc["section_rows"]:
        yield [section["title"], section["text"]]
    yield ["Milestones", doc["milestones"]]


def _demand(doc: Mapping[str, Any]) -> Iterator[list[Value]]:
    for driver in doc["drivers"]:
        for kind in ("low", "base", "high"):
            row = [Decimal(n) for n in fitted(driver.get(kind) or [], len(doc["years"]))]
            yield [driver["label"], driver["unit"], kind, *row]


def _scope(doc: Mapping[str, Any]) -> Iterator[list[Value]]:
    names = {driver["name"]: driver for driver in doc["drivers"]}
    for line in doc["lines"]:
        driver = names.get(line["driver"])
        texts = fitted(driver["base"] if driver else line["quantities"], len(doc["years"]))
        yield [
            line["code"],
            line["label"],
            line["package"],
            line["deliverable"],
            Basis(line["basis"]).label,
            Treatment(line["treatment"]).label,
            driver["label"] if driver else "quantities typed",
            *(Decimal(text) for text in texts),
        ]


def _documents(doc: Mapping[str, Any]) -> Iterator[list[Value]]:
    files = {row["document"]: row for row in doc["files"] if row["document"]}
    for name in doc["enclosures"]:
        row = files.get(name)
        yield ["sponsor", name, row["name"] if row else "no file enclosed", row["sha256"] if row else "none"]
    for row in doc["files"]:
        if not row["document"]:
            yield ["sponsor", "further file", row["name"], row["sha256"]]
    for name in doc["documents"]:
        yield ["bidder", name, "sent with the quote", "none"]
