import math

import pytest

from partners.scoring import check_weights, criteria_labels, default_weights, normalise
from partners.scoring.types import CRITERIA

EVEN = dict.fromkeys(CRITERIA, 10.0)


@pytest.mark.parametrize("stage", range(1, 9))
@pytest.mark.parametrize("profile", ["drug", "clinical", "device"])
def test_default_weights_cover_the_ten_criteria_and_add_up_to_100(stage, profile):
    weights = default_weights(stage, profile)
    assert list(weights) == list(CRITERIA)
    assert sum(weights.values()) == 100
    assert check_weights(weights) == weights


def test_phase_two_weights_are_the_published_row():
    assert list(default_weights(4).values()) == [18, 14, 12, 15, 10, 9, 8, 5, 5, 4]


def test_profiles_have_their_own_row_whatever_the_stage():
    assert default_weights(1, "device") == default_weights(7, "device")
    assert list(default_weights(3, "clinical").values()) == [18, 12, 14, 14, 12, 10, 10, 3, 2, 5]


@pytest.mark.parametrize("stage", [0, 9, -1])
def test_an_unknown_stage_is_refused(stage):
    with pytest.raises(ValueError, match=f"Unknown stage {stage}"):
        default_weights(stage)


def test_an_unknown_profile_is_refused():
    with pytest.raises(ValueError, match="Unknown profile"):
        default_weights(4, "food")
    with pytest.raises(ValueError, match="Unknown profile"):
        criteria_labels("food")


def test_labels_follow_the_profile():
    assert criteria_labels()["C3"] == CRITERIA["C3"]
    assert criteria_labels("clinical")["C3"] == "Countries, sites and patients"
    assert criteria_labels("device")["C5"] == "Tooling lead time and slot"


def test_a_weight_set_within_a_hundredth_is_scaled_to_exactly_100():
    checked = check_weights(EVEN | {"C1": 10.008})
    assert sum(checked.values()) == pytest.approx(100, abs=1e-12)
    assert checked["C1"] == pytest.approx(10.008 / 100.008 * 100)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"C1": 10.02}, "add up to 100.02, not to 100"),
        ({"C3": -1, "C1": 21}, "C3 Scale and capacity.* negative"),
        ({"C7": math.nan}, "C7 Cost is not a finite number"),
        ({"C7": math.inf}, "C7 Cost is not a finite number"),
        ({"C7": "much"}, "C7 Cost is not a number"),
        ({"C7": None}, "C7 Cost is not a number"),
        ({"C7": 1e308}, "C7 Cost is 1e.308; no weight is above 100"),
        ({"C11": 0}, "no criterion called C11"),
        (dict.fromkeys(CRITERIA, 0), "All weights are zero"),
    ],
)
def test_a_bad_weight_set_is_refused_with_the_criterion_named(change, message):
    with pytest.raises(ValueError, match=message):
        check_weights(EVEN | change)


def test_missing_criteria_are_named():
    with pytest.raises(ValueError, match=r"missing for C2 .*, C9 "):
        check_weights({code: w for code, w in EVEN.items() if code not in ("C2", "C9")})


def test_normalise_scales_points_to_100():
    assert normalise(EVEN | {"C1": 110.0})["C1"] == pytest.approx(55)
    assert normalise(dict.fromkeys(CRITERIA, 1e308)) == pytest.approx(EVEN)
    with pytest.raises(ValueError, match="All weights are zero"):
        normalise(dict.fromkeys(CRITERIA, 0))
