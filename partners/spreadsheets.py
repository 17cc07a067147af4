"""Tables as CSV and XLSX files that a spreadsheet program opens without running anything in them."""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation


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
EXACT_DIGITS = 15  # of a number, in every spreadsheet program
UNKNOWN = "unknown"
#: control characters and what XML does not allow: no spreadsheet shows them
UNSHOWABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def plain_text(text: str) -> str:
    """The text as a spreadsheet shows it and never runs it: an apostrophe before anything like a formula.

    One more before a text that already has apostrophes there, so that `typed_text` gives every text back.
    """
    return f"'{text}" if _like_formula(text.lstrip("'")) else text


def typed_text(text: str) -> str:
    """What `plain_text` was given: the text without the apostrophe that keeps it from being run."""
    return text[1:] if text.startswith("'") and _like_formula(text.lstrip("'")) else text


def _like_formula(text: str) -> bool:
    return text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS)


def cell_value(value: Value, *, blank: str = UNKNOWN) -> str | int | float | Decimal | datetime.date:
    """A value as a cell holds it: unknown and yes/no in words, texts neutralised, numbers and dates as such.

    `blank` is written where there is no value.
    """
    if value is None or value == "":
        return blank
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        # control characters, which no spreadsheet shows, go first: they could hide the sign of a formula
        return plain_text(UNSHOWABLE.sub("", value)) or blank
    if isinstance(value, Decimal | int):
        digits = f"{Decimal(value):f}"
        if len(digits.replace(".", "").strip("-0")) > EXACT_DIGITS:
            return digits  # as a number it would lose its last digits
    return value


class _Line:
    """A file for `csv.writer` that hands each line back."""

    def write(self, text: str) -> str:
        return text


def csv_lines(
    header: Sequence[str], rows: Iterable[Sequence[Value]], *, blank: str = UNKNOWN
) -> Iterator[str]:
    """A CSV file in pieces of up to `ROWS_PER_CHUNK` lines; dates are ISO 8601."""
    writer = csv.writer(_Line())
    waiting = [BYTE_ORDER_MARK + writer.writerow(header)]
    for row in rows:
        waiting.append(writer.writerow([_csv_value(value, blank) for value in row]))
        if len(waiting) >= ROWS_PER_CHUNK:
            yield "".join(waiting)
            waiting = []
    yield "".join(waiting)


def _csv_value(value: Value, blank: str) -> str:
    cell = cell_value(value, blank=blank)
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    return str(cell)


@dataclass(frozen=True)
class Offer:
    """What the cells of one column may hold: one of the cells `source`, such as `Lists!$A$2:$A$9`, or, with a
    `kind` of XLSX's data validation ("date", "decimal", "whole"), a value of that kind. `text_only` columns keep
    what is typed as text, so that 007 stays 007. `hint` is shown at the cell."""

    source: str = ""
    kind: str = ""
    hint: str = ""
    text_only: bool = False


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
        blank: str = UNKNOWN,
        offers: Sequence[Offer | None] = (),
        offered_rows: int = 0,
    ) -> int:
        """Add a sheet with a heading row that stays in view. Returns the number of rows below it.

        `offers` are by column and hold for the first `offered_rows` rows, written or not.
        """
        sheet = self._book.create_sheet(title)
        sheet.freeze_panes = "B2"
        for number in range(1, len(header) + 1):
            width = widths[number - 1] if number <= len(widths) else 18
            dimension = sheet.column_dimensions[get_column_letter(number)]
            dimension.width = width
            if number <= len(offers) and (offer := offers[number - 1]):
                if offer.text_only:
                    dimension.number_format = "@"
                if offer.source or offer.kind or offer.hint:
                    sheet.data_validations.append(_validation(offer, number, offered_rows))
        sheet.append([self._cell(sheet, text, bold=True) for text in header])
        count = 0
        for row in rows:
            sheet.append([self._cell(sheet, value, blank=blank) for value in row])
            count += 1
        return count

    @staticmethod
    def _cell(
        sheet: object, value: Value, *, bold: bool = False, blank: str = UNKNOWN
    ) -> WriteOnlyCell | None:
        if isinstance(value, Formula):
            return WriteOnlyCell(sheet, value=value.text)
        content = cell_value(value, blank=blank)
        if content == "":
            return None
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


def _validation(offer: Offer, number: int, rows: int) -> DataValidation:
    column = get_column_letter(number)
    if offer.source:
        found = DataValidation(type="list", formula1=offer.source, allow_blank=True)
    elif offer.kind == "date":
        found = DataValidation(type="date", operator="greaterThan", formula1="1", allow_blank=True)
    elif offer.kind:
        found = DataValidation(
            type=offer.kind, operator="between", formula1="-1E+15", formula2="1E+15", allow_blank=True
        )
    else:
        found = DataValidation(allow_blank=True)
    found.showErrorMessage = bool(offer.source or offer.kind)
    found.errorTitle, found.error = "Not possible here", (offer.hint or "See the sheet Guide.")[:255]
    if offer.hint:
        found.showInputMessage, found.prompt = True, offer.hint[:255]
    found.add(f"{column}2:{column}{rows + 1}")
    return found
