"""The families of decision problems by name: plain JSON values in, plain JSON values out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..methods.checks import BadProblem
from . import outranking, robust, scores, weighting
from .reader import Problem, Result, plain

FAMILIES: dict[str, Callable[[Problem], Result]] = {
    "wsm": scores.wsm,
    "mavt": scores.mavt,
    "value_function": scores.values_of,
    "interval_wsm": scores.interval_wsm,
    "triangular_simulation": scores.triangular,
    "weight_stability": scores.weight_stability,
    "weight_sensitivity_ts": scores.weight_sensitivity,
    "topsis": outranking.topsis,
    "vikor": outranking.vikor,
    "promethee2": outranking.promethee2,
    "cross_check": outranking.cross_check,
    "rank_weights": weighting.by_rank,
    "swing": weighting.swing,
    "ahp": weighting.ahp,
    "ahp_hierarchy": weighting.hierarchy,
    "smaa": robust.smaa,
    "pairwise_winning_exact": robust.pairwise_exact,
    "score_distribution": robust.distribution,
}


def solve(family: object, given: object) -> dict[str, object]:
    """Solve one problem; raises BadProblem with a readable line when it cannot be computed as given."""
    if not isinstance(family, str) or family not in FAMILIES:
        said = f"“{family}”" if isinstance(family, str) else "none"
        raise BadProblem(f"Unknown family {said}; known are {', '.join(FAMILIES)}.")
    if not isinstance(given, Mapping):
        raise BadProblem("The case has no input object.")
    with np.errstate(all="ignore"):  # what is not finite is found in the result and said in words
        result = plain(FAMILIES[family](Problem(given)))
    assert isinstance(result, dict)  # noqa: S101 - for the type checker
    return result


__all__ = ["FAMILIES", "BadProblem", "solve"]
