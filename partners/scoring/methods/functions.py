"""Value functions from their JSON description: linear, piecewise linear and lookup tables.

Multi-attribute value theory (Keeney & Raiffa 1976). Linear: 0 at the worst end, 1 at the best end of
[low, high], extrapolated outside unless told to clip. Piecewise: straight lines through (x, y), clipped unless
told to extrapolate with the end segment. Lookup: a number per category; a category that is not in the table is
unknown, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ..value_functions import Linear, Lookup, Piecewise
from .checks import Array, BadProblem, kind_of, number, sequence, vector


@dataclass(frozen=True, slots=True)
class Numeric:
    """A value function of numbers, with the range of partial values an unknown can take."""

    curve: Piecewise

    def points(self, values: Array) -> Array:
        """Partial values of any array; NaN (missing) stays NaN."""
        missing = np.isnan(values)
        if not missing.any():
            return self.curve.points(values)
        result = self.curve.points(np.where(missing, self.curve.x[0], values))
        return np.where(missing, math.nan, result)

    def range(self) -> tuple[float, float]:
        """Lowest and highest partial value inside the reference range."""
        return min(self.curve.y), max(self.curve.y)

    def interval(self, low: float, high: float) -> tuple[float, float]:
        """Lowest and highest partial value of any number in [low, high]."""
        return self.curve.interval(low, high)


@dataclass(frozen=True, slots=True)
class Categories:
    """A value function of category names."""

    lookup: Lookup

    def of(self, cells: Sequence[object]) -> Array:
        """Partial values of category names; unknown categories and null are NaN."""
        return np.array([self.at(c) for c in cells], dtype=np.float64)

    def at(self, category: object) -> float:
        """One partial value; 2.0 also finds the category "2"."""
        if category is None:
            return math.nan
        found = self.lookup.at(str(category))
        if found is None and isinstance(category, float):
            found = self.lookup.at(f"{category:g}")
        return math.nan if found is None else found

    def range(self) -> tuple[float, float]:
        return min(self.lookup.table.values()), max(self.lookup.table.values())


ValueFunction: TypeAlias = Numeric | Categories


def _choice(spec: Mapping[str, object], key: str, allowed: Sequence[str], default: str, name: str) -> str:
    said = spec.get(key, default)
    if not isinstance(said, str) or said not in allowed:
        shown = f"“{said}”" if isinstance(said, str) else kind_of(said)
        raise BadProblem(f"{name}: {key} must be {' or '.join(f'“{a}”' for a in allowed)}, not {shown}.")
    return said


def value_function(spec: object, name: str = "The value function") -> ValueFunction:
    """Read one description: {"type": "linear" | "piecewise" | "lookup", …}."""
    if not isinstance(spec, Mapping):
        raise BadProblem(f"{name} must be an object with a type, not {kind_of(spec)}.")
    kind = _choice(spec, "type", ("linear", "piecewise", "lookup"), "", name)
    try:
        if kind == "linear":
            low, high = number(spec.get("low"), f"{name}, low"), number(spec.get("high"), f"{name}, high")
            rising = (
                _choice(spec, "direction", ("increasing", "decreasing"), "increasing", name) == "increasing"
            )
            outside = _choice(spec, "out_of_range", ("clip", "extrapolate"), "extrapolate", name)
            if low > high:
                raise BadProblem(f"{name}: low ({low:g}) is above high ({high:g}).")
            worst, best = (low, high) if rising else (high, low)
            return Numeric(Linear(worst, best, 1.0, extrapolate=outside == "extrapolate"))
        if kind == "piecewise":
            x = vector(spec.get("x"), f"{name}, x")
            y = vector(spec.get("y"), f"{name}, y", len(x))
            outside = _choice(spec, "out_of_range", ("clip", "extrapolate"), "clip", name)
            return Numeric(Piecewise(tuple(x.tolist()), tuple(y.tolist()), outside == "extrapolate"))
        table = spec.get("table")
        if not isinstance(table, Mapping):
            raise BadProblem(f"{name} needs a table of categories and values.")
        return Categories(Lookup({str(k): number(v, f"{name}, “{k}”") for k, v in table.items()}))
    except BadProblem:
        raise
    except ValueError as error:
        raise BadProblem(f"{name}: {error}") from None


def value_functions(specs: object, size: int) -> list[ValueFunction]:
    """One value function per criterion."""
    items = sequence(specs, "value_functions")
    if len(items) != size:
        raise BadProblem(f"value_functions has {len(items)} entries; {size} are needed, one per criterion.")
    return [value_function(spec, f"Value function {j}") for j, spec in enumerate(items, 1)]
