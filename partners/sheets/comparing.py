"""What each row of a spreadsheet would do: found in the catalogue, compared cell by cell, checked like a form.

Rows are compared in batches, each batch with a handful of queries; what a row needs beyond that (checks of the
database's constraints) is asked only of rows that would change something.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.db import models

from partners.enums import RowOutcome
from partners.models import Vocabulary

from .cells import TextCell, longest
from .checking import constraint_claims, holders, problems
from .reading import SheetRecord
from .sheet import NEW, VERSION, Column, Sheet, Version

NAME_LENGTH = 300
CODE_IS_FROZEN = (
    "was “{}” when exported; a code is chosen once. Put it back, or empty the version for a new row"
)
NEEDS_VALUE = "needs a value; to leave it as it is, leave the whole column out"
NEW_NEEDS = "a new row needs it"
RETIRED = "“{}” is retired: it stays where it is but is not given anew"
BAD_VERSION = "is no version of this list; export again, or empty the cell to find the row by its key"
NO_ROW = "the row it was exported from is gone; empty the cell to make a new one"
MANY = "{} rows of the catalogue have this key; the version column of an export says which is meant"
KEY_MOVED = "the row was changed in the catalogue and its key in this file; export again"
TOO_LONG = "is longer than a cell of a spreadsheet holds and would be cut off; change it on the desk"


@dataclass
class Fault:
    """What is wrong with a cell, or with the whole row when no column is named."""

    column: str
    text: str


@dataclass
class Difference:
    """A cell that says something else than the catalogue. `moved`: the catalogue's cell changed since the export.

    `value` is the file's, `was` the catalogue's (not of several terms).
    """

    column: Column
    before: str
    after: str
    value: Any
    moved: bool = False
    was: Any = None


@dataclass
class RowResult:
    """What one row would do; `instance` is the catalogue's row with the file's values in it, or a new one.

    `taken`, of a row that is rejected for nothing else than unique values that other rows have, is what the row's
    SheetRow keeps of that.
    """

    record: SheetRecord
    outcome: RowOutcome = RowOutcome.UNCHANGED
    name: str = ""
    instance: models.Model | None = None
    object_id: int | None = None
    differences: list[Difference] = field(default_factory=list)
    moved: list[Difference] = field(default_factory=list)  # cells that only the catalogue changed
    faults: list[Fault] = field(default_factory=list)
    claims: list[str] = field(default_factory=list)
    taken: dict[str, Any] = field(default_factory=dict)

    def reject(self, column: str, text: str) -> None:
        self.faults.append(Fault(column, text))
        self.taken = {}

    @property
    def cells(self) -> list[dict[str, Any]]:
        """Plain values, as they are kept and shown."""
        found = [
            {"column": d.column.heading, "before": d.before, "after": d.after}
            | ({"moved": True} if d.moved else {})
            for d in self.differences
        ]
        if self.outcome == RowOutcome.CONFLICT:
            found += [
                {"column": d.column.heading, "before": d.before, "after": "", "kept": True}
                for d in self.moved
            ]
        return found


@dataclass
class _Parsed:
    """A row between being read and being compared."""

    result: RowResult
    values: dict[str, Any] = field(default_factory=dict)
    key: tuple[str, ...] | None = None
    version: Version | None = None
    forced_new: bool = False


class Comparer:
    """Compares the rows of one file with the catalogue. `given` are the names of the columns that the file has."""

    def __init__(self, sheet: Sheet, given: Iterable[str], *, lock: bool = False, check: bool = True) -> None:
        self.sheet, self.lock, self.check = sheet, lock, check
        names = set(given)
        self.given = [c for c in sheet.columns if c.name in names]
        self.absent = [c for c in sheet.columns if c.name not in names]

    def compare(self, records: Sequence[SheetRecord]) -> list[RowResult]:
        """A result for each record, in their order."""
        self.sheet.prepare([record.cells for record in records])
        parsed = [self._parse(record) for record in records]
        by_id, by_key = self._current(parsed)
        for row in parsed:
            self._settle(row, by_id, by_key)
        return [row.result for row in parsed]

    # -- from cells to values --------------------------------------------------------------------------

    def _parse(self, record: SheetRecord) -> _Parsed:
        row = _Parsed(RowResult(record))
        result = row.result
        result.name = " · ".join(filter(None, (record.cells.get(c.name, "") for c in self.sheet.keys)))[
            :NAME_LENGTH
        ]
        if record.fault:
            result.reject("", record.fault)
            return row
        version = record.cells.get(VERSION, "").strip()
        if version.casefold() == NEW:
            row.forced_new = True
        elif version:
            row.version = self.sheet.read_version(version)
            if row.version is None:
                result.reject(VERSION, BAD_VERSION)
        for column in self.given:
            text = record.cells[column.name]
            if not text.strip():
                row.values[column.name] = column.empty
                continue
            try:
                row.values[column.name] = column.clean({column.heading: text})
            except ValueError as error:
                result.reject(column.name, str(error))
        if all(c.name in row.values for c in self.sheet.keys):
            row.key = tuple(c.text_of(row.values[c.name]) for c in self.sheet.keys)
        return row

    # -- the catalogue's rows --------------------------------------------------------------------------

    def _current(
        self, parsed: Sequence[_Parsed]
    ) -> tuple[dict[int, models.Model], dict[tuple[str, ...], list[models.Model]]]:
        """The rows that the batch may be about, by number and by key."""
        column = next(c for c in self.sheet.keys if c.name == self.sheet.find_by)
        values = [row.values[column.name] for row in parsed if row.key is not None]
        wanted = {value.pk if isinstance(value, models.Model) else value for value in values}
        numbers = {row.version.pk for row in parsed if row.version}
        condition = models.Q(pk__in=numbers) | models.Q(**{f"{column.name}__in": wanted - {None}})
        if None in wanted:
            condition |= models.Q(**{f"{column.name}__isnull": True})
        rows = self.sheet.with_related(self.sheet.model._base_manager.filter(condition)).order_by("pk")
        if self.lock:
            rows = rows.select_for_update(of=("self",))
        by_id: dict[int, models.Model] = {}
        by_key: dict[tuple[str, ...], list[models.Model]] = {}
        for instance in rows:
            by_id[instance.pk] = instance
            by_key.setdefault(self.sheet.key_of(instance), []).append(instance)
        return by_id, by_key

    # -- one row ---------------------------------------------------------------------------------------

    def _settle(self, row: _Parsed, by_id: dict, by_key: dict) -> None:
        result = row.result
        instance = self._find(row, by_id, by_key)
        if instance is not None:
            result.object_id = instance.pk
            result.claims.append(f"row:{instance.pk}")
        elif row.key is not None:
            content = repr(sorted(result.record.cells.items())) if row.forced_new else ""
            result.claims.append(claim_of("new", *row.key, content))
        if result.faults:
            result.outcome = RowOutcome.REJECTED
        elif instance is None:
            self._create(row)
        else:
            self._change(row, instance)
        if result.faults:
            result.outcome = RowOutcome.REJECTED

    def _find(self, row: _Parsed, by_id: dict, by_key: dict) -> models.Model | None:
        """The catalogue's row that this one is about; None when it is a new one or cannot be told (a fault)."""
        candidates = by_key.get(row.key, []) if row.key is not None else []
        if row.forced_new:
            return next((c for c in candidates if self._says_the_same(row, c)), None)
        if row.version and (exported := by_id.get(row.version.pk)):
            if row.key is None or exported in candidates:
                return exported
            was = [c.hash_of(c.text(exported)) for c in self.sheet.keys]
            if was == list(row.version.hashes[: len(was)]):
                return self._rekeyed(row, exported)
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            if same := next((c for c in candidates if self._says_the_same(row, c)), None):
                return same
            row.result.reject("", MANY.format(len(candidates)))
        elif row.version and row.key is not None and not row.result.faults:
            moved = row.version.pk in by_id
            row.result.reject("" if moved else VERSION, KEY_MOVED if moved else NO_ROW)
        return None

    def _rekeyed(self, row: _Parsed, exported: models.Model) -> models.Model:
        """The row whose key was changed in the file; a vocabulary's code is not."""
        if self.sheet.frozen:
            (code,) = self.sheet.keys
            row.result.reject(code.name, CODE_IS_FROZEN.format(code.text(exported)))
        return exported

    def _says_the_same(self, row: _Parsed, instance: models.Model) -> bool:
        """Whether the row, as a new one, would be this one."""
        for column in self.given:
            if column.name not in row.values:
                return False
            value = row.values[column.name]
            if value is None and not column.clearable and column.field.has_default():
                value = column.field.get_default()
            if column.text_of(value) != column.text(instance):
                return False
        return True

    def _create(self, row: _Parsed) -> None:
        result = row.result
        result.outcome = RowOutcome.CREATED
        instance = self.sheet.model()
        for column in self.absent:
            if column.needed:
                result.reject(column.name, f"{NEW_NEEDS}; add the column")
        for column in self.given:
            value = row.values[column.name]
            if column.needed and value is None:
                result.reject(column.name, NEW_NEEDS)
            elif value not in (None, "", []):  # otherwise a new row has the default
                result.differences.append(Difference(column, "", column.text_of(value), value))
                if not column.many:
                    setattr(instance, column.name, value)
        result.instance = instance
        self._check(row)

    def _change(self, row: _Parsed, instance: models.Model) -> None:
        result = row.result
        hashes = (
            dict(zip((c.name for c in self.sheet.columns), row.version.hashes, strict=True))
            if row.version
            else {}
        )
        for column in self.sheet.columns:
            now = column.text(instance)
            moved = bool(hashes) and column.hash_of(now) != hashes[column.name]
            value = row.values.get(column.name)
            said = column.name in row.values and not (
                value is None and not column.clearable and column.field.has_default()
            )
            after = column.text_of(value) if said else now
            edited = after != now and not (hashes and column.hash_of(after) == hashes[column.name])
            if edited and isinstance(column.widget, TextCell) and len(after) >= longest():
                if now.startswith(after[: longest()]):
                    edited = False
                else:
                    result.reject(column.name, TOO_LONG)
            if edited:
                result.differences.append(Difference(column, now, after, value, moved))
                if value is None and not column.clearable:
                    result.reject(column.name, NEEDS_VALUE)
            elif moved:
                result.moved.append(Difference(column, now, "", None, moved=True))
        if not result.differences:
            return
        behind = bool(result.moved) or any(d.moved for d in result.differences)
        result.outcome = RowOutcome.CONFLICT if behind else RowOutcome.CHANGED
        for difference in result.differences:
            if not difference.column.many and not result.faults:
                difference.was = getattr(instance, difference.column.name)
                setattr(instance, difference.column.name, difference.value)
        result.instance = instance
        self._check(row, instance)

    # -- checks ----------------------------------------------------------------------------------------

    def _check(self, row: _Parsed, instance: models.Model | None = None) -> None:
        """What the desk's form would refuse, at its cell."""
        result = row.result
        before = instance.pk if instance is not None else None
        for difference in result.differences:
            self._refuse_retired(result, difference, before)
        if result.faults or result.instance is None:
            return
        changed = {d.column.name for d in result.differences}
        if before is None:
            changed |= {c.name for c in self.sheet.columns}
        if self.check:
            names = {c.name for c in self.sheet.columns}
            for name, texts in problems(result.instance, changed, related=self._resolved()).items():
                # a rule about several fields stands at the first of them that this row changes
                shown = name if name in names else ""
                for text in texts:
                    result.reject("" if name == NON_FIELD_ERRORS else shown, text)
            if result.faults:
                result.taken = self._taken(result, changed)
        if self.check and (result.taken or not result.faults):
            result.claims += [claim_of(*parts) for parts in constraint_claims(result.instance, changed)]

    def _taken(self, result: RowResult, changed: set[str]) -> dict[str, Any]:
        """Which rows have the unique values that this one wants, when nothing else is wrong with it."""
        if problems(result.instance, changed, related=self._resolved(), unique=False):
            return {}
        headings = {c.name: c.heading for c in self.sheet.columns}
        found = [
            {"row": pk, "columns": [headings[name] for name in names if name in headings]}
            for pk, names in holders(result.instance, changed)
        ]
        return {"outcome": str(result.outcome), "from": found} if found else {}

    def _resolved(self) -> set[str]:
        """Relations: their rows were looked up, so they exist."""
        return {c.name for c in self.sheet.columns if c.field.is_relation}

    @staticmethod
    def _refuse_retired(result: RowResult, difference: Difference, before: int | None) -> None:
        value = difference.value
        given = value if isinstance(value, list) else [value]
        had = set(difference.before.split("; ")) if before is not None and isinstance(value, list) else set()
        for term in given:
            retired = isinstance(term, Vocabulary) and not term.active
            if retired and term.code not in had:
                result.reject(difference.column.name, RETIRED.format(term.code))


def claim_of(*parts: Any) -> str:
    """What a row is about, in a few characters."""
    return hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest()
