"""The whole ranking of a very large catalogue: screened and scored once per brief, ranked again in milliseconds.

`screening` and `measuring` read the catalogue's columns, thousands of partners at a time, and find the same numbers
as the engine partner by partner: 243 bytes a partner. A new weight set only weighs and sorts them (time linear in the
partners but for the sort). Only the first ones are put together again with their names, reasons and facts. Nothing
here reads a database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from .aggregate import (
    TIE_DECIMALS,
    Array,
    Flags,
    Ints,
    Scores,
    aggregate,
    competition_ranks,
    insufficient,
    rank_bounds,
    separable,
)
from .columnar import BLOCK, Catalogue
from .knockouts import default_rules
from .measuring import measure_columns
from .overrides import Overrides, with_overrides
from .rank import assess, rank_assessed
from .screening import FAIL, UNKNOWN, screen_columns
from .seen import Seen
from .types import Assessment, Brief, Group, Level, Outcome, PartnerFacts, PartnerResult, Ranking
from .weights import CODES, check_weights

Small: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[Any]]
TOP = 50
BLOCKS_AT_ONCE = 32  # blocks of partners whose columns are worked on together
C4 = CODES.index("C4")


@dataclass(frozen=True, slots=True)
class Screened:
    """One brief's numbers for every partner: criterion intervals (N × 10), known shares, and how its musts went."""

    brief: Brief
    low: Array
    high: Array
    known: Array
    fails: Small
    mismatches: Small
    unverified: Small
    changed: dict[int, PartnerFacts]  # partners whose facts are not the catalogue's, by id

    def facts(self, catalogue: Catalogue, i: int) -> PartnerFacts:
        """The i-th partner as this brief saw it."""
        pk = int(catalogue.arrays["partner_id"][i])
        return self.changed[pk] if pk in self.changed else catalogue.facts(i)

    @property
    def nbytes(self) -> int:
        columns = (self.low, self.high, self.known, self.fails, self.mismatches, self.unverified)
        return sum(int(a.nbytes) for a in columns)


@dataclass(frozen=True, slots=True)
class LargeRanking:
    """Who stands where. Arrays are in the catalogue's order; `orders` holds each group's places, its first one first.

    `rank`, `best_rank` and `worst_rank` are 0 outside the ranked group; `first` are the first ones of each group in
    full, in the order of `rank_assessed`.
    """

    as_of: dt.date
    weights: dict[str, float]
    counts: dict[Group, int]
    orders: dict[Group, Ints]
    point: Array
    low: Array
    high: Array
    coverage: Array
    rank: Ints
    best_rank: Ints
    worst_rank: Ints
    first: dict[Group, tuple[PartnerResult, ...]]

    @property
    def top(self) -> tuple[PartnerResult, ...]:
        return self.first[Group.RANKED]


def screen(
    catalogue: Catalogue, brief: Brief, *, changed: Mapping[int, PartnerFacts] | None = None
) -> Screened:
    """Check every must and score every criterion, thousands of partners at a time.

    `changed` are partners with other facts than the catalogue's, by id: those with a quote for this project. They
    are checked one by one.
    """
    default_rules(brief)  # a brief with two needs of one id is refused before the work
    size, n = len(catalogue), len(CODES)
    found = Screened(
        brief=brief,
        low=np.zeros((size, n)),
        high=np.zeros((size, n)),
        known=np.zeros((size, n)),
        fails=np.zeros(size, dtype=np.uint8),
        mismatches=np.zeros(size, dtype=np.uint8),
        unverified=np.zeros(size, dtype=np.uint8),
        changed=dict(changed or {}),
    )
    _all_at_once(catalogue, found)
    for i in catalogue.places(found.changed):
        _one(found, i, found.facts(catalogue, i))
    return found


def patched(catalogue: Catalogue, screened: Screened, changed: Mapping[int, PartnerFacts]) -> Screened:
    """The same numbers with other facts of some partners (by id), for the brief that was screened."""
    columns = {
        name: getattr(screened, name).copy()
        for name in ("low", "high", "known", "fails", "mismatches", "unverified")
    }
    found = replace(screened, **columns, changed={**screened.changed, **changed})
    for i in catalogue.places(changed):
        _one(found, i, found.facts(catalogue, i))
    return found


