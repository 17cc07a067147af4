"""Reading a register's file, whatever its format: row by row, never whole, with words for what is wrong with it.

A file is refused as a whole (ImportFileError) when it is not the file it should be: wrong type, wrong
encoding, missing columns, cut off. A single bad row in the middle is not: it is handed on with its fault.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from .delimited import DelimitedRows
from .errors import ImportFileError
from .files import ROW_LIMIT, ZIP, opened, readable
from .workbook import WorkbookRows

UTF8 = ("utf-8",)
SHORTEST_PADDED = 6  # digits; what is shorter did not merely lose its zeros


class Layout(Protocol):
    """The columns a register's file may have. `aliases` maps other names of a column to its name here."""

    @property
    def columns(self) -> tuple[str, ...]: ...
    @property
    def optional(self) -> tuple[str, ...]: ...
    @property
    def aliases(self) -> Mapping[str, str]: ...
    @property
    def padded(self) -> Mapping[str, int]: ...


L = TypeVar("L", bound=Layout)


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line it starts on, the columns that were asked for, and what is wrong with its shape."""

    line: int
    fields: dict[str, str]
    fault: str = ""


class TableReader(Generic[L]):
    """A CSV (commas or semicolons) or tab-separated file, plain or gzip, or an Excel workbook, as records.

    A context manager: on entry the header is read and `layout` is the one of `layouts` that it fits. Columns are
    known by their names, in any order and any case. `others` are layouts that a file chosen by mistake may have,
    by name. `sha256` and `rows` are final once the iterator is exhausted.
    """

    def __init__(
        self,
        path: Path,
        *,
        layouts: Sequence[L],
        encodings: tuple[str, ...] = UTF8,
        others: Mapping[str, Sequence[Layout]] | None = None,
    ) -> None:
        self.path, self.name = path, path.name
        self.layouts = layouts
        self.others = others or {}
        self.encodings = encodings
        self.rows = 0
        self._stack = ExitStack()

    def __enter__(self) -> "TableReader[L]":
        with opened(self.path) as file:
            head = file.read(len(ZIP))
        with ExitStack() as stack:
            packed = WorkbookRows(self.path) if head == ZIP else DelimitedRows(self.path, self.encodings)
            self._source: WorkbookRows | DelimitedRows = stack.enter_context(packed)
            self._raw_rows = iter(self._source)
            with readable(self.name):
                _, header, fault = next(self._raw_rows, (1, [], ""))
            if fault:
                raise ImportFileError(f"{self.name}: its first row {fault}")
            self.layout, self._names = self._choose(header)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def sha256(self) -> str:
        return self._source.sha256

    @property
    def read_as(self) -> str:
        """The format that the file was found to have, in words."""
        return self._source.read_as

    @property
    def share_read(self) -> float:
        """How much of the file has been read, 0 to 1."""
        return min(1.0, self._source.position / self._source.size) if self._source.size else 0.0

    # -- rows -----------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Record]:
        wanted = {*self.layout.columns, *self.layout.optional}
        names, width = self._names, len(self._names)
        padded = self.layout.padded if self._is_workbook else {}
        held: Record | None = None  # the last row is judged more strictly: a cut-off file ends in it
        width_of_last, last_is_open = 0, False
        for line, row, fault in self._raw_rows:
            if held is not None:
                yield held
            self.rows += 1
            if self.rows > ROW_LIMIT:
                raise ImportFileError(f"{self.name} has more than {ROW_LIMIT:,} rows, the most that is read")
            if self._is_workbook and len(row) < width:  # empty cells at the end are not in the file
                row += [""] * (width - len(row))
            width_of_last, last_is_open = len(row), not row[-1]
            if len(row) != width:
                fault = f"has {_fields(len(row))} instead of {width}"
            fields = {name: value for name, value in zip(names, row, strict=False) if name in wanted}
            for name, digits in padded.items():
                value = fields.get(name, "")
                if value.isdecimal() and SHORTEST_PADDED <= len(value) < digits:
                    fields[name] = value.zfill(digits)
            held = Record(line, fields, fault)
        if held is None:
            raise ImportFileError(f"{self.name} has a header but no rows")
        if not self._is_workbook:
            self._check_end(held, width_of_last, last_is_open)
        yield held

    @property
    def _is_workbook(self) -> bool:
        return isinstance(self._source, WorkbookRows)

    def _check_end(self, last: Record, width: int, is_open: bool) -> None:
        if width < len(self._names):
            raise ImportFileError(
                f"{self.name} is cut off: its last row, on line {last.line}, has {_fields(width)} "
                f"instead of {len(self._names)}"
            )
        if is_open and not self._source.ends_with_newline:
            raise ImportFileError(f"{self.name} is cut off: its last row, on line {last.line}, is unfinished")

    # -- header ---------------------------------------------------------------------------------

    def _choose(self, header: list[str]) -> tuple[L, list[str]]:
        """The layout that the header fits, and the header in its words."""
        read = [(layout, [self._known_as(name, layout) for name in header]) for layout in self.layouts]
        lacks = [[column for column in layout.columns if column not in names] for layout, names in read]
        (layout, names), missing = min(zip(read, lacks, strict=True), key=lambda pair: len(pair[1]))
        if len(missing) == len(layout.columns):
            raise ImportFileError(self._not_this_register(header))
        if missing:
            word = "column" if len(missing) == 1 else "columns"
            unknown = [name.strip() for name, known in zip(header, names, strict=True) if not known]
            meant = [near[0] for column in missing if (near := _like(column, unknown))]
            hint = f"; is it {', '.join(f'“{name}”' for name in meant)}?" if meant else ""
            raise ImportFileError(f"{self.name} has no {word} {', '.join(missing)}{hint}")
        doubled = sorted({c for c in (*layout.columns, *layout.optional) if names.count(c) > 1})
        if doubled:
            raise ImportFileError(f"{self.name} has the column {', '.join(doubled)} twice")
        return layout, names

    @staticmethod
    def _known_as(name: str, layout: Layout) -> str:
        """The layout's own name of a column of the file; empty when the layout has none."""
        folded = " ".join(name.split()).upper()
        folded = layout.aliases.get(folded, folded)
        return folded if folded in layout.columns or folded in layout.optional else ""

    def _not_this_register(self, header: list[str]) -> str:
        line = " ".join(header)
        for layout in self.layouts:
            if sum(bool(self._known_as(name, layout)) for name in line.split("|")) > 1:
                return (
                    f"{self.name} has its fields separated by “|”; "
                    "save it with commas, semicolons or tabs between the fields"
                )
        for name, layouts in self.others.items():
            if any(
                all(c in [self._known_as(h, one) for h in header] for c in one.columns) for one in layouts
            ):
                return f"{self.name} is not this register; its columns are those of “{name}”: choose that one"
        expected = " or ".join(f"({', '.join(layout.columns)})" for layout in self.layouts)
        return f"{self.name} is not this register: its first line has none of the expected columns {expected}"


def _fields(number: int) -> str:
    return f"{number} field{'' if number == 1 else 's'}"


def _like(column: str, names: list[str]) -> list[str]:
    """The name that may be the column, written differently; none or one."""
    near = get_close_matches(column, [name.upper() for name in names], n=1, cutoff=0.75)
    return [name for name in names if name.upper() in near][:1]
