"""Opening a curator's spreadsheet: which column is which, and each row's cells as texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from openpyxl.utils import get_column_letter

from partners.importers.delimited import DelimitedRows
from partners.importers.errors import ImportFileError
from partners.importers.files import ZIP, opened, readable
from partners.importers.workbook import WorkbookRows
from partners.spreadsheets import typed_text

from .cells import NumberCell
from .sheet import VERSION, Sheet, fold

ROW_LIMIT = 50_000
#: columns that a file of rejected rows has before ours
OF_REJECTED = ("line", "reason")
SHOWN_NAMES = 8
#: 12,5 but not 1,250, which may be thousands
_decimal_comma = re.compile(r"(?![+-]?[1-9][0-9]{0,2},[0-9]{3}$)[+-]?[0-9]*,[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SheetRecord:
    """One row: its number in the file, its cells by column name, and what is wrong with its shape."""

    line: int
    cells: dict[str, str]
    fault: str = ""


@dataclass
class Headings:
    """Where each column stands in the file, by the names of the sheet's columns and `version`; `titles` are what
    people call them."""

    titles: dict[str, str]
    at: dict[str, int] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    def cell(self, column: str, line: int) -> str:
        """The address of a cell as spreadsheet programs write it, such as C5."""
        return f"{get_column_letter(self.at[column] + 1)}{line}" if column in self.at else f"row {line}"


class SheetReader:
    """The rows of a CSV (commas or semicolons) or tab-separated file, plain or gzip, or of a workbook's first
    visible sheet. A file with semicolons comes from where decimals have a comma: in columns of numbers one is read.

    A context manager: on entry the headings are read. Raises ImportFileError when the file as a whole cannot be
    used: other type or encoding, unknown, doubled or missing columns, too many rows, cut off.
    """

    def __init__(self, path: Path, sheet: Sheet) -> None:
        self.path, self.sheet, self.name = path, sheet, path.name
        self.rows = 0
        self._stack = ExitStack()

    def __enter__(self) -> SheetReader:
        with opened(self.path) as file:
            is_workbook = file.read(len(ZIP)) == ZIP
        with ExitStack() as stack:
            source = WorkbookRows(self.path) if is_workbook else DelimitedRows(self.path, ("utf-8",))
            self._source: WorkbookRows | DelimitedRows = stack.enter_context(source)
            self._raw = iter(self._source)
            with readable(self.name):
                _, header, fault = next(self._raw, (1, [], ""))
            if fault:
                raise ImportFileError(f"The first row {fault}")
            self._width = len(header)
            self.headings = self._read(header)
            if isinstance(source, WorkbookRows):
                source.watched = frozenset(self.headings.at.values())
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def share_read(self) -> float:
        """How much of the file has been read, 0 to 1."""
        return min(1.0, self._source.position / self._source.size) if self._source.size else 0.0

    @property
    def read_as(self) -> str:
        """The format that the file was found to have, in words."""
        return self._source.read_as

    def __iter__(self) -> Iterator[SheetRecord]:
        is_workbook = isinstance(self._source, WorkbookRows)
        with_commas = self._columns_with_decimal_commas()
        line, row = 1, [""]
        for line, row, fault in self._raw:
            self.rows += 1
            if self.rows > ROW_LIMIT:
                raise ImportFileError(
                    f"The file has more than {ROW_LIMIT:,} rows, the most that is read; split it into several"
                )
            width = len(row)
            row += [""] * (self._width - width)
            if not fault and (width > self._width or (width < self._width and not is_workbook)):
                fault = f"has {width} cells instead of {self._width}"
                if not is_workbook and width < self._width and not self._source.ends_with_newline:
                    break  # the last row, unfinished
            cells = {name: typed_text(row[at]) for name, at in self.headings.at.items()}
            for name in with_commas:
                if _decimal_comma.fullmatch(cells[name].strip()):
                    cells[name] = cells[name].replace(",", ".")
            yield SheetRecord(line, cells, fault)
        else:
            return
        raise ImportFileError(f"The file is cut off: its last row, on line {line}, is unfinished")

    def _columns_with_decimal_commas(self) -> list[str]:
        """The columns of numbers in a file whose cells are separated by semicolons."""
        if isinstance(self._source, WorkbookRows) or self._source.delimiter != ";":
            return []
        return [
            c.name
            for c in self.sheet.columns
            if isinstance(c.widget, NumberCell) and c.name in self.headings.at
        ]

    # -- headings ------------------------------------------------------------------------------------

    def _read(self, header: list[str]) -> Headings:
        if not any(text.strip() for text in header):
            raise ImportFileError("The file is empty")
        known = {name: column.name for column in self.sheet.columns for name in column.names} | {
            fold(VERSION): VERSION
        }
        titles = {column.name: column.heading for column in self.sheet.columns}
        found, unknown, doubled = Headings(titles), [], []
        for at, text in enumerate(header):
            name = known.get(fold(text))
            if name and name in found.at:
                doubled.append(text.strip())
            elif name:
                found.at[name] = at
            elif not text.strip() or text.lstrip().startswith("#") or fold(text) in OF_REJECTED:
                found.ignored.append(text.strip())
            else:
                unknown.append(text.strip())
        self._refuse_other_delimiter(found, header, known)
        problems = [f"the column “{text}” stands twice; delete one" for text in doubled] + [
            self._unknown(text, found, known) for text in unknown
        ]
        problems += [
            f"the column “{column.heading}” is missing; rows are known by it, so copy it from an export"
            for column in self.sheet.keys
            if column.name not in found.at
        ]
        if len(problems) > SHOWN_NAMES:
            problems = [*problems[:SHOWN_NAMES], f"and {len(problems) - SHOWN_NAMES} more"]
        if problems:
            raise ImportFileError(f"Not a spreadsheet of “{self.sheet.title}”: {'; '.join(problems)}")
        return found

    def _refuse_other_delimiter(self, found: Headings, header: list[str], known: dict[str, str]) -> None:
        if not found.at and sum(fold(text) in known for text in " ".join(header).split("|")) > 1:
            raise ImportFileError(
                "The cells are separated by “|”; save the file with commas or semicolons (CSV), with tabs, or as an "
                "Excel workbook (XLSX)"
            )

    def _unknown(self, text: str, found: Headings, known: dict[str, str]) -> str:
        free = [name for name, column in known.items() if column not in found.at]
        near = get_close_matches(fold(text), free, n=1, cutoff=0.6)
        if near:
            return f"the column “{text}” is not known; is it “{near[0]}”? Rename it, or put # before it"
        return f"the column “{text}” is not known; delete it, or put # before it to keep it to yourself"
