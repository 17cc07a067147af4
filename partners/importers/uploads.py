"""Register files uploaded on the desk: stored, previewed and applied by a worker, cancelled, tried again.

States move only by compare-and-swap, so a message delivered twice, a worker that comes back from the dead and two
clicks at once do nothing twice. An import and the end of its job are one transaction; progress is written through
a connection of its own, where others can see it while the import's transaction is open.
"""

import datetime as dt
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.enums import ChangeHow, RegisterKind, UploadAim, UploadState
from partners.history import recording
from partners.models import RegisterUpload

from .core import run_import
from .errors import ImportFileError
from .files import MEGABYTE
from .kinds import KINDS

logger = logging.getLogger(__name__)

SIZE_LIMIT = 64 * MEGABYTE
SAMPLE = 20  # changes of each sort that a preview shows
READING_LEASE = dt.timedelta(seconds=90)  # extended while rows are read
WRITING_LEASE = dt.timedelta(seconds=900)  # one statement may run long without a word; above the task's limit
DISPATCH_AFTER = dt.timedelta(seconds=30)  # a waiting row this old has probably lost its message
MAX_ATTEMPTS = 3
KEEP_FILES = dt.timedelta(days=7)
TELL_EVERY = 0.5  # seconds between two notes of progress
WORKER_LOST = (
    f"The worker stopped {MAX_ATTEMPTS} times while reading this file; nothing was written. Try again."
)
FILE_LOST = "The uploaded file is no longer stored. Upload it again."


class UploadError(ValueError):
    """Something that cannot be done with an upload as it stands; the message says why."""


class Stopped(Exception):
    """The row no longer belongs to this attempt: cancelled, or another worker has it."""


# -- the curator's side -----------------------------------------------------------------------------


def store(
    *, actor: User, kind: RegisterKind, file: UploadedFile, file_date: dt.date | None
) -> RegisterUpload:
    """Keep an uploaded file and queue its preview. Raises UploadError."""
    size, name = file.size or 0, (file.name or "file")[:200]
    if size > SIZE_LIMIT:
        raise UploadError(f"{name} has {size // MEGABYTE:,} MB; {SIZE_LIMIT // MEGABYTE} MB are the most.")
    if not size:
        raise UploadError(f"{name} is empty.")
    if file_date and file_date > timezone.localdate():
        raise UploadError(f"The file date {file_date} is in the future.")
    upload = RegisterUpload(kind=kind, file_name=name, size=size, file_date=file_date, uploaded_by=actor)
    upload.file.save(f"upload{''.join(Path(name).suffixes[-2:])[:12]}", file, save=False)
    try:
        with transaction.atomic():
            upload.save()
            record(actor=actor, verb="register_upload.stored", obj=upload, data={"kind": kind, "bytes": size})
            transaction.on_commit(lambda: dispatch(upload.pk))
    except BaseException:
        upload.file.storage.delete(upload.file.name)
        raise
    return upload


@transaction.atomic
def request_apply(*, actor: User, upload: RegisterUpload, allow_closing: bool = False) -> None:
    """Queue the import of a file that was previewed. Raises UploadError in any other state."""
    _move(
        upload,
        (UploadState.READY,),
        "Only a file that was read and not applied yet can be applied.",
        state=UploadState.WAITING,
        aim=UploadAim.APPLY,
        allow_closing=allow_closing,
        **_FRESH,
    )
    record(actor=actor, verb="register_upload.apply_requested", obj=upload)
    transaction.on_commit(lambda: dispatch(upload.pk))


@transaction.atomic
def cancel(*, actor: User, upload: RegisterUpload) -> None:
    """Stop an upload; a running job notices and rolls back. Raises UploadError when it has ended."""
    _move(
        upload,
        (UploadState.WAITING, UploadState.RUNNING, UploadState.READY),
        "The upload has ended: there is nothing to cancel.",
        state=UploadState.CANCELLED,
        lease_until=None,
        finished_at=timezone.now(),
    )
    record(actor=actor, verb="register_upload.cancelled", obj=upload)


@transaction.atomic
def retry(*, actor: User, upload: RegisterUpload, allow_closing: bool = False) -> None:
    """Queue a failed or cancelled upload again, with the aim it had. Raises UploadError."""
    if not upload.file:
        raise UploadError(FILE_LOST)
    _move(
        upload,
        (UploadState.FAILED, UploadState.CANCELLED),
        "Only a failed or cancelled upload can be tried again.",
        state=UploadState.WAITING,
        allow_closing=allow_closing,
        **_FRESH,
    )
    record(actor=actor, verb="register_upload.retried", obj=upload)
    transaction.on_commit(lambda: dispatch(upload.pk))


_FRESH: dict[str, Any] = {
    "step": "", "share_read": 0, "attempts": 0, "lease_until": None, "error": "", "finished_at": None,
}  # fmt: skip


def _move(upload: RegisterUpload, states: tuple[UploadState, ...], refusal: str, **values: Any) -> None:
    if not RegisterUpload.objects.filter(pk=upload.pk, state__in=states).update(**values):
        raise UploadError(refusal)


def dispatch(upload_id: int) -> bool:
    """Tell the workers about a waiting row. False when the broker is out of reach: beat tells them later."""
    from partners.tasks import read_register_upload

    try:
        read_register_upload.delay(upload_id)
    except OperationalError as error:
        logger.warning("upload %s waits: the broker is out of reach (%s)", upload_id, type(error).__name__)
        return False
    return True


# -- the worker's side ------------------------------------------------------------------------------


