"""Weights from a ranking of the criteria, and from swing points.

Rank order centroid: w_i = (1/n) Σ_{k=i..n} 1/k, the centroid of all weights in that order (Barron & Barrett
1996). Rank sum: w_i = 2 (n + 1 - i) / (n (n + 1)); rank reciprocal: 1/i over their sum (Stillwell et al. 1981);
rank exponent: (n + 1 - i)^p over their sum. Tied criteria share the average of the positions they occupy. Swing:
points for worst-to-best swings, the largest 100, divided by their sum (von Winterfeldt & Edwards 1986).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from .checks import Array, BadProblem, weights

METHODS = ("roc", "rs", "rr", "re", "equal")
EXACT_LIMIT = 60  # criteria up to which weights are worked out as fractions


def exact_weights(method: str, n: int) -> list[Fraction]:
    """Weights as fractions, the most important first; for roc, rs, rr and equal."""
    if method == "roc":
        return [sum((Fraction(1, k) for k in range(i, n + 1)), Fraction(0)) / n for i in range(1, n + 1)]
    if method == "rs":
        return [Fraction(2 * (n + 1 - i), n * (n + 1)) for i in range(1, n + 1)]
    if method == "rr":
        total = sum((Fraction(1, k) for k in range(1, n + 1)), Fraction(0))
        return [Fraction(1, i) / total for i in range(1, n + 1)]
    if method == "equal":
        return [Fraction(1, n)] * n
    raise BadProblem(f"Unknown method “{method}”; known are {', '.join(METHODS)}.")


def position_weights(method: str, n: int, *, exponent: float = 1.0) -> Array:
    """Weights of the positions 1 … n, the most important first, sum 1. `exponent` is for "re" only."""
    if n < 1:
        raise BadProblem("At least one criterion is needed.")
    i = np.arange(1, n + 1, dtype=np.float64)
    if method == "re":
        if not 0 <= exponent <= 100:
            raise BadProblem(f"The exponent runs from 0 to 100, not {exponent:g}.")
        raw = ((n + 1 - i) / n) ** exponent
        return np.asarray(raw / raw.sum())
    if n <= EXACT_LIMIT:
        return np.array([float(w) for w in exact_weights(method, n)])
    if method == "roc":
        return np.asarray(np.cumsum(1 / i[::-1])[::-1] / n)
    shapes = {"rs": n + 1 - i, "rr": 1 / i, "equal": np.ones(n)}
    if method not in shapes:
        raise BadProblem(f"Unknown method “{method}”; known are {', '.join(METHODS)}.")
    raw = shapes[method]
    return np.asarray(raw / raw.sum())


def weights_from_ranks(ranks: ArrayLike, method: str = "roc", *, exponent: float = 1.0) -> Array:
    """Weights of criteria by their ranks (smaller = more important, ties allowed, gaps do not matter)."""
    r = np.asarray(ranks, dtype=np.float64)
    if r.ndim != 1 or r.size == 0 or not np.all(np.isfinite(r)):
        raise BadProblem("The ranks must be one row of finite numbers.")
    by_position = position_weights(method, r.size, exponent=exponent)
    order = np.argsort(r, kind="stable")
    result = np.empty(r.size)
    _, first, counts = np.unique(r[order], return_index=True, return_counts=True)
    for start, count in zip(first, counts, strict=True):
        result[order[start : start + count]] = by_position[start : start + count].mean()
    return result


def swing_weights(points: ArrayLike) -> Array:
    """Points ≥ 0 for the swing of each criterion over its value function's range; the largest counts as 100."""
    return weights(points)
