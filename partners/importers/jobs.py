"""Jobs that read uploaded files: stored, claimed, told about, cancelled, failed, taken back from dead workers.

States move only by compare-and-swap, so a message delivered twice, a worker that comes back from the dead and two
clicks at once do nothing twice. Each claim of a row has a token of its own, which everything the worker writes asks
for: whoever was cancelled, or lost the row to another worker, can write nothing more. What a job writes and its end
are one transaction; progress is written through a connection of its own, where others can see it while that
transaction is open.
"""

import datetime as dt
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.enums import UploadAim, UploadState
from partners.models.upload_job import UploadJob

from .errors import ImportFileError
from .files import MEGABYTE

SIZE_LIMIT = 64 * MEGABYTE
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

#: What a job is set to when it is queued again.
FRESH: dict[str, Any] = {
    "step": "", "share_read": 0, "attempts": 0, "claim_token": None, "lease_until": None, "error": "",
    "finished_at": None,
}  # fmt: skip

J = TypeVar("J", bound=UploadJob)


class UploadError(ValueError):
    """Something that cannot be done with an upload as it stands; the message says why."""


class Stopped(Exception):
    """The row no longer belongs to this claim: cancelled, or another worker has it."""


# -- the curator's side -----------------------------------------------------------------------------


def check_file(file: UploadedFile) -> tuple[str, int]:
    """The file's name, cut to what is kept, and its size. Raises UploadError when it is empty or too big."""
    size, name = file.size or 0, (file.name or "file")[:200]
    if size > SIZE_LIMIT:
        raise UploadError(f"{name} has {size // MEGABYTE:,} MB; {SIZE_LIMIT // MEGABYTE} MB are the most.")
    if not size:
        raise UploadError(f"{name} is empty.")
    return name, size


def store_file(
    job: UploadJob, file: UploadedFile, *, actor: User, verb: str, data: dict[str, Any], then: Callable
) -> None:
    """Keep the file and the new row, or neither; `then` is called with the row's key once both are kept."""
    stored = job.file  # type: ignore[attr-defined]
    stored.save(f"upload{''.join(Path(job.file_name).suffixes[-2:])[:12]}", file, save=False)
    try:
        with transaction.atomic():
            job.save()
            record(actor=actor, verb=verb, obj=job, data={**data, "bytes": job.size})
            transaction.on_commit(lambda: then(job.pk))
    except BaseException:
        stored.storage.delete(stored.name)
        raise


def move(job: UploadJob, states: tuple[UploadState, ...], refusal: str, **values: Any) -> None:
    """Set these values if the job is in one of the states. Raises UploadError with `refusal` otherwise."""
    if not type(job)._default_manager.filter(pk=job.pk, state__in=states).update(**values):
        raise UploadError(refusal)


def stop(*, actor: User, job: UploadJob, verb: str) -> None:
    """Cancel; a running job notices and rolls back. Raises UploadError when it has ended."""
    move(
        job,
        (UploadState.WAITING, UploadState.RUNNING, UploadState.READY),
        "The upload has ended: there is nothing to cancel.",
        state=UploadState.CANCELLED,
        lease_until=None,
        finished_at=timezone.now(),
    )
    record(actor=actor, verb=verb, obj=job)


def taken_on(actor: User, job: UploadJob) -> dict[str, Any]:
    """Who takes the import on when a job is tried again; a preview is nobody's import."""
    return {"applied_by": actor} if job.aim == UploadAim.APPLY else {}


# -- the worker's side ------------------------------------------------------------------------------


def take(model: type[J], job_id: int) -> J | None:
    """Take a waiting row for this worker; None when somebody else has it or it needs no work."""
    token = uuid4()
    won = model._default_manager.filter(pk=job_id, state=UploadState.WAITING).update(
        state=UploadState.RUNNING,
        attempts=F("attempts") + 1,
        claim_token=token,
        lease_until=timezone.now() + READING_LEASE,
        step="reading",
        share_read=0,
        error="",
    )
    if not won:
        return None
    job = model._default_manager.select_related("uploaded_by", "applied_by").get(pk=job_id)
    job.claim_token = token  # what was read may be of another claim already
    return job


def held(job: UploadJob) -> QuerySet:
    """The row, as long as this claim has it."""
    return type(job)._default_manager.filter(
        pk=job.pk, state=UploadState.RUNNING, claim_token=job.claim_token
    )


