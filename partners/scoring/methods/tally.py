"""Counting ranks over many weight draws: the inner loops of SMAA.

Three ways, all with one sort per chunk of draws: `precise` (float64, equal scores share the smallest rank),
`fast` (float32 scores packed with the index into one 64-bit key and sorted in place; only where ties have
probability 0; on request only the first k ranks, without a full sort). Counts are whole numbers, so their sum does
not depend on how draws are spread over threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from .checks import Array, Ints
from .measurements import Criterion

Floats: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Keys: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint64]]
Indices: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint32]]

CHUNK = 64  # draws per chunk in the float32 paths: the working set stays in the L2 cache
HIGH = 1 if np.little_endian else 0  # which half of a 64-bit key decides
ELEMENTS = 65_536  # scores per chunk in the float64 path


@dataclass(slots=True)
class Counts:
    """Rank counts (ranks × N), first places, sums of the weights at first places, pairwise wins."""

    ranks: Ints
    first: Ints
    weight_sums: Array
    wins: Ints | None = None

    def add(self, other: Counts) -> None:
        self.ranks += other.ranks
        self.first += other.first
        self.weight_sums += other.weight_sums
        if self.wins is not None and other.wins is not None:
            self.wins += other.wins


def empty(n_ranks: int, alternatives: int, criteria: int, *, wins: bool) -> Counts:
    """Counts of nothing yet."""
    return Counts(
        np.zeros((n_ranks, alternatives), dtype=np.int64),
        np.zeros(alternatives, dtype=np.int64),
        np.zeros((alternatives, criteria)),
        np.zeros((alternatives, alternatives), dtype=np.int64) if wins else None,
    )


def _first_places(counts: Counts, rows: Ints, alternatives: Ints, w: Array) -> None:
    n = len(counts.first)
    counts.first += np.bincount(alternatives, minlength=n)
    for j in range(w.shape[1]):
        counts.weight_sums[:, j] += np.bincount(alternatives, weights=w[rows, j], minlength=n)


def precise(
    base: Array,
    criteria: Sequence[Criterion],
    w: Array,
    drawn: dict[int, Array],
    tie: float,
    *,
    depth: int,
    wins: bool,
) -> Counts:
    """Count the first `depth` ranks with float64 scores; alternatives within `tie` of the next share its rank."""
    n = base.shape[1]
    counts = empty(depth, n, base.shape[0], wins=wins)
    flat = counts.ranks.reshape(-1)
    chunk = max(1, ELEMENTS // n)
    rows_of = {j: criteria[j].rows for j in drawn}
    for begin in range(0, len(w), chunk):
        part = w[begin : begin + chunk]
        scores = part @ base
        for j, values in drawn.items():
            scores[:, rows_of[j]] += part[:, j : j + 1] * values[begin : begin + chunk]
        order = np.argsort(-scores, axis=1)
        placed = np.take_along_axis(scores, order, axis=1)
        position: Ints = np.broadcast_to(np.arange(n), order.shape)
        near = placed[:, :-1] - placed[:, 1:] <= tie
        if near.any():
            position = position.copy()
            position[:, 1:][near] = 0
            np.maximum.accumulate(position, axis=1, out=position)
            rows, columns = np.nonzero(position == 0)
            _first_places(counts, rows, order[rows, columns], part)
        else:
            _first_places(counts, np.arange(len(part)), order[:, 0], part)
        where = (position * n + order).ravel()
        if depth < n:
            where = where[where < depth * n]
        if depth * n <= len(where):
            flat += np.bincount(where, minlength=depth * n)
        else:
            np.add.at(flat, where, np.int64(1))
        if counts.wins is not None:
            for i in range(n):
                counts.wins[i] += np.count_nonzero(scores[:, i : i + 1] - scores > tie, axis=0)
    return counts


def fast(
    base: Floats,
    criteria: Sequence[Criterion],
    w: Array,
    drawn: dict[int, Array],
    scale: float,
    top: int | None,
) -> Counts:
    """Count with float32 scores ≥ 0; with `top`, only the first `top` ranks. No ties are expected.

    Non-negative floats sort like their bits, so (inverted bits, index) in one 64-bit key sorts scores downwards.
    """
    criteria_count, n = base.shape
    depth = n if top is None else min(top, n)
    counts = empty(depth, n, criteria_count, wins=False)
    buffer = np.zeros(depth * n, dtype=np.uint16)
    offsets = np.arange(depth, dtype=np.int64) * n
    indices = np.arange(n, dtype=np.uint32)
    rows_of = {j: criteria[j].rows for j in drawn}
    thin = w.astype(np.float32)
    first = np.empty(len(w), dtype=np.int64)
    scaled = {j: (values * (1 / scale)).astype(np.float32) for j, values in drawn.items()}
    chunk = max(CHUNK, min(8 * CHUNK, 25_600 // n))
    partial = 8 * depth <= n
    key = np.empty((min(chunk, len(w)), 1 if partial else n), dtype=np.uint64)
    for begin in range(0, len(w), chunk):
        part = thin[begin : begin + chunk]
        scores = part @ base
        for j, values in scaled.items():
            scores[:, rows_of[j]] += part[:, j : j + 1] * values[begin : begin + chunk]
        order = best_of_rows(scores, depth) if partial else _packed_order(scores, key, indices)[:, :depth]
        first[begin : begin + chunk] = order[:, 0]
        np.add.at(buffer, (offsets + order).ravel(), np.uint16(1))
    counts.ranks += buffer.reshape(depth, n)
    _first_places(counts, np.arange(len(w)), first, w)
    return counts


def _packed_order(scores: Floats, key: Keys, indices: Indices) -> Ints:
    """Each row's alternatives from the highest score down; equal scores in the order given."""
    keys = key[: len(scores)]
    halves = keys.view(np.uint32).reshape(len(scores), scores.shape[1], 2)
    np.invert(scores.view(np.uint32), out=halves[:, :, HIGH])
    halves[:, :, 1 - HIGH] = indices
    keys.sort(axis=1)
    return halves[:, :, 1 - HIGH].astype(np.int64)


def best_of_rows(scores: Floats, depth: int) -> Ints:
    """The `depth` highest of each row, best first, equal scores in the order given. O(N) for a row of N.

    The depth-th largest of some lanes' maxima is a floor that at least `depth` scores reach; only the few scores
    above it are sorted.
    """
    rows, n = scores.shape
    lanes = max(depth, min(n // 2, max(5 * depth, 64)))
    block = n // lanes
    maxima = scores[:, : block * lanes].reshape(rows, block, lanes).max(axis=1)
    floor = np.partition(maxima, lanes - depth, axis=1)[:, lanes - depth, None]
    found = np.flatnonzero(scores >= floor)
    row, column = np.divmod(found, n)
    per_row = np.bincount(row, minlength=rows)
    position = np.arange(len(found)) - np.repeat(np.cumsum(per_row) - per_row, per_row)
    shape = (rows, int(per_row.max()))
    candidates, columns = np.full(shape, np.inf, dtype=np.float32), np.zeros(shape, dtype=np.int64)
    candidates[row, position] = -scores.ravel()[found]
    columns[row, position] = column
    order = np.argsort(candidates, axis=1, kind="stable")[:, :depth]
    return np.asarray(np.take_along_axis(columns, order, axis=1))
