"""Normalisation of decision tables: raw numbers of any unit to numbers that can be weighed.

Data-driven kinds (minmax without bounds, max_ratio, sum, vector) let one alternative move all others' values
(rank reversal); the product's own ranking uses fixed bounds only. The kinds are here for the published
reference cases and the cross-check. Sources: Hwang & Yoon 1981; Kracka et al. 2010 (1/x, then sum);
Brauers & Zavadskas 2006 (vector, ratio system); Hodgett et al. 2014 (maximum of the high table).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .checks import Array, BadProblem, Flags

KINDS = ("none", "minmax", "max_ratio", "sum_after_inverse", "vector", "divide_by_max_of_high")


@dataclass(frozen=True, slots=True)
class Normalised:
    """`values` (N × n), higher is better in every column; `constant` lists columns that cannot separate."""

    values: Array
    constant: list[int] = field(default_factory=list)


def _positive(column: Array, kind: str, j: int) -> None:
    if np.any(column <= 0):
        raise BadProblem(
            f"Criterion {j + 1}: the normalization “{kind}” needs costs above 0; one is {column.min():g}."
        )


def _not_negative(column: Array, kind: str, j: int) -> None:
    if np.any(column < 0):
        raise BadProblem(
            f"Criterion {j + 1}: the normalization “{kind}” needs values of 0 or more; one is {column.min():g}."
        )


def normalise_table(x: Array, benefit: Flags, kind: str, bounds: Array | None = None) -> Normalised:
    """Normalise a table column by column.

    none: x, cost negated. minmax: (x - min)/(max - min), reversed for cost; `bounds` (n × 2) replace min and
    max, nothing is clipped; a constant column gives 0 to everybody. max_ratio: x/max, min/x for cost.
    sum_after_inverse: 1/x for cost, then shares of the column sum. vector: x/√Σx², cost negated.
    divide_by_max_of_high: as max_ratio (the table is its own high table). NaN (missing) stays NaN under minmax.
    """
    if kind not in KINDS:
        raise BadProblem(f"Unknown normalization “{kind}”; known are {', '.join(KINDS)}.")
    values = np.empty_like(x)
    constant = [j for j in range(x.shape[1]) if x.shape[0] > 1 and np.all(x[:, j] == x[0, j])]
    for j in range(x.shape[1]):
        column = x[:, j]
        if kind == "minmax":
            known = column[~np.isnan(column)]
            low, high = (
                (known.min(initial=np.inf), known.max(initial=-np.inf)) if bounds is None else bounds[j]
            )
            if low >= high:
                values[:, j] = np.where(np.isnan(column), np.nan, 0.0)
                continue
            values[:, j] = (column - low if benefit[j] else high - column) / (high - low)
        elif kind in ("max_ratio", "divide_by_max_of_high"):
            values[:, j] = _max_ratio(column, bool(benefit[j]), kind, j)
        elif kind == "sum_after_inverse":
            values[:, j] = _shares(column, bool(benefit[j]), kind, j)
        else:
            scale = 1.0
            if kind == "vector":
                scale = float(np.linalg.norm(column)) or 1.0
            values[:, j] = column / scale if benefit[j] else -column / scale
    return Normalised(values, constant)


def _max_ratio(column: Array, benefit: bool, kind: str, j: int) -> Array:
    if not benefit:
        _positive(column, kind, j)
        return np.asarray(column.min() / column)
    _not_negative(column, kind, j)
    largest = float(column.max())
    return np.asarray(column / largest) if largest > 0 else np.zeros_like(column)


def _shares(column: Array, benefit: bool, kind: str, j: int) -> Array:
    if not benefit:
        _positive(column, kind, j)
        column = np.asarray(1 / column)
    _not_negative(column, kind, j)
    total = float(column.sum())
    return np.asarray(column / total) if total > 0 else np.zeros_like(column)


def missing_range(kind: str, benefit: bool) -> tuple[float, float]:
    """Between what a missing cell's partial value lies, where the normalization says it."""
    if kind == "minmax" or (kind == "none" and benefit):
        return 0.0, 1.0
    if kind == "none":
        return -1.0, 0.0
    raise BadProblem(
        f"A missing cell needs the normalization minmax, none or a value function; “{kind}” says no range for it."
    )


def normalise_intervals(
    low: Array, mode: Array | None, high: Array, benefit: Flags, kind: str, bounds: Array | None = None
) -> tuple[Array, Array | None, Array]:
    """Normalise low / most likely / high tables together, so that low ≤ mode ≤ high afterwards (cost swaps).

    none, minmax (least low and greatest high unless `bounds`), max_ratio and divide_by_max_of_high
    (x / greatest high; for cost least low / x). The kinds whose scale depends on all cells at once have no
    exact interval and are refused. A missing cell (NaN in both ends) becomes the whole range.
    """
    if np.any(low > high) or (mode is not None and (np.any(mode < low) or np.any(mode > high))):
        raise BadProblem("A low value is above its high value, or a most likely value is outside of the two.")
    unknown = np.isnan(low)
    if np.any(unknown != np.isnan(high)):
        i, j = np.argwhere(unknown != np.isnan(high))[0]
        raise BadProblem(
            f"low and high, row {i + 1}, value {j + 1}: give both ends, or null in both (missing)."
        )
    results = [np.empty_like(low), np.empty_like(low), np.empty_like(low)]
    tables = [low, mode if mode is not None else low, high]
    for j in range(low.shape[1]):
        known = ~unknown[:, j]
        if not known.all():
            least, most = missing_range(kind, bool(benefit[j]))
            for result, end in zip(results, (least, (least + most) / 2, most), strict=True):
                result[~known, j] = end
        if not known.any():
            continue
        columns = [t[known, j] for t in tables]
        if kind == "none":
            ends = columns if benefit[j] else [-c for c in columns]
        elif kind == "minmax":
            least, most = (columns[0].min(), columns[2].max()) if bounds is None else bounds[j]
            span = (most - least) or 1.0
            ends = [(c - least if benefit[j] else most - c) / span * (most != least) for c in columns]
        elif kind in ("max_ratio", "divide_by_max_of_high"):
            if benefit[j]:
                _not_negative(columns[0], kind, j)
                ends = [c / (float(columns[2].max()) or 1.0) for c in columns]
            else:
                _positive(columns[0], kind, j)
                ends = [columns[0].min() / c for c in columns]
        else:
            raise BadProblem(
                f"The normalization “{kind}” gives no exact score intervals; use minmax or max_ratio."
            )
        for result, column in zip(results, ends if benefit[j] else ends[::-1], strict=True):
            result[known, j] = column
    return results[0], (results[1] if mode is not None else None), results[2]