def claim(upload_id: int) -> RegisterUpload | None:
    """Take a waiting row for this worker; None when somebody else has it or it needs no work."""
    won = RegisterUpload.objects.filter(pk=upload_id, state=UploadState.WAITING).update(
        state=UploadState.RUNNING,
        attempts=F("attempts") + 1,
        lease_until=timezone.now() + READING_LEASE,
        step="reading",
        share_read=0,
        error="",
    )
    return RegisterUpload.objects.select_related("uploaded_by").get(pk=upload_id) if won else None


def work(upload: RegisterUpload) -> None:
    """Preview or apply the file. Raises Stopped, ImportFileError and ImportBusyError; then nothing is written."""
    apply = upload.aim == UploadAim.APPLY
    who = upload.uploaded_by
    with (
        _local_copy(upload) as path,
        closing(connection.copy()) as beside,
        transaction.atomic(),
        recording(how=ChangeHow.IMPORT, actor=who),
    ):
        report = run_import(
            register=KINDS[upload.kind],
            path=path,
            apply=apply,
            file_date=upload.file_date,
            applied_by=str(who or "")[:160],
            sample=SAMPLE,
            allow_closing=upload.allow_closing,
            file_name=upload.file_name,
            progress=_Teller(upload, beside),
        )
        closed = _held(upload).update(
            state=UploadState.DONE if apply else UploadState.READY,
            step="",
            share_read=100,
            lease_until=None,
            report=report.as_json(),
            run_id=report.run_id,
            finished_at=timezone.now(),
        )
        if not closed:
            raise Stopped
    if apply:
        _delete_file(upload)


class _Teller:
    """Writes progress and extends the lease, through a connection beside the import's. Raises Stopped."""

    def __init__(self, upload: RegisterUpload, beside: BaseDatabaseWrapper) -> None:
        self.upload, self.beside = upload, beside
        self.step, self.told_at = "", 0.0

    def __call__(self, step: str, share: float) -> None:
        now = time.monotonic()
        if step == self.step and now - self.told_at < TELL_EVERY:
            return
        self.step, self.told_at = step, now
        lease = READING_LEASE if step == "reading" else WRITING_LEASE
        with self.beside.cursor() as cursor:
            cursor.execute(
                "UPDATE partners_registerupload SET step = %s, share_read = %s, lease_until = %s "
                "WHERE id = %s AND state = %s AND attempts = %s",
                [
                    step, round(share * 100), timezone.now() + lease,
                    self.upload.pk, UploadState.RUNNING.value, self.upload.attempts,
                ],
            )  # fmt: skip
            if not cursor.rowcount:
                raise Stopped


def _held(upload: RegisterUpload) -> QuerySet[RegisterUpload]:
    return RegisterUpload.objects.filter(pk=upload.pk, state=UploadState.RUNNING, attempts=upload.attempts)


@contextmanager
def _local_copy(upload: RegisterUpload) -> Iterator[Path]:
    """The uploaded file as a file of this machine, wherever it is stored."""
    with tempfile.TemporaryDirectory(prefix="register-") as folder:
        path = Path(folder) / Path(upload.file.name or "upload").name
        try:
            with upload.file.open("rb") as stored, path.open("wb") as local:
                shutil.copyfileobj(stored, local)
        except (OSError, ValueError) as error:
            raise ImportFileError(FILE_LOST) from error
        yield path


@transaction.atomic
def fail(upload: RegisterUpload, reason: str) -> None:
    """Close the row with a reason that people can read. Does nothing when the row is no longer ours."""
    closed = _held(upload).update(
        state=UploadState.FAILED, lease_until=None, error=reason[:600], finished_at=timezone.now()
    )
    if closed:
        record(actor=None, verb="register_upload.failed", obj=upload, data={"reason": reason[:600]})


def _delete_file(upload: RegisterUpload) -> None:
    upload.file.delete(save=False)
    RegisterUpload.objects.filter(pk=upload.pk).update(file="")


# -- beat's side ------------------------------------------------------------------------------------


@dataclass
class Sweep:
    """How many uploads one sweep dispatched, took back, gave up, and rid of their files."""

    dispatched: int = 0
    taken_back: int = 0
    given_up: int = 0
    files_deleted: int = 0


def sweep(*, now: dt.datetime | None = None) -> Sweep:
    """Take rows back from dead workers, dispatch what waits too long, delete files that nobody applied."""
    now, done = now or timezone.now(), Sweep()
    for upload in RegisterUpload.objects.filter(state=UploadState.RUNNING, lease_until__lt=now):
        if upload.attempts >= MAX_ATTEMPTS:
            fail(upload, WORKER_LOST)
            done.given_up += 1
        else:
            done.taken_back += (
                _held(upload).filter(lease_until__lt=now).update(state=UploadState.WAITING, lease_until=None)
            )
    quiet = Q(lease_until=None, uploaded_at__lt=now - DISPATCH_AFTER) | Q(lease_until__lt=now)
    waiting = RegisterUpload.objects.filter(quiet, state=UploadState.WAITING).order_by("uploaded_at", "pk")
    for upload_id in waiting.values_list("pk", flat=True):
        # A waiting row's lease is the time before which no second message is sent for it.
        told = RegisterUpload.objects.filter(quiet, pk=upload_id, state=UploadState.WAITING).update(
            lease_until=now + 4 * DISPATCH_AFTER
        )
        if told and dispatch(upload_id):
            done.dispatched += 1
        elif told:
            RegisterUpload.objects.filter(pk=upload_id, state=UploadState.WAITING).update(lease_until=None)
            break  # no broker: the next sweep tries again
    old = RegisterUpload.objects.filter(uploaded_at__lt=now - KEEP_FILES).exclude(file="")
    for upload in old.exclude(state__in=[UploadState.WAITING, UploadState.RUNNING]):
        _delete_file(upload)
        done.files_deleted += 1
    return done
