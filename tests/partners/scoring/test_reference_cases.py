"""Published or exact results, reproduced. The cases carry their citations; see reference_cases.json."""

import json
from pathlib import Path

import numpy as np
import pytest

from partners.scoring.aggregate import aggregate, competition_ranks
from partners.scoring.value_functions import Linear, Piecewise

CASES = {
    case["id"]: case
    for case in json.loads((Path(__file__).parent / "reference_cases.json").read_text(encoding="utf-8"))[
        "cases"
    ]
}


def function(spec):
    if spec["type"] == "linear":
        rising = spec["direction"] == "increasing"
        worst, best = (spec["low"], spec["high"]) if rising else (spec["high"], spec["low"])
        return Linear(worst, best, top=1, extrapolate=spec.get("out_of_range") == "extrapolate")
    return Piecewise(tuple(spec["x"]), tuple(spec["y"]), extrapolate=spec["out_of_range"] == "extrapolate")


def weighted(values, weights):
    """Scores on the 0-1 scale the cases use, through the engine's 0-100 aggregation."""
    values = np.asarray(values) * 100
    return aggregate(values, values, np.ones_like(values), np.asarray(weights) * 100)


def test_piecewise_values_with_clipping_and_extrapolation():
    case = CASES["value-functions-smaa-pvf"]
    for evaluation, expected in zip(case["input"]["evaluations"], case["expected"]["values"], strict=True):
        found = function(evaluation["function"]).points(evaluation["x"])
        np.testing.assert_allclose(found, expected, atol=case["tolerance"]["values"])


def test_partial_values_of_the_transport_example():
    case = CASES["mavt-uta-transport-partials"]
    columns = np.asarray(case["input"]["matrix"], dtype=float).T
    functions = [function(spec) for spec in case["input"]["value_functions"]]
    found = np.column_stack([f.points(column) for f, column in zip(functions, columns, strict=True)])
    np.testing.assert_allclose(found, case["expected"]["partial_values"], atol=1e-12)


def test_benefit_risk_scores_and_contributions():
    case = CASES["mavt-nemeroff-deterministic"]
    columns = np.asarray(case["input"]["matrix"], dtype=float).T
    functions = [function(spec) for spec in case["input"]["value_functions"]]
    values = np.column_stack([f.points(column) for f, column in zip(functions, columns, strict=True)])
    scores = weighted(values, np.full(4, 0.25))
    point = scores.point / 100
    assert point[0] == pytest.approx(case["expected"]["score_of_first"], abs=6e-4)
    assert scores.contributions[0, 0] / 100 == pytest.approx(
        case["expected"]["contribution_first_first"], abs=6e-5
    )
    assert point[0] - point[1] == pytest.approx(case["expected"]["first_minus_second"], abs=6e-4)
    assert point[0] - point[2] == pytest.approx(case["expected"]["first_minus_third"], abs=6e-4)


def test_fixed_bounds_scores_of_the_car_example():
    case = CASES["wsm-spotis-dezert2020"]
    columns = np.asarray(case["input"]["matrix"], dtype=float).T
    values = np.column_stack(
        [
            Linear(*(bounds if kind == "max" else bounds[::-1]), top=1).points(column)
            for column, bounds, kind in zip(
                columns, case["input"]["bounds"], case["input"]["types"], strict=True
            )
        ]
    )
    point = weighted(values, case["input"]["weights"]).point / 100
    np.testing.assert_allclose(1 - point, case["expected"]["one_minus_scores"], atol=6e-4)
    assert competition_ranks(point).tolist() == case["expected"]["ranks"]


def test_score_intervals_of_the_route_selection():
    case = CASES["interval-hodgett2014-mare"]
    low, mode, high = (np.asarray(case["input"][key], dtype=float) for key in ("low", "mode", "high"))
    top = high.max(axis=0)
    scores = aggregate(
        low / top * 100, high / top * 100, np.ones_like(low), np.asarray(case["input"]["weights"]) * 100
    )
    np.testing.assert_allclose(scores.low / 100, case["expected"]["scores_low"], atol=6e-5)
    np.testing.assert_allclose(scores.high / 100, case["expected"]["scores_high"], atol=6e-5)
    modes = weighted(mode / top, case["input"]["weights"]).point / 100
    np.testing.assert_allclose(modes, case["expected"]["scores_mode"], atol=6e-5)


@pytest.mark.parametrize("case_id", ["weight-stability-triantaphyllou-data", "wsm-badi2018-steel-suppliers"])
def test_weighted_sums_and_ranks(case_id):
    case = CASES[case_id]
    if "partial_values" in case["input"]:
        values = np.asarray(case["input"]["partial_values"], dtype=float)
    else:  # the paper's own normalisation, which the product never uses
        raw, benefit = (
            np.asarray(case["input"]["matrix"], dtype=float),
            np.asarray(case["input"]["types"]) == "max",
        )
        values = np.where(benefit, raw / raw.max(axis=0), raw.min(axis=0) / raw)
    weights = np.asarray(case["input"]["weights"], dtype=float)
    point = weighted(values, weights / weights.sum()).point / 100
    np.testing.assert_allclose(point, case["expected"]["scores"], atol=1e-8)
    if "ranks" in case["expected"]:
        assert competition_ranks(point).tolist() == case["expected"]["ranks"]
