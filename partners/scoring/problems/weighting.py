"""Problems of finding weights: by rank, by swing, by pairwise comparison, by hierarchy."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..methods import checks, rank_weights
from ..methods.ahp import FLAG_ABOVE, Judgement, judge
from ..methods.ahp_tree import Node, judge_tree
from ..methods.checks import BadProblem
from ..methods.ranks import competition_ranks
from .reader import Problem, Result

LARGEST_N = 100_000
METHOD_NAMES = {
    "rank_order_centroid": "roc",
    "rank_sum": "rs",
    "rank_reciprocal": "rr",
    "reciprocal": "rr",
    "rank_exponent": "re",
}


def by_rank(problem: Problem) -> Result:
    """weights, and weights_exact as fractions where the method is rational and n ≤ 60.

    Either n (positions, most important first) or ranks per criterion (ties allowed); method swing takes points.
    """
    said = problem.text("method", "roc").lower()
    method = METHOD_NAMES.get(said, said)
    if method == "swing":
        return swing(problem)
    if method not in rank_weights.METHODS:
        known = ", ".join((*rank_weights.METHODS, "swing"))
        raise BadProblem(f"Unknown method “{method}”; known are {known}.")
    exponent = problem.number("p", 1.0, low=0, high=100)
    if "ranks" in problem:
        ranks = checks.vector(problem.get("ranks"), "ranks")
        if "n" in problem and problem.whole("n", 0, low=1, high=LARGEST_N) != len(ranks):
            raise BadProblem(f"There are {len(ranks)} ranks, but n says {problem.get('n')}.")
        return {"weights": rank_weights.weights_from_ranks(ranks, method, exponent=exponent)}
    problem.need("n")
    n = problem.whole("n", 0, low=1, high=LARGEST_N)
    result: Result = {"weights": rank_weights.position_weights(method, n, exponent=exponent)}
    if method != "re" and n <= rank_weights.EXACT_LIMIT:
        result["weights_exact"] = [_fraction(w) for w in rank_weights.exact_weights(method, n)]
    return result


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}" if value.denominator != 1 else str(value.numerator)


def swing(problem: Problem) -> Result:
    """weights from points ≥ 0 for the swing of each criterion over its reference range."""
    key = "points" if "points" in problem else "weights"
    if key not in problem:
        raise BadProblem("The input has no points.")
    points = checks.vector(problem.get(key), key)
    if np.any(points < 0):
        raise BadProblem(f"{key}, value {int(np.argmax(points < 0)) + 1} is negative; points start at 0.")
    return {"weights": rank_weights.swing_weights(points)}


def _consistency(judgement: Judgement) -> Result:
    result: Result = {"lambda_max": judgement.lambda_max, "CI": judgement.ci}
    result |= {f"CR_{name}": ratio for name, ratio in judgement.ratios.items()}
    saaty = judgement.ratios["saaty1980"]
    result["consistent"] = None if saaty is None else saaty <= FLAG_ABOVE
    worst = judgement.worst
    result["most_inconsistent"] = (
        None
        if worst is None
        else {
            "pair": [worst.row, worst.column],
            "said": worst.said,
            "implied": worst.implied,
            "factor": worst.factor,
        }
    )
    if not judgement.reciprocal:
        result["warnings"] = ["The matrix is not reciprocal everywhere; both cells were used as given."]
    return result


def ahp(problem: Problem) -> Result:
    """weights, weights_geometric, lambda_max, CI, CR_<table>, consistent, most_inconsistent, ranks.

    null cells are comparisons nobody made; the completed matrix then comes with the result.
    """
    rows = len(checks.sequence(problem.need("matrix"), "matrix"))
    table = checks.matrix(problem.get("matrix"), "matrix", rows, rows, missing=True)
    problem.names("items", rows)
    judgement = judge(table, "The matrix")
    result: Result = {
        "weights": judgement.weights,
        "weights_geometric": judgement.geometric,
        "ranks": competition_ranks(judgement.weights),
        **_consistency(judgement),
    }
    if np.isnan(table).any():
        result["completed_matrix"] = judgement.matrix
    return result


def hierarchy(problem: Problem) -> Result:
    """criteria_weights, local_priorities, consistency of the root, scores, ranks, and every node in `nodes`."""
    size = (
        len(checks.sequence(problem.get("alternatives"), "alternatives"))
        if "alternatives" in problem
        else None
    )
    root = judge_tree(problem.need("tree"), size)
    problem.names("alternatives", len(root.priorities))
    _check_criteria_names(problem, root)
    return {
        "criteria_weights": root.judgement.weights,
        "local_priorities": [child.priorities for child in root.children],
        **_consistency(root.judgement),
        "scores": root.priorities,
        "ranks": competition_ranks(root.priorities),
        "nodes": [_node(node) for node in root.walk()],
    }


def _check_criteria_names(problem: Problem, root: Node) -> None:
    """Names, where given, are those of the uppermost criteria, of the lowest, or of all in the tree's order."""
    if "criteria" not in problem or not root.children:
        return
    below = root.walk()[1:]
    fitting = {len(root.children), len([node for node in below if not node.children]), len(below)}
    given = len(checks.sequence(problem.get("criteria"), "criteria"))
    if given not in fitting:
        known = ", ".join(str(size) for size in sorted(fitting))
        raise BadProblem(
            f"criteria has {given} names; the tree has {known} (uppermost, lowest or all criteria)."
        )
    problem.names("criteria", given)


def _node(node: Node) -> Result:
    return {
        "path": node.path,
        "global_weight": node.weight,
        "weights": node.judgement.weights,
        "priorities": node.priorities,
        **_consistency(node.judgement),
    }
