"""The path every public register takes: read → validate → stage → diff → apply.

A register is a `RegisterSpec`: its columns, a function from one row to the values of its table, and what
identifies a row. Everything else is common. One run streams the file into a temporary table with COPY and
compares it with the register's table in SQL, so memory does not grow with the file.

A table that takes part has, besides the fields of its spec: `source`, `first_seen_on`, `last_seen_on` and
`left_on` (see RegisterEstablishment).
"""

import dataclasses
import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max
from django.utils import timezone

from cmo_selector.audit.services import record
from partners.enums import ChangeHow, RegisterKind
from partners.history import recording
from partners.models import RegisterImport, Source

from .errors import ImportBusyError, ImportFileError, RowRejected
from .reading import Record, TableReader
from .staging import Staging

REASON_LENGTH = 300  # RejectedRow.reason
EXAMPLES = 20  # warnings that are spelt out; all are counted
# A complete snapshot that would close more than this is more likely a file cut off between two rows.
CLOSING_LIMIT_SHARE = 0.5
CLOSING_LIMIT_ROWS = 100


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """Values in the order of the spec's `fields`, and what was odd but not bad enough to reject the row."""

    values: tuple[Any, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegisterSpec:
    """One kind of register file."""

    kind: RegisterKind
    model: type[models.Model]
    columns: tuple[str, ...]  # that must be in the header; others are ignored
    fields: tuple[str, ...]  # of the model, filled from the file and compared
    key: str  # one of `fields`
    key_column: str
    key_label: str
    name_field: str  # one of `fields`, names a row for people
    parse: Callable[[Mapping[str, str]], ParsedRow]
    clean_key: Callable[[str], str]
    source_title: str
    source_publisher: str
    source_url: str
    source_licence: str
    link: Callable[[], int]  # attach rows to catalogue sites; returns how many


@dataclass
class ImportReport:
    """What a run did, or in a dry run would do. created + updated + unchanged + rejected = rows."""

    kind: str
    file: str
    applied: bool
    sha256: str = ""
    file_date: datetime.date | None = None
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    closed: int = 0  # were in the register, are not in this file
    reopened: int = 0  # had left the register, are back; counted in `updated` too
    linked: int = 0  # rows newly attached to catalogue sites
    already_applied: bool = False  # the same file was the last one applied, and nothing has changed since
    run_id: int | None = None
    warnings: dict[str, int] = field(default_factory=dict)
    warning_examples: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)  # a sample
    rejected_rows: list[dict[str, Any]] = field(default_factory=list)
    rejected_rows_left_out: int = 0

    def as_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        data = dataclasses.asdict(self)
        data["file_date"] = self.file_date.isoformat() if self.file_date else None
        return data


def run_import(
    *,
    spec: RegisterSpec,
    path: Path,
    apply: bool = False,
    file_date: datetime.date | None = None,
    applied_by: str = "",
    sample: int = 10,
    allow_closing: bool = False,
) -> ImportReport:
    """Read `path` and compare it with the register's table; with `apply`, make the table equal to it.

    All in one transaction. Raises ImportFileError when the file as a whole is refused, and ImportBusyError
    when another import of the same kind is being applied. `file_date` defaults to the date of an earlier
    import of the same file, a date in the file's name, or today. `allow_closing` lets a file through that
    would close most of the register.
    """
    if file_date and file_date > timezone.localdate():
        raise ImportFileError(f"The file date {file_date} is in the future")
    report = ImportReport(kind=spec.kind.value, file=path.name, applied=apply)
    reader = TableReader(path, columns=spec.columns)
    with transaction.atomic(), recording(how=ChangeHow.IMPORT, why=f"{spec.kind.label}: {path.name}"):
        if apply:
            _lock(spec)
        staging = Staging(spec.model, fields=spec.fields, key=spec.key, name_field=spec.name_field)
        staging.create()
        staging.copy(_staged_rows(spec, reader, report))
        report.rows, report.sha256 = reader.rows, reader.sha256
        report.file_date = _file_date(spec, path, report.sha256, file_date)
        staging.diff()
        _count(staging, report, sample)
        if apply:
            _apply(spec, staging, report, applied_by, allow_closing)
        staging.drop()
    return report


def lock_name(spec: RegisterSpec) -> str:
    """What the advisory lock of an apply is named after; it is released when the transaction ends."""
    return f"register-import:{spec.kind.value}"


def _lock(spec: RegisterSpec) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [lock_name(spec)])
        if not cursor.fetchone()[0]:
            raise ImportBusyError(
                f"Another import of the register {spec.kind.value} is being applied; nothing was written. "
                "Start this one again when it has finished"
            )


