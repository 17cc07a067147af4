"""SMAA-2: what can be said about the ranking when weights and some facts are not known.

Rank acceptability b_i^r: share of draws in which i has rank r. Central weights w_i^c: mean weights of the draws in
which i is first. Confidence factor: P(i first) at its central weights over what is uncertain about the facts.
Pairwise winning index: share of draws in which i scores strictly above k. Lahdelma, Hokkanen & Salminen 1998;
Lahdelma & Salminen 2001; Tervonen & Lahdelma 2007; Leskinen et al. 2006.

Sampling error: 95 % half-width of an index b from S draws is 1.96 √(b (1 - b)/S), at most 0.98/√S (0.01 for
S = 9,604). Pairwise indices of certain facts under uniform or fully ordered weights are exact, not sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from ..aggregate import TIE
from ..types import ENGINE_VERSION
from . import exact, tally
from .checks import Array, BadProblem, Ints
from .draws import generator, seed_of
from .measurements import Cell, Criterion
from .spaces import Fixed, Ordinal, Uniform, WeightSpace

DRAWS = 10_000
BLOCK = 2_048  # draws that share one random stream
BLOCK_CELLS = 4_000_000  # uncertain cells drawn at once
PRECISE_LIMIT = 16  # alternatives up to which scores are always float64
PAIRWISE_LIMIT = 100  # alternatives up to which sampled winning indices are counted
EXACT_PAIRWISE_LIMIT = 1_000
TOP_ABOVE = 1_000  # alternatives above which only the first TOP ranks are counted
TOP = 20
LEAST_HITS = 100  # first places below which central weights are too noisy to show
LEAST_SHARE = 0.005  # share of first places below which an alternative is no contender worth describing
CONFIDENCE_DRAWS = 20_000
CONFIDENCE_LIMIT = 100
WEIGHTS_STREAM, FACTS_STREAM, CONFIDENCE_STREAM = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Smaa:
    """Results in the order the alternatives came in. NaN = not known (too few first places).

    `acceptability` has one column per rank counted; `hits` are first places among `draws`.
    """

    draws: int
    seed: int
    acceptability: Array
    hits: Ints
    central: Array
    confidence: Array | None
    pairwise: Array | None
    pairwise_exact: bool


@dataclass(frozen=True, slots=True)
class _Setting:
    criteria: list[Criterion]
    space: WeightSpace
    base: Array
    uncertain: list[int]
    tie: float
    wins: bool
    fast: bool
    top: int | None
    low: float
    scale: float


def smaa(
    criteria: Sequence[Criterion],
    space: WeightSpace,
    *,
    draws: int = DRAWS,
    seed: int | None = None,
    ids: Sequence[str] | None = None,
    top: int | None = None,
    workers: int = 1,
    confidence: bool = False,
    pairwise: bool = True,
) -> Smaa:
    """Run SMAA-2 on the criteria's partial values (see `measurements`) and a weight space.

    With unique `ids` the alternatives are worked on in the order of their ids, so the answer does not depend on
    the order they came in. No `seed`: SHA-256 of the canonical inputs. `top` counts only the first ranks (the
    default above 1,000 alternatives); ties are then broken by position. `workers` threads give the same numbers.
    """
    if not criteria:
        raise BadProblem("At least one criterion is needed.")
    if len(criteria) != space.size:
        raise BadProblem(f"The weight space has {space.size} weights for {len(criteria)} criteria.")
    if draws < 1:
        raise BadProblem(f"The number of draws must be 1 or more, not {draws}.")
    count = len(criteria[0].base)
    order = _canonical_order(ids, count)
    ordered = [reordered(c, order) for c in criteria]
    names = [ids[i] for i in order] if ids is not None else [str(i) for i in range(count)]
    if top is None and count > TOP_ABOVE:
        top = TOP
    if not any(c.rows.size for c in ordered) and isinstance(space, Fixed):
        draws = 1
    if seed is None:
        seed = seed_of(_canonical(ordered, space, names, draws))
    exact_pairs = _exact_pairwise(ordered, space) if pairwise and count <= EXACT_PAIRWISE_LIMIT else None
    setting = _setting(ordered, space, top, wins=pairwise and exact_pairs is None and count <= PAIRWISE_LIMIT)
    counts = _count(setting, draws, seed, workers)
    least = 1 if isinstance(space, Fixed) else max(LEAST_HITS, LEAST_SHARE * draws)
    enough = counts.first >= min(least, draws)
    enough &= counts.first > 0
    central = np.full((count, len(criteria)), np.nan)
    central[enough] = counts.weight_sums[enough] / counts.first[enough, None]
    factors = _confidence(setting, central, draws, seed) if confidence and count <= CONFIDENCE_LIMIT else None
    pairs = (
        exact_pairs if exact_pairs is not None else (counts.wins / draws if counts.wins is not None else None)
    )
    back = np.argsort(order)
    return Smaa(
        draws=draws,
        seed=seed,
        acceptability=np.ascontiguousarray((counts.ranks / draws).T[back]),
        hits=counts.first[back],
        central=central[back],
        confidence=factors[back] if factors is not None else None,
        pairwise=pairs[np.ix_(back, back)] if pairs is not None else None,
        pairwise_exact=exact_pairs is not None,
    )


def rank_range(acceptability: Array, low: float = 0.05, high: float = 0.95) -> Ints:
    """Ranks between which an alternative lies in the given share of the draws, and its median: N × 3."""
    cumulative = np.cumsum(acceptability, axis=1)
    marks = [np.argmax(cumulative >= share - TIE, axis=1) + 1 for share in (low, 0.5, high)]
    return np.asarray(np.stack(marks, axis=1), dtype=np.int64)


def _canonical_order(ids: Sequence[str] | None, count: int) -> Ints:
    if ids is None:
        return np.arange(count, dtype=np.int64)
    if len(ids) != count:
        raise BadProblem(f"There are {len(ids)} names for {count} alternatives.")
    if len(set(ids)) < count:
        return np.arange(count, dtype=np.int64)
    return np.array(sorted(range(count), key=lambda i: ids[i]), dtype=np.int64)


def reordered(criterion: Criterion, order: Ints) -> Criterion:
    """The same criterion with its alternatives in another order (a joint draw keeps its own)."""
    if np.array_equal(order, np.arange(len(order))) or criterion.together is not None:
        if criterion.together is not None:
            joint = replace(
                criterion.together,
                relative_mu=criterion.together.relative_mu[order],
                root=criterion.together.root[order],
            )
            return replace(criterion, together=joint)
        return criterion
    place = np.argsort(order)
    rows = place[criterion.span_rows]
    sorting = np.argsort(rows)
    return replace(
        criterion,
        base=criterion.base[order],
        span_rows=rows[sorting],
        span_low=criterion.span_low[sorting],
        span_high=criterion.span_high[sorting],
        cells=tuple(sorted(((int(place[i]), c) for i, c in criterion.cells), key=lambda pair: pair[0])),
    )


def _canonical(
    criteria: Sequence[Criterion], space: WeightSpace, names: Sequence[str], draws: int
) -> list[str | int | float | Array]:
    parts: list[str | int | float | Array] = ["smaa-2", str(ENGINE_VERSION), draws, *names, *space.key()]
    for c in criteria:
        parts += [c.base, c.span_rows.astype(np.float64), c.span_low, c.span_high, c.sign, repr(c.function)]
        for i, one in c.cells:
            parts += [
                i,
                one.kind,
                one.a,
                one.b,
                one.c,
                *(p for p in (one.points, one.shares) if p is not None),
            ]
        if c.together is not None:
            parts += [c.together.mu, c.together.sigma, c.together.relative_mu, c.together.root]
    return parts


def _exact_pairwise(criteria: Sequence[Criterion], space: WeightSpace) -> Array | None:
    if any(c.rows.size for c in criteria):
        return None
    values = np.stack([c.base for c in criteria], axis=1)
    if isinstance(space, Uniform):
        return exact.pairwise_winning(values)
    if isinstance(space, Ordinal) and space.full_order is not None:
        return exact.pairwise_winning(values, space.full_order)
    if isinstance(space, Fixed):
        scores = values @ space.weights
        noise = TIE * max(float(np.abs(values).max()), 1e-300)
        return np.asarray((scores[:, None] - scores[None, :] > noise).astype(np.float64))
    return None


def _setting(criteria: list[Criterion], space: WeightSpace, top: int | None, *, wins: bool) -> _Setting:
    base = np.stack([c.base for c in criteria])
    uncertain = [j for j, c in enumerate(criteria) if c.rows.size]
    ends = [base.ravel(), *(c.span_low for c in criteria), *(c.span_high for c in criteria)]
    low, high = (
        float(min(e.min(initial=np.inf) for e in ends)),
        float(max(e.max(initial=-np.inf) for e in ends)),
    )
    raw = any(c.cells or c.together is not None for c in criteria)
    size = max(abs(low), abs(high)) or 1.0
    fast = not raw and not wins and high > low
    if fast and top is None:
        fast = base.shape[1] > PRECISE_LIMIT and space.continuous and not _alike(base, criteria)
    return _Setting(criteria, space, base, uncertain, TIE * size, wins, fast, top, low, (high - low) or 1.0)


def _alike(base: Array, criteria: Sequence[Criterion]) -> bool:
    """Whether two alternatives of which everything is known are the same throughout."""
    known = np.ones(base.shape[1], dtype=bool)
    for c in criteria:
        known[c.rows] = False
    rows = np.ascontiguousarray(base.T[known])
    return len(np.unique(rows, axis=0)) < len(rows)


def _count(setting: _Setting, draws: int, seed: int, workers: int) -> tally.Counts:
    n_criteria, count = setting.base.shape
    blocks = blocks_of(setting.criteria, draws)
    depth = count if setting.top is None else min(setting.top, count)
    total = tally.empty(depth, count, n_criteria, wins=setting.wins)
    thin: np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None = None
    if setting.fast:
        shifted = (setting.base - setting.low) / setting.scale
        for j in setting.uncertain:  # drawn cells bring their own shift
            shifted[j, setting.criteria[j].rows] = 0.0
        thin = np.ascontiguousarray(shifted, dtype=np.float32)

    def run(job: tuple[int, int]) -> tally.Counts:
        w, drawn = draw_block(setting.criteria, setting.space, seed, job[0], job[1])
        if thin is not None:
            moved = {j: values - setting.low for j, values in drawn.items()}
            return tally.fast(thin, setting.criteria, w, moved, setting.scale, setting.top)
        return tally.precise(
            setting.base, setting.criteria, w, drawn, setting.tie, depth=depth, wins=setting.wins
        )

    if workers > 1 and len(blocks) > 1:
        with ThreadPoolExecutor(workers) as pool:
            for counts in pool.map(run, blocks):
                total.add(counts)
    else:
        for job in blocks:
            total.add(run(job))
    return total


def blocks_of(criteria: Sequence[Criterion], draws: int) -> list[tuple[int, int]]:
    """Numbers and sizes of the blocks that share one random stream each."""
    cells = sum(len(c.rows) for c in criteria)
    block = BLOCK if not cells else max(64, min(BLOCK, BLOCK_CELLS // cells))
    return [(b, min(block, draws - b * block)) for b in range((draws + block - 1) // block)]


def draw_block(
    criteria: Sequence[Criterion], space: WeightSpace, seed: int, block: int, size: int
) -> tuple[Array, dict[int, Array]]:
    """The weights (size × n) and uncertain partial values (by criterion, size × rows) of one block."""
    return space.sample(generator(seed, WEIGHTS_STREAM, block), size), _facts(
        criteria, seed, FACTS_STREAM, block, size
    )


def _facts(criteria: Sequence[Criterion], seed: int, stream: int, block: int, size: int) -> dict[int, Array]:
    return {j: c.draw(generator(seed, stream, block, j), size) for j, c in enumerate(criteria) if c.rows.size}


def _confidence(setting: _Setting, central: Array, draws: int, seed: int) -> Array:
    """P(first) of each alternative at its central weights; the same facts are drawn for all of them."""
    known = np.flatnonzero(~np.isnan(central[:, 0]))
    hits = np.zeros(len(central), dtype=np.int64)
    total = min(draws, CONFIDENCE_DRAWS) if setting.uncertain else 1
    block = 1_024
    for b in range((total + block - 1) // block):
        size = min(block, total - b * block)
        drawn = _facts(setting.criteria, seed, CONFIDENCE_STREAM, b, size)
        turned = {j: np.ascontiguousarray(values.T) for j, values in drawn.items()}
        for i in known:
            scores = np.repeat((central[i] @ setting.base)[:, None], size, axis=1)
            for j, values in turned.items():
                scores[setting.criteria[j].rows] += central[i, j] * values
            hits[i] += int(np.count_nonzero(scores[i] >= scores.max(axis=0) - setting.tie))
    result = np.full(len(central), np.nan)
    result[known] = hits[known] / total
    return result


__all__ = ["DRAWS", "Cell", "Smaa", "rank_range", "reordered", "smaa"]
