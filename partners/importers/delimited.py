"""Rows of a CSV (commas or semicolons) or tab-separated file, plain or gzip, read line by line and never whole."""

import codecs
import csv
import gzip
import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from .errors import ImportFileError
from .files import (
    GZIP,
    MEGABYTE,
    SNIFF_BYTES,
    TEXT_LIMIT,
    UTF8_BOM,
    check_size,
    opened,
    readable,
    refuse_other_types,
)

LINE_LIMIT = 1_000_000  # bytes; no register has such lines, so it is not text
CHUNK = 1 << 20
ENCODING_NAMES = {"utf-8": "UTF-8", "cp1252": "Windows-1252"}

READ_AS = {",": "CSV with commas", ";": "CSV with semicolons", "\t": "tab-separated text"}
_quoted = re.compile(r'"[^"]*"')

Row = tuple[int, list[str], str]  # the line it starts on, its fields, what is wrong with it


def delimiter_of(headings: str) -> str:
    """The tab when the first line has one outside quotation marks, else comma or semicolon, the commoner of them."""
    bare = _quoted.sub("", headings)
    return "\t" if "\t" in bare else ";" if bare.count(";") > bare.count(",") else ","


class DelimitedRows:
    """The rows of a text file. The first line tells the delimiter (see `delimiter_of`).

    `encodings` are tried in order over the whole file before a row is read. A CSV file follows the
    rules of quotation strictly; in a tab-separated one a quotation mark is an ordinary character, unless a field
    both begins and ends with one, as Excel writes them. The hash is of the text, so a file and its gzip are one.
    """

    def __init__(self, path: Path, encodings: tuple[str, ...]) -> None:
        self.path, self.name = path, path.name
        self.encodings = encodings
        self.encoding = encodings[0]
        self.ends_with_newline = True
        self.size = 0
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._stack = ExitStack()

    def __enter__(self) -> "DelimitedRows":
        with ExitStack() as stack:
            self._file = stack.enter_context(opened(self.path))
            self.size = self.path.stat().st_size
            check_size(self.path, self.size, TEXT_LIMIT)
            self._stream: BinaryIO = self._file
            if self._file.peek(2)[:2] == GZIP:  # type: ignore[attr-defined]
                self._stream = stack.enter_context(gzip.GzipFile(fileobj=self._file))  # type: ignore[assignment]
            with readable(self.name):
                head = self._stream.read(SNIFF_BYTES)
                refuse_other_types(self.name, head)
                if len(self.encodings) > 1:
                    self.encoding = self._find_encoding(head)
                self._stream.seek(0)
            first = head.removeprefix(UTF8_BOM).lstrip(b"\r\n").split(b"\n", 1)[0]
            self.delimiter = delimiter_of(first.decode("latin-1"))
            self.read_as = READ_AS[self.delimiter]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def sha256(self) -> str:
        """Final once all rows are read."""
        return self._hash.hexdigest()

    @property
    def position(self) -> int:
        """How far into `size` the reading has come."""
        return self._file.tell() if self._file and not self._file.closed else self.size

    def _find_encoding(self, head: bytes) -> str:
        """The first encoding that the whole file is valid in, or the first of all, whose fault is then told."""
        decoders = {name: codecs.getincrementaldecoder(name)() for name in self.encodings}
        chunk = head
        while chunk and decoders:
            for name, decoder in list(decoders.items()):
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    del decoders[name]
            chunk = self._stream.read(CHUNK)
        return next(iter(decoders), self.encodings[0])

    def __iter__(self) -> Iterator[Row]:
        """Rows that are not blank."""
        with readable(self.name):
            yield from self._tab_rows() if self.delimiter == "\t" else self._csv_rows()

    def _lines(self) -> Iterator[str]:
        number = read = 0
        while raw := self._stream.readline(LINE_LIMIT):
            number += 1
            read += len(raw)
            self._hash.update(raw)
            self.ends_with_newline = raw.endswith(b"\n")
            if len(raw) >= LINE_LIMIT:
                raise ImportFileError(f"{self.name} is not a CSV file: line {number} is over 1 MB long")
            if read > TEXT_LIMIT:
                raise ImportFileError(
                    f"{self.name} unpacks to more than {TEXT_LIMIT // MEGABYTE} MB, the most that is read"
                )
            if b"\0" in raw:
                raise ImportFileError(f"{self.name} is not a text file: line {number} holds a NUL byte")
            encoding = "utf-8-sig" if number == 1 and self.encoding == "utf-8" else self.encoding
            try:
                yield raw.decode(encoding)
            except UnicodeDecodeError as error:
                known = ENCODING_NAMES.get(self.encoding, self.encoding)
                raise ImportFileError(
                    f"{self.name} is not {known}: line {number} holds the byte 0x{raw[error.start]:02x} "
                    f"at position {error.start + 1}; save the file as CSV in UTF-8"
                ) from error

    def _csv_rows(self) -> Iterator[Row]:
        reader = csv.reader(self._lines(), delimiter=self.delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise ImportFileError(self._explain(error, line)) from error
            if any(field.strip() for field in row):
                yield line, row, ""

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

    def _tab_rows(self) -> Iterator[Row]:
        for number, line in enumerate(self._lines(), 1):
            text = line.rstrip("\r\n")
            if "\r" in text:
                raise ImportFileError(
                    f"{self.name} has line ends this reader does not know; save it as CSV (UTF-8) again"
                )
            if text.strip():
                yield number, [_unquoted(field) for field in text.split("\t")], ""


def _unquoted(field: str) -> str:
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field
