"""Spreadsheets uploaded on the desk: previewed by a worker row by row, applied in one transaction or not at all.

The preview keeps its rows batch by batch, each batch with the progress in one transaction: cancelled or without its
worker, it goes on after the last batch. Applying compares every row again, with the catalogue's rows locked; when
one would do something else than the preview said, nothing is written and there is a new preview.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from cmo_selector.broker import tell
from partners.enums import ChangeHow, ConflictChoice, RowOutcome, UploadAim, UploadState
from partners.history import recording
from partners.importers import jobs
from partners.importers.errors import ImportBusyError, ImportFileError
from partners.importers.jobs import Stopped, Sweep, UploadError
from partners.models import SheetImport, SheetRow

from . import parents, swaps
from .applying import Changed, check_decisions, write_rows
from .comparing import Comparer, RowResult
from .reading import Headings, SheetReader, SheetRecord
from .registry import SHEETS

BATCH = 500  # rows of one comparison, and of one transaction of the preview
KEEP_ROWS = dt.timedelta(days=30)
DOUBLED = "row {} of the file is about the same; keep one of them"
NOTHING_TO_DO = "Nothing in this file would be written."


# -- the curator's side -----------------------------------------------------------------------------


def may_import(user: Any, name: str) -> bool:
    """Whether the user may add and change rows of the list."""
    return all(user.has_perm(f"partners.{act}_{name}") for act in ("add", "change"))


def store(*, actor: User, sheet: str, file: UploadedFile) -> SheetImport:
    """Keep an uploaded spreadsheet and queue its preview. Raises UploadError."""
    if sheet not in SHEETS:
        raise UploadError("Choose the list that the file is of.")
    name, size = jobs.check_file(file)
    job = SheetImport(sheet=sheet, file_name=name, size=size, uploaded_by=actor)
    jobs.store_file(
        job,
        file,
        actor=actor,
        verb="sheet_import.stored",
        data={"sheet": sheet},
        then=lambda key: dispatch(key),  # looked up when it is called
    )
    return job


@transaction.atomic
def request_apply(*, actor: User, job: SheetImport, leave_out: bool = False, conflicts: str = "") -> None:
    """Queue the writing of a spreadsheet that was previewed. Raises UploadError, also when a choice is missing.

    `leave_out` lets the good rows be written without the rejected ones; `conflicts`, a ConflictChoice, is for the
    cells in conflict that were not decided one by one.
    """
    counts = outcomes(job)
    if counts[RowOutcome.REJECTED] and not leave_out:
        raise UploadError(
            "Some rows are rejected. Put them right and upload the file again, or say that they are left out."
        )
    if undecided(job).exists() and conflicts not in ConflictChoice.values:
        raise UploadError("Say what becomes of the rows that changed in the catalogue since the export.")
    if not writable(job, conflicts).exists():
        raise UploadError(NOTHING_TO_DO)
    picked = job.rows.filter(outcome=RowOutcome.CONFLICT, cells_written__gt=0)
    try:
        check_decisions(SHEETS[job.sheet].open(), list(picked), conflicts)
    except ImportFileError as error:
        raise UploadError(str(error)) from error
    jobs.move(
        job,
        (UploadState.READY,),
        "Only a file that was read and not applied yet can be applied.",
        state=UploadState.WAITING,
        aim=UploadAim.APPLY,
        applied_by=actor,
        leave_out=leave_out,
        conflicts=conflicts,
        note="",
        **jobs.FRESH,
    )
    record(actor=actor, verb="sheet_import.apply_requested", obj=job)
    transaction.on_commit(lambda: dispatch(job.pk))


@transaction.atomic
def cancel(*, actor: User, job: SheetImport) -> None:
    """Stop an import; a running one notices and rolls back. Raises UploadError when it has ended."""
    jobs.stop(actor=actor, job=job, verb="sheet_import.cancelled")


@transaction.atomic
def retry(*, actor: User, job: SheetImport) -> None:
    """Go on with a cancelled or failed import, with the aim it had. Raises UploadError.

    A preview goes on after its last batch; what it kept before is compared again when it is applied.
    """
    lost = not job.file if job.aim == UploadAim.PREVIEW else not writable(job, job.conflicts).exists()
    if lost:
        raise UploadError(jobs.FILE_LOST)
    jobs.move(
        job,
        (UploadState.FAILED, UploadState.CANCELLED),
        "Only a failed or cancelled import can be tried again.",
        state=UploadState.WAITING,
        **jobs.taken_on(actor, job),
        **jobs.FRESH,
    )
    record(actor=actor, verb="sheet_import.retried", obj=job)
    transaction.on_commit(lambda: dispatch(job.pk))


def outcomes(job: SheetImport) -> Counter[str]:
    """How many rows end in which way. One query."""
    return Counter(dict(job.rows.order_by().values_list("outcome").annotate(n=Count("pk"))))


def writable(job: SheetImport, conflicts: str) -> QuerySet[SheetRow]:
    """The rows that applying writes."""
    in_conflict = Q(cells_written__gt=0)
    if conflicts == ConflictChoice.OVERWRITE:
        in_conflict |= Q(cells_open__gt=0)
    wanted = (
        Q(outcome__in=[RowOutcome.CREATED, RowOutcome.CHANGED]) | Q(outcome=RowOutcome.CONFLICT) & in_conflict
    )
    return job.rows.filter(wanted).order_by("line")


def undecided(job: SheetImport) -> QuerySet[SheetRow]:
    """Rows in conflict with cells that nobody decided."""
    return job.rows.filter(outcome=RowOutcome.CONFLICT, cells_open__gt=0)


@transaction.atomic
def decide(*, actor: User, job: SheetImport, decisions: Mapping[int, Mapping[str, str]]) -> int:
    """Keep what was chosen for cells in conflict; says how many rows that changed. Raises UploadError.

    `decisions`: number of a SheetRow → heading of the column → a ConflictChoice, or nothing to take a choice back.
    """
    if not SheetImport.objects.select_for_update().filter(pk=job.pk, state=UploadState.READY).exists():
        raise UploadError("Only cells of a file that was read and not applied yet can be decided.")
    changed = []
    for row in job.rows.filter(pk__in=decisions, outcome=RowOutcome.CONFLICT):
        headings = {cell["column"] for cell in row.cells if not cell.get("kept")}
        told = {h: choice for h, choice in decisions[row.pk].items() if h in headings}
        kept = {**row.decided, **told}
        now = {h: choice for h, choice in kept.items() if choice in ConflictChoice.values}
        if now != row.decided:
            row.decided, row.cells_open = now, len(headings) - len(now)
            row.cells_written = list(now.values()).count(ConflictChoice.OVERWRITE)
            changed.append(row)
    SheetRow.objects.bulk_update(changed, ["decided", "cells_open", "cells_written"])
    if changed:
        record(actor=actor, verb="sheet_import.decided", obj=job, data={"rows": len(changed)})
    return len(changed)


def dispatch(job_id: int) -> bool:
    """Tell the workers about a waiting row. False when the broker is out of reach: beat tells them later."""
    from partners.tasks import read_sheet_import

    return tell(read_sheet_import, job_id)


# -- the worker's side ------------------------------------------------------------------------------


def claim(job_id: int) -> SheetImport | None:
    """Take a waiting row for this worker; None when somebody else has it or it needs no work."""
    return jobs.take(SheetImport, job_id)


def work(job: SheetImport) -> None:
    """Preview or apply. Raises Stopped, ImportFileError and ImportBusyError; then nothing is in the catalogue."""
    if job.sheet not in SHEETS:
        raise ImportFileError(f"There is no list “{job.sheet}” any more.")
    if job.aim == UploadAim.APPLY:
        _apply(job)
    else:
        _preview(job)


def _preview(job: SheetImport) -> None:
    sheet = SHEETS[job.sheet].open()
    with jobs.local_copy(job) as path:
        try:
            parents.expect_rows_of(path, sheet)
            with SheetReader(path, sheet) as reader:
                comparer = Comparer(sheet, set(reader.headings.at))
                claimed = {claim: row.line for row in job.rows.only("line", "claims") for claim in row.claims}
                done = job.rows.aggregate(last=Max("line"))["last"] or 0
                for batch in _batches(reader):
                    new = [record for record in batch if record.line > done]
                    results = comparer.compare(new) if new else []
                    _keep(job, reader, results, claimed)
        except ImportFileError as error:
            raise ImportFileError(str(error).replace(path.name, job.file_name)) from error
        if not reader.rows:
            raise ImportFileError(f"{job.file_name} has headings but no rows.")
        report = {
            "rows": reader.rows,
            "read_as": reader.read_as,
            "columns": [c.heading for c in comparer.given],
            "absent": [c.heading for c in comparer.absent],
            "ignored": [text for text in reader.headings.ignored if text],
            "versioned": "version" in reader.headings.at,
        }
    with transaction.atomic():
        parents.reject_orphans(job, sheet)
        swaps.let_exchange(job, sheet)
        _end(job, UploadState.READY, report)


def _batches(reader: SheetReader) -> Iterator[list[SheetRecord]]:
    batch: list[SheetRecord] = []
    for row in reader:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


@transaction.atomic
def _keep(job: SheetImport, reader: SheetReader, results: list[RowResult], claimed: dict[str, int]) -> None:
    """Keep what a batch would do, and how far the reading is. Rows that contradict each other are all rejected."""
    for result in results:
        for claim in result.claims:
            other = claimed.setdefault(claim, result.record.line)
            if other != result.record.line:
                result.reject("", DOUBLED.format(other))
                _reject_earlier(job, results, other, result.record.line)
        if result.faults:
            result.outcome = RowOutcome.REJECTED
    SheetRow.objects.bulk_create([_row(job, reader.headings, result) for result in results])
    told = jobs.held(job).update(
        step="reading",
        share_read=round(reader.share_read * 100),
        lease_until=timezone.now() + jobs.READING_LEASE,
    )
    if not told:
        raise Stopped


def _reject_earlier(job: SheetImport, batch: list[RowResult], line: int, by: int) -> None:
    """The first of several rows about one thing is as wrong as the others."""
    text = DOUBLED.format(by)
    for result in batch:
        if result.record.line == line:
            if not any(fault.text.startswith(DOUBLED[:3]) for fault in result.faults):
                result.reject("", text)
                result.outcome = RowOutcome.REJECTED
            return
    for row in job.rows.filter(~Q(outcome=RowOutcome.REJECTED) | ~Q(taken={}), line=line):
        row.outcome, row.taken = RowOutcome.REJECTED, {}
        row.faults = [{"cell": f"row {line}", "column": "", "text": text}]
        row.save(update_fields=["outcome", "faults", "taken"])


def _row(job: SheetImport, headings: Headings, result: RowResult) -> SheetRow:
    line = result.record.line
    return SheetRow(
        job=job,
        line=line,
        outcome=result.outcome,
        name=result.name,
        object_id=result.object_id,
        cells=result.cells,
        faults=[
            {
                "cell": headings.cell(fault.column, line),
                "column": headings.titles.get(fault.column, fault.column),
                "text": fault.text,
            }
            for fault in result.faults
        ],
        raw=result.record.cells,
        claims=result.claims,
        cells_open=len(result.differences) if result.outcome == RowOutcome.CONFLICT else 0,
        taken=result.taken,
    )


def _apply(job: SheetImport) -> None:
    who = job.writes_as
    sheet = SHEETS[job.sheet].open()
    try:
        with (
            closing(connection.copy()) as beside,
            transaction.atomic(),
            recording(how=ChangeHow.IMPORT, actor=who, why=f"Spreadsheet {job.file_name}"),
        ):
            _lock(sheet.name, sheet.title)
            written = write_rows(
                sheet,
                writable(job, job.conflicts),
                progress=jobs.Teller(job, beside),
                batch_size=BATCH,
                undecided=job.conflicts,
            )
            report = {**(job.report or {}), "written": written}
            _end(job, UploadState.DONE, report)
            record(actor=who, verb="sheet_import.applied", obj=job, data={"sheet": job.sheet, **written})
    except Changed as changed:
        _preview_again(job, str(changed))
        return
    if job.file:
        jobs.delete_file(job)


def _lock(name: str, title: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [lock_name(name)])
        if not cursor.fetchone()[0]:
            raise ImportBusyError(
                f"Another spreadsheet of “{title}” is being written; nothing of this one was. Try again when it "
                "has ended."
            )


def lock_name(name: str) -> str:
    """What the advisory lock of an import of a list is named after; released when its transaction ends."""
    return f"sheet-import:{name}"


@transaction.atomic
def _preview_again(job: SheetImport, why: str) -> None:
    """What was previewed is not so any more: nothing was written, and the file is read anew."""
    if not job.file:
        raise ImportFileError(f"{why} Upload the file again.")
    waiting = jobs.held(job).update(
        state=UploadState.WAITING,
        aim=UploadAim.PREVIEW,
        note=why[:600],
        conflicts="",
        leave_out=False,
        **jobs.FRESH,
    )
    if waiting:
        job.rows.all().delete()
        transaction.on_commit(lambda: dispatch(job.pk))


def _end(job: SheetImport, state: UploadState, report: dict[str, Any]) -> None:
    closed = jobs.held(job).update(
        state=state, step="", share_read=100, lease_until=None, report=report, finished_at=timezone.now()
    )
    if not closed:
        raise Stopped


def fail(job: SheetImport, reason: str) -> None:
    """Close the row with a reason that people can read. Does nothing when the row is no longer ours."""
    jobs.close_failed(job, reason, verb="sheet_import.failed")


# -- beat's side ------------------------------------------------------------------------------------


def sweep(*, now: dt.datetime | None = None) -> Sweep:
    """Take rows back from dead workers, dispatch what waits too long, delete what old files would do.

    Rejected rows are kept with their reasons.
    """
    done = jobs.sweep_jobs(SheetImport, dispatch=lambda key: dispatch(key), fail=fail, now=now)
    ended = SheetImport.objects.filter(uploaded_at__lt=(now or timezone.now()) - KEEP_ROWS)
    SheetRow.objects.filter(
        job__in=ended.exclude(state__in=[UploadState.WAITING, UploadState.RUNNING])
    ).exclude(outcome=RowOutcome.REJECTED).delete()
    return done
