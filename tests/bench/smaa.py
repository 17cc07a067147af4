"""SMAA-2: 10,000 weight vectors × 12 criteria × 500 partners, the full table of rank shares.

The yardstick is the NumPy recipe in one thread: float32, 64 draws at a time, one argsort, counts by `np.add.at`.
pymcdm has no SMAA: its weighted sum in a loop is measured over 100 draws and multiplied. Below it the product's own
robustness of a ranking while a slider moves (2,048 draws, 50 partners, a tenth of the facts unknown).
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from partners.scoring import default_weights, rank_assessed, robustness
from partners.scoring.methods.measurements import certain
from partners.scoring.methods.smaa import smaa
from partners.scoring.methods.spaces import Uniform
from partners.scoring.types import CRITERIA, Assessment, CriterionScore
from tests.bench import Row, best_ms
from tests.bench._peers import peer

DRAWS, N, COUNT = 10_000, 12, 500
PEER_DRAWS = 100


def run() -> list[Row]:
    rng = np.random.default_rng(7)
    values = rng.uniform(0, 1, (COUNT, N))
    criteria = certain(values)
    rows = [
        Row("NumPy recipe, 1 thread", best_ms(lambda: recipe(values), repeat=5)),
        Row(
            "engine, 1 thread",
            best_ms(lambda: smaa(criteria, Uniform(N), draws=DRAWS, seed=1, pairwise=False), repeat=5),
        ),
        Row(
            "engine, 2 threads",
            best_ms(
                lambda: smaa(criteria, Uniform(N), draws=DRAWS, seed=1, pairwise=False, workers=2), repeat=5
            ),
        ),
        Row(
            "engine, first 10 ranks only",
            best_ms(
                lambda: smaa(criteria, Uniform(N), draws=DRAWS, seed=1, pairwise=False, top=10), repeat=5
            ),
        ),
    ]
    methods = peer("pymcdm.methods")
    if methods is not None:
        rows.append(Row("loop over pymcdm (from 100 draws)", _loop(methods, values) * DRAWS / PEER_DRAWS))
    ranking = _ranking(rng)
    live = best_ms(lambda: robustness(ranking, draws=2_048, confidence=False), repeat=5)
    rows.append(Row("robustness of a ranking while a slider moves", live))
    return rows


def recipe(values: np.ndarray) -> np.ndarray:
    """The plain version of scoring by float32 chunks."""
    rng = np.random.default_rng(1)
    draws = rng.standard_exponential((DRAWS, N), dtype=np.float32)
    draws /= draws.sum(axis=1, keepdims=True)
    table = np.ascontiguousarray(values.T, dtype=np.float32)
    counts = np.zeros(COUNT * COUNT, dtype=np.uint16)
    offsets = np.arange(COUNT) * COUNT
    for begin in range(0, DRAWS, 64):
        order = np.argsort(-(draws[begin : begin + 64] @ table), axis=1)
        np.add.at(counts, (offsets + order).ravel(), np.uint16(1))
    return counts.reshape(COUNT, COUNT)


def _loop(methods: object, values: np.ndarray) -> float:
    helpers = peer("pymcdm.helpers")
    weights = np.random.default_rng(1).dirichlet(np.ones(N), PEER_DRAWS)
    wsm, types = methods.WSM(), np.ones(N)  # type: ignore[attr-defined]

    def run_loop() -> None:
        for w in weights:
            helpers.rrankdata(wsm(values, w, types))  # type: ignore[union-attr]

    return best_ms(run_loop, repeat=3)


def _ranking(rng: np.random.Generator) -> object:
    def score(code: str) -> CriterionScore:
        if rng.random() < 0.1:
            return CriterionScore(code, 0.0, 100.0, 0.0)
        points = float(rng.uniform(0, 100))
        return CriterionScore(code, points, points, 1.0)

    partners = [
        Assessment(i + 1, f"p{i}", f"P{i}", True, None, "", (), tuple(score(code) for code in CRITERIA))
        for i in range(50)
    ]
    return rank_assessed(partners, default_weights(4), as_of=dt.date(2026, 1, 1), min_coverage=0)
