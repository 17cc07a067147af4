"""Problems of the additive model: weighted sums, value functions, intervals, simulation, weight stability."""

from __future__ import annotations

import numpy as np

from ..methods import additive, checks, simulation, stability
from ..methods.checks import Array, BadProblem
from ..methods.draws import seed_of
from ..methods.functions import Categories, value_function, value_functions
from ..methods.normalise import normalise_intervals
from .reader import Problem, Result, column_values, partial_intervals, partial_values, ranges, three_tables

ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
SIMULATION_DRAWS = 100_000


def wsm(problem: Problem) -> Result:
    """scores, one_minus_scores, ranks, contributions, best (0-based)."""
    values, warnings = partial_values(problem, "none")
    done = additive.weighted_sum(values, problem.weights(values.shape[1]), normalise=False)
    result: Result = {
        "scores": done.scores,
        "one_minus_scores": 1 - done.scores,
        "ranks": done.ranks,
        "contributions": done.contributions,
        "best": int(np.argmin(done.ranks)),
    }
    if warnings:
        result["warnings"] = warnings
    return result


def mavt(problem: Problem) -> Result:
    """As wsm, with partial_values and differences to the first alternative listed.

    With missing cells or intervals as cells, scores become intervals: scores_low, scores_high, completeness, and
    scores in the middle.
    """
    if "partial_values" in problem:
        lows, highs = partial_intervals(problem)
        values = np.where(lows == highs, lows, np.nan)
    else:
        values, _ = partial_values(problem, "none", missing=True)
        low, high = ranges(problem, values.shape[1])
        lows, highs = (np.where(np.isnan(values), end, values) for end in (low, high))
    weights = problem.weights(values.shape[1])
    result: Result = {"partial_values": values}
    if np.isnan(values).any():
        return result | _interval_result(lows, highs, weights, problem)
    done = additive.weighted_sum(values, weights, normalise=False)
    result |= {
        "scores": done.scores,
        "ranks": done.ranks,
        "contributions": done.contributions,
        "best": int(np.argmin(done.ranks)),
        "score_of_first": done.scores[0],
        "contribution_first_first": done.contributions[0, 0],
    }
    for name, score in zip(ORDINALS, done.scores[1:], strict=False):
        result[f"first_minus_{name}"] = done.scores[0] - score
    return result


def _interval_result(low: Array, high: Array, weights: Array, problem: Problem) -> Result:
    caution = problem.number("caution", 0.0, low=0, high=1)
    done = additive.score_intervals(low, high, weights, caution=caution, normalise=False)
    return {
        "scores_low": done.low,
        "scores_high": done.high,
        "scores": done.point,
        "completeness": done.completeness,
        "best_ranks": done.best_rank,
        "worst_ranks": done.worst_rank,
    }


def values_of(problem: Problem) -> Result:
    """values: one list per evaluation {"function": …, "x": […]}; null for what the function does not know."""
    result = []
    for i, item in enumerate(checks.sequence(problem.need("evaluations"), "evaluations"), 1):
        if not isinstance(item, dict):
            raise BadProblem(f"Evaluation {i} must be an object with a function and x.")
        function = value_function(item.get("function"), f"Evaluation {i}, function")
        cells = checks.sequence(item.get("x"), f"Evaluation {i}, x")
        result.append(column_values(function, list(cells), f"Evaluation {i}"))
    return {"values": result}


def interval_wsm(problem: Problem) -> Result:
    """scores_low, scores_mode (with a mode and no missing cell), scores_high, best_ranks, worst_ranks, completeness."""
    if problem.get("normalization") == "sum_per_draw":
        return triangular(problem)
    if "low" not in problem and "high" not in problem:
        return mavt(problem)
    low, mode, high = three_tables(problem)
    n, complete = low.shape[1], not np.isnan(low).any()
    if "value_functions" in problem:
        low, mode, high = _valued_intervals(problem, low, mode, high)
    else:
        kind = problem.text("normalization", "none")
        low, mode, high = normalise_intervals(low, mode, high, problem.benefit(n), kind, problem.bounds(n))
    weights = problem.weights(n)
    result = _interval_result(low, high, weights, problem)
    if mode is not None and complete:
        done = additive.weighted_sum(mode, weights, normalise=False)
        result |= {"scores_mode": done.scores, "ranks": done.ranks}
    return result


