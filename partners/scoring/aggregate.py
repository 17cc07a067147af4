"""From criterion intervals and weights to scores, ranks and rank bounds. NumPy arrays in, NumPy arrays out.

Additive value model: contribution = weight × points, and the contributions add up to the score. What is
not known is an interval, [0, 100] when nothing is known, and stays one: Low = Σ w·low, High = Σ w·high.
Nothing is renormalised over the known criteria: that would impute a partner's own mean and reward silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Flags: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
Ints: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

TIE = 1e-9  # scores closer than this are the same score
TIE_DECIMALS = 9
NOISE_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Scores:
    """One row per partner. `contributions` (N × criteria) add up to `point` row by row."""

    low: Array
    high: Array
    point: Array
    coverage: Array
    contributions: Array


def _matrix(values: ArrayLike, name: str, columns: int) -> Array:
    array = np.ascontiguousarray(values, dtype=np.float64)
    if array.size == 0:
        array = array.reshape(0, columns)
    if array.ndim != 2 or array.shape[1] != columns:
        raise ValueError(
            f"{name} has the shape {array.shape}; one row per partner and {columns} columns are needed."
        )
    if not np.all(np.isfinite(array)):
        raise ValueError(f"{name} holds a value that is not a finite number.")
    return array


def aggregate(
    low: ArrayLike, high: ArrayLike, known: ArrayLike, weights: ArrayLike, *, caution: float = 0.0
) -> Scores:
    """Weigh criterion points (0-100, N × n) with `weights` (n, sum 100); `known` holds shares 0..1.

    The point is the middle of the interval, lowered by `caution` (0 neutral … 1 worst case):
    point = Σ w (mid - caution (high - low) / 2). Raises ValueError on wrong shapes, NaN or crossed intervals.
    """
    w = np.asarray(weights, dtype=np.float64)
    if w.ndim != 1 or w.size == 0:
        raise ValueError("The weights must be one row of numbers.")
    if not np.all(np.isfinite(w)) or np.any(w < 0):
        raise ValueError("The weights must be finite numbers of 0 or more.")
    if not np.isfinite(caution) or not 0 <= caution <= 1:
        raise ValueError(f"Caution runs from 0 (neutral) to 1 (worst case), not {caution}.")
    lows, highs, shares = (
        _matrix(m, name, w.size) for m, name in ((low, "Low"), (high, "High"), (known, "Known"))
    )
    if not lows.shape == highs.shape == shares.shape:
        raise ValueError("Low, high and known must have one row per partner each.")
    if np.any(lows > highs):
        raise ValueError("A low value is above its high value.")
    share = w / 100
    points = np.clip(lows + (highs - lows) * ((1 - caution) / 2), lows, highs)
    contributions = points * share
    # The same summation order for all three keeps low ≤ point ≤ high to the last bit; rounding at the twelfth
    # decimal takes away the noise of the last ones, so that 77.95 is not 77.94999999999999.
    return Scores(
        low=(lows * share).sum(axis=1).round(NOISE_DECIMALS),
        high=(highs * share).sum(axis=1).round(NOISE_DECIMALS),
        point=contributions.sum(axis=1).round(NOISE_DECIMALS),
        coverage=(shares * w).sum(axis=1).round(NOISE_DECIMALS),
        contributions=contributions,
    )


def competition_ranks(points: ArrayLike) -> Ints:
    """Ranks 1, 2, 2, 4 … of scores, the highest first.

    Scores are compared after rounding to nine decimals: unlike chaining neighbours within a tolerance, this
    cannot change two partners' order when a third one is taken away.
    """
    rounded = np.asarray(points, dtype=np.float64).round(NOISE_DECIMALS).round(TIE_DECIMALS)
    ordered = np.sort(rounded)
    return np.asarray(len(rounded) - np.searchsorted(ordered, rounded, side="right") + 1, dtype=np.int64)


def rank_bounds(low: ArrayLike, high: ArrayLike) -> tuple[Ints, Ints]:
    """Best and worst rank each partner can have when every score may lie anywhere in its interval.

    best = 1 + number of partners surely above, worst = N - number of partners surely below.
    """
    lows, highs = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    n = len(lows)
    surely_above = n - np.searchsorted(np.sort(lows), highs + TIE, side="right")
    surely_below = np.searchsorted(np.sort(highs), lows - TIE, side="left")
    return np.asarray(1 + surely_above, dtype=np.int64), np.asarray(n - surely_below, dtype=np.int64)


def separable(low_a: float, high_a: float, low_b: float, high_b: float) -> bool:
    """True when the two intervals do not overlap: the order holds whatever the unknowns turn out to be."""
    return low_a > high_b + TIE or low_b > high_a + TIE


def insufficient(coverage: ArrayLike, min_coverage: float) -> Flags:
    """Whose coverage (0-100) is too thin to be ranked."""
    if not np.isfinite(min_coverage) or not 0 <= min_coverage <= 100:
        raise ValueError(f"The least coverage runs from 0 to 100, not {min_coverage}.")
    return np.asarray(np.asarray(coverage, dtype=np.float64) < min_coverage - TIE)
