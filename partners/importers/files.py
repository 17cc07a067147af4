"""Opening a register file: what it is by its content, its limits, and the words for what it is not."""

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import ImportFileError

MEGABYTE = 1_000_000
TEXT_LIMIT = 256 * MEGABYTE  # unpacked; the largest register is 4 MB
WORKBOOK_LIMIT = 64 * MEGABYTE  # as it lies on the disk
UNPACKED_LIMIT = 512 * MEGABYTE  # all parts of a workbook
PART_LIMIT = 64 * MEGABYTE  # parts that are held in memory: shared strings, styles, relations
ROW_LIMIT = 1_000_000
SNIFF_BYTES = 4096

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
UTF8_BOM = b"\xef\xbb\xbf"
_BINARY_TYPES = {
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xfd7zXZ": "an xz archive",
    b"BZh": "a bzip2 archive",
}


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes as they lie on the disk. Raises ImportFileError when it cannot be read."""
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise ImportFileError(f"There is no file {path}") from error
    except IsADirectoryError as error:
        raise ImportFileError(f"{path} is a directory, not a file") from error
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror}") from error
    with file:
        yield file


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turns what a damaged archive raises into words."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImportFileError(f"{name} is a damaged or cut-off gzip file") from error
    except zipfile.BadZipFile as error:
        raise ImportFileError(f"{name} is a damaged or cut-off Excel workbook") from error


def check_size(path: Path, size: int, limit: int) -> None:
    if size > limit:
        raise ImportFileError(
            f"{path.name} has {size // MEGABYTE:,} MB; a file may have {limit // MEGABYTE} MB at most"
        )


def hash_of(path: Path) -> str:
    """SHA-256 of the file's bytes."""
    with opened(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refuse_other_types(name: str, head: bytes) -> None:
    """Raises ImportFileError when the first bytes are not those of a text file."""
    if not head.strip():
        raise ImportFileError(f"{name} is empty")
    for magic, what in _BINARY_TYPES.items():
        if head.startswith(magic):
            raise ImportFileError(
                f"{name} is {what}, not a CSV file; save the table as CSV (UTF-8) or Excel workbook (XLSX)"
            )
    if head.startswith(ZIP):  # reached only inside a gzip: a bare one is read as a workbook
        raise ImportFileError(f"{name} is a ZIP archive, not a CSV file; unpack it first")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ImportFileError(f"{name} is UTF-16 text; save it as CSV in UTF-8")
    start = head.removeprefix(UTF8_BOM).lstrip()[:200].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<script")):
        raise ImportFileError(f"{name} is a web page or XML, not a CSV file")
    if start.startswith((b"{", b"[")):
        raise ImportFileError(f"{name} is JSON, not a CSV file")
    if b"\0" in head:
        raise ImportFileError(f"{name} is a binary file, not a CSV file")
