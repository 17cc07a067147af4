"""The additive value model: score = Σ weight × partial value, its contributions and its intervals.

Keeney & Raiffa 1976; fixed reference bounds instead of the data's own as in SPOTIS (Dezert et al. 2020), so that
adding or removing an alternative never reorders the rest. `score_columns` is the columnar path for very many
alternatives: a linear value function inside its range is affine, so weights and ranges fold into one vector and
the whole score is one matrix-vector product.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike

from ..aggregate import rank_bounds
from .checks import Array, BadProblem, Ints, table, weights
from .ranks import competition_ranks, spread_scale

NOT_FINITE = "The columns hold a value that is not a finite number."
LARGE = 1e290  # below it no sum of a few products overflows
BLOCK = 8192  # alternatives per block where values must be clipped: twelve columns stay in the L2 cache


@dataclass(frozen=True, slots=True)
class Additive:
    """One row per alternative; `contributions` (N × n) add up to `scores`. Rank 1 = best."""

    scores: Array
    contributions: Array
    ranks: Ints


def weighted_sum(values: ArrayLike, w: ArrayLike, *, normalise: bool = True) -> Additive:
    """Weigh partial values (N × n, higher is better); weights are normalised to sum 1 unless told otherwise."""
    v = table(values, "The partial values")
    share = weights(w, v.shape[1], normalise=normalise)
    contributions = v * share
    scores = np.asarray(contributions.sum(axis=1))
    scale = spread_scale(v, share)
    return Additive(scores, contributions, competition_ranks(scores, scale=scale))


@dataclass(frozen=True, slots=True)
class Intervals:
    """Score intervals: low = Σ w·low, high = Σ w·high, exact. `point` is the middle, lowered by caution.

    `best_rank` and `worst_rank` hold when every score may lie anywhere in its interval; `completeness` is the
    share of the weights whose cell is known exactly.
    """

    low: Array
    high: Array
    point: Array
    completeness: Array
    best_rank: Ints
    worst_rank: Ints


def score_intervals(
    low: ArrayLike, high: ArrayLike, w: ArrayLike, *, caution: float = 0.0, normalise: bool = True
) -> Intervals:
    """Weigh intervals of partial values (N × n each). `caution` from 0 (neutral) to 1 (worst case)."""
    lows, highs = table(low, "The low table"), table(high, "The high table")
    if lows.shape != highs.shape:
        raise BadProblem("The low and the high table have different shapes.")
    if np.any(lows > highs):
        raise BadProblem("A low value is above its high value.")
    if not 0 <= caution <= 1:
        raise BadProblem(f"Caution runs from 0 (neutral) to 1 (worst case), not {caution}.")
    share = weights(w, lows.shape[1], normalise=normalise)
    bottom, top = (lows * share).sum(axis=1), (highs * share).sum(axis=1)
    scale = spread_scale(np.maximum(np.abs(lows), np.abs(highs)), share)
    best, worst = rank_bounds(bottom / scale, top / scale)
    return Intervals(
        low=np.asarray(bottom),
        high=np.asarray(top),
        point=np.asarray(np.clip((bottom + top) / 2 - caution * (top - bottom) / 2, bottom, top)),
        completeness=np.asarray(((lows == highs) * share).sum(axis=1) / share.sum()),
        best_rank=best,
        worst_rank=worst,
    )


def score_columns(
    columns: ArrayLike, worst: ArrayLike, best: ArrayLike, w: ArrayLike, *, clip: bool = True
) -> Array:
    """Scores of N alternatives from raw columns (n × N, criteria-major) with linear value functions.

    The value is 0 at `worst` and 1 at `best` (either may be larger), cut off outside with `clip`. float32
    columns stay float32. Any NaN or infinite cell is refused.
    """
    x = np.asarray(columns)
    if x.dtype != np.float32:
        x = np.asarray(x, dtype=np.float64)
    if x.ndim != 2 or x.size == 0:
        raise BadProblem("The columns must be a table with at least one criterion and one alternative.")
    share = weights(w, x.shape[0])
    start, end = np.asarray(worst, dtype=np.float64), np.asarray(best, dtype=np.float64)
    span = end - start
    if start.shape != share.shape or end.shape != share.shape or not np.all(np.isfinite(span)):
        raise BadProblem("Each criterion needs a finite worst and best value.")
    if np.any(span == 0):
        raise BadProblem(
            f"Criterion {int(np.argmax(span == 0)) + 1}: the worst and the best value are the same."
        )
    slope = (share / span).astype(x.dtype)
    if not clip:
        return _finite(slope @ x - x.dtype.type((share / span) @ start))
    scores = np.empty(x.shape[1], dtype=x.dtype)
    low, high = (
        np.minimum(start, end)[:, None].astype(x.dtype),
        np.maximum(start, end)[:, None].astype(x.dtype),
    )
    offset = x.dtype.type((share / span) @ start)
    for begin in range(0, x.shape[1], BLOCK):
        part = x[:, begin : begin + BLOCK]
        if not np.isfinite(part.sum()) and not np.all(np.isfinite(part)):
            raise BadProblem(NOT_FINITE)
        scores[begin : begin + BLOCK] = slope @ np.clip(part, low, high) - offset
    return _finite(scores)


def minmax_columns(columns: ArrayLike, benefit: ArrayLike | None, w: ArrayLike) -> Array:
    """Scores with the data's own minimum and maximum as the reference range (for comparison only).

    A constant column gives 0 to everybody. Without `benefit` more is better everywhere.
    """
    x = np.asarray(columns)
    low, high = np.minimum.reduce(x, axis=1), np.maximum.reduce(x, axis=1)
    span, share = high - low, weights(w, x.shape[0])
    spans = span.tolist()
    if not isfinite(sum(spans)):  # NaN and infinity show in a column's ends
        raise BadProblem(NOT_FINITE)
    if 0.0 in spans:
        share, span = np.where(span == 0, 0.0, share), np.where(span == 0, 1.0, span)
    slope, start = share / span, low
    if benefit is not None:
        more = np.asarray(benefit, dtype=bool)
        slope, start = np.where(more, slope, -slope), np.where(more, low, high)
    offset = float(slope @ start)
    if x.dtype == np.float64 and abs(offset) < LARGE:  # values between finite ends: nothing left to overflow
        return np.asarray(slope @ x - offset)
    return _finite(slope.astype(x.dtype, copy=False) @ x - x.dtype.type(offset))


def _finite(scores: Array) -> Array:
    # The sum finds nearly all in one pass. Ufuncs' own `reduce` spares the few microseconds of the methods.
    if not isfinite(np.add.reduce(scores)) and not np.all(np.isfinite(scores)):
        raise BadProblem(NOT_FINITE)
    return scores
