"""Problems of robustness: SMAA-2, exact winning indices, score distributions over weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..methods import checks, exact
from ..methods.checks import Array, BadProblem, kind_of
from ..methods.functions import Numeric, value_functions
from ..methods.measurements import Cell, Criterion, certain, criteria_of, spread
from ..methods.normalise import normalise_intervals
from ..methods.smaa import DRAWS, rank_range
from ..methods.smaa import smaa as run_smaa
from ..methods.spaces import Box, DirichletAround, Fixed, Ordinal, Uniform, WeightSpace, around
from .reader import Problem, Result, partial_intervals, partial_values, ranges, three_tables

SMALL = 400  # alternatives × criteria up to which ten times more draws are taken when none are asked for
NAMED_CELLS = 64  # alternatives × criteria up to which single rows and cells have names of their own
LARGEST_DRAWS = 10_000_000
LARGEST_WORK = 5_000_000_000  # draws × alternatives
WORKERS = 2
EXACT_ALTERNATIVES = 3_000


def weight_space(said: object, criteria: Sequence[str]) -> WeightSpace:
    """uniform_simplex, ordinal (order), interval (low, high), box (weights, percent), dirichlet, fixed."""
    n = len(criteria)
    if said is None:
        return Uniform(n)
    if not isinstance(said, dict):
        raise BadProblem(f"weight_space must be an object with a type, not {kind_of(said)}.")
    spec, kind = Problem(said, "weight_space"), said.get("type")
    if kind == "uniform_simplex":
        return Uniform(n)
    if kind == "ordinal":
        return Ordinal(n, _tiers(spec.need("order"), criteria))
    if kind == "interval":
        return Box(*_interval(spec, n), names=criteria)
    if kind in ("fixed", "box", "dirichlet"):
        weights = checks.weights(checks.vector(spec.need("weights"), "weight_space, weights", n), n)
        if kind == "fixed":
            return Fixed(weights)
        if kind == "box":
            spec.need("percent")
            return around(weights, spec.number("percent", 0.0, low=0, high=1e6), criteria)
        spec.need("kappa")
        return DirichletAround(weights, checks.number(spec.get("kappa"), "kappa", above=0, high=1e9))
    shown = f"“{kind}”" if isinstance(kind, str) else kind_of(kind)
    raise BadProblem(
        f"Unknown weight space {shown}; known are uniform_simplex, ordinal, interval, box, dirichlet, fixed."
    )


def _tiers(order: object, criteria: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    tiers = []
    for item in checks.sequence(order, "weight_space, order"):
        entries = checks.sequence(item, "weight_space, order") if isinstance(item, list) else [item]
        tiers.append(tuple(_criterion(entry, criteria) for entry in entries))
    return tuple(tiers)


def _criterion(entry: object, criteria: Sequence[str]) -> int:
    if isinstance(entry, str) and entry in criteria:
        return list(criteria).index(entry)
    return checks.whole(entry, "weight_space, order", low=0, high=len(criteria) - 1)


def _interval(spec: Problem, n: int) -> tuple[Array, Array]:
    pairs = next((spec.get(key) for key in ("bounds", "intervals") if key in spec), None)
    if pairs is not None:
        both = checks.matrix(pairs, "weight_space, bounds", n, 2, missing=True)
    else:
        empty: list[object] = [None] * n
        sides = [spec.get("low") or empty, spec.get("high") or empty]
        both = checks.matrix(sides, "weight_space, low and high", 2, n, missing=True).T
    return np.where(np.isnan(both[:, 0]), 0.0, both[:, 0]), np.where(np.isnan(both[:, 1]), 1.0, both[:, 1])


def _criteria(problem: Problem) -> list[Criterion]:
    """The facts of a SMAA problem, in whichever of the documented forms they come."""
    if "measurements" in problem:
        columns = checks.sequence(problem.get("measurements"), "measurements")
        n = len(columns)
        rows = next((len(c) for c in columns if isinstance(c, list) and c), None)
        if "alternatives" in problem:
            rows = len(checks.sequence(problem.get("alternatives"), "alternatives"))
        if rows is None:
            relative = columns[0].get("relative_mu") if isinstance(columns[0], dict) else None
            rows = len(checks.sequence(relative, "measurements, relative_mu"))
        functions = (
            value_functions(problem.get("value_functions"), n) if "value_functions" in problem else None
        )
        problem.names("criteria", n)
        return criteria_of(columns, rows, functions, problem.benefit(n))
    if "partial_values" in problem:
        return _partial(problem)
    if "low" in problem and "high" in problem:
        return _three(problem)
    values, _ = partial_values(problem, "minmax", missing=True)
    low, high = ranges(problem, values.shape[1])
    unknown = np.isnan(values)
    return spread(np.where(unknown, low, values), np.where(unknown, high, values))


def _partial(problem: Problem) -> list[Criterion]:
    lows, highs = partial_intervals(problem)
    return spread(lows, highs) if np.any(lows < highs) else certain(lows)


def _three(problem: Problem) -> list[Criterion]:
    """Low and high tables: uniform in between, triangular where a mode is given."""
    low, mode, high = three_tables(problem)
    n, unknown = low.shape[1], np.isnan(low)
    functions = value_functions(problem.get("value_functions"), n) if "value_functions" in problem else None
    if functions is None:
        kind = problem.text("normalization", "minmax")
        low, mode, high = normalise_intervals(low, mode, high, problem.benefit(n), kind, problem.bounds(n))
        if mode is None:
            return spread(low, high)

    def cell(i: int, j: int) -> dict[str, object] | None:
        if unknown[i, j] and functions is not None:
            return None
        ends: dict[str, object] = {"low": float(low[i, j]), "high": float(high[i, j])}
        if mode is None or unknown[i, j]:
            return {"dist": "uniform", **ends}
        return {"dist": "triangular", **ends, "mode": float(mode[i, j])}

    columns = [[cell(i, j) for i in range(len(low))] for j in range(n)]
    return criteria_of(columns, len(low), functions, np.ones(n, dtype=np.bool_))


def smaa(problem: Problem) -> Result:
    """rank_acceptability, pairwise_winning, central_weights, confidence_factors and how they were drawn."""
    criteria = _criteria(problem)
    count, n = len(criteria[0].base), len(criteria)
    names = problem.names("alternatives", count)
    space = weight_space(problem.get("weight_space"), problem.names("criteria", n))
    draws = problem.whole("draws", DRAWS * (10 if count * n <= SMALL else 1), low=1, high=LARGEST_DRAWS)
    if draws * count > LARGEST_WORK:
        raise BadProblem(f"{draws} draws of {count} alternatives would take too long; ask for fewer draws.")
    done = run_smaa(
        criteria,
        space,
        draws=draws,
        seed=_seed(problem.get("seed")),
        ids=names if "alternatives" in problem else None,
        top=problem.whole("top", 1, low=1, high=count) if "top" in problem else None,
        workers=WORKERS,
        confidence=True,
    )
    result: Result = {"rank_acceptability": done.acceptability}
    if done.pairwise is not None:
        result["pairwise_winning"] = done.pairwise
    result["central_weights"] = [[None] * n if math.isnan(row[0]) else row for row in done.central]
    if done.confidence is not None:
        result["confidence_factors"] = done.confidence
    if done.acceptability.shape[1] == count:
        result["rank_ranges"] = rank_range(done.acceptability)
    if count * n <= NAMED_CELLS:
        result |= {f"rank_acceptability_row{i}": row for i, row in enumerate(done.acceptability)}
        result |= {f"central_weights_{i}_{j}": done.central[i, j] for i in range(count) for j in range(n)}
    result |= {"draws": done.draws, "seed": f"{done.seed:x}", "pairwise_exact": done.pairwise_exact}
    result["numpy"] = np.__version__
    return result


def _seed(said: object) -> int | None:
    if said is None:
        return None
    if isinstance(said, str):
        try:
            return (
                int(said, 16)
                if 0 < len(said) <= 64 and said.isalnum()
                else checks.whole(said, "seed", low=0, high=0)
            )
        except ValueError:
            raise BadProblem(
                "seed must be a whole number or the hexadecimal text of an earlier result."
            ) from None
    return checks.whole(said, "seed", low=0, high=2**53)


def pairwise_exact(problem: Problem) -> Result:
    """pairwise_winning in closed form, for uniform_simplex, fully ordered or fixed weights."""
    values, _ = partial_values(problem, "minmax")
    if len(values) > EXACT_ALTERNATIVES:
        raise BadProblem(f"{len(values)} alternatives have too many pairs; {EXACT_ALTERNATIVES} at most.")
    space = weight_space(problem.get("weight_space"), problem.names("criteria", values.shape[1]))
    if isinstance(space, Fixed):
        scores = values @ space.weights
        above = scores[:, None] - scores[None, :] > 1e-9 * max(float(np.abs(values).max()), 1e-300)
        return {"pairwise_winning": above.astype(np.float64)}
    return {"pairwise_winning": exact.pairwise_winning(values, _order(space))}


def _order(space: WeightSpace) -> list[int] | None:
    if isinstance(space, Uniform):
        return None
    if isinstance(space, Ordinal) and space.full_order is not None:
        return space.full_order
    raise BadProblem("The closed form is for uniform_simplex or fully ordered weights; use the family smaa.")


def distribution(problem: Problem) -> Result:
    """score_low and score_high over the weight space, and for uniform weights mean, sd and cdf at `thresholds`."""
    values, _ = partial_values(problem, "minmax")
    space = weight_space(problem.get("weight_space"), problem.names("criteria", values.shape[1]))
    if isinstance(space, Box):
        low, high = exact.score_bounds(values, low=space.low, high=space.high)
        return {"score_low": low, "score_high": high}
    if isinstance(space, DirichletAround):
        spread_ = exact.dirichlet_distribution(values, space.kappa * space.weights)
        return {"mean": spread_.mean, "sd": spread_.sd}
    if isinstance(space, Fixed):
        return _certain(problem, values @ space.weights)
    order = _order(space)
    low, high = exact.score_bounds(values, order=order)
    vertices = values if order is None else exact.ordered_vertices(values, order)
    moments = exact.dirichlet_distribution(vertices)
    result: Result = {"score_low": low, "score_high": high, "mean": moments.mean, "sd": moments.sd}
    if "thresholds" in problem:
        result["cdf"] = exact.score_cdf(values, checks.vector(problem.get("thresholds"), "thresholds"), order)
    return result


def _certain(problem: Problem, scores: Array) -> Result:
    """What fixed weights leave of a distribution: one score each."""
    result: Result = {"score_low": scores, "score_high": scores, "mean": scores, "sd": np.zeros_like(scores)}
    if "thresholds" in problem:
        at = checks.vector(problem.get("thresholds"), "thresholds")
        noise = 1e-12 * np.maximum(np.abs(scores), 1.0)
        result["cdf"] = (scores[:, None] <= at[None, :] + noise[:, None]).astype(np.float64)
    return result


__all__ = ["Cell", "Numeric", "distribution", "pairwise_exact", "smaa", "weight_space"]
