"""Rows of one file that stand below each other in a tree, such as services below a new branch: any order will do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from partners.enums import RowOutcome
from partners.models import SheetImport, SheetRow

from .cells import CodeCell, normal
from .reading import SheetReader
from .sheet import Sheet

NO_PARENT = "there is no “{}” to stand below: its row of this file is not written"
IN_A_CIRCLE = "stands below itself: follow its parents in this file"


def expect_rows_of(path: Path, sheet: Sheet) -> None:
    """Let the rows of a file stand below others of it. Reads the file once; nothing for a list without a tree."""
    parent = sheet.parent
    if parent is not None and isinstance(parent.widget, CodeCell):
        with SheetReader(path, sheet) as reader:
            parent.widget.coming = frozenset(normal(row.cells["code"]) for row in reader)


def reject_orphans(job: SheetImport, sheet: Sheet) -> None:
    """Rows below a row that is not written are not written either, nor those that stand below themselves."""
    parent = sheet.parent
    if parent is None:
        return
    stored = {row.code: row for row in sheet.model._default_manager.select_related("parent")}
    missing = job_codes(job) - set(stored)
    rows = list(job.rows.filter(outcome__in=[RowOutcome.CREATED, RowOutcome.CHANGED, RowOutcome.CONFLICT]))
    while True:
        new = {code_of(row): parent_of(row) for row in rows if row.outcome == RowOutcome.CREATED}
        orphans = [row for row in rows if parent_of(row) in missing and parent_of(row) not in new]
        after = {code: row.parent.code if row.parent else "" for code, row in stored.items()}
        labels = {row.label.casefold(): code for code, row in stored.items()}
        for row in rows:
            if "parent" in row.raw:
                above = parent_of(row)
                known = above in after or above in new
                after[code_of(row)] = above if known else labels.get(above.casefold(), above)
        circles = [row for row in rows if "parent" in row.raw and depth(code_of(row), after) is None]
        if not orphans and not circles:
            return
        for row in orphans or circles:
            row.outcome = RowOutcome.REJECTED
            text = NO_PARENT.format(parent_of(row)) if orphans else IN_A_CIRCLE
            row.faults = [{"cell": f"row {row.line}", "column": parent.heading, "text": text}]
            row.save(update_fields=["outcome", "faults"])
        rows = [row for row in rows if row.outcome != RowOutcome.REJECTED]


def job_codes(job: SheetImport) -> set[str]:
    """The codes of all rows of the file, whatever becomes of them."""
    return {normal(raw.get("code", "")) for raw in job.rows.values_list("raw", flat=True)}


def by_depth(rows: Iterable[SheetRow]) -> list[list[SheetRow]]:
    """Rows in the order in which they can be written: what stands below another row comes after it."""
    held = list(rows)
    new = {code_of(row): parent_of(row) for row in held if row.outcome == RowOutcome.CREATED}
    levels: dict[int, list[SheetRow]] = {}
    for row in held:
        above = depth(parent_of(row), new) if parent_of(row) in new else -1
        levels.setdefault((-1 if above is None else above) + 1, []).append(row)
    return [levels[level] for level in sorted(levels)]


def depth(code: str, parents: Mapping[str, str]) -> int | None:
    """How many new rows stand above; None when the parents go round in a circle."""
    seen: set[str] = set()
    while (above := parents.get(code)) in parents:
        if above in seen or above is None:
            return None
        seen.add(above)
        code = above
    return len(seen)


def code_of(row: SheetRow) -> str:
    return normal(row.raw.get("code", ""))


def parent_of(row: SheetRow) -> str:
    return normal(row.raw.get("parent", ""))


def in_batches(rows: Sequence[SheetRow], size: int) -> Iterable[list[SheetRow]]:
    return (list(rows[at : at + size]) for at in range(0, len(rows), size))