def _all_at_once(catalogue: Catalogue, found: Screened) -> None:
    codes = catalogue.codes
    numbers = {code: place for place, code in enumerate(codes, 1)}
    musts = [need.id for need in default_rules(found.brief) if need.level is Level.MUST]
    for first in range(0, catalogue.blocks, BLOCKS_AT_ONCE):
        last = min(first + BLOCKS_AT_ONCE, catalogue.blocks)
        columns = catalogue.columns(first, last, aged=found.brief.discount)
        seen = Seen(columns, numbers, codes, found.brief)
        part = slice(first * BLOCK, first * BLOCK + seen.partners)
        screened = screen_columns(seen)
        found.low[part], found.high[part], found.known[part] = measure_columns(seen, screened)
        for need in musts:
            said = screened.found[need]
            found.fails[part] += said.outcome == FAIL
            found.mismatches[part] += said.mismatch & (said.outcome == FAIL)
            found.unverified[part] += said.outcome == UNKNOWN


def _one(found: Screened, i: int, facts: PartnerFacts) -> None:
    (judged,) = assess([facts], found.brief)
    found.low[i] = [c.low for c in judged.criteria]
    found.high[i] = [c.high for c in judged.criteria]
    found.known[i] = [c.known for c in judged.criteria]
    found.fails[i], found.mismatches[i], found.unverified[i] = _musts(judged)


def _musts(found: Assessment) -> tuple[int, int, int]:
    failed = [r for r in found.rules if r.level is Level.MUST and r.outcome is Outcome.FAIL]
    open_ones = sum(r.level is Level.MUST and r.outcome is Outcome.UNKNOWN for r in found.rules)
    return min(255, len(failed)), min(255, sum(r.mismatch for r in failed)), min(255, open_ones)


def rank_screened(
    catalogue: Catalogue,
    screened: Screened,
    weights: Mapping[str, float],
    *,
    overrides: Overrides | None = None,
    caution: float = 0.0,
    min_coverage: float = 60.0,
    top: int = TOP,
    others: int = 0,
) -> LargeRanking:
    """Weigh, group and sort everybody; the same groups, scores, order and ranks as `rank` gives.

    The first `top` of the ranked and the first `others` of the two other groups come in full. Raises ValueError for
    bad weights.
    """
    checked = check_weights(weights)
    scores = aggregate(
        screened.low, screened.high, screened.known, [checked[code] for code in CODES], caution=caution
    )
    musts = _musts_left(catalogue, screened, overrides or {})
    orders = _orders(catalogue, screened, scores, musts, min_coverage)
    ranked = orders[Group.RANKED]
    rank, best, worst = (np.zeros(len(catalogue), dtype=np.int64) for _ in range(3))
    rank[ranked] = competition_ranks(scores.point[ranked])
    best[ranked], worst[ranked] = rank_bounds(scores.low[ranked], scores.high[ranked])
    found = LargeRanking(
        as_of=screened.brief.as_of,
        weights=checked,
        counts={group: len(order) for group, order in orders.items()},
        orders=orders,
        point=scores.point,
        low=scores.low,
        high=scores.high,
        coverage=scores.coverage,
        rank=rank,
        best_rank=best,
        worst_rank=worst,
        first={},
    )
    options = {"caution": caution, "min_coverage": min_coverage}
    wanted = {Group.RANKED: top, Group.INSUFFICIENT: others, Group.KNOCKED_OUT: others}
    first = {
        group: _explained(catalogue, screened, found, group, overrides or {}, count, options)
        for group, count in wanted.items()
    }
    return replace(found, first=first)


def _musts_left(catalogue: Catalogue, screened: Screened, overrides: Overrides) -> tuple[Ints, Ints, Ints]:
    """Failed, not offered at all and unverified musts of everybody, those that were let pass left aside."""
    failed, kind, open_ones = (
        column.astype(np.int64) for column in (screened.fails, screened.mismatches, screened.unverified)
    )
    for i in catalogue.places({pk for pk, _ in overrides}):
        (found,) = with_overrides(assess([screened.facts(catalogue, i)], screened.brief), overrides)
        failed[i], kind[i], open_ones[i] = _musts(found)
    return failed, kind, open_ones


