"""A stretch of the catalogue's columns as one brief reads them: codes looked up, rows by site and by partner."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from .layout import WHOLE_NONE, Numbers
from .matching import Match
from .types import Brief, Need
from .value_functions import Piecewise

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Flags: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Ints: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

NO, PERHAPS, YES = (int(m) for m in (Match.NO, Match.PERHAPS, Match.YES))
NOWHERE = -2  # the number of a code that no fact of the catalogue holds


class Rows:
    """Which rows belong to which owner: those of one owner lie together."""

    def __init__(self, counts: Numbers) -> None:
        self.counts = np.asarray(counts, dtype=np.int64)
        self.start = np.cumsum(np.concatenate([[0], self.counts]))
        self.held = self.counts > 0

    @cached_property
    def owner(self) -> Ints:
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def _reduce(self, how: np.ufunc, values: Numbers, empty: Any) -> Any:
        found = np.full(len(self.counts), empty, dtype=values.dtype)
        if self.held.any():
            found[self.held] = how.reduceat(values, self.start[:-1][self.held])
        return found

    def least(self, values: Numbers, where: Flags | None, empty: Any) -> Any:
        return self._reduce(np.minimum, values if where is None else np.where(where, values, empty), empty)

    def most(self, values: Numbers, where: Flags | None, empty: Any) -> Any:
        return self._reduce(np.maximum, values if where is None else np.where(where, values, empty), empty)

    def total(self, values: Numbers, where: Flags | None = None) -> Any:
        return self._reduce(
            np.add, values if where is None else np.where(where, values, 0), values.dtype.type(0)
        )

    def count(self, where: Flags) -> Ints:
        return np.asarray(self.total(where.astype(np.int64)))

    def any(self, where: Flags) -> Flags:
        return np.asarray(self._reduce(np.logical_or, where, False))

    def last(self, where: Flags, *keys: Numbers) -> Ints:
        """Each owner's row with the greatest keys (the first key counts most) among those of `where`; -1 for none."""
        rows = np.flatnonzero(where)
        order = rows[np.lexsort((*(key[rows] for key in reversed(keys)), self.owner[rows]))]
        found = np.full(len(self.counts), -1, dtype=np.int64)
        found[self.owner[order]] = order  # of several the last one stays
        return found


def take(values: Numbers, at: Ints, empty: Any) -> Any:
    """`values[at]`, and `empty` where `at` is -1."""
    if not len(values):
        return np.full(len(at), empty, dtype=np.asarray(values).dtype)
    return np.where(at >= 0, values[np.maximum(at, 0)], empty)