def _staged_rows(spec: RegisterSpec, reader: TableReader, report: ImportReport) -> Iterator[tuple[Any, ...]]:
    """Rows for the staging table: line, reason of rejection, raw row, then the spec's fields."""
    key_at = spec.fields.index(spec.key)
    lines: dict[str, int] = {}  # key → line of the row that holds it
    warned: Counter[str] = Counter()
    for row in reader:
        try:
            parsed = _parse(spec, row)
            key = parsed.values[key_at]
            if key in lines:
                raise RowRejected(f"{spec.key_label} already on line {lines[key]}")
        except RowRejected as rejection:
            values: list[Any] = [None] * len(spec.fields)
            values[key_at] = _key_of_bad_row(spec, row)
            yield (row.line, str(rejection)[:REASON_LENGTH], row.fields, *values)
            continue
        lines[key] = row.line
        for text in parsed.warnings:
            warned[text] += 1
            if len(report.warning_examples) < EXAMPLES:
                report.warning_examples.append({"line": row.line, "warning": text})
        yield (row.line, None, None, *parsed.values)
    report.warnings = dict(warned.most_common())


def _parse(spec: RegisterSpec, row: Record) -> ParsedRow:
    if row.fault:
        raise RowRejected(f"The row {row.fault}")
    return spec.parse(row.fields)


def _key_of_bad_row(spec: RegisterSpec, row: Record) -> str | None:
    """The key of a rejected row, where it can be read: a row that is bad has not left the register."""
    try:
        return spec.clean_key(row.fields.get(spec.key_column, ""))
    except RowRejected:
        return None


def _file_date(spec: RegisterSpec, path: Path, sha256: str, given: datetime.date | None) -> datetime.date:
    """The day the file stands for. A file older than the last one applied is refused."""
    earlier = RegisterImport.objects.filter(kind=spec.kind, sha256=sha256).first()
    date = given or (earlier and earlier.file_date) or _date_in_name(path.name) or timezone.localdate()
    newest = RegisterImport.objects.filter(kind=spec.kind).aggregate(newest=Max("file_date"))["newest"]
    if newest and date < newest:
        raise ImportFileError(
            f"{path.name} is of {date}, older than the file of {newest} that was applied before it; "
            "give its date with --date if that is wrong"
        )
    return date


def _date_in_name(name: str) -> datetime.date | None:
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
    current = spec.model._default_manager.filter(left_on__isnull=True).count()
    if (
        not allow_closing
        and report.closed >= CLOSING_LIMIT_ROWS
        and report.closed > CLOSING_LIMIT_SHARE * current
    ):
        raise ImportFileError(
            f"{report.file} lacks {report.closed:,} of the {current:,} establishments now in the register; "
            "it looks cut off. Give --allow-closing if they really left"
        )
    last = RegisterImport.objects.filter(kind=spec.kind).first()
    same_file = last is not None and last.sha256 == report.sha256
    if same_file and not (report.created or report.updated or report.closed):
        report.already_applied = True
        report.run_id = last.pk
    else:
        source = _source(spec, report)
        staging.apply(source_id=source.pk, file_date=report.file_date)
        run = RegisterImport.objects.create(
            kind=spec.kind,
            source=source,
            file_name=report.file[:200],
            sha256=report.sha256,
            file_date=report.file_date,
            rows=report.rows,
            created=report.created,
            updated=report.updated,
            unchanged=report.unchanged,
            rejected=report.rejected,
            closed=report.closed,
            applied_by=applied_by[:160],
        )
        staging.keep_rejected_rows(run_id=run.pk)
        report.run_id = run.pk
        totals = ("rows", "created", "updated", "unchanged", "rejected", "closed")
        record(
            actor=None,
            verb="register.imported",
            obj=run,
            data={"sha256": report.sha256, **{name: getattr(report, name) for name in totals}},
        )
    report.linked = spec.link()


def _source(spec: RegisterSpec, report: ImportReport) -> Source:
    """The file as a source of facts: one row per file and date."""
    source, _ = Source.objects.get_or_create(
        code=f"{spec.kind.value}-{report.file_date:%Y-%m-%d}-{report.sha256[:8]}",
        defaults={
            "title": f"{spec.source_title}, file of {report.file_date:%-d %B %Y}",
            "publisher": spec.source_publisher,
            "url": spec.source_url,
            "licence": spec.source_licence,
            "dated_on": report.file_date,
            "sha256": report.sha256,
        },
    )
    return source
