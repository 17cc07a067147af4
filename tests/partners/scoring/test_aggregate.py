import math

import numpy as np
import pytest

from partners.scoring.aggregate import aggregate, competition_ranks, insufficient, rank_bounds, separable


def test_scores_contributions_and_coverage_of_a_small_matrix():
    scores = aggregate([[50, 0], [20, 80]], [[50, 100], [40, 80]], [[1, 0], [1, 1]], [60, 40])
    assert scores.low.tolist() == pytest.approx([30, 44])
    assert scores.high.tolist() == pytest.approx([70, 56])
    assert scores.point.tolist() == pytest.approx([50, 50])
    assert scores.coverage.tolist() == [60, 100]
    np.testing.assert_allclose(scores.contributions, [[30, 20], [18, 32]])


@pytest.mark.parametrize(("caution", "expected"), [(0, 50), (0.5, 40), (1, 30)])
def test_caution_moves_the_point_from_the_middle_to_the_worst_case(caution, expected):
    scores = aggregate([[50, 0]], [[50, 100]], [[1, 0]], [60, 40], caution=caution)
    assert scores.point[0] == pytest.approx(expected)
    assert scores.contributions.sum() == pytest.approx(expected)


def test_no_partners_give_empty_arrays():
    scores = aggregate([], [], [], [60, 40])
    assert scores.point.shape == (0,)
    assert scores.contributions.shape == (0, 2)


@pytest.mark.parametrize(
    ("low", "high", "known", "weights", "caution", "message"),
    [
        ([[1, 2, 3]], [[1, 2, 3]], [[1, 1, 1]], [60, 40], 0, "2 columns"),
        ([[1, 2]], [[1, 2], [3, 4]], [[1, 1]], [60, 40], 0, "one row per partner"),
        ([[math.nan, 2]], [[1, 2]], [[1, 1]], [60, 40], 0, "not a finite"),
        ([[3, 2]], [[1, 2]], [[1, 1]], [60, 40], 0, "above its high"),
        ([[1, 2]], [[1, 2]], [[1, 1]], [-60, 40], 0, "0 or more"),
        ([[1, 2]], [[1, 2]], [[1, 1]], [], 0, "one row of numbers"),
        ([[1, 2]], [[1, 2]], [[1, 1]], [60, 40], 1.5, "Caution runs"),
        ([[1, 2]], [[1, 2]], [[1, 1]], [60, 40], math.nan, "Caution runs"),
    ],
)
def test_bad_input_is_refused(low, high, known, weights, caution, message):
    with pytest.raises(ValueError, match=message):
        aggregate(low, high, known, weights, caution=caution)


def test_ties_share_the_smallest_rank():
    assert competition_ranks([70, 80, 70 + 1e-12, 60]).tolist() == [2, 1, 2, 4]
    assert competition_ranks([]).tolist() == []


def test_rank_bounds_count_who_is_surely_above_and_below():
    best, worst = rank_bounds([77.95, 75.40, 59.40], [77.95, 75.40, 83.40])
    assert best.tolist() == [1, 2, 1]
    assert worst.tolist() == [2, 3, 3]


def test_rank_bounds_of_equal_partners_leave_every_place_open():
    best, worst = rank_bounds([50, 50, 50], [50, 50, 50])
    assert best.tolist() == [1, 1, 1]
    assert worst.tolist() == [3, 3, 3]


def test_rank_bounds_ignore_the_noise_of_the_last_bits():
    best, worst = rank_bounds([50, 50 + 1e-12], [50, 50 + 1e-12])
    assert (best.tolist(), worst.tolist()) == ([1, 1], [2, 2])


def test_touching_intervals_are_not_separable():
    assert separable(60, 70, 40, 59)
    assert separable(40, 59, 60, 70)
    assert not separable(60, 70, 40, 60)
    assert not separable(50, 50, 50, 50)


def test_coverage_at_the_threshold_is_sufficient():
    assert insufficient([59.9, 60.0, 60.0 - 1e-12], 60).tolist() == [True, False, False]
    with pytest.raises(ValueError, match="least coverage"):
        insufficient([1], 120)