class Seen:
    """The columns beside a brief. `partners` and `sites` say how many; `site_rows` gives a partner's sites."""

    def __init__(
        self, columns: dict[str, Numbers], numbers: dict[str, int], codes: list[str], brief: Brief
    ) -> None:
        self.columns, self.numbers, self.codes, self.brief = columns, numbers, codes, brief
        self.site_rows = Rows(columns["partner.sites"])
        self.partners, self.sites = len(columns["partner.sites"]), len(columns["site.order"])
        self.as_of = brief.as_of.toordinal()
        self._rows: dict[str, Rows] = {}
        self._groups: dict[str, tuple[Ints, Ints]] = {}
        self._matches: dict[object, Numbers] = {}
        self.credits: dict[tuple[str, float | None], Ints] = {}  # kept for `grounds`

    def __getitem__(self, name: str) -> Numbers:
        return self.columns[name]

    def rows(self, table: str) -> Rows:
        if table not in self._rows:
            self._rows[table] = Rows(self.columns[f"{table}.rows"])
        return self._rows[table]

    def code(self, text: str | None) -> int:
        return 0 if text is None else self.numbers.get(text, NOWHERE)

    def is_one_of(self, column: str, texts: Any) -> Flags:
        return np.isin(self.columns[column], [self.code(text) for text in texts])

    def judged(self, column: str, judge: Callable[[Any], Any], dtype: Any = np.int64) -> Numbers:
        """What `judge` says of each row's code (None where there is none), asked once per code."""
        if column not in self._groups:
            self._groups[column] = np.unique(self.columns[column], return_inverse=True)
        numbers, inverse = self._groups[column]
        said = [judge(self.codes[n - 1] if n else None) for n in numbers.tolist()]
        return np.asarray(said, dtype=dtype)[inverse]

    def equal(self, wanted: str | None, column: str) -> Numbers:
        """As `matching.equal`, row by row."""
        recorded = self.columns[column]
        if wanted is None:
            return np.full(len(recorded), YES, dtype=np.int64)
        return np.where(recorded == self.code(wanted), YES, np.where(recorded == 0, PERHAPS, NO))

    def service(self, need: Need, table: str) -> Numbers:
        """As `matching.service` for the table's `service_path`; a capability without a path is its service alone."""
        if need.service is None:
            return np.full(len(self.columns[f"{table}.service_path"]), YES, dtype=np.int64)

        def judge(path: list[str]) -> int:
            if need.service in path:
                return YES
            return PERHAPS if not path or path[-1] in need.service_path else NO

        found = self.judged(f"{table}.service_path", lambda text: judge(json.loads(text)))
        if f"{table}.service" in self.columns:
            bare = self.columns[f"{table}.service_path"] == self.code("[]")
            if bare.any():
                found = np.where(bare, self.judged(f"{table}.service", lambda code: judge([code])), found)
        return found

    def capability(self, need: Need) -> Numbers:
        """As `matching.capability` for every capability."""
        key = (need.service, need.service_path, need.modality, need.dosage_form, need.production_system)
        if key not in self._matches:
            refused = np.zeros(len(self.columns["site.capabilities.service"]), dtype=bool)
            for wanted, field in zip(key[2:], ("modality", "dosage_form", "production_system"), strict=True):
                refused |= self.equal(wanted, f"site.capabilities.{field}") == NO
            self._matches[key] = np.where(refused, NO, self.service(need, "site.capabilities"))
        return self._matches[key]

    def slot(self, need: Need) -> Flags:
        fits = np.minimum(self.equal(need.modality, "site.slots.modality"), self.service(need, "site.slots"))
        return np.asarray(fits != NO)

    def track_record(self, need: Need, table: str) -> Numbers:
        """As `matching.track_record` for the records of sites or of partners."""
        kind = self.columns[f"{table}.kind"] == (self.code(need.track_record_kind) or NOWHERE)
        found = np.minimum(self.service(need, table), self.equal(need.modality, f"{table}.modality"))
        found = np.minimum(found, self.equal(need.agency, f"{table}.agency"))
        found = np.minimum(found, self.equal(need.dosage_form, f"{table}.dosage_form"))
        return np.where(kind, found, NO)

    def newest(self, table: str, where: Flags) -> Ints:
        """Each owner's row read last among those of `where`."""
        return self.rows(table).last(
            where, self.columns[f"{table}.ref.as_of"], self.columns[f"{table}.ref.pk"]
        )

    def of_partner(self, site_flags: Flags) -> Flags:
        return self.site_rows.any(site_flags)


class Metric:
    """The newest value of one metric for each of some places: the site's own, else the partner's."""

    def __init__(self, seen: Seen, code: str, site: Ints, partner: Ints) -> None:
        number = seen.code(code)
        at = [
            take(seen.newest(table, seen[f"{table}.metric"] == number), place, -1)
            for table, place in (("site.metrics", site), ("partner.metrics", partner))
        ]
        own = at[0] >= 0
        self.rows = at[0], np.where(own, -1, at[1])  # of the sites' table, and of the partners'

        def value(field: str, empty: Any) -> Any:
            mine, whole = (
                take(seen[f"{table}.{field}"], rows, empty)
                for table, rows in zip(("site.metrics", "partner.metrics"), at, strict=True)
            )
            return np.where(own, mine, whole)

        self.found: Flags = own | (at[1] >= 0)
        self.number: Array = value("number", np.nan)
        self.flag: Ints = value("flag", -1)
        self.text: Ints = value("text", 0)

    @property
    def numbered(self) -> Flags:
        return ~np.isnan(self.number)


def counted(rows: Rows, match: Numbers, count: Numbers) -> tuple[Array, Array]:
    """As `matching.count_range` for every owner."""
    unknown = count == WHOLE_NONE
    low = rows.total(np.where(unknown, 1.0, count), match == YES)
    high = rows.total(np.where(unknown, np.inf, count).astype(np.float64), match != NO)
    return low, high


def points(function: Piecewise, values: Array) -> Array:
    """Points of many values; where there is none (NaN), 0."""
    found: Array = np.zeros(len(values))
    there = ~np.isnan(values)
    found[there] = function.points(values[there])
    return found


def ordinal(day: dt.date | None) -> int:
    return day.toordinal() if day else 0
