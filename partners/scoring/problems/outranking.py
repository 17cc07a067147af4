"""Problems of the cross-check methods: TOPSIS, VIKOR, PROMETHEE II, and how far rankings agree."""

from __future__ import annotations

from ..methods import checks, crosscheck
from ..methods.additive import weighted_sum
from ..methods.checks import BadProblem, kind_of
from ..methods.normalise import normalise_table
from ..methods.promethee import Preference
from ..methods.promethee import promethee as run_promethee
from ..methods.topsis import topsis as run_topsis
from ..methods.vikor import vikor as run_vikor
from .reader import Problem, Result


def topsis(problem: Problem) -> Result:
    """scores (closeness), ranks, distances to the best and the worst."""
    x = problem.table("matrix")
    n = x.shape[1]
    kind = problem.text("normalization", "vector")
    done = run_topsis(x, problem.benefit(n), problem.weights(n), kind, problem.bounds(n))
    return {
        "scores": done.scores,
        "ranks": done.ranks,
        "distance_to_best": done.to_best,
        "distance_to_worst": done.to_worst,
    }


def vikor(problem: Problem) -> Result:
    """S, R, Q, ranks, acceptable_advantage, acceptable_stability, compromise_set (0-based)."""
    x = problem.table("matrix")
    n = x.shape[1]
    done = run_vikor(x, problem.benefit(n), problem.weights(n), problem.number("v", 0.5, low=0, high=1))
    return {
        "S": done.s,
        "R": done.r,
        "Q": done.q,
        "ranks": done.ranks,
        "acceptable_advantage": done.advantage,
        "acceptable_stability": done.stability,
        "compromise_set": done.compromise,
    }


def preferences(problem: Problem, n: int) -> list[Preference]:
    """One preference function per criterion; one object counts for all, none means usual."""
    said = problem.get("preference")
    if said is None:
        return [Preference()] * n
    items = [said] * n if isinstance(said, dict) else list(checks.sequence(said, "preference"))
    if len(items) != n:
        raise BadProblem(f"There are {len(items)} preference functions for {n} criteria.")
    result = []
    for j, item in enumerate(items, 1):
        name = f"Preference function {j}"
        if not isinstance(item, dict):
            raise BadProblem(f"{name} must be an object with a type, not {kind_of(item)}.")
        kind = item.get("type")
        if not isinstance(kind, str):
            raise BadProblem(f"{name} has no type.")
        wanted = {"u_shape": "q", "v_shape": "p", "level": "qp", "linear": "qp", "gaussian": "s"}.get(
            kind, ""
        )
        numbers = {key: checks.number(item.get(key), f"{name}, {key}") for key in wanted}
        try:
            result.append(Preference(kind, **numbers))
        except BadProblem as error:
            raise BadProblem(f"{name}: {error}") from None
    return result


def promethee2(problem: Problem) -> Result:
    """phi, phi_plus, phi_minus, phi_sum, ranks, and pi for up to 300 alternatives."""
    x = problem.table("matrix")
    n = x.shape[1]
    done = run_promethee(x, problem.benefit(n), problem.weights(n), preferences(problem, n))
    result: Result = {
        "phi": done.phi,
        "phi_plus": done.phi_plus,
        "phi_minus": done.phi_minus,
        "phi_sum": done.phi * (len(x) - 1),
        "ranks": done.ranks,
    }
    if done.pi is not None:
        result["pi"] = done.pi
    return result


def cross_check(problem: Problem) -> Result:
    """Ranks by each method, and Kendall's tau-b and the overlap of the first k (default 3) with the weighted sum."""
    x = problem.table("matrix")
    n = x.shape[1]
    benefit, weights = problem.benefit(n), problem.weights(n)
    values = normalise_table(x, benefit, problem.text("normalization", "minmax"), problem.bounds(n)).values
    ranks = {
        "wsm": weighted_sum(values, weights, normalise=False).ranks,
        "topsis": run_topsis(x, benefit, weights).ranks,
        "vikor": run_vikor(x, benefit, weights, problem.number("v", 0.5, low=0, high=1)).ranks,
        "promethee2": run_promethee(x, benefit, weights, preferences(problem, n)).ranks,
    }
    k = problem.whole("k", 3, low=1, high=10**9)
    others = [name for name in ranks if name != "wsm"]
    return {
        "ranks": dict(ranks),
        "kendall_tau_b": {name: crosscheck.kendall_tau_b(ranks["wsm"], ranks[name]) for name in others},
        "top_overlap": {name: crosscheck.top_overlap(ranks["wsm"], ranks[name], k) for name in others},
    }
