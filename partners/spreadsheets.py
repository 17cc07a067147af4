"""Tables as CSV and XLSX files that a spreadsheet program opens without running anything in them."""

import csv
import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter


@dataclass(frozen=True)
class Formula:
    """A formula of our own, such as `=SUM(C2:L2)`. Never made from a text that somebody typed."""

    text: str


Value = str | int | bool | float | Decimal | datetime.date | Formula | None

#: a cell that begins with one of these may be run as a formula; full-width forms are folded to plain ones
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BYTE_ORDER_MARK = "\ufeff"  # tells Excel that the file is UTF-8
ROWS_PER_CHUNK = 500
LONGEST_CELL = 32_767  # characters, the limit of XLSX
UNKNOWN = "unknown"


def plain_text(text: str) -> str:
    """The text as a spreadsheet shows it and never runs it: an apostrophe before anything like a formula."""
    if text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS):
        return f"'{text}"
    return text


def cell_value(value: Value) -> str | int | float | Decimal | datetime.date:
    """A value as a cell holds it: unknown and yes/no in words, texts neutralised, numbers and dates as such."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        # control characters, which no spreadsheet shows, go first: they could hide the sign of a formula
        return plain_text(ILLEGAL_CHARACTERS_RE.sub("", value)) or UNKNOWN
    return value


class _Line:
    """A file for `csv.writer` that hands each line back."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """A CSV file in pieces of up to `ROWS_PER_CHUNK` lines; dates are ISO 8601."""
    writer = csv.writer(_Line())
    waiting = [BYTE_ORDER_MARK + writer.writerow(header)]
    for row in rows:
        waiting.append(writer.writerow([_csv_value(value) for value in row]))
        if len(waiting) >= ROWS_PER_CHUNK:
            yield "".join(waiting)
            waiting = []
    yield "".join(waiting)


def _csv_value(value: Value) -> str:
    cell = cell_value(value)
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    return str(cell)


class Book:
    """An XLSX file written row by row; no row is kept in memory."""

    def __init__(self) -> None:
        self._book = Workbook(write_only=True)

    def sheet(
        self,
        title: str,
        header: Sequence[str],
        rows: Iterable[Sequence[Value]],
        *,
        widths: Sequence[int] = (),
    ) -> int:
        """Add a sheet with a heading row that stays in view. Returns the number of rows below it."""
        sheet = self._book.create_sheet(title)
        sheet.freeze_panes = "B2"
        for number in range(1, len(header) + 1):
            width = widths[number - 1] if number <= len(widths) else 18
            sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.append([self._cell(sheet, text, bold=True) for text in header])
        count = 0
        for row in rows:
            sheet.append([self._cell(sheet, value) for value in row])
            count += 1
        return count

    @staticmethod
    def _cell(sheet: object, value: Value, *, bold: bool = False) -> WriteOnlyCell:
        if isinstance(value, Formula):
            return WriteOnlyCell(sheet, value=value.text)
        content = cell_value(value)
        if isinstance(content, str):
            content = content[:LONGEST_CELL]
        cell = WriteOnlyCell(sheet, value=content)
        if isinstance(content, str):
            cell.data_type = "s"  # also what looks like an error value, such as #N/A, is text
            if "\n" in content or bold:
                cell.alignment = Alignment(wrap_text=True, vertical="top")
        elif isinstance(content, datetime.date):
            cell.number_format = "yyyy-mm-dd"
        if bold:
            cell.font = Font(bold=True)
        return cell

    def bytes(self) -> bytes:
        """The finished file."""
        file = BytesIO()
        self._book.save(file)
        return file.getvalue()
