"""Register files uploaded on the desk: stored, previewed and applied by a worker, cancelled, tried again.

How such a job lives and dies is in `jobs`; here is what is particular to registers.
"""

import datetime as dt
from contextlib import closing

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from cmo_selector.broker import tell
from partners.enums import ChangeHow, RegisterKind, UploadAim, UploadState
from partners.history import recording
from partners.jobs import ask_for_matches
from partners.models import RegisterUpload

from .core import run_import
from .errors import ImportFileError
from .jobs import (
    DISPATCH_AFTER,
    FILE_LOST,
    FRESH,
    KEEP_FILES,
    MAX_ATTEMPTS,
    READING_LEASE,
    SIZE_LIMIT,
    WORKER_LOST,
    Stopped,
    Sweep,
    UploadError,
    check_file,
    close_failed,
    delete_file,
    held,
    local_copy,
    move,
    stop,
    store_file,
    sweep_jobs,
    take,
    taken_on,
)
from .jobs import Teller as _Teller
from .kinds import KINDS

__all__ = [
    "DISPATCH_AFTER", "KEEP_FILES", "MAX_ATTEMPTS", "READING_LEASE", "SIZE_LIMIT", "WORKER_LOST",
    "ImportFileError", "Stopped", "Sweep", "UploadError",
    "cancel", "claim", "dispatch", "fail", "request_apply", "retry", "store", "sweep", "work",
]  # fmt: skip

SAMPLE = 20  # changes of each sort that a preview shows


def store(
    *, actor: User, kind: RegisterKind, file: UploadedFile, file_date: dt.date | None
) -> RegisterUpload:
    """Keep an uploaded file and queue its preview. Raises UploadError."""
    name, size = check_file(file)
    if file_date and file_date > timezone.localdate():
        raise UploadError(f"The file date {file_date} is in the future.")
    upload = RegisterUpload(kind=kind, file_name=name, size=size, file_date=file_date, uploaded_by=actor)
    store_file(
        upload,
        file,
        actor=actor,
        verb="register_upload.stored",
        data={"kind": kind},
        then=lambda key: dispatch(key),  # looked up when it is called
    )
    return upload


@transaction.atomic
def request_apply(*, actor: User, upload: RegisterUpload, allow_closing: bool = False) -> None:
    """Queue the import of a file that was previewed. Raises UploadError in any other state."""
    move(
        upload,
        (UploadState.READY,),
        "Only a file that was read and not applied yet can be applied.",
        state=UploadState.WAITING,
        aim=UploadAim.APPLY,
        applied_by=actor,
        allow_closing=allow_closing,
        **FRESH,
    )
    record(actor=actor, verb="register_upload.apply_requested", obj=upload)
    transaction.on_commit(lambda: dispatch(upload.pk))


@transaction.atomic
def cancel(*, actor: User, upload: RegisterUpload) -> None:
    """Stop an upload; a running job notices and rolls back. Raises UploadError when it has ended."""
    stop(actor=actor, job=upload, verb="register_upload.cancelled")


@transaction.atomic
def retry(*, actor: User, upload: RegisterUpload, allow_closing: bool = False) -> None:
    """Queue a failed or cancelled upload again, with the aim it had. Raises UploadError."""
    if not upload.file:
        raise UploadError(FILE_LOST)
    move(
        upload,
        (UploadState.FAILED, UploadState.CANCELLED),
        "Only a failed or cancelled upload can be tried again.",
        state=UploadState.WAITING,
        allow_closing=allow_closing,
        **taken_on(actor, upload),
        **FRESH,
    )
    record(actor=actor, verb="register_upload.retried", obj=upload)
    transaction.on_commit(lambda: dispatch(upload.pk))


def dispatch(upload_id: int) -> bool:
    """Tell the workers about a waiting row. False when the broker is out of reach: beat tells them later."""
    from partners.tasks import read_register_upload

    return tell(read_register_upload, upload_id)


def claim(upload_id: int) -> RegisterUpload | None:
    """Take a waiting row for this worker; None when somebody else has it or it needs no work."""
    return take(RegisterUpload, upload_id)


def work(upload: RegisterUpload) -> None:
    """Preview or apply the file. Raises Stopped, ImportFileError and ImportBusyError; then nothing is written."""
    apply = upload.aim == UploadAim.APPLY
    who = upload.writes_as
    with (
        local_copy(upload) as path,
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
        closed = held(upload).update(
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
        delete_file(upload)
        if report.may_match:
            ask_for_matches()


def fail(upload: RegisterUpload, reason: str) -> None:
    """Close the row with a reason that people can read. Does nothing when the row is no longer ours."""
    close_failed(upload, reason, verb="register_upload.failed")


def sweep(*, now: dt.datetime | None = None) -> Sweep:
    """Take rows back from dead workers, dispatch what waits too long."""
    return sweep_jobs(RegisterUpload, dispatch=lambda key: dispatch(key), fail=fail, now=now)
