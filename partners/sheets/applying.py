"""Writing the rows of a previewed spreadsheet, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from cmo_selector.db import constraint_of
from partners.enums import ConflictChoice, RowOutcome
from partners.importers.errors import ImportFileError
from partners.models import SheetRow

from . import parents, swaps
from .checking import problems
from .comparing import Comparer, RowResult
from .reading import SheetRecord
from .sheet import Sheet

NAMED_LINES = 10


class Changed(Exception):
    """The catalogue is not as it was at the preview; the message says where."""


def write_rows(
    sheet: Sheet,
    rows: QuerySet[SheetRow],
    *,
    progress: Callable[[str, float], None],
    batch_size: int,
    undecided: str = "",
) -> dict[str, int]:
    """Write what the preview said, and say how many rows were created and changed.

    `undecided` (a ConflictChoice) is what becomes of cells in conflict that were not decided one by one. Raises
    Changed when a row would do something else than its preview said, and ImportFileError when the database refuses
    a row; the caller's transaction is then to be rolled back.
    """
    written = {"created": 0, "changed": 0}
    total, done, stale = rows.count(), 0, []
    for batch in _batches(sheet, rows, batch_size):
        progress("writing", done / total)
        results = [r for part in parents.in_batches(batch, batch_size) for r in _compared(sheet, part)]
        pairs = list(zip(batch, results, strict=True))
        stale += [row.line for row, result in pairs if not _as_said(row, result)]
        if not stale:
            for row, result in pairs:
                _leave_out_kept_cells(row, result, undecided)
            swaps.set_aside(sheet, batch)
            for part in parents.in_batches(results, batch_size):
                _write(part)
            for row in batch:
                written["created" if row.object_id is None else "changed"] += 1
        done += len(batch)
    if stale:
        lines = ", ".join(f"{line:,}" for line in stale[:NAMED_LINES]) + (
            " …" if len(stale) > NAMED_LINES else ""
        )
        raise Changed(
            f"The catalogue changed after the preview (row{'s' if len(stale) > 1 else ''} {lines} of the file), so "
            "nothing was written. This is a new preview."
        )
    return written


def _batches(sheet: Sheet, rows: QuerySet[SheetRow], size: int) -> Iterator[list[SheetRow]]:
    """Rows that are written together: first those that exchange values, all at once."""
    if together := list(rows.filter(swaps=True)):
        yield together
    rows = rows.filter(swaps=False)
    if sheet.parent is not None:  # a tree is small
        for level in parents.by_depth(rows):
            yield from parents.in_batches(level, size)
        return
    last = 0
    while batch := list(rows.filter(line__gt=last)[:size]):
        yield batch
        last = batch[-1].line


def _compared(sheet: Sheet, batch: Sequence[SheetRow]) -> list[RowResult]:
    """The rows compared again, with the catalogue's rows locked. Their values passed the checks at the preview."""
    given = set(batch[0].raw)
    if sheet.parent is not None:
        sheet.parent.widget.forget()  # its rows may have been written just now
    comparer = Comparer(sheet, given, lock=True, check=False)
    return comparer.compare([SheetRecord(row.line, row.raw) for row in batch])


def _as_said(row: SheetRow, result: RowResult) -> bool:
    return (row.outcome, row.object_id, row.cells) == (result.outcome, result.object_id, result.cells)


def check_decisions(sheet: Sheet, rows: Sequence[SheetRow], undecided: str) -> None:
    """Raises ImportFileError when a row would break a rule with only those cells that were chosen."""
    for row, result in zip(rows, _compared(sheet, rows) if rows else (), strict=True):
        if _as_said(row, result):  # otherwise there will be another preview
            _leave_out_kept_cells(row, result, undecided)


def _leave_out_kept_cells(row: SheetRow, result: RowResult, undecided: str) -> None:
    """Of a row in conflict only the cells are written that were chosen to be. Raises ImportFileError when what
    then stands in the row breaks a rule."""
    if row.outcome != RowOutcome.CONFLICT:
        return
    kept = [
        d
        for d in result.differences
        if row.decided.get(d.column.heading, undecided) != ConflictChoice.OVERWRITE
    ]
    if not kept:
        return
    result.differences = [d for d in result.differences if d not in kept]
    for difference in kept:
        if not difference.column.many:
            setattr(result.instance, difference.column.name, difference.was)
    names = {d.column.name for d in (*kept, *result.differences)}
    relations = {f.name for f in result.instance._meta.fields if f.is_relation}
    for texts in problems(result.instance, names, related=relations).values():
        raise ImportFileError(
            f"Row {row.line} ({row.name}), with the cells that were chosen: {texts[0]} Nothing was written; choose "
            "otherwise for this row."
        )


def _write(results: Sequence[RowResult]) -> None:
    try:
        with transaction.atomic():
            _write_at_once(results)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        raise ImportFileError(_refusal(results, error)) from error


def _write_at_once(results: Sequence[RowResult]) -> None:
    """One statement for all new rows, and one for each set of fields that others change."""
    new = [r for r in results if r.outcome == RowOutcome.CREATED]
    if new:
        manager = type(new[0].instance)._base_manager
        manager.bulk_create([r.instance for r in new])
    by_fields: dict[tuple[str, ...], list[models.Model]] = {}
    for result in results:
        if result.outcome != RowOutcome.CREATED:
            names = tuple(sorted(d.column.name for d in result.differences if not d.column.many))
            if names or any(f.name == "updated_at" for f in result.instance._meta.fields):
                by_fields.setdefault(names, []).append(result.instance)
    for names, instances in by_fields.items():
        _update(instances, names)
    for result in results:
        for difference in result.differences:
            if difference.column.many:
                getattr(result.instance, difference.column.name).set(difference.value)


def _update(instances: Sequence[Any], names: tuple[str, ...]) -> None:
    fields = list(names)
    if any(f.name == "updated_at" for f in instances[0]._meta.fields):
        now = timezone.now()
        for instance in instances:
            instance.updated_at = now
        fields.append("updated_at")
    type(instances[0])._base_manager.bulk_update(instances, fields)


def _refusal(results: Sequence[RowResult], error: IntegrityError) -> str:
    """Which row the database refuses, found by writing them one after the other, and why."""
    for result in results:
        try:
            with transaction.atomic():
                _write_at_once([result])
        except IntegrityError as own:
            return f"Row {result.record.line} ({result.name}): {_words(own)} Nothing was written."
    return f"Rows {results[0].record.line} to {results[-1].record.line}: {_words(error)} Nothing was written."


def _words(error: IntegrityError) -> str:
    found = constraint_of(error)
    if found:
        return str(found[1].get_violation_error_message())
    return "Another row of the catalogue forbids it; make a new preview."
