"""Simulated weighted sums of three-point estimates: triangular cells, shares of the column sum in each draw.

SURE (Hodgett & Siraj 2019): cost cells are inverted first (1/x, ends swapped), every cell is an independent
triangular(low, mode, high), each draw is normalised by its own column sums and weighed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .checks import Array, BadProblem, Flags, Ints
from .draws import generator, triangulars
from .ranks import competition_ranks

BLOCK = 4_096
BLOCK_CELLS = 2_000_000


@dataclass(frozen=True, slots=True)
class Simulated:
    """Per alternative: mean, standard deviation, 5 and 95 % points of the score; rank of the mean; P(first)."""

    draws: int
    seed: int
    mean: Array
    sd: Array
    low: Array
    high: Array
    ranks: Ints
    first: Array


def triangular_simulation(
    low: Array, mode: Array, high: Array, benefit: Flags, share: Array, *, draws: int, seed: int
) -> Simulated:
    """Simulate scores of N alternatives (tables N × n, all cells ≥ 0, cost cells above 0)."""
    if np.any(low > mode) or np.any(mode > high):
        raise BadProblem("A most likely value is outside of its low and high value.")
    if np.any(low < 0) or np.any(low[:, ~benefit] == 0):
        raise BadProblem("Shares of the column sum need low values of 0 or more, and above 0 for costs.")
    a, b, c = low.copy(), mode.copy(), high.copy()
    a[:, ~benefit], b[:, ~benefit], c[:, ~benefit] = (
        1 / high[:, ~benefit],
        1 / mode[:, ~benefit],
        1 / low[:, ~benefit],
    )
    block = max(16, min(BLOCK, BLOCK_CELLS // a.size))
    scores = np.empty((draws, len(a)))
    for number, begin in enumerate(range(0, draws, block)):
        size = min(block, draws - begin)
        rng = generator(seed, number)
        total = np.zeros((size, len(a)))
        for j in range(a.shape[1]):
            cells = triangulars(rng, a[:, j], b[:, j], c[:, j], size)
            sums = cells.sum(axis=1, keepdims=True)
            total += share[j] * np.divide(cells, sums, out=np.zeros_like(cells), where=sums > 0)
        scores[begin : begin + size] = total
    mean = scores.mean(axis=0)
    ends = np.quantile(scores, [0.05, 0.95], axis=0)
    return Simulated(
        draws,
        seed,
        np.asarray(mean),
        np.asarray(scores.std(axis=0)),
        np.asarray(ends[0]),
        np.asarray(ends[1]),
        competition_ranks(mean),
        np.asarray((scores >= scores.max(axis=1, keepdims=True) - 1e-12).mean(axis=0)),
    )
