"""Ranking N partners on 12 criteria: raw columns, value ranges, weights, score, full rank, float64; best of
several, in turn.

The yardstick is the plain criteria-major NumPy reference (range of the data, score, rank) without checks or ties.
scikit-criteria (min-max scaler, weighted sum) and pymcdm (WSM, ranks) are peers: where they are not installed,
`make bench` fetches them into var/bench-peers (requirements/bench.txt).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from partners.scoring.methods.additive import minmax_columns, score_columns
from partners.scoring.methods.ranks import competition_ranks, top_k
from tests.bench import Row, best_in_turn_ms
from tests.bench._peers import peer

CRITERIA = 12
SIZES = (1_000, 10_000, 100_000, 1_000_000)
PEER_ROUNDS = {1_000: 40, 10_000: 20, 100_000: 9, 1_000_000: 2}


def run() -> list[Row]:
    rows = []
    for size in SIZES:
        rows += _at(size)
    return rows


def _at(size: int) -> list[Row]:
    rng = np.random.default_rng(5)
    columns = rng.uniform(0, 100, (CRITERIA, size))
    worst, best = np.zeros(CRITERIA), np.full(CRITERIA, 100.0)
    weights = rng.dirichlet(np.ones(CRITERIA))
    repeat = 60 if size <= 100_000 else 15
    name = f"{size:,} partners"

    def reference() -> np.ndarray:
        low, high = columns.min(axis=1), columns.max(axis=1)
        slope = weights / (high - low)
        scores = slope @ columns - slope @ low
        order = np.argsort(-scores)
        ranks = np.empty(size, dtype=np.int64)
        ranks[order] = np.arange(1, size + 1)
        return ranks

    def engine() -> np.ndarray:
        return competition_ranks(minmax_columns(columns, None, weights))

    def fixed(*, clip: bool) -> np.ndarray:
        return score_columns(columns, worst, best, weights, clip=clip)

    # The engine gives equal ranks to scores closer than 1e-9: among a million there are a few.
    if int((reference() != engine()).sum()) > size / 100:
        raise AssertionError("the engine and the yardstick disagree: the comparison means nothing")
    cases: dict[str, Callable[[], object]] = {
        "NumPy reference": reference,
        "engine, the same steps": engine,
        "engine, fixed ranges": lambda: competition_ranks(fixed(clip=False)),
        "engine, fixed ranges, values outside cut off": lambda: competition_ranks(fixed(clip=True)),
        "engine, fixed ranges, first 100 only": lambda: top_k(fixed(clip=False), 100),
    }
    peers = _peers(np.ascontiguousarray(columns.T), weights)
    best = best_in_turn_ms(cases | peers, repeat=repeat, at_most=dict.fromkeys(peers, PEER_ROUNDS[size]))
    rows = [Row(f"{case}, {name}", value, f"ms at {size:,}") for case, value in best.items()]
    asked = {"NumPy reference": "at least 0.77", "scikit-criteria": "at least 20", "pymcdm": "at least 100"}
    for other in (o for o in asked if o in best):
        at_least = f", {asked[other]}" if other == "NumPy reference" or size >= 100_000 else ""
        rows.append(
            Row(f"{other} ÷ engine{at_least}, {name}", best[other] / best["engine, the same steps"], "times")
        )
    return rows


def _peers(table: np.ndarray, weights: np.ndarray) -> dict[str, Callable[[], object]]:
    made = {"scikit-criteria": _scikit_criteria(table, weights), "pymcdm": _pymcdm(table, weights)}
    return {name: function for name, function in made.items() if function is not None}


def _scikit_criteria(table: np.ndarray, weights: np.ndarray) -> Callable[[], object] | None:
    skcriteria = peer("skcriteria")
    if skcriteria is None:
        return None
    simple, scalers = peer("skcriteria.agg.simple"), peer("skcriteria.preprocessing.scalers")
    matrix = skcriteria.mkdm(table, [max] * CRITERIA, weights=weights)
    scaler = scalers.CenitDistanceMatrixScaler()
    weighted = simple.WeightedSumModel()
    return lambda: weighted.evaluate(scaler.transform(matrix))


def _pymcdm(table: np.ndarray, weights: np.ndarray) -> Callable[[], object] | None:
    methods = peer("pymcdm.methods")
    if methods is None:
        return None
    helpers = peer("pymcdm.helpers")
    wsm, types = methods.WSM(), np.ones(CRITERIA)
    return lambda: helpers.rrankdata(wsm(table, weights, types))
