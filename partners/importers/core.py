"""The path every public register takes: read → validate → stage → diff → apply.

A register is a `Register` of one or more `RegisterSpec`s (see `spec`). One run streams the file into a temporary
table with COPY and compares it with the register's table in SQL, so memory does not grow with the file.

A table that takes part has, besides the fields of its spec: `source`, `first_seen_on`, `last_seen_on` and
`left_on` (see RegisterEstablishment).
"""

import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from cmo_selector.audit.services import record
from partners.enums import ChangeHow
from partners.history import recording
from partners.models import RegisterImport, Source

from .errors import ImportBusyError, ImportFileError, RowRejected
from .evidence import lock_evidence, refresh_evidence
from .reading import Record, TableReader
from .spec import ImportReport, ParsedRow, Register, RegisterSpec
from .staging import Staging

__all__ = ["ImportReport", "ParsedRow", "Progress", "Register", "RegisterSpec", "run_import"]

REASON_LENGTH = 300  # RejectedRow.reason
DAY_FIRST_SHOWN = 3
EXAMPLES = 20  # warnings that are spelt out, and the first of each sort; all are counted
PROGRESS_EVERY = 1000  # rows
# A complete snapshot that would close more than this is more likely a file cut off between two rows.
CLOSING_LIMIT_SHARE = 0.5
CLOSING_LIMIT_ROWS = 100

# A date that only makes sense with the day first: other dates of the file would be read the wrong way round.
_day_first = re.compile(r"must be a date .* not '(1[3-9]|2[0-9]|3[01])/(0?[1-9]|1[0-2])/[0-9]{4}'", re.ASCII)

# Told a step and how much of the file has been read (0 to 1); may raise to stop the run.
Progress = Callable[[str, float], None]


def _no_progress(step: str, share: float) -> None:
    """Nobody is told."""


def run_import(
    *,
    register: Register,
    path: Path,
    apply: bool = False,
    file_date: datetime.date | None = None,
    applied_by: str = "",
    sample: int = 10,
    allow_closing: bool = False,
    file_name: str = "",
    progress: Progress = _no_progress,
) -> ImportReport:
    """Read `path` and compare it with the register's table; with `apply`, make the table equal to it.

    All in one transaction. Raises ImportFileError when the file as a whole is refused, and ImportBusyError
    when another import of the same kind is being applied. `file_date` defaults to the date of an earlier
    import of the same file, a date in the file's name, or today. `allow_closing` lets a file through that
    would close most of the register. `file_name` is what people call a file that lies under another name.
    """
    if file_date and file_date > timezone.localdate():
        raise ImportFileError(f"The file date {file_date} is in the future")
    report = ImportReport(kind=register.kind.value, file=file_name or path.name, applied=apply)
    with (
        transaction.atomic(),
        recording(how=ChangeHow.IMPORT, why=f"{register.kind.label}: {report.file}"),
        TableReader(
            path, layouts=register.lists, encodings=register.encodings, others=_others(register)
        ) as reader,
    ):
        spec = reader.layout
        report.layout, report.read_as = spec.list_name, reader.read_as
        if apply:
            _lock(register)
        staging = Staging(spec)
        staging.create()
        conflicts: dict[str, list[int]] = {}
        staging.copy(_staged_rows(spec, reader, report, conflicts, progress))
        progress("comparing", 1.0)
        staging.reject_conflicts(conflicts, label=spec.key_label)
        report.rows, report.sha256 = reader.rows, reader.sha256
        report.file_date, report.file_date_stated = _file_date(spec, report, file_date)
        staging.diff()
        _count(staging, report, sample)
        if apply:
            progress("writing", 1.0)
            _apply(spec, staging, report, applied_by, allow_closing)
        staging.drop()
    return report


def _others(register: Register) -> dict[str, tuple[RegisterSpec, ...]]:
    """The layouts of all other registers: what a file is when it was given under the wrong kind."""
    from .kinds import KINDS

    return {r.kind.label: r.lists for r in KINDS.values() if r is not register}


def lock_name(register: Register | RegisterSpec) -> str:
    """What the advisory lock of an apply is named after; it is released when the transaction ends."""
    return f"register-import:{register.kind.value}"


