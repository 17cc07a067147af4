"""Lists as files: XLSX with a guide and lists to choose from, CSV, and a template without rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import models
from openpyxl.utils import get_column_letter

from partners.spreadsheets import Book, Offer, Value, csv_lines

from .cells import BooleanCell, ChoiceCell, CodeCell, CodesCell, DateCell, NumberCell, TextCell
from .sheet import NEW, VERSION, Column, Sheet

CHUNK = 1_000  # rows read at once
MOST_OFFERED = 1_000  # entries of a list to choose from
ROOM = 1_000  # rows below the last that offer their lists too
VERSION_HINT = (
    "Leave as it is: it says what the row was when it was exported. Empty: found by its key columns. "
    f"“{NEW}”: a row beside one that has the same key."
)
RULES = (
    "A column that is not in the file stays as it is; so does a row that is not in the file.",
    "An empty cell empties the value: it says that it is not known. A new row takes the default there.",
    "Dates are written YYYY-MM-DD, numbers with a point before decimals and nothing between thousands.",
    "A column whose heading begins with # is yours: it is not read.",
    "Codes stand for terms; the sheet Lists says what they mean. Labels are understood too.",
    "Nothing is written before you have seen, cell by cell, what the file would do.",
)


def chosen_columns(sheet: Sheet, names: Sequence[str] | None) -> list[Column]:
    """The key columns and those asked for, in the order of the sheet; all when none are named."""
    if not names:
        return sheet.columns
    return [c for c in sheet.columns if c.key or c.name in names]


def headings(columns: Sequence[Column]) -> list[str]:
    return [*(column.heading for column in columns), VERSION]


def rows_of(sheet: Sheet, columns: Sequence[Column], queryset: models.QuerySet) -> Iterator[list[Value]]:
    """The cells of each row, its version last; two queries for every `CHUNK` rows."""
    for instance in sheet.with_related(queryset).iterator(chunk_size=CHUNK):
        yield [*(column.export(instance) for column in columns), sheet.version(instance)]


def as_csv(sheet: Sheet, columns: Sequence[Column], queryset: models.QuerySet) -> Iterator[str]:
    return csv_lines(headings(columns), rows_of(sheet, columns, queryset), blank="")


def as_xlsx(sheet: Sheet, columns: Sequence[Column], queryset: models.QuerySet | None) -> bytes:
    """The workbook; without a queryset it is a template."""
    book = Book()
    lists = _lists(columns)
    offers: list[Offer | None] = [_offer(column, lists) for column in columns]
    offers.append(Offer(hint=VERSION_HINT, text_only=True))
    rows = rows_of(sheet, columns, queryset) if queryset is not None else iter(())
    count = 0 if queryset is None else queryset.count()
    book.sheet(
        _title(sheet.title),
        headings(columns),
        rows,
        widths=[*(_width(c) for c in columns), 14],
        blank="",
        offers=offers,
        offered_rows=count + ROOM,
    )
    book.sheet(
        "Guide", ["Column", "Holds", "Needed", "About"], _guide(columns), widths=[24, 44, 26, 80], blank=""
    )
    if lists:
        header = [text for column in lists for text in (column.heading, "means")]
        book.sheet("Lists", header, _list_rows(lists), widths=[26, 34] * len(lists), blank="")
    return book.bytes()


def _title(text: str) -> str:
    return "".join(c for c in text if c not in "[]:*?/\\")[:31]


def _width(column: Column) -> int:
    if column.name in ("facility", "source", "summary", "scope", "name", "title", "label", "description"):
        return 34
    return 22 if isinstance(column.widget, CodeCell) else 16


def _lists(columns: Sequence[Column]) -> dict[Column, list[tuple[str, str]]]:
    """Entries to choose from, of the columns that have them and not too many."""
    found = {}
    for column in columns:
        entries = column.widget.options()
        if entries and len(entries) <= MOST_OFFERED and not isinstance(column.widget, BooleanCell):
            found[column] = entries
    return found


def _offer(column: Column, lists: dict[Column, list[tuple[str, str]]]) -> Offer | None:
    widget, hint = column.widget, str(getattr(column.field, "help_text", "") or "")
    if isinstance(widget, CodesCell):
        return Offer(hint=f"{widget.kind}; see the sheet Lists. {hint}".strip(), text_only=True)
    if column in lists:
        at = 2 * list(lists).index(column) + 1
        letter = get_column_letter(at)
        return Offer(
            source=f"Lists!${letter}$2:${letter}${len(lists[column]) + 1}", hint=hint, text_only=True
        )
    if isinstance(widget, BooleanCell):
        return Offer(source='"yes,no"', hint=hint)
    if isinstance(widget, DateCell):
        return Offer(kind="date", hint=hint or "A date")
    if isinstance(widget, NumberCell):
        return Offer(kind="whole" if widget.whole else "decimal", hint=hint or widget.kind)
    return Offer(hint=hint, text_only=isinstance(widget, TextCell | ChoiceCell) or not hint)


def _guide(columns: Sequence[Column]) -> Iterator[list[Value]]:
    for column in columns:
        needed = "key: always in the file" if column.key else "for a new row" if column.needed else ""
        yield [column.heading, column.widget.kind, needed, str(column.field.help_text or "")]
    yield [VERSION, "the state of the row when it was exported", "", VERSION_HINT]
    yield []
    for rule in RULES:
        yield ["", rule]


def _list_rows(lists: dict[Column, list[tuple[str, str]]]) -> Iterator[list[Value]]:
    for number in range(max(map(len, lists.values()))):
        row: list[Value] = []
        for entries in lists.values():
            row.extend(entries[number] if number < len(entries) else (None, None))
        yield row
