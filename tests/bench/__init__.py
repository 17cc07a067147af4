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


def best_in_turn_ms(
    functions: dict[str, Callable[[], object]], *, repeat: int, at_most: dict[str, int] | None = None
) -> dict[str, float]:
    """Shortest time of each function in milliseconds, all measured in turn, round by round.

    What the machine does meanwhile, and the memory that a process has once it has run for a while, are then the
    same for all. `at_most` bounds the rounds of slow ones.
    """
    best = dict.fromkeys(functions, float("inf"))
    for turn in range(repeat + 1):  # the first round warms up
        for name, function in functions.items():
            if turn > (at_most or {}).get(name, repeat):
                continue
            began = time.perf_counter()
            function()
            spent = (time.perf_counter() - began) * 1000
            if turn:
                best[name] = min(best[name], spent)
    return best
