"""Rows of the first sheet of an Excel workbook (XLSX), read row by row.

A workbook is a ZIP archive of XML parts. Their unpacked sizes stand in its directory and bind its reader, so a
"ZIP bomb" is refused before anything is unpacked. Formulas are not calculated and not trusted: a row that holds
one in a column of the register is handed on with that fault.
"""

import datetime
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from .delimited import Row
from .errors import ImportFileError
from .files import MEGABYTE, PART_LIMIT, UNPACKED_LIMIT, WORKBOOK_LIMIT, check_size, hash_of, opened, readable

CELL_LIMIT = 32_767  # characters; Excel's own
WIDTH_LIMIT = 200  # columns
_MIDNIGHT = datetime.time()


class WorkbookRows:
    """The rows of a workbook's first visible sheet; the line of a row is its number in the sheet.

    `padded` of the layout says which columns hold numbers that lose leading zeros when Excel takes them for
    amounts (D-U-N-S), and how many digits they have. `watched`, when set, are the columns that matter (0 is the
    first): a formula elsewhere is nobody's fault.
    """

    read_as = "Excel workbook"
    ends_with_newline = True

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, path.name
        self.watched: frozenset[int] | None = None
        self.sha256 = ""
        self.size = self.position = 0
        self._stack = ExitStack()

    def __enter__(self) -> "WorkbookRows":
        with ExitStack() as stack, readable(self.name):
            file = stack.enter_context(opened(self.path))
            check_size(self.path, self.path.stat().st_size, WORKBOOK_LIMIT)
            self._check_archive(file)
            self.sha256 = hash_of(self.path)
            file.seek(0)
            try:
                book = openpyxl.load_workbook(file, read_only=True, data_only=False, keep_links=False)
                stack.callback(book.close)
                sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            except zipfile.BadZipFile:
                raise
            except (InvalidFileException, KeyError, ValueError, TypeError, OSError, SyntaxError) as error:
                raise ImportFileError(f"{self.name} is not a workbook that can be read") from error
            if not sheets:
                raise ImportFileError(f"{self.name} has no visible sheet")
            self._sheet = sheets[0]
            self.size = self._sheet.max_row or 0
            self._sheet.reset_dimensions()  # what the file claims is not what it holds
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _check_archive(self, file: Any) -> None:
        parts = zipfile.ZipFile(file).infolist()
        names = {part.filename for part in parts}
        if "xl/workbook.xml" not in names:
            raise ImportFileError(f"{self.name} is a ZIP archive, not an Excel workbook; unpack it first")
        if any(part.flag_bits & 1 for part in parts):
            raise ImportFileError(f"{self.name} is protected by a password; save it without one")
        held = [part for part in parts if not part.filename.startswith("xl/worksheets/")]
        if sum(part.file_size for part in parts) > UNPACKED_LIMIT or any(
            part.file_size > PART_LIMIT for part in held
        ):
            raise ImportFileError(
                f"{self.name} unpacks to more than {UNPACKED_LIMIT // MEGABYTE} MB (or its texts to more than "
                f"{PART_LIMIT // MEGABYTE} MB), the most that is read; save the table as CSV (UTF-8)"
            )
        with zipfile.ZipFile(file) as archive:
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        if b"<!DOCTYPE" in stream.read(4096):
                            raise ImportFileError(f"{self.name} holds a document type; no workbook has one")

    def __iter__(self) -> Iterator[Row]:
        """Rows that are not blank. A formula is a fault of its row."""
        try:
            for number, cells in enumerate(self._sheet.iter_rows(), 1):
                self.position = number
                values, fault = [], ""
                for at, cell in enumerate(cells[:WIDTH_LIMIT]):
                    if self.watched is not None and at not in self.watched:
                        values.append("")
                    elif cell.data_type == "f":
                        fault = fault or f"holds a formula in {cell.coordinate}; paste values only"
                        values.append("")
                    elif cell.data_type == "e":
                        fault = fault or f"holds the error {cell.value} in {cell.coordinate}"
                        values.append("")
                    else:
                        values.append(as_text(cell.value))
                while values and not values[-1]:
                    values.pop()
                if any(value.strip() for value in values) or fault:
                    yield number, values, fault
        except (zipfile.BadZipFile, EOFError) as error:
            raise ImportFileError(f"{self.name} is a damaged or cut-off Excel workbook") from error
        except (SyntaxError, ValueError, KeyError, IndexError, TypeError) as error:
            raise ImportFileError(
                f"{self.name} has a sheet that cannot be read after row {self.position}"
            ) from error


def as_text(value: Any) -> str:
    """A cell as the text a CSV file would have: whole numbers without `.0`, days as YYYY-MM-DD."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return f"{value:.15g}"  # what the program shows: 0.1 + 0.2 is 0.3 there
    if isinstance(value, datetime.datetime):
        return (value.date() if value.time() == _MIDNIGHT else value).isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)[:CELL_LIMIT]
