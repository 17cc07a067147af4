"""Files that people send: told by their content, never by their name, refused when opening them could run something.

A file is a PDF, a picture, an Office file of today's formats or a plain text. Office files may hold no macros, no
embedded objects and no links to other files, PDFs no scripts, actions or files (pdf_check.py); links that a reader
clicks on are harmless and stay.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.core.exceptions import SuspiciousFileOperation
from django.db import models
from django.utils.text import get_valid_filename

from quotes.pdf_check import REMEDY, UnreadablePdf, active_parts

MEGABYTE = 1024 * 1024
LARGEST_UNPACKED = 200 * MEGABYTE
LARGEST_RELATIONS = 5 * MEGABYTE  # of one .rels part
MOST_PARTS = 5000
LONGEST_NAME = 120
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
RUNS = ("vbaproject", "/activex/", "macrosheets", "vbadata")
REACHES_OUT = ("externallink", "/connections", "/embeddings/", "/oleobject")
EXTERNAL = re.compile(
    rb"<(?:\w+:)?Relationship\b[^>]*?TargetMode\s*=\s*[\"']External[\"'][^>]*>", re.IGNORECASE
)


class FileKind(models.TextChoices):
    PDF = "pdf", "PDF"
    PNG = "png", "PNG picture"
    JPEG = "jpg", "JPEG picture"
    DOCX = "docx", "Word document"
    XLSX = "xlsx", "Excel workbook"
    PPTX = "pptx", "PowerPoint presentation"
    TEXT = "txt", "Plain text"


CONTENT_TYPES: dict[str, str] = {
    FileKind.PDF: "application/pdf",
    FileKind.PNG: "image/png",
    FileKind.JPEG: "image/jpeg",
    FileKind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    FileKind.TEXT: "text/plain; charset=utf-8",
}
OFFICE = {
    "word/document.xml": FileKind.DOCX,
    "xl/workbook.xml": FileKind.XLSX,
    "ppt/presentation.xml": FileKind.PPTX,
}
STARTS = {b"%PDF-": FileKind.PDF, b"\x89PNG\r\n\x1a\n": FileKind.PNG, b"\xff\xd8\xff": FileKind.JPEG}
ACCEPT = ".pdf,.png,.jpg,.jpeg,.docx,.xlsx,.pptx,.txt,.csv"
WORDS = "PDF, PNG, JPEG, Word, Excel, PowerPoint (.docx, .xlsx, .pptx) or plain text"


class BadFile(ValueError):
    """A file that is not taken; the message says what to send instead."""


class DamagedFile(BadFile):
    """An archive that cannot be read."""


@dataclass(frozen=True)
class CheckedFile:
    """A file that may be kept: what it is, and a name that ends accordingly."""

    kind: FileKind
    name: str
    content: bytes


def check_file(
    name: str,
    content: bytes,
    *,
    largest: int,
    kinds: Collection[FileKind] = tuple(FileKind),
    words: str = WORDS,
) -> CheckedFile:
    """The file with its kind. `largest` in bytes; `words` names the kinds asked for. Raises BadFile."""
    if not content:
        raise BadFile("The file is empty.")
    if len(content) > largest:
        raise BadFile(f"The file is larger than {largest // MEGABYTE} MB. Send a smaller one.")
    kind = kind_of(content)
    if kind is None or kind not in kinds:
        raise BadFile(f"The file is none of the kinds that are taken. Send {words}.")
    if kind is FileKind.PDF:
        refuse_active(content)
    return CheckedFile(kind, clean_name(name, kind), content)


def kind_of(content: bytes) -> FileKind | None:
    """What the content is; None for everything else. Raises BadFile for Office files that are not taken."""
    for start, kind in STARTS.items():
        if content.startswith(start):
            return kind
    if content.startswith(OLD_OFFICE):
        raise BadFile(
            "The file is in an Office format of before 2007 or has a password. Save it as .docx, .xlsx or .pptx "
            "without a password, or as PDF."
        )
    if content.startswith(b"PK"):
        return office_kind(content)
    return FileKind.TEXT if is_text(content) else None


def refuse_active(content: bytes) -> None:
    """Raises BadFile for a PDF that does more than show pages, or cannot be looked into."""
    try:
        parts = active_parts(content)
    except UnreadablePdf as unreadable:
        raise BadFile(str(unreadable)) from None
    if parts:
        raise BadFile(f"The PDF has {' and '.join(parts)}. {REMEDY}")


def office_kind(content: bytes, *, unpacked: int = LARGEST_UNPACKED) -> FileKind | None:
    """Word, Excel or PowerPoint by the parts inside; None for other archives."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            refuse_harmful(archive, unpacked)
            names = {part.filename for part in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise DamagedFile(
            "The file is damaged and cannot be read. Save it again and send that one."
        ) from None
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for part, kind in OFFICE.items() if part in names), None)


def refuse_harmful(archive: zipfile.ZipFile, unpacked: int) -> None:
    """Raises BadFile for macros, embedded objects, links to other files, and archives that swell when unpacked."""
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > unpacked:
        raise BadFile("The file is far larger unpacked than a document needs. Save it as PDF and send that.")
    names = [f"/{part.filename.lower()}" for part in parts]
    if any(word in name for word in RUNS for name in names):
        raise BadFile("The file has macros. Save it without macros (.docx, .xlsx, .pptx) or as PDF.")
    if any(word in name for word in REACHES_OUT for name in names) or any(map(links_out(archive), parts)):
        raise BadFile(
            "The file has links to other files or embedded ones. Remove them (Data → Edit links) or send a PDF."
        )


def links_out(archive: zipfile.ZipFile):
    """A test whether a part of the archive makes the program load something from outside when it is opened."""

    def test(part: zipfile.ZipInfo) -> bool:
        if not part.filename.endswith(".rels"):
            return False
        if part.file_size > LARGEST_RELATIONS:
            return True
        return any(b"/hyperlink" not in found[0].lower() for found in EXTERNAL.finditer(archive.read(part)))

    return test


def is_text(content: bytes) -> bool:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return not any((ord(sign) < 32 and sign not in "\t\r\n\f") or sign == "\x7f" for sign in text)


def clean_name(name: str, kind: FileKind) -> str:
    """The name without folders and signs that hide its ending; the ending is that of the content."""
    plain = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(sign for sign in plain if sign.isprintable())
    stem, _, ending = plain.rpartition(".")
    endings = {FileKind.JPEG: ("jpg", "jpeg"), FileKind.TEXT: ("txt", "csv")}.get(kind, (kind.value,))
    if ending.lower() not in endings:
        stem, ending = stem if stem and len(ending) <= 5 else plain, kind.value
    try:
        stem = get_valid_filename(stem.strip()[:LONGEST_NAME] or "file").strip("._") or "file"
    except SuspiciousFileOperation:  # nothing of the name is left
        stem = "file"
    return f"{stem}.{ending.lower()}"
