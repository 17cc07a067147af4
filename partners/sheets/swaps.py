"""Rows of one file that exchange values which only one row may have, such as the short names of two sites.

The preview rejects a row that wants another row's value. When the whole file is read, those come back whose value is
given up by a row of the same file that is written too. They are written together: first every value that is given up
is set aside, then each row gets its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Cast, Concat

from partners.enums import ChangeHow, RowOutcome
from partners.history import recording
from partners.models import SheetImport, SheetRow

from .sheet import Column, Sheet

SET_ASIDE = "~"  # before the row's number: what a row is called between two steps, seen by nobody
WHY = "Set aside for a moment: rows of a spreadsheet exchange their values"
NOT_GIVEN_UP = "row {} of this file has it and does not give it up"
NOT_WRITTEN = "row {} of this file has it and is rejected or in conflict itself; mend that one first"
IN_TWO_FILES = "row {} of this file gives it up: import that row in a file of its own first, then this one"


def let_exchange(job: SheetImport, sheet: Sheet) -> None:
    """Rows of a previewed file whose values others of it give up are rejected no more; the rest say which row it is."""
    blocked = list(job.rows.filter(outcome=RowOutcome.REJECTED).exclude(taken={}))
    wanted = {taken["row"] for row in blocked for taken in row.taken["from"]}
    holders = {row.object_id: row for row in job.rows.filter(object_id__in=wanted)}
    free = {row.pk for row in blocked if row.taken["outcome"] != RowOutcome.CONFLICT}
    reasons: dict[int, str] = {}
    while True:
        found = {
            row.pk: reason
            for row in blocked
            if row.pk in free
            if (reason := _refusal(row, holders, free, sheet))
        }
        if not found:
            break
        reasons |= found
        free -= set(found)
    for row in blocked:
        if row.pk in free:
            row.outcome, row.faults, row.swaps = row.taken["outcome"], [], True
        elif reason := reasons.get(row.pk, "").strip():
            row.faults[0]["text"] += f" {reason[0].upper()}{reason[1:]}."
    SheetRow.objects.bulk_update(blocked, ["outcome", "faults", "swaps"], batch_size=500)
    given = {taken["row"] for row in blocked if row.pk in free for taken in row.taken["from"]}
    job.rows.filter(object_id__in=given).update(swaps=True)


def _refusal(row: SheetRow, holders: dict[int, SheetRow], free: set[int], sheet: Sheet) -> str:
    """Why a row cannot have what it wants; empty when it can. A blank: a row that is not in the file has it."""
    for taken in row.taken["from"]:
        holder = holders.get(taken["row"])
        if holder is None:
            return " "
        if holder.outcome in (RowOutcome.REJECTED, RowOutcome.CONFLICT) and holder.pk not in free:
            return NOT_WRITTEN.format(holder.line)
        changed = {cell["column"] for cell in holder.cells if cell["before"] != cell["after"]}
        if not changed & set(taken["columns"]):
            return NOT_GIVEN_UP.format(holder.line)
        if _column_to_set_aside(sheet, taken["columns"]) is None:
            return IN_TWO_FILES.format(holder.line)
    return ""


def _column_to_set_aside(sheet: Sheet, headings: Sequence[str]) -> Column | None:
    """The column of a group of unique ones that can hold any text for a moment."""
    return next(
        (
            c
            for c in sheet.columns
            if c.heading in headings and isinstance(c.field, models.CharField) and not c.field.choices
        ),
        None,
    )


def set_aside(sheet: Sheet, rows: Sequence[SheetRow]) -> None:
    """Take the values that these rows want from the rows that have them."""
    by_column: dict[str, set[int]] = {}
    for row in rows:
        for taken in row.taken.get("from", []):
            column = _column_to_set_aside(sheet, taken["columns"])
            if column is not None:
                by_column.setdefault(column.name, set()).add(taken["row"])
    with recording(how=ChangeHow.IMPORT, why=WHY):
        for name, numbers in by_column.items():
            aside = Concat(Value(SET_ASIDE), Cast(F("pk"), models.CharField()))
            sheet.model._base_manager.filter(pk__in=numbers).update(**{name: aside})
