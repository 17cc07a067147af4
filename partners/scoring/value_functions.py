"""Fixed value functions: from a measured value to points, whatever the other partners offer.

Multi-attribute value theory (Keeney & Raiffa 1976) with reference ranges set beforehand, so adding or
removing a partner never changes anybody else's points. Every function maps a number to points and an interval
of numbers to the interval of points it can take.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FULL = 100.0


def _finite(x: float, what: str = "value") -> float:
    x = float(x)
    if not math.isfinite(x):
        raise ValueError(f"The {what} is not a finite number: {x}.")
    return x


@dataclass(frozen=True, slots=True)
class Piecewise:
    """Straight lines through the points (x, y); x strictly rising or strictly falling.

    Outside the range the end value holds, or with `extrapolate` the end segment goes on.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    extrapolate: bool = False

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or len(self.x) < 2:
            raise ValueError("A piecewise value function needs at least two points, each with x and y.")
        for number in (*self.x, *self.y):
            _finite(number, "anchor")
        steps = np.diff(np.asarray(self.x, dtype=float))
        if np.all(steps < 0):  # stored rising, so that every reader may rely on it
            object.__setattr__(self, "x", tuple(reversed(self.x)))
            object.__setattr__(self, "y", tuple(reversed(self.y)))
        elif not np.all(steps > 0):
            raise ValueError(
                "The x values of a value function must rise or fall strictly: no two anchors alike."
            )

    def at(self, value: float) -> float:
        """Points of one value."""
        v = _finite(value)
        x, y = self.x, self.y
        if not self.extrapolate:
            if v <= x[0]:
                return y[0]
            if v >= x[-1]:
                return y[-1]
        i = 0
        while i < len(x) - 2 and v > x[i + 1]:
            i += 1
        return y[i] + (y[i + 1] - y[i]) * (v - x[i]) / (x[i + 1] - x[i])

    def points(self, values: ArrayLike) -> NDArray[np.float64]:
        """Points of an array of values, any shape."""
        v = np.asarray(values, dtype=np.float64)
        if not np.all(np.isfinite(v)):
            raise ValueError("The values hold a number that is not finite.")
        x, y = np.asarray(self.x, dtype=np.float64), np.asarray(self.y, dtype=np.float64)
        i = np.clip(np.searchsorted(x, v, side="left") - 1, 0, len(x) - 2)
        # The same steps as `at`, so that both agree to the last bit.
        found = y[i] + (y[i + 1] - y[i]) * (v - x[i]) / (x[i + 1] - x[i])
        if not self.extrapolate:
            found = np.where(v <= x[0], y[0], np.where(v >= x[-1], y[-1], found))
        return np.asarray(found, dtype=np.float64)

    def interval(self, low: float, high: float) -> tuple[float, float]:
        """Lowest and highest points that any value in [low, high] can earn."""
        if _finite(low) > _finite(high):
            raise ValueError(f"The interval is upside down: {low} to {high}.")
        ends = [self.at(low), self.at(high)]
        inner = [y for x, y in zip(self.x, self.y, strict=True) if low < x < high]
        return min(ends + inner), max(ends + inner)


class Linear(Piecewise):
    """`worst` earns 0 points, `best` earns `top`; either may be larger. Clipped outside by default."""

    __slots__ = ()

    def __init__(self, worst: float, best: float, top: float = FULL, *, extrapolate: bool = False) -> None:
        worst, best = _finite(worst, "worst anchor"), _finite(best, "best anchor")
        if worst == best:
            raise ValueError(f"The two anchors of a value function must differ; both are {worst:g}.")
        object.__setattr__(self, "x", (worst, best))
        object.__setattr__(self, "y", (0.0, _finite(top, "top")))
        object.__setattr__(self, "extrapolate", extrapolate)
        self.__post_init__()


@dataclass(frozen=True, slots=True)
class Lookup:
    """Points per category. A category that is not in the table is unknown: `at` returns None."""

    table: Mapping[str, float]

    def __post_init__(self) -> None:
        if not self.table:
            raise ValueError("A lookup value function needs at least one category.")
        for number in self.table.values():
            _finite(number, "points")

    def at(self, category: str) -> float | None:
        return self.table.get(category)

    def interval(self, categories: Sequence[str]) -> tuple[float, float] | None:
        """Range of points when only one of several categories can be true; None if none of them is known."""
        found = [self.table[c] for c in categories if c in self.table]
        return (min(found), max(found)) if found else None
