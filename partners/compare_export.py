"""A comparison as a workbook: the table, and a sheet with what every statement rests on."""

from collections.abc import Iterator

from django.utils import timezone

from partners.compare import Cell, Comparison, Line, Row
from partners.spreadsheets import Book, Value

EVIDENCE_HEADER = (
    *("Partner", "Illustrative", "Topic", "Item", "Statement", "Site", "Source", "Source link"),
    *("Reference in the source", "Retrieved on", "Evidence level", "Valid until"),
)


def workbook(comparison: Comparison) -> bytes:
    """The XLSX file. The sheets hold what the page shows, in its order."""
    book = Book()
    names = [f"{p.name} (illustrative)" if p.illustrative else p.name for p in comparison.partners]
    header = ("Topic", "Item", *names, "Differs")
    book.sheet("Comparison", header, _table(comparison), widths=(24, 34, *[40] * len(names), 18))
    book.sheet("Evidence", EVIDENCE_HEADER, _evidence(comparison), widths=(30, 12, 24, 34, 50, 26, 34, 40))
    book.sheet("About", ("What", "Value"), _about(comparison), widths=(28, 90))
    return book.bytes()


def _table(comparison: Comparison) -> Iterator[list[Value]]:
    for topic in comparison.topics:
        if topic.hidden:
            yield [topic.title, "Hidden for your role", *["hidden"] * len(comparison.partners), "hidden"]
        for row in topic.rows:
            yield [topic.title, row.label, *map(_text, row.cells), _verdict(row)]


def _text(cell: Cell) -> str | None:
    return "\n".join(_statement(line) for line in cell.lines) or None


def _statement(line: Line) -> str:
    return f"{line.where}: {line.text}" if line.where else line.text


def _verdict(row: Row) -> str:
    if row.differs:
        return "differs"
    return "partly unknown" if row.partly_unknown else "no"


def _evidence(comparison: Comparison) -> Iterator[list[Value]]:
    for topic in comparison.topics:
        for row in topic.rows:
            for partner, cell in zip(comparison.partners, row.cells, strict=True):
                for line in cell.lines:
                    yield [
                        *(partner.name, partner.illustrative, topic.title, row.label, line.text),
                        line.where or "the partner as a whole",
                        *_source(line),
                    ]


def _source(line: Line) -> list[Value]:
    fact = line.fact
    if fact is None:
        return ["worked out from the record", *["none"] * 5]
    return [
        *(fact.source.title, fact.source.url or "none", fact.source_reference or "none", fact.retrieved_on),
        *(fact.get_evidence_level_display(), fact.valid_until or "no end stated"),
    ]


def _about(comparison: Comparison) -> Iterator[list[Value]]:
    yield ["Made on", timezone.localdate()]
    rows = "only those that differ or are partly unknown" if comparison.only_differences else "all"
    yield ["Rows", rows]
    yield ["unknown", "Nobody has stated it. It does not mean no, none or zero."]
    yield ["Illustrative", "An invented company, which says nothing about any real one."]
    if not comparison.prices:
        yield ["Terms and prices", "Hidden for your role."]
