"""Numbers in, checked arrays out. What is wrong is said in one sentence (`BadProblem`), never in a traceback."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

Array: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Ints: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Flags: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

FEW = 64  # weights up to which Python's own loops are quicker than NumPy's
LARGEST = 1e150  # beyond this, products and squares of honest inputs overflow


class BadProblem(ValueError):
    """The problem cannot be computed as given; the message is one readable line."""


def number(
    value: object,
    name: str,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
) -> float:
    """One finite number; booleans, texts, NaN and Infinity are refused."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadProblem(f"{name} must be a number, not {kind_of(value)}.")
    try:
        result = float(value)
    except OverflowError:
        raise BadProblem(f"{name} is too large.") from None
    if not math.isfinite(result):
        raise BadProblem(f"{name} is not a finite number.")
    if abs(result) > LARGEST:
        raise BadProblem(f"{name} is too large.")
    if low is not None and result < low:
        raise BadProblem(f"{name} must be {low:g} or more, not {result:g}.")
    if above is not None and result <= above:
        raise BadProblem(f"{name} must be above {above:g}, not {result:g}.")
    if high is not None and result > high:
        raise BadProblem(f"{name} must be {high:g} or less, not {result:g}.")
    return result


def whole(value: object, name: str, *, low: int, high: int) -> int:
    """One whole number in [low, high]."""
    result = number(value, name)
    if result != int(result):
        raise BadProblem(f"{name} must be a whole number, not {result:g}.")
    if not low <= result <= high:
        raise BadProblem(f"{name} must be from {low} to {high}, not {result:g}.")
    return int(result)


def kind_of(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return "text"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int | float):
        return "a number"
    return type(value).__name__


def vector(value: object, name: str, size: int | None = None) -> Array:
    """One row of finite numbers."""
    items = sequence(value, name)
    if size is not None and len(items) != size:
        raise BadProblem(f"{name} has {len(items)} values; {size} are needed.")
    return np.array([number(v, f"{name}, value {i}") for i, v in enumerate(items, 1)], dtype=np.float64)


def sequence(value: object, name: str) -> Sequence[object]:
    """A list or an array of anything, not empty."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        raise BadProblem(f"{name} must be a list, not {kind_of(value)}.")
    if not value:
        raise BadProblem(f"{name} is empty.")
    return value


def matrix(
    value: object, name: str, rows: int | None = None, columns: int | None = None, *, missing: bool = False
) -> Array:
    """A table of finite numbers, rows = alternatives. With `missing`, null is allowed and becomes NaN."""
    table = sequence(value, name)
    if rows is not None and len(table) != rows:
        raise BadProblem(f"{name} has {len(table)} rows; {rows} are needed.")
    result = []
    for i, row in enumerate(table, 1):
        cells = sequence(row, f"{name}, row {i}")
        columns = len(cells) if columns is None else columns
        if len(cells) != columns:
            raise BadProblem(f"{name}, row {i} has {len(cells)} values; {columns} are needed.")
        result.append(
            [
                math.nan if missing and v is None else number(v, f"{name}, row {i}, value {j}")
                for j, v in enumerate(cells, 1)
            ]
        )
    return np.array(result, dtype=np.float64)


def table(values: ArrayLike, name: str = "The table", *, columns: int | None = None) -> Array:
    """A finite two-dimensional array, checked at array speed."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.size == 0:
        raise BadProblem(f"{name} must be a table with at least one row and one column.")
    if columns is not None and array.shape[1] != columns:
        raise BadProblem(f"{name} has {array.shape[1]} columns; {columns} are needed.")
    if not np.all(np.isfinite(array)):
        raise BadProblem(f"{name} holds a value that is not a finite number.")
    return array


def weights(values: ArrayLike, size: int | None = None, *, normalise: bool = True) -> Array:
    """Weights ≥ 0 with a positive sum, normalised once to sum 1 unless told otherwise."""
    w = np.asarray(values, dtype=np.float64)
    if w.ndim != 1 or w.size == 0:
        raise BadProblem("The weights must be one row of numbers.")
    if size is not None and w.size != size:
        raise BadProblem(f"There are {w.size} weights for {size} criteria.")
    if w.size <= FEW:
        said = w.tolist()
        largest, fit = (
            max(said),
            min(said) >= 0 and math.isfinite(sum(said)),
        )  # the sum is NaN when one of them is
    else:
        largest = float(np.maximum.reduce(w))
        fit = largest < np.inf and float(np.minimum.reduce(w)) >= 0
    if not fit:
        if not np.all(np.isfinite(w)):
            raise BadProblem("A weight is not a finite number.")
        if np.any(w < 0):
            j = int(np.argmax(w < 0))
            raise BadProblem(f"Weight {j + 1} is negative ({w[j]:g}); weights start at 0.")
    if largest == 0:
        raise BadProblem("The weights sum to zero: give at least one criterion a weight.")
    if not normalise:
        return w
    scaled = w / largest  # the detour keeps the sum of very large and very small weights finite
    result: Array = scaled / np.add.reduce(scaled)
    return result


def benefit_flags(types: Sequence[object] | None, size: int) -> Flags:
    """True where more is better: types are 'max' (benefit) or 'min' (cost); none given means all benefit."""
    if types is None:
        return np.ones(size, dtype=np.bool_)
    if len(types) != size:
        raise BadProblem(f"There are {len(types)} types for {size} criteria.")
    for i, kind in enumerate(types, 1):
        if not isinstance(kind, str) or kind not in ("max", "min"):
            said = f"“{kind}”" if isinstance(kind, str) else kind_of(kind)
            raise BadProblem(f"Type {i} must be “max” or “min”, not {said}.")
    return np.array([kind == "max" for kind in types], dtype=np.bool_)
