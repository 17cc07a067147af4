"""Competition ranks (1, 2, 2, 4 …) fast enough for a million scores, and the best k without a full sort."""

from __future__ import annotations

from math import inf, isfinite

import numpy as np
from numpy.typing import ArrayLike

from ..aggregate import TIE, TIE_DECIMALS
from .checks import Array, BadProblem, Ints

PACKED = 4_096  # scores from which sorting packed keys is quicker
UP: Ints = np.arange(1, PACKED + 1, dtype=np.int64)
DOWN: Ints = UP[::-1].copy()


def competition_ranks(scores: ArrayLike, *, scale: float = 1.0, lowest_first: bool = False) -> Ints:
    """Rank 1 = best; scores that agree to nine decimals of `scale` share the smallest rank.

    The same ranks as `aggregate.competition_ranks`, from one sort: only neighbours that are closer than the
    tolerance are rounded and compared.
    """
    s = np.asarray(scores, dtype=np.float64)
    if scale != 1.0:
        s = s / scale
    n = len(s)
    if n < PACKED:
        order = s.argsort()
        placed = s.take(order)
        if n < 2 or np.minimum.reduce(placed[1:] - placed[:-1]) > 1.001 * TIE:  # nobody shares a rank
            ranks = np.empty(n, dtype=np.int64)
            ranks[order] = UP[:n] if lowest_first else DOWN[PACKED - n :]
            return ranks
    order = best_first(-s if lowest_first else s)
    placed = s.take(order)
    position = np.arange(1, n + 1, dtype=np.int64)
    steps = placed[1:] - placed[:-1] if lowest_first else placed[:-1] - placed[1:]
    if n > 1 and np.minimum.reduce(steps) <= 1.001 * TIE:
        near = np.flatnonzero(steps <= 1.001 * TIE)
        alike = near[placed[near].round(TIE_DECIMALS) == placed[near + 1].round(TIE_DECIMALS)]
        if alike.size:
            position[alike + 1] = 0
            np.maximum.accumulate(position, out=position)
    ranks = np.empty(n, dtype=np.int64)
    ranks[order] = position
    return ranks


def best_first(scores: Array) -> Ints:
    """Indices from the highest to the lowest score; which of equal scores comes first is not said.

    Whole numbers that hold the score's place in the range and, in their low bits, the index are sorted in place:
    several times as fast as an argsort of the floats. Scores that share a place are put in order afterwards.
    """
    n = len(scores)
    if n < PACKED:
        return np.argsort(scores)[::-1]
    high = np.maximum.reduce(scores)
    span = float(high - np.minimum.reduce(scores))
    bits = (n - 1).bit_length()
    factor = 2.0 ** (62 - bits) / span if span > 0 else inf
    if not isfinite(factor) or not isfinite(span):
        return np.argsort(scores)[::-1]
    key = ((high - scores) * factor).astype(np.int64)
    key <<= bits
    key |= np.arange(n, dtype=np.int64)
    key.sort()
    order: Ints = key & ((1 << bits) - 1)
    key >>= bits
    same = key[1:] == key[:-1]
    if np.logical_or.reduce(same):
        where = np.flatnonzero(np.concatenate([[False], same]) | np.concatenate([same, [False]]))
        some = order[where]
        order[where] = some[np.argsort(-scores[some], kind="stable")]
    return order


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