class Teller:
    """Writes progress and extends the lease, through a connection beside the job's. Raises Stopped."""

    def __init__(self, upload: UploadJob, beside: BaseDatabaseWrapper) -> None:
        self.upload, self.beside = upload, beside
        self.step, self.told_at = "", 0.0
        table = connection.ops.quote_name(upload._meta.db_table)
        self._sql = (
            f"UPDATE {table} SET step = %s, share_read = %s, lease_until = %s "  # noqa: S608  a name only
            "WHERE id = %s AND state = %s AND claim_token = %s"
        )

    def __call__(self, step: str, share: float) -> None:
        now = time.monotonic()
        if step == self.step and now - self.told_at < TELL_EVERY:
            return
        self.step, self.told_at = step, now
        lease = READING_LEASE if step == "reading" else WRITING_LEASE
        with self.beside.cursor() as cursor:
            cursor.execute(
                self._sql,
                [
                    step, round(share * 100), timezone.now() + lease,
                    self.upload.pk, UploadState.RUNNING.value, self.upload.claim_token,
                ],
            )  # fmt: skip
            if not cursor.rowcount:
                raise Stopped


@contextmanager
def local_copy(job: UploadJob) -> Iterator[Path]:
    """The uploaded file as a file of this machine, wherever it is stored."""
    stored_file = job.file  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory(prefix="upload-") as folder:
        path = Path(folder) / (Path(job.file_name).name or "upload")  # messages name it so
        try:
            with stored_file.open("rb") as stored, path.open("wb") as local:
                shutil.copyfileobj(stored, local)
        except (OSError, ValueError) as error:
            raise ImportFileError(FILE_LOST) from error
        yield path


@transaction.atomic
def close_failed(job: UploadJob, reason: str, *, verb: str) -> None:
    """Close the row with a reason that people can read. Does nothing when the row is no longer ours."""
    closed = held(job).update(
        state=UploadState.FAILED, lease_until=None, error=reason[:600], finished_at=timezone.now()
    )
    if closed:
        record(actor=None, verb=verb, obj=job, data={"reason": reason[:600]})


def delete_file(job: UploadJob) -> None:
    job.file.delete(save=False)  # type: ignore[attr-defined]
    type(job)._default_manager.filter(pk=job.pk).update(file="")


# -- beat's side ------------------------------------------------------------------------------------


@dataclass
class Sweep:
    """How many uploads one sweep dispatched, took back and gave up."""

    dispatched: int = 0
    taken_back: int = 0
    given_up: int = 0


def sweep_jobs(
    model: type[UploadJob],
    *,
    dispatch: Callable[[int], bool],
    fail: Callable[[Any, str], None],
    now: dt.datetime | None = None,
) -> Sweep:
    """Take rows back from dead workers, dispatch what waits too long.

    Asks the database and the broker only, and waits for nobody: a row that somebody is writing is looked at next time.
    """
    now, done, rows = now or timezone.now(), Sweep(), model._default_manager
    for job in rows.filter(state=UploadState.RUNNING, lease_until__lt=now):
        with transaction.atomic():
            if not _nobody_writes(model, job.pk):
                continue
            if job.attempts >= MAX_ATTEMPTS:
                fail(job, WORKER_LOST)
                done.given_up += 1
            else:
                done.taken_back += (
                    held(job).filter(lease_until__lt=now).update(state=UploadState.WAITING, lease_until=None)
                )
    quiet = Q(lease_until=None, uploaded_at__lt=now - DISPATCH_AFTER) | Q(lease_until__lt=now)
    waiting = rows.filter(quiet, state=UploadState.WAITING).order_by("uploaded_at", "pk")
    for job_id in waiting.values_list("pk", flat=True):
        # A waiting row's lease is the time before which no second message is sent for it.
        with transaction.atomic():
            told = _nobody_writes(model, job_id) and rows.filter(
                quiet, pk=job_id, state=UploadState.WAITING
            ).update(lease_until=now + 4 * DISPATCH_AFTER)
        if told and dispatch(job_id):
            done.dispatched += 1
        elif told:
            rows.filter(pk=job_id, state=UploadState.WAITING).update(lease_until=None)
            break  # no broker: the next sweep tries again
    return done


def _nobody_writes(model: type[UploadJob], pk: int) -> bool:
    """Whether the row is free; then it is locked until the transaction ends."""
    free = model._default_manager.select_for_update(skip_locked=True, no_key=True).filter(pk=pk)
    return bool(free.values_list("pk", flat=True))


def delete_old_files(model: type[UploadJob], *, now: dt.datetime | None = None) -> int:
    """Delete the files of jobs that ended, or that nobody applied, long ago; the rows stay. Returns how many."""
    before = (now or timezone.now()) - KEEP_FILES
    old = model._default_manager.filter(uploaded_at__lt=before).exclude(file="")
    deleted = 0
    for job in old.exclude(state__in=[UploadState.WAITING, UploadState.RUNNING]):
        delete_file(job)
        deleted += 1
    return deleted
