"""The bid sheet: a workbook a partner fills in and sends back, read cell by cell.

What is written has nothing a spreadsheet would run; what is read must have none either: files with macros, links to
other files or formulas are refused, and a signed mark says for which request and partner the sheet was made.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.core.signing import BadSignature, Signer
from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import from_excel
from openpyxl.worksheet.datavalidation import DataValidation

from partners.spreadsheets import FORMULA_STARTS, plain_text
from quotes.local_numbers import write_number
from quotes.quote_sheet import LINE_FIELDS, PERCENT, QUOTE_FIELDS
from quotes.response_page import HINTS, QUOTE_LABELS
from quotes.rfq_enums import LineState, PricingModel
from quotes.uploads import BadFile, DamagedFile, FileKind, office_kind

LARGEST_FILE = 5 * 1024 * 1024
LARGEST_UNPACKED = 60 * 1024 * 1024
MARK_CELL = "B3"
FIRST_ROW = 5  # of quote fields, lines and answers
ASKED_COLUMNS = 5  # code, line, package, basis, base quantities
TEXTS = {"assumption", "tiers", "committed", "state", "model", "share_code", "currency"}
QUOTE_NUMBERS = {"headline", "escalation"}
DAYS = {"valid_until", "slot_from"}
FIRST_SERIAL, LAST_SERIAL = 30_000, 80_000  # days 1982 to 2119 as a spreadsheet counts them
LATER_COLUMNS = {"lump_discount"}  # sheets downloaded before a column was there are read without it
NOT_OURS = "The file is no .xlsx workbook. Download the bid sheet, fill it in and send it back."
INPUT = PatternFill("solid", fgColor="FFF6DD")
HEAD = PatternFill("solid", fgColor="E1F0F2")


class BadSheet(ValueError):
    """The file as a whole cannot be used; the message says what to send instead."""


STRICT = b"http://purl.oclc.org/ooxml/"


class Kind(StrEnum):
    """What a cell is asked for."""

    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"
    DAY = "day"


@dataclass
class ReadSheet:
    """Fields by form name as text, and cells that were refused: (sheet and cell, message)."""

    values: dict[str, str] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)


def _signer() -> Signer:
    return Signer(salt="quotes.bid-sheet")


def mark(rfq_id: int, organisation_id: int) -> str:
    return _signer().sign(f"{rfq_id}-{organisation_id}")


# -- writing --------------------------------------------------------------------------------------


def write_sheet(
    asked: Mapping[str, Any],
    packages: list[Mapping[str, Any]],
    draft: Mapping[str, str],
    *,
    rfq_id: int,
    organisation_id: int,
    deadline: str,
) -> bytes:
    """The workbook with what was typed so far in its cells."""
    book = Workbook()
    first = book.active
    first.title = "Read me"
    rows = [
        ("Bid sheet", asked["title"]),
        ("Due by", deadline),
        ("Mark (do not change)", mark(rfq_id, organisation_id)),
        ("How", "Fill in the yellow cells of the sheets Quote, Lines and Answers, save as .xlsx, upload it."),
        ("States", ", ".join(LineState.values)),
        ("Pricing models", ", ".join(PricingModel.values)),
        ("Numbers", "Enter numbers, no formulas. Percentages as per cent: 10 for 10 %."),
        ("Macros, links", "Files with macros, formulas or links to other files are refused."),
    ]
    for row in rows:
        first.append([plain_text(str(text)) for text in row])
    first.column_dimensions["A"].width, first.column_dimensions["B"].width = 24, 100
    _quote_sheet(book, draft)
    _line_sheet(book, asked, packages, draft)
    _answer_sheet(book, asked, draft)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _title(sheet: Any, text: str, header: list[str], widths: list[int]) -> None:
    sheet["A1"] = text
    sheet["A1"].font = Font(bold=True, size=13)
    for column, (name, width) in enumerate(zip(header, widths, strict=True), start=1):
        cell = sheet.cell(FIRST_ROW - 1, column, name)
        cell.font, cell.fill = Font(bold=True), HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False


def _input(sheet: Any, row: int, column: int, text: str, *, number: bool = False) -> Cell:
    cell = sheet.cell(row, column)
    value: Any = plain_text(text) if text else None
    if number and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        value = Decimal(text)
    cell.value = value
    cell.fill, cell.protection = INPUT, Protection(locked=False)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _quote_sheet(book: Workbook, draft: Mapping[str, str]) -> None:
    sheet = book.create_sheet("Quote")
    _title(sheet, "The quote as a whole", ["Field", "Value"], [34, 70])
    for offset, name in enumerate(QUOTE_FIELDS):
        sheet.cell(FIRST_ROW + offset, 1, QUOTE_LABELS[name])
        _input(sheet, FIRST_ROW + offset, 2, draft.get(f"q-{name}", ""), number=name in QUOTE_NUMBERS)


def _line_sheet(
    book: Workbook, asked: Mapping[str, Any], packages: list[Mapping[str, Any]], draft: Mapping[str, str]
) -> None:
    sheet = book.create_sheet("Lines")
    years = ", ".join(str(year) for year in asked["years"])
    header = ["Code", "Line", "Work package", "Basis", f"Base quantities ({years})", *LINE_FIELDS.values()]
    _title(sheet, "Prices line by line", header, [20, 34, 22, 14, 26, *[16] * len(LINE_FIELDS)])
    sheet.freeze_panes = sheet.cell(FIRST_ROW, 3)
    row = FIRST_ROW
    for package in packages:
        for line in package["lines"]:
            given = [
                line["code"],
                line["label"],
                package["name"],
                line["basis_label"],
                "; ".join(line["per_year"]),
            ]
            for column, text in enumerate(given, start=1):
                sheet.cell(row, column, plain_text(str(text)))
            for offset, name in enumerate(LINE_FIELDS):
                text = draft.get(f"l-{line['code']}-{name}", "")
                _input(sheet, row, ASKED_COLUMNS + 1 + offset, text, number=name not in TEXTS)
            row += 1
    last = max(row - 1, FIRST_ROW)
    for name, values in (("state", LineState.values), ("model", PricingModel.values)):
        letter = get_column_letter(ASKED_COLUMNS + 1 + list(LINE_FIELDS).index(name))
        rule = DataValidation(type="list", formula1=f'"{",".join(values)}"', allow_blank=True)
        sheet.add_data_validation(rule)
        rule.add(f"{letter}{FIRST_ROW}:{letter}{last}")
    for name, hint in HINTS.items():
        sheet.cell(FIRST_ROW - 2, ASKED_COLUMNS + 1 + list(LINE_FIELDS).index(name), hint)


def _answer_sheet(book: Workbook, asked: Mapping[str, Any], draft: Mapping[str, str]) -> None:
    sheet = book.create_sheet("Answers")
    _title(sheet, "Answers", ["Id", "Question", "Answer"], [8, 70, 70])
    for offset, question in enumerate(asked["questions"]):
        sheet.cell(FIRST_ROW + offset, 1, question["id"])
        cell = sheet.cell(FIRST_ROW + offset, 2, plain_text(question["text"]))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        _input(sheet, FIRST_ROW + offset, 3, draft.get(f"a-{question['id']}", ""))


# -- reading --------------------------------------------------------------------------------------


def read_bid_sheet(content: bytes, *, rfq_id: int, organisation_id: int) -> ReadSheet:
    """The filled-in workbook. Raises BadSheet for a file that cannot be used at all."""
    _refuse_file(content)
    try:
        book = load_workbook(io.BytesIO(content), data_only=False, keep_links=False)
    except Exception as error:  # openpyxl raises whatever its parsers do
        raise BadSheet("The file is damaged and cannot be read. Save it again as .xlsx.") from error
    missing = [name for name in ("Read me", "Quote", "Lines", "Answers") if name not in book.sheetnames]
    if missing:
        raise BadSheet(f"This is not our bid sheet: it has no sheet {', '.join(missing)}. Download it again.")
    _check_mark(str(book["Read me"][MARK_CELL].value or ""), rfq_id, organisation_id)
    found = ReadSheet()
    _read_quote(book["Quote"], found)
    _read_lines(book["Lines"], found)
    _read_answers(book["Answers"], found)
    return found


def _refuse_file(content: bytes) -> None:
    if not content:
        raise BadSheet("The file is empty.")
    if len(content) > LARGEST_FILE:
        raise BadSheet("The file is larger than 5 MB. Send the bid sheet without pictures.")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise BadSheet(
            "The file is an old .xls workbook or has a password. Save it as .xlsx without a password."
        )
    if not content.startswith(b"PK"):
        raise BadSheet(NOT_OURS)
    try:
        kind = office_kind(content, unpacked=LARGEST_UNPACKED)
    except DamagedFile:
        raise BadSheet(NOT_OURS) from None
    except BadFile as bad:
        raise BadSheet(f"The bid sheet cannot be used. {bad}") from None
    if kind is not FileKind.XLSX:
        raise BadSheet(NOT_OURS)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if STRICT in archive.read("xl/workbook.xml"):
            raise BadSheet(
                "The file is saved as “Strict Open XML Spreadsheet”. Save it as “Excel Workbook (.xlsx)” and send that."
            )


def _check_mark(text: str, rfq_id: int, organisation_id: int) -> None:
    try:
        owner = _signer().unsign(text.strip().lstrip("'"))
    except BadSignature:
        raise BadSheet("The mark on the first sheet was changed. Download the bid sheet again.") from None
    if owner != f"{rfq_id}-{organisation_id}":
        raise BadSheet(
            "This bid sheet was made for another request or another partner. Download yours again."
        )


def _read_quote(sheet: Any, found: ReadSheet) -> None:
    names = {label: name for name, label in QUOTE_LABELS.items()}
    for row in range(FIRST_ROW, FIRST_ROW + len(QUOTE_FIELDS) + 5):
        name = names.get(str(sheet.cell(row, 1).value or "").strip())
        if name:
            kind = Kind.DAY if name in DAYS else Kind.NUMBER if name in QUOTE_NUMBERS else Kind.TEXT
            _take(
                found,
                sheet,
                sheet.cell(row, 2),
                f"q-{name}",
                Kind.PERCENT if name == "escalation" else kind,
            )


def _read_lines(sheet: Any, found: ReadSheet) -> None:
    columns = {
        str(sheet.cell(FIRST_ROW - 1, c).value or "").strip(): c for c in range(1, sheet.max_column + 1)
    }
    there = {name: label for name, label in LINE_FIELDS.items() if label in columns}
    absent = [LINE_FIELDS[name] for name in LINE_FIELDS if name not in there and name not in LATER_COLUMNS]
    if absent:
        raise BadSheet(
            f"The sheet Lines has no column {', '.join(absent[:3])}. Download the bid sheet again."
        )
    for row in range(FIRST_ROW, min(sheet.max_row, 1000) + 1):
        code = str(sheet.cell(row, 1).value or "").strip()
        if not re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", code):
            continue
        for name, label in there.items():
            kind = Kind.PERCENT if name in PERCENT else Kind.TEXT if name in TEXTS else Kind.NUMBER
            _take(found, sheet, sheet.cell(row, columns[label]), f"l-{code}-{name}", kind)


def _read_answers(sheet: Any, found: ReadSheet) -> None:
    for row in range(FIRST_ROW, min(sheet.max_row, 1000) + 1):
        identifier = str(sheet.cell(row, 1).value or "").strip()
        if re.fullmatch(r"[a-zA-Z0-9_]{1,40}", identifier):
            _take(found, sheet, sheet.cell(row, 3), f"a-{identifier}", Kind.TEXT)


def _take(found: ReadSheet, sheet: Any, cell: Cell | MergedCell, name: str, kind: Kind) -> None:
    """One cell as text, or a refusal that names it. An empty cell clears what was typed before."""
    if problem := _refusal(cell, kind):
        found.refused.append((f"{sheet.title}!{cell.coordinate}", problem))
    else:
        found.values[name] = _cell_text(cell, kind, sheet.parent.epoch)


def _refusal(cell: Cell | MergedCell, kind: Kind) -> str:
    """Why a cell cannot be used; empty when it can."""
    value = cell.value
    if isinstance(cell, MergedCell):
        return "is merged with another cell. Undo the merge and enter each value."
    if cell.data_type == "f":
        return "holds a formula. Enter the value itself."
    if cell.data_type == "e":
        return f"holds the error {value}. Enter the value itself."
    if isinstance(value, bool):
        return "holds true or false where a text or number is asked for."
    if isinstance(value, dt.date | dt.time | dt.timedelta) and kind in (Kind.NUMBER, Kind.PERCENT):
        return (
            "holds a day where a number is asked for: spreadsheets make days of figures such as 1.5 or 1/5. Format "
            "the cell as a number and enter it again."
        )
    if isinstance(value, str) and _runs(value.strip()):
        return "begins like a formula. Begin the text with a letter."
    return ""


def _cell_text(cell: Cell | MergedCell, kind: Kind, epoch: dt.datetime) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, dt.datetime | dt.date):
        return (value.date() if isinstance(value, dt.datetime) else value).isoformat()
    if isinstance(value, int | float | Decimal):
        number = _number(value)
        if kind is Kind.DAY and number == int(number) and FIRST_SERIAL <= number <= LAST_SERIAL:
            day = from_excel(int(number), epoch)  # a day in a cell that was formatted as a number
            return day.date().isoformat()
        if kind is Kind.PERCENT and "%" in (cell.number_format or ""):
            number *= 100  # Excel keeps 10 % as 0.1
        return write_number(number)
    return str(value).strip().removeprefix("'")


def _number(value: int | float | Decimal) -> Decimal:
    """A cell's number to the 15 digits a spreadsheet shows; 0.30000000000000004 was meant as 0.3."""
    return Decimal(f"{value:.15g}") if isinstance(value, float) else Decimal(value)


def _runs(text: str) -> bool:
    """Whether a spreadsheet would run the text: a formula sign in front of anything but a number."""
    return text.startswith(FORMULA_STARTS) and not re.fullmatch(r"[+\-−]?\s*[0-9][0-9 .,'’]*%?", text)
