"""How far one weight can move before the winner changes, the other weights rescaled in proportion.

The score is affine in a weight t: s_i(t) = (1 - t) r_i + t v_ij with r_i the score on the other criteria. The gap
to a rival is (1 - t) g0 + t g1, its root t = g0 / (g0 - g1); the interval lies between the nearest roots on either
side (variant of Triantaphyllou & Sanchez 1997). O(N n) for all criteria.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import ArrayLike

from ..aggregate import TIE
from .checks import Array, BadProblem, table, weights
from .ranks import spread_scale

DIGITS = 80  # of the decimals in which equalising changes are worked out; numbers have 17 and products 34


@dataclass(frozen=True, slots=True)
class Stability:
    """Intervals (n × 2) of each weight, and who takes over below and above (None: the end of the range)."""

    scores: Array
    best: int
    current: Array
    intervals: Array
    below: list[int | None]
    above: list[int | None]


def weight_stability(values: ArrayLike, w: ArrayLike) -> Stability:
    """Stability intervals of the alternative with the highest score (the first one among equals).

    Where one criterion has all the weight, the others are rescaled as equals: there is no proportion to keep.
    """
    v = table(values, "The partial values")
    share = weights(w, v.shape[1])
    scores = v @ share
    best = int(np.argmax(scores >= scores.max() - TIE * spread_scale(v, share)))
    n = v.shape[1]
    intervals = np.tile([0.0, 1.0], (n, 1))
    below: list[int | None] = [None] * n
    above: list[int | None] = [None] * n
    for j in range(n):
        others = np.delete(share, j)
        if n == 1:
            intervals[j] = 1.0, 1.0
            continue
        total = float(others.sum())
        others = others / total if total > 0 else np.full(n - 1, 1 / (n - 1))
        rest = np.delete(v, j, axis=1) @ others
        gap0, gap1 = rest[best] - rest, v[best, j] - v[:, j]
        slope = gap1 - gap0
        noise = 1e-13 * float(np.abs(v).max())
        moving = np.abs(slope) > noise
        root = np.where(moving, -gap0 / np.where(moving, slope, 1.0), np.nan)
        falling, rising = moving & (slope < 0), moving & (slope > 0)
        if falling.any():
            k = int(np.nanargmin(np.where(falling, root, np.inf)))
            if root[k] < 1:
                intervals[j, 1], above[j] = max(float(root[k]), float(share[j])), k
        if rising.any():
            k = int(np.nanargmax(np.where(rising, root, -np.inf)))
            if root[k] > 0:
                intervals[j, 0], below[j] = min(float(root[k]), float(share[j])), k
    return Stability(np.asarray(scores), best, share, intervals, below, above)


def equalising_changes(
    values: ArrayLike, w: ArrayLike, pairs: list[tuple[int, int]]
) -> list[list[float | None]]:
    """Triantaphyllou & Sanchez (1997): the percentage change of weight k that makes a pair (a, b) equal.

    100 (P_b - P_a) / (x_bk - x_ak) / w_k, per pair and criterion; a positive number lowers the weight. None where
    it is impossible: equal values, a zero weight, or more than the whole weight (above 100). Weights may have any
    scale. Worked out on the decimals the numbers are written as: where one weight is a billion times another, the
    difference of two rounded scores is all noise for the small one, and 100 % is the limit between a number and None.
    """
    v = table(values, "The partial values")
    weights(w, v.shape[1])
    raw = np.asarray(w, dtype=np.float64)
    result: list[list[float | None]] = []
    with localcontext() as exact:
        exact.prec = DIGITS
        share = [Decimal(repr(float(x))) for x in raw]
        rows = {i: [Decimal(repr(float(x))) for x in v[i]] for pair in pairs for i in pair if 0 <= i < len(v)}
        for a, b in pairs:
            if a not in rows or b not in rows or a == b:
                raise BadProblem(f"pairs: {a}, {b} does not name two alternatives from 0 to {len(v) - 1}.")
            steps = [x - y for x, y in zip(rows[b], rows[a], strict=True)]
            gap = sum((s * x for s, x in zip(share, steps, strict=True)), Decimal(0))
            result.append([_change(gap, s * x) for s, x in zip(share, steps, strict=True)])
    return result


def _change(gap: Decimal, part: Decimal) -> float | None:
    """The change in per cent; None above 100, without any part in the gap, and beyond the range of a number."""
    if part == 0:
        return None
    percent = float(100 * gap / part)
    return percent if -math.inf < percent <= 100 + TIE else None
