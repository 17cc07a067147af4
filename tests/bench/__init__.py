"""Benchmarks, run by `make bench`; see __main__.py."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measured case: what was measured, its value and the value's unit."""

    case: str
    value: float
    unit: str = "ms"


def median_ms(function: Callable[[], object], *, repeat: int = 5, warm_up: int = 1) -> float:
    """Median wall-clock time of `function` in milliseconds."""
    for _ in range(warm_up):
        function()
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        function()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def best_ms(function: Callable[[], object], *, repeat: int = 9) -> float:
    """Shortest wall-clock time of `function` in milliseconds: what short work takes when nobody else disturbs it."""
    function()
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        function()
        times.append((time.perf_counter() - began) * 1000)
    return min(times)
