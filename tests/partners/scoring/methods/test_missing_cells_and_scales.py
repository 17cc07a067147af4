"""Missing cells in every documented form, categories as distributions, and numbers of any size."""

import numpy as np
import pytest

from partners.scoring.methods.ranks import competition_ranks
from partners.scoring.problems import BadProblem, solve

LEVELS = {"type": "lookup", "table": {"high": 1.0, "low": 0.0, "2": 0.4}}
FIXED = {"type": "fixed", "weights": [1.0]}


def first_places(column, **given):
    case = {"measurements": [column], "weight_space": FIXED, "draws": 20_000, "seed": 1, **given}
    return [row[0] for row in solve("smaa", case)["rank_acceptability"]]


def test_a_category_that_is_said_to_be_exact_counts_like_its_plain_name():
    plain = first_places(["high", "low"], value_functions=[LEVELS])
    exact = [{"dist": "exact", "value": c} for c in ("high", "low")]
    assert first_places(exact, value_functions=[LEVELS]) == plain == [1.0, 0.0]


def test_categories_with_probabilities_are_drawn_by_them():
    either = {"dist": "discrete", "values": ["high", "low"], "probabilities": [0.3, 0.7]}
    assert first_places([either, 2.0], value_functions=[LEVELS]) == pytest.approx([0.3, 0.7], abs=0.015)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ({"dist": "uniform", "low": 0, "high": 1}, "Criterion 1, alternative 1: under a lookup table"),
        ({"dist": "discrete", "values": ["hihg"]}, "“hihg” is not in the lookup table"),
        (["high"], "Criterion 1, alternative 1 must be a category, not a list"),
    ],
)
def test_what_a_lookup_table_cannot_value_is_named(cell, words):
    with pytest.raises(BadProblem, match=words):
        first_places([cell, "low"], value_functions=[LEVELS])


def test_a_missing_cost_is_as_uncertain_as_a_missing_benefit():
    benefit = first_places([0.2, None])
    assert benefit == pytest.approx([0.2, 0.8], abs=0.01)
    assert first_places([0.2, None], types=["min"]) == pytest.approx(benefit[::-1], abs=0.01)


def test_a_missing_cell_takes_the_whole_range_in_every_form_of_input():
    weights = [0.5, 0.5]
    expected = {"scores_low": [0.1, 0.5], "scores_high": [0.6, 0.5], "completeness": [0.5, 1.0]}

    def intervals(family, **given):
        found = solve(family, {"weights": weights, **given})
        return {key: pytest.approx(found[key]) for key in expected}

    tables = {"low": [[0.2, None], [1, 0]], "high": [[0.2, None], [1, 0]]}
    assert intervals("interval_wsm", **tables) == expected
    linear = {"type": "linear", "low": 0, "high": 10}
    raw = {key: [[2, None], [10, 0]] for key in ("low", "high")}
    assert intervals("interval_wsm", **raw, value_functions=[linear, linear]) == expected
    cells = {"partial_values": [[0.2, None], [1, 0]]}
    assert intervals("mavt", **cells) == expected
    assert intervals("interval_wsm", **cells) == expected
    assert intervals("mavt", partial_values=[[0.2, [0, 1]], [1, 0]]) == expected
    matrix = {"matrix": [[2, None], [10, 0]], "normalization": "minmax", "bounds": [[0, 10], [0, 10]]}
    assert intervals("mavt", **matrix) == expected
    for given in ({**tables, "normalization": "none"}, cells, matrix):
        found = solve(
            "smaa", {**given, "weight_space": {"type": "fixed", "weights": weights}, "draws": 9_000}
        )
        assert found["rank_acceptability"][0][0] == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"low": [[None]], "high": [[1]]}, "low and high, row 1, value 1: a missing cell is null in both"),
        ({"low": [[None]], "high": [[None]], "normalization": "max_ratio"}, "A missing cell needs"),
        ({"matrix": [[None]], "normalization": "none"}, "matrix, row 1, value 1 must be a number"),
    ],
)
def test_a_missing_cell_without_a_range_is_refused_by_name(given, words):
    with pytest.raises(BadProblem, match=words):
        solve("interval_wsm", {"weights": [1], **given})


def test_names_of_a_deep_hierarchy_fit_any_level_and_others_are_refused():
    pair = {"matrix": [[1, 3], [1 / 3, 1]]}
    tree = {**pair, "children": [{**pair, "children": [pair, pair]}, pair]}
    for names in (["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"]):
        assert solve("ahp_hierarchy", {"tree": tree, "criteria": names})["ranks"] == [1, 2]
    with pytest.raises(BadProblem, match="criteria has 5 names; the tree has 2, 3, 4"):
        solve("ahp_hierarchy", {"tree": tree, "criteria": list("abcde")})


def test_fixed_weights_leave_one_score_and_a_weight_of_zero_is_no_error():
    values = {"partial_values": [[1, 0], [0, 1]]}
    fixed = {"weight_space": {"type": "fixed", "weights": [3, 1]}, "thresholds": [0.7, 0.75]}
    found = solve("score_distribution", {**values, **fixed})
    assert found == {
        **{key: [0.75, 0.25] for key in ("score_low", "score_high", "mean")},
        "sd": [0, 0],
        "cdf": [[0, 1], [1, 1]],
    }
    around = {"type": "dirichlet", "weights": [1, 0], "kappa": 5}
    assert solve("score_distribution", {**values, "weight_space": around}) == {"mean": [1, 0], "sd": [0, 0]}


def test_scores_at_the_edge_of_rounding_are_equal():
    assert competition_ranks([0.1 * 3 + 5e-10, 0.3 + 5e-10]).tolist() == [1, 1]


@pytest.mark.parametrize("unit", [1e-10, 1.0, 1e10])
def test_no_method_depends_on_the_unit_of_its_numbers(unit):
    values = [[unit * 1.0, unit * 2.0], [unit * 3.0, unit * 1.0]]
    stable = solve("weight_stability", {"partial_values": values, "weights": [1, 1]})
    assert (stable["best"], stable["intervals"]) == (
        1,
        [pytest.approx([1 / 3, 1]), pytest.approx([0, 2 / 3])],
    )
    vikor = solve("vikor", {"matrix": values, "weights": [unit * 3, unit * 2], "normalize_weights": False})
    assert vikor["ranks"] == [2, 1]
    far = [[1e6 * unit, 5e-7 * unit], [1e6 * unit, 0.0]]
    assert solve("pairwise_winning_exact", {"partial_values": far})["pairwise_winning"] == [[0, 1], [0, 0]]


def test_weights_that_are_not_to_be_normalised_are_not_in_stability_either():
    case = {"partial_values": [[1, 2], [3, 1]], "weights": [2, 2], "normalize_weights": False}
    found = solve("weight_stability", case)
    assert found["scores"] == solve("wsm", case)["scores"] == [6, 8]
    assert found["weights"] == pytest.approx([0.5, 0.5])


def test_the_worst_comparison_is_one_that_somebody_made():
    nan, strong = None, 9
    matrix = [[1, strong, 1 / strong, nan], [nan, 1, strong, nan], [nan, nan, 1, 2], [nan, nan, nan, 1]]
    found = solve("ahp", {"matrix": matrix})
    row, column = found["most_inconsistent"]["pair"]
    assert found["consistent"] is False
    assert matrix[row][column] is not None
    assert np.array(found["completed_matrix"]).shape == (4, 4)
