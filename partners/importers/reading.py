"""Reading a delimited register file: row by row, never whole, and with words for what is wrong with it.

A file is refused as a whole (ImportFileError) when it is not the file it should be: wrong type, wrong
encoding, missing columns, cut off. A single bad row in the middle is not: it is handed on with its fault.
"""

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import ImportFileError

LINE_LIMIT = 1_000_000  # bytes; no register has such lines, so it is not text
SNIFF_BYTES = 4096

_BINARY_TYPES = {
    b"PK\x03\x04": "an Excel workbook or ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xfd7zXZ": "an xz archive",
    b"BZh": "a bzip2 archive",
}
_GZIP = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Record:
    """One row: the line it starts on, the columns that were asked for, and what is wrong with its shape."""

    line: int
    fields: dict[str, str]
    fault: str = ""


class TableReader:
    """A CSV file (plain or gzip) with a known header, as an iterator of records.

    `sha256` and `rows` are final once the iterator is exhausted. The hash is of the text, so a file and its
    gzip are the same file.
    """

    def __init__(self, path: Path, *, columns: tuple[str, ...]) -> None:
        self.path = path
        self.columns = columns
        self.rows = 0
        self._hash = hashlib.sha256()
        self._ends_with_newline = True

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[Record]:
        try:
            with self._open() as stream:
                yield from self._records(stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ImportFileError(f"{self.name} is a damaged or cut-off gzip file") from error

    @property
    def name(self) -> str:
        return self.path.name

    # -- bytes and lines ------------------------------------------------------------------------

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        """The file's text as bytes, unpacked when it is gzip."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError as error:
            raise ImportFileError(f"There is no file {self.path}") from error
        except IsADirectoryError as error:
            raise ImportFileError(f"{self.path} is a directory, not a file") from error
        except OSError as error:
            raise ImportFileError(f"{self.path} cannot be read: {error.strerror}") from error
        with ExitStack() as opened:
            stream: BinaryIO = opened.enter_context(file)
            if stream.peek(2)[:2] == _GZIP:  # type: ignore[attr-defined]
                stream = opened.enter_context(gzip.GzipFile(fileobj=stream))  # type: ignore[assignment]
            head = stream.read(SNIFF_BYTES)
            stream.seek(0)
            self._refuse_other_types(head)
            yield stream

    def _refuse_other_types(self, head: bytes) -> None:
        if not head.strip():
            raise ImportFileError(f"{self.name} is empty")
        for magic, what in _BINARY_TYPES.items():
            if head.startswith(magic):
                raise ImportFileError(f"{self.name} is {what}, not a CSV file; save the table as CSV (UTF-8)")
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise ImportFileError(f"{self.name} is UTF-16 text; save it as CSV in UTF-8")
        start = head.removeprefix(_UTF8_BOM).lstrip()[:200].lower()
        if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<script")):
            raise ImportFileError(f"{self.name} is a web page or XML, not a CSV file")
        if start.startswith((b"{", b"[")):
            raise ImportFileError(f"{self.name} is JSON, not a CSV file")
        if b"\0" in head:
            raise ImportFileError(f"{self.name} is a binary file, not a CSV file")

    def _lines(self, stream: BinaryIO) -> Iterator[str]:
        number = 0
        while raw := stream.readline(LINE_LIMIT):
            number += 1
            self._hash.update(raw)
            self._ends_with_newline = raw.endswith(b"\n")
            if len(raw) >= LINE_LIMIT:
                raise ImportFileError(f"{self.name} is not a CSV file: line {number} is over 1 MB long")
            if b"\0" in raw:
                raise ImportFileError(f"{self.name} is not a text file: line {number} holds a NUL byte")
            try:
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise ImportFileError(
                    f"{self.name} is not UTF-8: line {number} holds the byte 0x{raw[error.start]:02x} "
                    f"at position {error.start + 1}; save the file as CSV in UTF-8"
                ) from error

    # -- rows -----------------------------------------------------------------------------------

    def _records(self, stream: BinaryIO) -> Iterator[Record]:
        rows = self._rows(stream)
        line, header = next(rows, (1, []))
        names = self._check_header(header)
        held: Record | None = None  # the last row is judged more strictly: a cut-off file ends in it
        width_of_last, last_is_open = 0, False
        for line, row in rows:
            if held is not None:
                yield held
            self.rows += 1
            width_of_last, last_is_open = len(row), not row[-1]
            fault = ""
            if len(row) != len(names):
                fault = f"has {len(row)} fields instead of {len(names)}"
            fields = {name: value for name, value in zip(names, row, strict=False) if name in self.columns}
            held = Record(line, fields, fault)
        if held is None:
            raise ImportFileError(f"{self.name} has a header but no rows")
        if width_of_last < len(names):
            raise ImportFileError(
                f"{self.name} is cut off: its last row, on line {held.line}, has {width_of_last} fields "
                f"instead of {len(names)}"
            )
        if last_is_open and not self._ends_with_newline:
            raise ImportFileError(f"{self.name} is cut off: its last row, on line {held.line}, is unfinished")
        yield held

    def _rows(self, stream: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """Non-blank rows with the number of the line they start on."""
        reader = csv.reader(self._lines(stream), strict=True)
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise ImportFileError(self._explain(error, line)) from error
            if any(field.strip() for field in row):
                yield line, row

    def _explain(self, error: csv.Error, line: int) -> str:
        reason = str(error)
        if "unexpected end of data" in reason or "field larger than field limit" in reason:
            return (
                f"{self.name} is cut off or damaged: a quotation mark opened in the row on line {line} "
                "is never closed"
            )
        if "new-line character" in reason:
            return f"{self.name} has line ends this reader does not know; save it as CSV (UTF-8) again"
        return f"{self.name} is not valid CSV in the row on line {line}: {reason}"

    def _check_header(self, header: list[str]) -> list[str]:
        names = [name.strip().upper() for name in header]
        missing = [column for column in self.columns if column not in names]
        if len(missing) == len(self.columns):
            raise ImportFileError(
                f"{self.name} is not this register: its first line has none of the expected columns "
                f"({', '.join(self.columns)})"
            )
        if missing:
            word = "column" if len(missing) == 1 else "columns"
            raise ImportFileError(f"{self.name} has no {word} {', '.join(missing)}")
        doubled = sorted({column for column in self.columns if names.count(column) > 1})
        if doubled:
            raise ImportFileError(f"{self.name} has the column {', '.join(doubled)} twice")
        return names
