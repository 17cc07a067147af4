"""Competition ranks (1, 2, 2, 4 …) fast enough for a million scores, and the best k without a full sort."""

from __future__ import annotations

from math import inf, isfinite

import numpy as np
from numpy.typing import ArrayLike

from ..aggregate import NOISE_DECIMALS, TIE, TIE_DECIMALS
from .checks import Array, BadProblem, Ints

FEW = 768  # scores up to which a plain argsort is quicker than two radix passes
MOVES = 512  # scores that are put right one by one before their part is sorted
COUNTED: Ints = np.arange(1, 4_097, dtype=np.int64)


def competition_ranks(scores: ArrayLike, *, scale: float = 1.0, lowest_first: bool = False) -> Ints:
    """Rank 1 = best; scores that agree to nine decimals of `scale` share the smallest rank.

    The same ranks as `aggregate.competition_ranks`, from one sort: only neighbours that are closer than the
    tolerance are rounded and compared.
    """
    s = np.asarray(scores, dtype=np.float64)
    if scale != 1.0:
        s = s / scale
    n = len(s)
    order, placed = best_first(-s if lowest_first else s)
    position = COUNTED[:n] if n <= len(COUNTED) else np.arange(1, n + 1, dtype=np.int64)
    steps = placed[:-1] - placed[1:]
    if n > 1 and np.minimum.reduce(steps) <= 1.001 * TIE:
        near = np.flatnonzero(steps <= 1.001 * TIE)
        alike = near[_rounded(placed[near]) == _rounded(placed[near + 1])]
        if alike.size:
            position = position.copy()
            position[alike + 1] = 0
            np.maximum.accumulate(position, out=position)
    ranks = np.empty(n, dtype=np.int64)
    ranks[order] = position
    return ranks


def _rounded(scores: Array) -> Array:
    """To nine decimals, the noise of the last bits taken away first: it must not part what is just at an edge."""
    return np.asarray(scores.round(NOISE_DECIMALS).round(TIE_DECIMALS))


def best_first(scores: Array) -> tuple[Ints, Array]:
    """Indices from the highest to the lowest score, and the scores in that order; equal ones in any order.

    Each score's place in the range, as a 32-bit number, is sorted by its lower and then by its upper half: NumPy's
    stable sort of 16-bit numbers counts instead of comparing, several times as fast as an argsort of floats. Scores
    that share a place are put in order afterwards. New memory costs as much as a pass over it: buffers are used twice.
    """
    n = len(scores)
    if n < FEW:
        return _sorted(scores)
    high = np.maximum.reduce(scores)
    span = float(high - np.minimum.reduce(scores))
    factor = (2.0**32 - 1) / span if span > 0 else inf
    if not isfinite(factor) or not isfinite(span):
        return _sorted(scores)
    buffer = np.subtract(high, scores)
    buffer *= factor
    key = buffer.astype(np.uint32)
    order: Ints = key.astype(np.uint16).argsort(kind="stable")
    key >>= 16
    order = order.take(key.astype(np.uint16).take(order).argsort(kind="stable"))
    placed = scores.take(order, out=buffer, mode="clip")  # the default mode would make a copy of the buffer
    wrong = np.flatnonzero(placed[1:] > placed[:-1])
    if wrong.size and not _mended(order, placed, wrong):
        _mended_by_sorting(scores, order, placed)
        placed = scores.take(order)
    return order, placed


def _sorted(scores: Array) -> tuple[Ints, Array]:
    order = np.argsort(scores)[::-1]
    return order, scores.take(order)


def _mended(order: Ints, placed: Array, wrong: Ints) -> bool:
    """Move the scores that stand right behind a lower one forward, in place. False: too many, the rest is open."""
    if wrong.size > MOVES:
        return False
    moves = 0
    for first in (wrong + 1).tolist():
        at = first
        while at < len(placed) and placed[at] > placed[at - 1]:
            to = at
            while to and placed[to] > placed[to - 1]:
                if moves == MOVES:
                    return False
                placed[[to - 1, to]], order[[to - 1, to]] = placed[[to, to - 1]], order[[to, to - 1]]
                to, moves = to - 1, moves + 1
            at += 1
    return True


def _mended_by_sorting(scores: Array, order: Ints, placed: Array) -> None:
    """Sort, in place, what stands behind a lower score or before a higher one anywhere in the order."""
    reach = np.maximum.accumulate(placed[::-1])[::-1]  # the highest score from here on
    least = np.minimum.accumulate(placed)
    apart = np.flatnonzero((reach > placed) | (placed > least))
    some = order[apart]
    order[apart] = some[np.argsort(-scores[some], kind="stable")]


def top_k(scores: ArrayLike, k: int) -> Ints:
    """Indices of the k highest scores, best first, equal scores in the order given. O(N + k log k)."""
    s = np.asarray(scores)
    if k < 1:
        raise BadProblem(f"The number of best ones must be 1 or more, not {k}.")
    n = len(s)
    if k >= n:
        return np.asarray(np.argsort(-s, kind="stable"), dtype=np.int64)
    threshold = np.partition(s, n - k)[n - k]
    above = np.flatnonzero(s > threshold)
    level = np.flatnonzero(s == threshold)[: k - len(above)]
    chosen = np.sort(np.concatenate([above, level]))
    return np.asarray(chosen[np.argsort(-s[chosen], kind="stable")], dtype=np.int64)


def spread_scale(values: Array, weights: Array) -> float:
    """Size of the numbers that make up a weighted sum: what rounding noise in it is relative to.

    Never below the scale at which values in [0, 1] are compared only when the numbers really are smaller.
    """
    largest = float((np.abs(values) * weights).sum(axis=1).max(initial=0.0))
    return largest if largest > 0 else 1.0