def _lock(register: Register) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [lock_name(register)])
        if not cursor.fetchone()[0]:
            raise ImportBusyError(
                f"Another import of the register {register.kind.value} is being applied; nothing was written. "
                "Start this one again when it has finished"
            )


def _staged_rows(
    spec: RegisterSpec,
    reader: TableReader[RegisterSpec],
    report: ImportReport,
    conflicts: dict[str, list[int]],
    progress: Progress,
) -> Iterator[tuple[Any, ...]]:
    """Rows for the staging table: line, reason of rejection, raw row, then the spec's fields.

    A row that repeats an earlier one is rejected. Rows of one key that say different things are all wrong to
    take: the later are rejected here, and `conflicts` names key and lines for the first to be rejected too.
    """
    key_at = spec.fields.index(spec.key)
    seen: dict[str, tuple[int, int]] = {}  # key → line of the row that holds it, hash of its values
    warned: Counter[str] = Counter()
    day_first: list[tuple[int, str]] = []
    for row in reader:
        if reader.rows % PROGRESS_EVERY == 0:
            progress("reading", reader.share_read)
        try:
            parsed = _parse(spec, row)
            key = parsed.values[key_at]
            if key in seen:
                raise RowRejected(_repeated(spec, key, row.line, parsed, seen[key], conflicts))
        except RowRejected as rejection:
            values: list[Any] = [None] * len(spec.fields)
            values[key_at] = _key_of_bad_row(spec, row)
            if _day_first.search(str(rejection)):
                day_first.append((row.line, str(rejection)))
            yield (row.line, str(rejection)[:REASON_LENGTH], row.fields, *values)
            continue
        seen[key] = (row.line, _digest(parsed))
        for text in parsed.warnings:
            warned[text] += 1
            if len(report.warning_examples) < EXAMPLES or warned[text] == 1:
                report.warning_examples.append({"line": row.line, "warning": text})
        yield (row.line, None, None, *parsed.values)
    if day_first:
        raise ImportFileError(_mixed_dates(report.file, day_first))
    report.warnings = dict(warned.most_common())


def _mixed_dates(file: str, found: list[tuple[int, str]]) -> str:
    """Why a file with a day before its month is refused as a whole: 05/06/2025 in it may be May or June."""
    lines = "; ".join(f"line {line}: {reason}" for line, reason in found[:DAY_FIRST_SHOWN])
    more = f"; and {len(found) - DAY_FIRST_SHOWN:,} more" if len(found) > DAY_FIRST_SHOWN else ""
    return (
        f"{file} has dates with the day first, so what 05/06/2025 means in it is uncertain ({lines}{more}). "
        "Dates with slashes are MM/DD/YYYY; write all dates as YYYY-MM-DD and try again"
    )


def _digest(parsed: ParsedRow) -> int:
    return hash(repr(parsed.values))


def _repeated(
    spec: RegisterSpec,
    key: str,
    line: int,
    parsed: ParsedRow,
    first: tuple[int, int],
    conflicts: dict[str, list[int]],
) -> str:
    if key not in conflicts and first[1] == _digest(parsed):
        return f"{spec.key_label} already on line {first[0]}"
    conflicts.setdefault(key, [first[0]]).append(line)
    return f"{spec.key_label} already on line {first[0]}, with other values; neither is taken"


def _parse(spec: RegisterSpec, row: Record) -> ParsedRow:
    if row.fault:
        raise RowRejected(f"The row {row.fault}")
    return spec.parse(row.fields)


def _key_of_bad_row(spec: RegisterSpec, row: Record) -> str | None:
    """The key of a rejected row, where it can be read: a row that is bad has not left the register."""
    try:
        return spec.key_of(row.fields)
    except RowRejected:
        return None


def _imports(spec: RegisterSpec):
    return RegisterImport.objects.filter(kind=spec.kind, layout=spec.list_name)