def _valued_intervals(
    problem: Problem, low: Array, mode: Array | None, high: Array
) -> tuple[Array, Array | None, Array]:
    functions = value_functions(problem.get("value_functions"), low.shape[1])
    least, most = np.empty_like(low), np.empty_like(low)
    middle = np.empty_like(low) if mode is not None else None
    for j, function in enumerate(functions):
        if isinstance(function, Categories):
            raise BadProblem(f"Value function {j + 1}: a lookup table has no interval of numbers.")
        for i in range(len(low)):
            missing = np.isnan(low[i, j])
            ends = function.range() if missing else function.interval(float(low[i, j]), float(high[i, j]))
            least[i, j], most[i, j] = ends
        if middle is not None and mode is not None:
            middle[:, j] = function.points(mode[:, j])
    return least, middle, most


def triangular(problem: Problem) -> Result:
    """Mean scores (scores, mean_scores) of simulated triangular cells, spread, ranks and shares of first places."""
    low, mode, high = three_tables(problem)
    if mode is None:
        raise BadProblem("The input has no mode (most likely values).")
    if np.isnan(low).any():
        i, j = np.argwhere(np.isnan(low))[0]
        raise BadProblem(f"low, row {i + 1}, value {j + 1} is null: sums of each draw need all cells.")
    draws = problem.whole("draws", SIMULATION_DRAWS, low=1, high=10_000_000)
    if draws * len(low) > 50_000_000:
        raise BadProblem("That many draws of so many alternatives do not fit into memory; ask for fewer.")
    benefit, weights = problem.benefit(low.shape[1]), problem.weights(low.shape[1])
    seed = problem.whole("seed", -1, low=0, high=2**53) if "seed" in problem else None
    if seed is None:
        seed = seed_of(["triangular", draws, low, mode, high, benefit.astype(np.float64), weights])
    done = simulation.triangular_simulation(low, mode, high, benefit, weights, draws=draws, seed=seed)
    return {
        "scores": done.mean,
        "mean_scores": done.mean,
        "sd_scores": done.sd,
        "scores_p5": done.low,
        "scores_p95": done.high,
        "ranks": done.ranks,
        "first_place_shares": done.first,
        "draws": done.draws,
        "seed": f"{done.seed:x}",
    }


def weight_stability(problem: Problem) -> Result:
    """scores, best (0-based), intervals, and who takes over below and above (0-based or null).

    With `pairs` also what weight_sensitivity_ts says of them.
    """
    values, _ = partial_values(problem, "none")
    weights = problem.weights(values.shape[1])
    done = stability.weight_stability(values, weights)
    changes = weight_sensitivity(problem) if "pairs" in problem else {}
    return {
        **changes,
        "scores": values @ weights,
        "best": done.best,
        "intervals": done.intervals,
        "weights": done.current,
        "challengers_below": done.below,
        "challengers_above": done.above,
    }


def weight_sensitivity(problem: Problem) -> Result:
    """scores, pairs (0-based) and percentage_changes per pair and criterion, null where impossible."""
    values, _ = partial_values(problem, "none")
    weights = problem.weights(values.shape[1])
    count = len(values)
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
    if "pairs" in problem:
        said = checks.matrix(problem.get("pairs"), "pairs", None, 2)
        if np.any(said != said.round()):
            raise BadProblem("pairs must be whole numbers.")
        pairs = [(int(a), int(b)) for a, b in said]
    elif count > 200:
        raise BadProblem("Name the pairs: there are too many alternatives for all of them.")
    raw = checks.vector(problem.need("weights"), "weights", values.shape[1])
    changes = stability.equalising_changes(values, raw, pairs)
    scores = values @ weights
    return {"scores": scores, "pairs": pairs, "percentage_changes": changes}
