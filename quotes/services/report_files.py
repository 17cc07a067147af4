"""The files of reports in whatever storage is configured: stored under a name of their own, verified when read.

A name carries a random part, so no attempt ever writes over, or removes, the file of another.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.utils.text import slugify

from quotes.models import Report

logger = logging.getLogger(__name__)


class NotStored(Exception):
    """The storage refused the file: it is full, read-only, or out of reach."""


class NotReachable(Exception):
    """The storage does not answer, so nobody knows whether the file is there."""


@dataclass(frozen=True)
class Stored:
    """A file that is kept: its name in the storage, its checksum, its bytes."""

    name: str
    sha256: str
    size: int


def new_name(report: Report) -> str:
    """A name in the storage that no other attempt has."""
    stem = slugify(report.project.name)[:60] or "project"
    name = f"{stem}-{report.snapshot_hash[:8]}-{secrets.token_hex(4)}.pdf"
    return report.file.field.generate_filename(report, name)


def store(name: str, content: bytes, storage: Storage = default_storage) -> Stored:
    """Keep a PDF under a new name. Raises NotStored, and then leaves nothing behind."""
    try:
        kept = storage.save(name, ContentFile(content), max_length=Report._meta.get_field("file").max_length)
    except Exception as error:  # every storage has exceptions of its own
        with contextlib.suppress(Exception):
            storage.delete(name)  # a disk that filled up keeps the beginning of the file
        raise NotStored(f"{type(error).__name__}: {error}") from error
    return Stored(kept, hashlib.sha256(content).hexdigest(), len(content))


def read_file(report: Report) -> bytes | None:
    """The stored PDF, or None when it is missing or does not match its checksum. Raises NotReachable."""
    if not report.file:
        return None
    try:
        with report.file.storage.open(report.file.name, "rb") as stored:
            content = stored.read()
    except FileNotFoundError:
        logger.error("report %s: its file is missing", report.pk)
        return None
    except Exception as error:
        logger.error("report %s: its file cannot be read (%s)", report.pk, type(error).__name__)
        raise NotReachable(type(error).__name__) from error
    if hashlib.sha256(content).hexdigest() != report.file_sha256:
        logger.error("report %s: its file does not match its checksum", report.pk)
        return None
    return content


def size_of(report: Report) -> int | None:
    """Bytes of the stored file, None when it is not there. Raises NotReachable."""
    if not report.file:
        return None
    try:
        return report.file.size
    except FileNotFoundError:
        return None
    except Exception as error:
        logger.error("report %s: its file cannot be asked for (%s)", report.pk, type(error).__name__)
        raise NotReachable(type(error).__name__) from error


def remove(report: Report, name: str) -> bool:
    """Delete one file of the report. False when the storage refused."""
    try:
        report.file.storage.delete(name)
    except Exception as error:
        logger.error("report %s: %s cannot be deleted (%s)", report.pk, name, type(error).__name__)
        return False
    return True


def remove_others(report: Report, kept: str = "") -> None:
    """Delete what attempts that died left beside the report's file, or everything of one that has none."""
    folder = report.file.field.generate_filename(report, "x").rpartition("/")[0]
    try:
        _, names = report.file.storage.listdir(folder)
    except FileNotFoundError:
        return
    except Exception as error:
        logger.warning("report %s: leftovers cannot be listed (%s)", report.pk, type(error).__name__)
        return
    for name in names:
        if f"{folder}/{name}" != kept:
            remove(report, f"{folder}/{name}")
