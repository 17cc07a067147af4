"""The whole ranking of a very large catalogue: screened and scored once per brief, ranked again in milliseconds.

The same engine works out each shape of facts once; what remains are columns of numbers, 205 bytes a partner. A new
weight set only weighs and sorts them (time linear in the partners but for the sort). Only the first ones are put
together again with their names, reasons and facts. Nothing here reads a database.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from .aggregate import (
    TIE_DECIMALS,
    Array,
    Flags,
    Ints,
    aggregate,
    competition_ranks,
    insufficient,
    rank_bounds,
)
from .columnar import Catalogue
from .overrides import Overrides, with_overrides
from .rank import assess, rank_assessed
from .types import Assessment, Brief, Group, Level, Outcome, PartnerResult
from .weights import CODES, check_weights

Small: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[Any]]
TOP = 50
COVERAGE_DECIMALS = 4
C4 = CODES.index("C4")


@dataclass(frozen=True, slots=True)
class Screened:
    """One brief's numbers for every partner: criterion intervals (N × 10), known shares, and how its musts went."""

    brief: Brief
    low: Array
    high: Array
    known: Small
    fails: Small
    mismatches: Small
    unverified: Small

    @property
    def nbytes(self) -> int:
        columns = (self.low, self.high, self.known, self.fails, self.mismatches, self.unverified)
        return sum(int(a.nbytes) for a in columns)


@dataclass(frozen=True, slots=True)
class LargeRanking:
    """Who stands where. Arrays are in the catalogue's order, `order` holds the ranked ones best first.

    `rank`, `best_rank` and `worst_rank` are 0 outside the ranked group; `top` are the first ones in full.
    """

    as_of: dt.date
    weights: dict[str, float]
    counts: dict[Group, int]
    order: Ints
    point: Array
    low: Array
    high: Array
    coverage: Array
    rank: Ints
    best_rank: Ints
    worst_rank: Ints
    top: tuple[PartnerResult, ...]


def screen(catalogue: Catalogue, brief: Brief, *, workers: int = 1) -> Screened:
    """Check every must and score every criterion, once per shape of facts.

    `workers` processes share the shapes, each opening a forked copy of the columns: only for commands, which hold no
    threads and no database connection while it runs.
    """
    shapes = catalogue.shapes
    ends = np.linspace(0, shapes, max(1, workers) + 1).astype(int).tolist()
    spans = [(a, b) for a, b in pairwise(ends) if a < b]
    if workers > 1 and len(spans) > 1:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(len(spans), fork, _share, (catalogue, brief)) as pool:
            parts = list(pool.map(_numbers_of_shared, spans))
    else:
        parts = [_numbers(catalogue, brief, *span) for span in spans or [(0, 0)]]
    low, high, known, musts = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    of = np.asarray(catalogue.arrays["shape"], dtype=np.int64)
    return Screened(brief, low[of], high[of], known[of], *(musts[of, k] for k in range(3)))


Part: TypeAlias = tuple[Array, Array, Small, Small]
_shared: list[tuple[Catalogue, Brief]] = []


def _share(catalogue: Catalogue, brief: Brief) -> None:
    _shared[:] = [(catalogue, brief)]


def _numbers_of_shared(span: tuple[int, int]) -> Part:
    return _numbers(*_shared[0], *span)


def _numbers(catalogue: Catalogue, brief: Brief, first: int, last: int) -> Part:
    """Criterion intervals, known shares and musts of a stretch of shapes."""
    count, n = last - first, len(CODES)
    low, high = np.zeros((count, n)), np.zeros((count, n))
    known = np.zeros((count, n), dtype=np.float32)
    musts = np.zeros((count, 3), dtype=np.uint8)
    for i in range(count):
        (found,) = assess([catalogue.shape_facts(first + i)], brief)
        low[i] = [c.low for c in found.criteria]
        high[i] = [c.high for c in found.criteria]
        known[i] = [c.known for c in found.criteria]
        musts[i] = _musts(found)
    return low, high, known, musts


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
) -> LargeRanking:
    """Weigh, group and sort everybody; the same groups, scores, order and ranks as `rank` gives.

    Raises ValueError for bad weights.
    """
    checked = check_weights(weights)
    w = [checked[code] for code in CODES]
    scores = aggregate(screened.low, screened.high, screened.known, w, caution=caution)
    out = _knocked_out(catalogue, screened, overrides or {})
    # Known shares are kept in single precision: its noise must not decide who is ranked.
    coverage = scores.coverage.round(COVERAGE_DECIMALS)
    thin = insufficient(coverage, min_coverage) & ~out
    ranked = np.flatnonzero(~out & ~thin)
    c4 = (screened.low[ranked, C4] + screened.high[ranked, C4]) / 2
    keys = (
        np.asarray(catalogue.arrays["name_order"])[ranked],
        -c4,
        -coverage[ranked],
        -scores.point[ranked].round(TIE_DECIMALS),
    )
    order = ranked[np.lexsort(keys)]
    rank, best, worst = (np.zeros(len(catalogue), dtype=np.int64) for _ in range(3))
    rank[ranked] = competition_ranks(scores.point[ranked])
    best[ranked], worst[ranked] = rank_bounds(scores.low[ranked], scores.high[ranked])
    counts = {
        Group.RANKED: len(ranked),
        Group.INSUFFICIENT: int(thin.sum()),
        Group.KNOCKED_OUT: int(out.sum()),
    }
    found = LargeRanking(
        as_of=screened.brief.as_of,
        weights=checked,
        counts=counts,
        order=order,
        point=scores.point,
        low=scores.low,
        high=scores.high,
        coverage=coverage,
        rank=rank,
        best_rank=best,
        worst_rank=worst,
        top=(),
    )
    options = {"caution": caution, "min_coverage": min_coverage}
    return replace(found, top=_explained(catalogue, screened.brief, found, overrides or {}, top, options))


def _knocked_out(catalogue: Catalogue, screened: Screened, overrides: Overrides) -> Flags:
    """Who fails a must, those that were let pass left aside."""
    out = np.asarray(screened.fails > 0)
    ids = np.asarray(catalogue.arrays["partner_id"])
    for pk in {pk for pk, _ in overrides}:
        for i in np.flatnonzero(ids == pk):
            (found,) = with_overrides(assess([catalogue.facts(int(i))], screened.brief), overrides)
            out[i] = _musts(found)[0] > 0
    return out


def _explained(
    catalogue: Catalogue,
    brief: Brief,
    found: LargeRanking,
    overrides: Overrides,
    top: int,
    options: dict[str, float],
) -> tuple[PartnerResult, ...]:
    """The first ones with reasons and facts; ranks and bounds are those among all partners."""
    chosen = found.order[: top + 1].tolist()
    assessments = with_overrides(assess([catalogue.facts(i) for i in chosen], brief), overrides)
    results = rank_assessed(assessments, found.weights, as_of=brief.as_of, **options).results
    place = {int(catalogue.arrays["partner_id"][i]): i for i in chosen}
    return tuple(
        replace(
            r,
            rank=int(found.rank[place[r.partner_id]]),
            best_rank=int(found.best_rank[place[r.partner_id]]),
            worst_rank=int(found.worst_rank[place[r.partner_id]]),
        )
        for r in results[:top]
    )
