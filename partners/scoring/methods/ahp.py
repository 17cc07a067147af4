"""Analytic hierarchy process: weights from pairwise comparisons, and how consistent they are.

Principal right eigenvector by power iteration (Saaty 1977, 1980); row geometric means as a cross-check (Crawford &
Williams 1985). CI = (λmax - n)/(n - 1), CR = CI / RI with the random index table named, because the tables differ.
An inconsistent matrix is flagged and its worst comparison shown, never refused. Missing comparisons are filled so
that λmax is least (Bozóki, Fülöp & Rónyai 2010); at that minimum a_ij = √(x_i y_j / (x_j y_i)) with the right
and left eigenvectors x and y.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .checks import Array, BadProblem, Flags

RANDOM_INDEX: dict[str, tuple[float, ...]] = {  # for n = 1 … 15
    "saaty1980": (0, 0, 0.58, 0.9, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59),
    "saaty2005": (0, 0, 0.52, 0.89, 1.11, 1.25, 1.35, 1.4, 1.45, 1.49, 1.52, 1.54, 1.56, 1.58, 1.59),
    "donegan_dodd": (
        *(0, 0, 0.4914, 0.8286, 1.0591, 1.1797, 1.2519, 1.3171),
        *(1.3733, 1.4055, 1.4213, 1.4497, 1.4643, 1.4822, 1.4969),
    ),
    "alonso_lamata2006": (
        *(0, 0, 0.5245, 0.8815, 1.1086, 1.2479, 1.3417, 1.4057),
        *(1.4499, 1.4854, 1.5141, 1.5365, 1.5551, 1.5713, 1.5838),
    ),
    "aguaron_moreno2003": (
        *(0, 0, 0.525, 0.882, 1.115, 1.252, 1.341, 1.404),
        *(1.452, 1.484, 1.513, 1.535, 1.555, 1.57, 1.583),
    ),
}
FLAG_ABOVE = 0.1  # Saaty's rule of thumb for CR
LARGEST_SIZE = 100
LARGEST_RATIO = 1e9
STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison that fits the weights worst: `said` a_ij, `implied` w_i/w_j, `factor` ≥ 1 between them."""

    row: int
    column: int
    said: float
    implied: float
    factor: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a pairwise matrix says. `ratios` holds CR by table; None where the table does not reach."""

    weights: Array
    geometric: Array
    lambda_max: float
    ci: float
    ratios: dict[str, float | None]
    worst: Comparison | None
    matrix: Array
    reciprocal: bool


def eigenvector(a: Array) -> tuple[Array, float]:
    """Principal right eigenvector (sum 1) of a positive matrix, and its eigenvalue, by power iteration."""
    w = np.full(len(a), 1 / len(a))
    for _ in range(STEPS):
        after = a @ w
        after /= after.sum()
        if np.abs(after - w).max() <= 1e-16 + 1e-15 * after.max():
            w = after
            break
        w = after
    product = a @ w
    return w, float((product / w).mean())


def geometric_weights(a: Array) -> Array:
    """Row geometric means, sum 1."""
    w = np.exp(np.log(a).mean(axis=1))
    return np.asarray(w / w.sum())


def _complete(a: Array, name: str) -> Array:
    """Fill NaN cells: a given reciprocal first, then the values that minimise λmax."""
    a = a.copy()
    missing = np.isnan(a) & ~np.isnan(a.T)
    a[missing] = 1 / a.T[missing]
    gaps = [(int(i), int(j)) for i, j in zip(*np.nonzero(np.isnan(np.triu(a))), strict=True)]
    if not gaps:
        return a
    _check_connected(~np.isnan(a), name)
    for i, j in gaps:
        a[i, j] = a[j, i] = 1.0
    for _ in range(2_000):
        largest = 0.0
        x, _ = eigenvector(a)
        y, _ = eigenvector(np.ascontiguousarray(a.T))
        for i, j in gaps:
            filled = float(np.sqrt(x[i] * y[j] / (x[j] * y[i])))
            largest = max(largest, abs(float(np.log(filled / a[i, j]))))
            a[i, j], a[j, i] = filled, 1 / filled
        if largest < 1e-13:
            break
    return a


def _check_connected(known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], name: str) -> None:
    reached, todo = {0}, [0]
    while todo:
        for k in np.flatnonzero(known[todo.pop()]):
            if int(k) not in reached:
                reached.add(int(k))
                todo.append(int(k))
    if len(reached) < len(known):
        lost = next(k for k in range(len(known)) if k not in reached)
        raise BadProblem(f"{name}: too few comparisons, nothing connects item {lost + 1} with item 1.")


def judge(matrix: Array, name: str = "The matrix") -> Judgement:
    """Weights and consistency of a pairwise matrix (n × n, positive; NaN = not compared).

    The matrix is used as given: where a_ji is not 1/a_ij, `reciprocal` is False and both cells count.
    """
    a = np.asarray(matrix, dtype=np.float64)
    n = len(a)
    if a.ndim != 2 or a.shape != (n, n):
        raise BadProblem(f"{name} must be square.")
    if n > LARGEST_SIZE:
        raise BadProblem(f"{name} compares {n} items; {LARGEST_SIZE} at most.")
    diagonal = np.diagonal(a)
    if np.any(np.abs(np.where(np.isnan(diagonal), 1.0, diagonal) - 1) > 1e-9):
        raise BadProblem(f"{name} must have 1 on its diagonal.")
    a = a.copy()
    np.fill_diagonal(a, 1.0)
    if np.any(a <= 0):
        raise BadProblem(f"{name} holds a comparison that is not above 0.")
    if np.any(a > LARGEST_RATIO) or np.any(a < 1 / LARGEST_RATIO):
        raise BadProblem(f"{name} holds a comparison beyond {LARGEST_RATIO:g} to 1.")
    given = ~np.isnan(a) | ~np.isnan(a.T)
    a = _complete(a, name)
    w, lambda_max = eigenvector(a)
    ci = (lambda_max - n) / (n - 1) if n > 2 else 0.0
    if abs(ci) < 1e-12:  # a consistent matrix: what is left is rounding
        ci = 0.0
    ratios: dict[str, float | None] = {}
    for name_, index in RANDOM_INDEX.items():
        ratios[name_] = 0.0 if n <= 2 else (ci / index[n - 1] if n <= len(index) else None)
    return Judgement(
        weights=w,
        geometric=geometric_weights(a),
        lambda_max=lambda_max,
        ci=ci,
        ratios=ratios,
        worst=worst_comparison(a, w, given),
        matrix=a,
        reciprocal=bool(np.all(np.abs(a * a.T - 1) <= 1e-6)),
    )


def worst_comparison(a: Array, w: Array, given: Flags) -> Comparison | None:
    """argmax of a_ij w_j / w_i over the pairs somebody compared; None where everything fits (Saaty 2008)."""
    if len(a) < 2:
        return None
    misfit = np.abs(np.log(a * w[None, :] / w[:, None])) * given
    upper = np.triu(misfit, 1)
    lower = np.tril(misfit, -1)
    i, j = np.unravel_index(int(np.argmax(upper)), upper.shape)
    if lower.max() > upper.max() + 1e-6:  # only a matrix that is not reciprocal gets here
        i, j = np.unravel_index(int(np.argmax(lower)), lower.shape)
    factor = float(np.exp(misfit[i, j]))
    if factor < 1 + 1e-9:
        return None
    return Comparison(int(i), int(j), float(a[i, j]), float(w[i] / w[j]), factor)
