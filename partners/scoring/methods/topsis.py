"""TOPSIS: closeness to the ideal and distance from the anti-ideal (Hwang & Yoon 1981).

Vector normalisation, weights, Euclidean distances D+ and D-; C = D- / (D+ + D-), and 1 where both are 0.
A cross-check of the additive model, never averaged with it: ranks can reverse when an alternative is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .checks import Array, Flags, Ints
from .normalise import normalise_table
from .ranks import competition_ranks


@dataclass(frozen=True, slots=True)
class Topsis:
    """Closeness 0 … 1 (rank 1 = highest) and both distances."""

    scores: Array
    ranks: Ints
    to_best: Array
    to_worst: Array


def topsis(
    x: Array, benefit: Flags, share: Array, kind: str = "vector", bounds: Array | None = None
) -> Topsis:
    """TOPSIS of a table (N × n). `kind` is the normalisation; all kinds make higher better, vector included."""
    v = normalise_table(x, benefit, kind, bounds).values * share
    to_best = np.sqrt(((v - v.max(axis=0)) ** 2).sum(axis=1))
    to_worst = np.sqrt(((v - v.min(axis=0)) ** 2).sum(axis=1))
    total = to_best + to_worst
    scores = np.divide(to_worst, total, out=np.ones_like(total), where=total > 0)
    return Topsis(scores, competition_ranks(scores), to_best, to_worst)
