"""Exact answers about weights nobody has fixed: winning indices, score distributions and score bounds.

For weights uniform on the simplex, P(Σ d_j w_j ≤ 0) has a closed form (Varsi 1973): with Y the d_j ≥ 0 and X the
d_j < 0, A_0 = 1, A_1 … A_K = 0, for each x in X and k = 1 … K: A_k = (y_k A_k - x A_{k-1})/(y_k - x);
the answer is A_K. All terms are positive, so it is stable. For fully ordered weights the same holds on the vertices
of the ordered simplex: v'_ik = mean of the k most important v_ij.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import Array, BadProblem, table

NOISE = 1e-12
PAIRS = 262_144  # pairs of alternatives worked on at once


def ordered_vertices(values: ArrayLike, order: Sequence[int]) -> Array:
    """Scores at the vertices of {w_order[0] ≥ w_order[1] ≥ …}: running means in order of importance."""
    v = table(values, "The partial values")
    if sorted(order) != list(range(v.shape[1])):
        raise BadProblem(f"The order must name each criterion from 0 to {v.shape[1] - 1} once.")
    return np.asarray(np.cumsum(v[:, list(order)], axis=1) / np.arange(1, v.shape[1] + 1))


def below_zero(d: Array) -> Array:
    """P(Σ d_j w_j ≤ 0) of each row of `d` for w uniform on the simplex, by Varsi's recurrence."""
    ordered = -np.sort(-d, axis=1)  # Y first, then X
    counts = np.count_nonzero(ordered >= 0, axis=1)
    result = np.empty(len(d))
    n = d.shape[1]
    for k_count in np.unique(counts):
        rows = np.flatnonzero(counts == k_count)
        y = np.ascontiguousarray(ordered[rows, :k_count].T)
        x = np.ascontiguousarray(ordered[rows, k_count:].T)
        a = np.zeros((k_count + 1, len(rows)))
        a[0] = 1.0
        for i in range(n - k_count):
            for k in range(k_count):
                a[k + 1] = (y[k] * a[k + 1] - x[i] * a[k]) / (y[k] - x[i])
        result[rows] = a[k_count]
    return result


def pairwise_winning(values: ArrayLike, order: Sequence[int] | None = None) -> Array:
    """PWI (N × N): probability that the row scores strictly above the column; two equal rows win 0 both ways.

    Weights uniform on the simplex, or uniform among those in `order` (most important first).
    """
    v = ordered_vertices(values, order) if order is not None else table(values, "The partial values")
    n = len(v)
    noise = NOISE * np.abs(v).max(axis=0)
    result = np.zeros((n, n))
    first, second = np.triu_indices(n, 1)
    for begin in range(0, len(first), PAIRS):
        i, k = first[begin : begin + PAIRS], second[begin : begin + PAIRS]
        d = v[k] - v[i]
        d[np.abs(d) <= noise] = 0.0
        wins = below_zero(d)
        same = ~d.any(axis=1)
        result[i, k] = np.where(same, 0.0, wins)
        result[k, i] = np.where(same, 0.0, 1.0 - wins)
    return result


@dataclass(frozen=True, slots=True)
class Distribution:
    """Mean and standard deviation of each alternative's score over the weights."""

    mean: Array
    sd: Array


def dirichlet_distribution(values: ArrayLike, alpha: ArrayLike | None = None) -> Distribution:
    """Exact mean and spread for Dirichlet(α) weights; no α means uniform on the simplex (all 1).

    Var = (Σ α_j v_j² / α_0 - mean²) / (α_0 + 1).
    """
    v = table(values, "The partial values")
    a = np.ones(v.shape[1]) if alpha is None else np.asarray(alpha, dtype=np.float64)
    if a.shape != (v.shape[1],) or not np.all(np.isfinite(a)) or np.any(a < 0) or not np.any(a):
        raise BadProblem("Each criterion needs one concentration of 0 or more, and one of them above 0.")
    total = float(a.sum())
    mean = v @ a / total
    centred = v - mean[:, None]
    variance = (centred**2) @ a / total / (total + 1)
    return Distribution(np.asarray(mean), np.sqrt(variance))


def score_cdf(values: ArrayLike, thresholds: ArrayLike, order: Sequence[int] | None = None) -> Array:
    """P(score ≤ t) of each alternative (rows) at each threshold (columns), uniform or fully ordered weights.

    A score that does not depend on the weights jumps from 0 to 1 at its value.
    """
    v = ordered_vertices(values, order) if order is not None else table(values, "The partial values")
    t = np.asarray(thresholds, dtype=np.float64)
    d = v[:, None, :] - t[None, :, None]
    result = below_zero(d.reshape(-1, v.shape[1])).reshape(len(v), t.size)
    return np.where(np.all(d <= 0, axis=2), 1.0, result)


def score_bounds(
    values: ArrayLike,
    *,
    order: Sequence[int] | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
) -> tuple[Array, Array]:
    """Least and greatest score of each alternative over all weights, those in an order, or those in a box.

    Ordered weights: the extremes are at the vertices. Box: greedy fill, best criteria first, O(n log n) each.
    """
    v = ordered_vertices(values, order) if order is not None else table(values, "The partial values")
    if low is None and high is None:
        return v.min(axis=1), v.max(axis=1)
    if order is not None:
        raise BadProblem("Bounds for an order and a box at once are not available.")
    n = v.shape[1]
    least = np.zeros(n) if low is None else np.asarray(low, dtype=np.float64)
    most = np.ones(n) if high is None else np.asarray(high, dtype=np.float64)
    return _greedy(v, least, most, best=False), _greedy(v, least, most, best=True)


def _greedy(v: Array, low: Array, high: Array, *, best: bool) -> Array:
    order = np.argsort(-v if best else v, axis=1, kind="stable")
    spare = np.full(len(v), 1.0 - float(low.sum()))
    scores = v @ low
    rows = np.arange(len(v))
    for position in range(v.shape[1]):
        j = order[:, position]
        taken = np.minimum(spare, (high - low)[j])
        scores = scores + taken * v[rows, j]
        spare = spare - taken
    return np.asarray(scores)
