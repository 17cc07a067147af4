"""Reading a problem's input fields by name, and writing results as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from ..methods import checks, normalise
from ..methods.checks import Array, BadProblem, Flags, kind_of
from ..methods.functions import Categories, Numeric, ValueFunction, value_functions

Result: TypeAlias = dict[str, object]


class Problem:
    """The input of one case. Every reader checks what it reads and names the field when something is wrong."""

    def __init__(self, data: Mapping[str, object], name: str = "The input") -> None:
        self.data, self.name = data, name

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def get(self, key: str) -> object:
        """The raw value, None where there is none."""
        return self.data.get(key)

    def need(self, key: str) -> object:
        """The raw value of a field that must be there."""
        if key not in self:
            raise BadProblem(f"{self.name} has no {key}.")
        return self.data[key]

    def number(
        self, key: str, default: float, *, low: float | None = None, high: float | None = None
    ) -> float:
        """A number, or the default where there is none."""
        return checks.number(self.data[key], key, low=low, high=high) if key in self else default

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        """A whole number, or the default where there is none."""
        return checks.whole(self.data[key], key, low=low, high=high) if key in self else default

    def text(self, key: str, default: str) -> str:
        """A text, or the default where there is none."""
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, str):
            raise BadProblem(f"{key} must be a text, not {kind_of(value)}.")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """True or false, or the default where there is none."""
        value = self.data.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise BadProblem(f"{key} must be true or false, not {kind_of(value)}.")
        return value

    def names(self, key: str, size: int) -> list[str]:
        """Names of the alternatives or criteria; numbered where none are given."""
        if key not in self:
            return [f"{key[:-1] if key != 'criteria' else 'criterion'} {i}" for i in range(1, size + 1)]
        items = checks.sequence(self.data[key], key)
        for i, name in enumerate(items, 1):
            if isinstance(name, bool) or not isinstance(name, str | int | float):
                raise BadProblem(f"{key}, name {i} must be a text, not {kind_of(name)}.")
        if len(items) != size:
            raise BadProblem(f"{key} has {len(items)} names; the numbers need {size}.")
        return [str(name) for name in items]

    def table(self, key: str, *, missing: bool = False) -> Array:
        """A table (alternatives × criteria) whose shape fits the names given."""
        result = checks.matrix(self.need(key), key, missing=missing)
        self.check_names(*result.shape)
        return result

    def check_names(self, rows: int, columns: int) -> None:
        """Names, where given, must fit the shape."""
        self.names("alternatives", rows)
        self.names("criteria", columns)

    def weights(self, size: int) -> Array:
        """The weights, normalised to sum 1 unless normalize_weights is false."""
        raw = checks.vector(self.need("weights"), "weights", size)
        return checks.weights(raw, size, normalise=self.flag("normalize_weights", True))

    def benefit(self, size: int) -> Flags:
        """True where more is better."""
        types = checks.sequence(self.data["types"], "types") if "types" in self else None
        return checks.benefit_flags(types, size)

    def bounds(self, size: int) -> Array | None:
        """Fixed reference bounds (n × 2), if any."""
        if "bounds" not in self:
            return None
        result = checks.matrix(self.data["bounds"], "bounds", size, 2)
        for j, (low, high) in enumerate(result, 1):
            if low >= high:
                raise BadProblem(f"bounds, row {j}: low ({low:g}) must be below high ({high:g}).")
        return result


def partial_values(problem: Problem, default: str, *, missing: bool = False) -> tuple[Array, list[str]]:
    """Partial values (N × n, higher is better; NaN = missing where allowed) and warnings.

    From partial_values as they are, from matrix and value_functions, or from matrix, types and normalization.
    """
    if "partial_values" in problem:
        return problem.table("partial_values", missing=missing), []
    if "value_functions" in problem:
        return _valued(problem, missing=missing), []
    kind = problem.text("normalization", default)
    x = problem.table("matrix", missing=missing and kind == "minmax")
    n = x.shape[1]
    done = normalise.normalise_table(x, problem.benefit(n), kind, problem.bounds(n))
    names = problem.names("criteria", n)
    return done.values, [f"{names[j]} is the same for all and separates nobody." for j in done.constant]


def partial_intervals(problem: Problem) -> tuple[Array, Array]:
    """Low and high of partial_values (N × n each): a number, null (anything in 0 … 1), or [low, high]."""
    rows = checks.sequence(problem.need("partial_values"), "partial_values")
    low, high = [], []
    for i, row in enumerate(rows, 1):
        cells = checks.sequence(row, f"partial_values, row {i}")
        ends = [
            checks.vector(c, f"partial_values, row {i}, value {j}", 2).tolist()
            if isinstance(c, list)
            else [c, c]
            for j, c in enumerate(cells, 1)
        ]
        low.append([e[0] for e in ends])
        high.append([e[1] for e in ends])
    lows = checks.matrix(low, "partial_values", missing=True)
    highs = checks.matrix(high, "partial_values", missing=True)
    problem.check_names(*lows.shape)
    lows, highs = np.where(np.isnan(lows), 0.0, lows), np.where(np.isnan(highs), 1.0, highs)
    if np.any(lows > highs):
        i, j = np.argwhere(lows > highs)[0]
        raise BadProblem(f"partial_values, row {i + 1}, value {j + 1}: low is above high.")
    return lows, highs


def three_tables(problem: Problem) -> tuple[Array, Array | None, Array]:
    """The tables low, mode (if there is one) and high. A missing cell is null (NaN) in all of them."""
    low, high = problem.table("low", missing=True), problem.table("high", missing=True)
    mode = problem.table("mode", missing=True) if "mode" in problem else None
    if low.shape != high.shape or (mode is not None and mode.shape != low.shape):
        raise BadProblem("The low, mode and high tables have different shapes.")
    for name, other in (("high", high), ("mode", mode)):
        if other is not None and np.any(np.isnan(other) != np.isnan(low)):
            i, j = np.argwhere(np.isnan(other) != np.isnan(low))[0]
            raise BadProblem(f"low and {name}, row {i + 1}, value {j + 1}: a missing cell is null in both.")
    if np.any(low > high) or (mode is not None and (np.any(mode < low) or np.any(mode > high))):
        raise BadProblem("A low value is above its high value, or a most likely value is outside of the two.")
    return low, mode, high


def _valued(problem: Problem, *, missing: bool) -> Array:
    rows = checks.sequence(problem.need("matrix"), "matrix")
    width = len(checks.sequence(rows[0], "matrix, row 1"))
    functions = value_functions(problem.get("value_functions"), width)
    columns: list[list[object]] = [[] for _ in range(width)]
    for i, row in enumerate(rows, 1):
        cells = checks.sequence(row, f"matrix, row {i}")
        if len(cells) != width:
            raise BadProblem(f"matrix, row {i} has {len(cells)} values; {width} are needed.")
        for column, value in zip(columns, cells, strict=True):
            column.append(value)
    problem.check_names(len(rows), width)
    values = np.stack(
        [
            column_values(f, c, f"matrix, column {j}")
            for j, (f, c) in enumerate(zip(functions, columns, strict=True), 1)
        ],
        axis=1,
    )
    if not missing and np.isnan(values).any():
        i, j = np.argwhere(np.isnan(values))[0]
        raise BadProblem(f"matrix, row {i + 1}, value {j + 1} is missing or not in the lookup table.")
    return values


def column_values(function: ValueFunction, cells: list[object], name: str) -> Array:
    """Partial values of one column of raw cells; null and unknown categories are NaN."""
    if isinstance(function, Categories):
        for i, said in enumerate(cells, 1):
            if said is not None and not isinstance(said, str | int | float):
                raise BadProblem(f"{name}, row {i} must be a category, not {kind_of(said)}.")
        return function.of(cells)
    numbers = [
        math.nan if v is None else checks.number(v, f"{name}, row {i}") for i, v in enumerate(cells, 1)
    ]
    return function.points(np.array(numbers))


def ranges(problem: Problem, size: int) -> tuple[Array, Array]:
    """Lowest and highest partial value a missing cell can take, per criterion."""
    if "value_functions" not in problem or "partial_values" in problem:
        return np.zeros(size), np.ones(size)
    both = [f.range() for f in value_functions(problem.get("value_functions"), size)]
    return np.array([low for low, _ in both]), np.array([high for _, high in both])


def plain(value: object) -> object:
    """JSON values of NumPy results: NaN is null, and a result that is not finite is an error, not a number."""
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        if math.isinf(value):
            raise BadProblem("The result is not a finite number: the values are too large or too far apart.")
        return None if math.isnan(value) else value
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


__all__ = [
    "Numeric",
    "Problem",
    "Result",
    "column_values",
    "partial_intervals",
    "partial_values",
    "plain",
    "ranges",
    "three_tables",
]