def _orders(
    catalogue: Catalogue,
    screened: Screened,
    scores: Scores,
    musts: tuple[Ints, Ints, Ints],
    min_coverage: float,
) -> dict[Group, Ints]:
    """The places of each group in the order of `rank_assessed`."""
    failed, kind, open_ones = musts
    out: Flags = np.asarray(failed > 0)
    thin = insufficient(scores.coverage, min_coverage) & ~out
    coverage = -scores.coverage.round(TIE_DECIMALS)
    c4 = -((screened.low[:, C4] + screened.high[:, C4]) / 2).round(TIE_DECIMALS)
    by_score = (-scores.point.round(TIE_DECIMALS), coverage, c4, np.asarray(catalogue.arrays["name_order"]))
    return {
        Group.RANKED: _sorted(~out & ~thin, *by_score),
        Group.INSUFFICIENT: _sorted(thin, open_ones, coverage, *by_score),
        Group.KNOCKED_OUT: _sorted(out, kind, failed, open_ones, *by_score),
    }


def _sorted(where: Flags, *keys: Small) -> Ints:
    rows = np.flatnonzero(where)
    order: Ints = rows[np.lexsort([key[rows] for key in reversed(keys)])]
    return order


def _explained(
    catalogue: Catalogue,
    screened: Screened,
    found: LargeRanking,
    group: Group,
    overrides: Overrides,
    count: int,
    options: dict[str, float],
) -> tuple[PartnerResult, ...]:
    """The first ones of a group with reasons and facts; ranks, bounds and the next are those among all."""
    chosen = found.orders[group][:count].tolist()
    facts = [screened.facts(catalogue, i) for i in chosen]
    assessments = with_overrides(assess(facts, screened.brief), overrides)
    results = rank_assessed(assessments, found.weights, as_of=screened.brief.as_of, **options).results
    if group is not Group.RANKED:
        return results
    place = {int(catalogue.arrays["partner_id"][i]): i for i in chosen}
    following = _following(found)
    return tuple(_placed(r, found, place[r.partner_id], following) for r in results)


def _following(found: LargeRanking) -> Ints:
    """The place of whoever stands next in the whole ranked group; -1 for the last one and outside of the group."""
    order, following = found.orders[Group.RANKED], np.full(len(found.rank), -1, dtype=np.int64)
    following[order[:-1]] = order[1:]
    return following


def _placed(r: PartnerResult, found: LargeRanking, i: int, following: Ints) -> PartnerResult:
    """A ranked partner with its rank among all, and whether the next among all can be told from it."""
    follower = int(following[i])
    return replace(
        r,
        rank=int(found.rank[i]),
        best_rank=int(found.best_rank[i]),
        worst_rank=int(found.worst_rank[i]),
        separable_from_next=None
        if follower < 0
        else separable(r.low, r.high, float(found.low[follower]), float(found.high[follower])),
    )


def part_of(
    catalogue: Catalogue,
    screened: Screened,
    found: LargeRanking,
    *,
    first: int,
    also: Iterable[int] = (),
) -> tuple[PartnerFacts, ...]:
    """The facts of the first ones of each group, and of some partners (ids) wherever they stand."""
    places = {i for order in found.orders.values() for i in order[:first].tolist()}
    return tuple(screened.facts(catalogue, i) for i in sorted(places | set(catalogue.places(also))))


def among_all(catalogue: Catalogue, found: LargeRanking, part: Ranking) -> Ranking:
    """A ranking of some partners with the ranks, rank bounds and distance from the next that they have among all."""
    ids = [r.partner_id for r in part.results]
    place = {int(catalogue.arrays["partner_id"][i]): i for i in catalogue.places(ids)}
    following = _following(found)
    results = (
        _placed(r, found, place[r.partner_id], following) if r.group is Group.RANKED else r
        for r in part.results
    )
    could_lead = found.best_rank == 1
    could_lead[list(place.values())] = False
    return replace(
        part,
        results=tuple(results),
        totals=dict(found.counts),
        hidden_rivals=int(np.count_nonzero(could_lead)),
    )
