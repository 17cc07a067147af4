"""Partners at their lead sites, and the building blocks of their points: `measures` for whole columns.

Reasons and facts are left out: whoever is shown is put together again and scored by `criteria`. A test compares both
on random catalogues.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeAlias

import numpy as np

from .anchors import ANCHORS, FLAGS, INSPECTION
from .layout import Numbers
from .screening import Screen
from .seen import Array, Flags, Ints, Metric, Seen, points, take
from .types import Need, Rule

Points: TypeAlias = tuple[Array, Array, Array]  # low, high, known: one number per partner


class Place:
    """The partners at their lead sites, as measures read them."""

    def __init__(self, seen: Seen, screen: Screen) -> None:
        self.seen, self.brief, self.lead = seen, seen.brief, screen.lead
        self.count = seen.partners
        self.has_lead: Flags = screen.lead >= 0
        self._metrics: dict[str, Metric] = {}

    def at_lead(self, values: Numbers, empty: object) -> Numbers:
        found: Numbers = take(values, self.lead, empty)
        return found

    def metric(self, code: str) -> Metric:
        if code not in self._metrics:
            self._metrics[code] = Metric(self.seen, code, self.lead, np.arange(self.count))
        return self._metrics[code]

    @cached_property
    def is_lead(self) -> Flags:
        """Which sites are lead sites."""
        found: Flags = np.zeros(self.seen.sites, dtype=bool)
        found[self.lead[self.has_lead]] = True
        return found

    def needs(self, rule: Rule) -> list[Need]:
        return [n for n in self.brief.needs if n.rule is rule]

    @cached_property
    def latest_inspections(self) -> tuple[Ints, Array, Flags]:
        """Rows of each site's latest dated inspection per agency; of every row its points (NaN: not settled) and
        whether it is settled."""
        seen = self.seen
        on, agency = seen["site.inspections.ended_on"], seen["site.inspections.agency"]
        worth: Array = seen.judged(
            "site.inspections.outcome",
            lambda code: np.nan if (p := INSPECTION.at(code)) is None else p,
            np.float64,
        )
        rows = np.flatnonzero((on > 0) & (on <= seen.as_of))
        owner = seen.rows("site.inspections").owner
        gravity = -np.where(np.isnan(worth), 100.0, worth)
        pk = seen["site.inspections.ref.pk"]
        order = rows[np.lexsort((pk[rows], gravity[rows], on[rows], agency[rows], owner[rows]))]
        last = np.ones(len(order), dtype=bool)
        last[:-1] = (owner[order][1:] != owner[order][:-1]) | (agency[order][1:] != agency[order][:-1])
        latest = order[last]
        return latest, worth, ~np.isnan(worth)


def constant(count: int, low: float, high: float, known: float) -> Points:
    return np.full(count, low), np.full(count, high), np.full(count, known)


def nothing(count: int) -> Points:
    return constant(count, 0.0, 100.0, 0.0)


def exactly(stated: Flags, value: Array) -> Points:
    """`value` where it is stated, else unknown."""
    return np.where(stated, value, 0.0), np.where(stated, value, 100.0), stated.astype(np.float64)


def either(where: Flags, this: Points, other: Points) -> Points:
    low, high, known = (np.where(where, a, b) for a, b in zip(this, other, strict=True))
    return low, high, known


def metric_points(code: str) -> Callable[[Place], Points]:
    def measure(place: Place) -> Points:
        value = place.metric(code)
        return exactly(value.numbered, points(ANCHORS[code].function, value.number))

    return measure


def flag_points(code: str) -> Callable[[Place], Points]:
    def measure(place: Place) -> Points:
        value = place.metric(code).flag
        return exactly(value >= 0, np.where(value > 0, float(FLAGS[code].yes), float(FLAGS[code].no)))

    return measure


def mean(parts: list[Points], count: int) -> Points:
    sums = [np.zeros(count) for _ in range(3)]
    for part in parts:  # one after the other, as a sum of Python numbers goes
        sums = [a + b for a, b in zip(sums, part, strict=True)]
    low, high, known = (a / len(parts) for a in sums)
    return low, high, known