def _file_date(
    spec: RegisterSpec, report: ImportReport, given: datetime.date | None
) -> tuple[datetime.date, bool]:
    """The day the file stands for, and whether anybody stated it. A file older than the last one is refused."""
    earlier = _imports(spec).filter(sha256=report.sha256).first()
    if given is None and earlier and earlier.file_date:
        date, known = earlier.file_date, earlier.file_date_stated
    else:
        stated = given or date_in_name(report.file)
        date, known = stated or timezone.localdate(), stated is not None
    newest = _imports(spec).aggregate(newest=Max("file_date"))["newest"]
    if newest and date < newest:
        raise ImportFileError(
            f"{report.file} is of {date}, older than the file of {newest} that was applied before it; "
            "state its date (on the command line with --date) if that is wrong"
        )
    return date, known


def date_in_name(name: str) -> datetime.date | None:
    """A day in a file's name that is not in the future: `drls_reg_2025-08-29.csv`."""
    match = re.search(r"(?<!\d)(20\d\d-\d\d-\d\d)(?!\d)", name)
    if match is None:
        return None
    try:
        date = datetime.date.fromisoformat(match[1])
    except ValueError:
        return None
    return date if date <= timezone.localdate() else None


def _count(staging: Staging, report: ImportReport, sample: int) -> None:
    counts = staging.counts()
    report.created, report.updated = counts["created"], counts["updated"]
    report.unchanged, report.rejected = counts["unchanged"], counts["rejected"]
    report.closed, report.reopened = staging.closed(), staging.reopened()
    report.changes = staging.sample(sample)
    report.rejected_rows = staging.rejected_rows()
    report.rejected_rows_left_out = report.rejected - len(report.rejected_rows)


def _apply(
    spec: RegisterSpec, staging: Staging, report: ImportReport, applied_by: str, allow_closing: bool
) -> None:
    lock_evidence()
    _refuse_cut_off(spec, report, allow_closing)
    last = _imports(spec).first()
    same_file = last is not None and last.sha256 == report.sha256
    if same_file and not (report.created or report.updated or report.closed):
        report.already_applied = True
        report.run_id = last.pk
    else:
        source = _source(spec, report)
        staging.apply(source_id=source.pk, file_date=report.file_date)
        report.run_id = _record_run(spec, source, staging, report, applied_by).pk
    report.linked = spec.link()
    report.facts = vars(refresh_evidence(register=spec.kind))


def _refuse_cut_off(spec: RegisterSpec, report: ImportReport, allow_closing: bool) -> None:
    current = spec.model._default_manager.filter(left_on__isnull=True, **spec.constants).count()
    if (
        not allow_closing
        and report.closed >= CLOSING_LIMIT_ROWS
        and report.closed > CLOSING_LIMIT_SHARE * current
    ):
        raise ImportFileError(
            f"{report.file} lacks {report.closed:,} of the {current:,} {spec.rows_called} now in the register; "
            "it looks cut off. Give --allow-closing if they really left"
        )


def _record_run(
    spec: RegisterSpec, source: Source, staging: Staging, report: ImportReport, applied_by: str
) -> RegisterImport:
    run = RegisterImport.objects.create(
        kind=spec.kind,
        layout=spec.list_name,
        source=source,
        file_name=report.file[:200],
        sha256=report.sha256,
        file_date=report.file_date,
        file_date_stated=report.file_date_stated,
        rows=report.rows,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        rejected=report.rejected,
        closed=report.closed,
        applied_by=applied_by[:160],
    )
    staging.keep_rejected_rows(run_id=run.pk)
    totals = ("rows", "created", "updated", "unchanged", "rejected", "closed")
    record(
        actor=None,
        verb="register.imported",
        obj=run,
        data={"sha256": report.sha256, **{name: getattr(report, name) for name in totals}},
    )
    return run


def _source(spec: RegisterSpec, report: ImportReport) -> Source:
    """The file as a source of facts: one row per file and date."""
    day = f"{report.file_date:%-d %B %Y}"
    dated = f"file of {day}" if report.file_date_stated else f"file of unknown date, read on {day}"
    source, _ = Source.objects.get_or_create(
        code=f"{spec.kind.value}-{report.file_date:%Y-%m-%d}-{report.sha256[:8]}",
        defaults={
            "title": f"{spec.source_title}, {dated}",
            "publisher": spec.source_publisher,
            "url": spec.source_url,
            "licence": spec.source_licence,
            "dated_on": report.file_date if report.file_date_stated else None,
            "sha256": report.sha256,
        },
    )
    return source
