"""How much two rankings agree: Kendall's tau-b and the overlap of their first k. Methods are never averaged.

Kendall 1945 (tau-b corrects for ties). MARCOS, MABAC and SPOTIS are left out on purpose: they are affine images
of a weighted sum and would confirm nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .checks import BadProblem


def kendall_tau_b(a: ArrayLike, b: ArrayLike) -> float | None:
    """Rank correlation in [-1, 1]; None where one of the two rankings is one big tie. O(N²), N ≤ 5,000."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise BadProblem("The two rankings must have the same length.")
    if len(x) > 5_000:
        raise BadProblem("Kendall's tau is worked out for 5,000 alternatives at most.")
    agreement = only_a = only_b = 0
    for i in range(len(x) - 1):
        dx, dy = np.sign(x[i + 1 :] - x[i]), np.sign(y[i + 1 :] - y[i])
        agreement += int((dx * dy).sum())
        only_a += int(np.count_nonzero(dx))
        only_b += int(np.count_nonzero(dy))
    if only_a == 0 or only_b == 0:
        return None
    return float(agreement / np.sqrt(float(only_a) * float(only_b)))


def top_overlap(a: ArrayLike, b: ArrayLike, k: int) -> float:
    """Share of the alternatives ranked k or better in one ranking that are so in both (Jaccard index)."""
    x, y = np.asarray(a) <= k, np.asarray(b) <= k
    either = int(np.count_nonzero(x | y))
    return float(np.count_nonzero(x & y) / either) if either else 1.0
