import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.scoring.value_functions import Linear, Lookup, Piecewise

finite = st.floats(-1e6, 1e6, allow_nan=False)


def test_linear_ascending_runs_from_worst_to_best_and_clips_outside():
    otif = Linear(worst=70, best=98)
    assert [otif.at(x) for x in (60, 70, 84, 98, 120)] == [0, 0, 50, 100, 100]


def test_linear_descending_gives_the_lower_value_more_points():
    price = Linear(worst=1_500_000, best=1_000_000)
    assert [price.at(x) for x in (900_000, 1_000_000, 1_250_000, 1_500_000, 2e6)] == [100, 100, 50, 0, 0]


def test_linear_extrapolates_when_asked():
    assert Linear(0, 10, top=1, extrapolate=True).at(15) == pytest.approx(1.5)


def test_piecewise_bends_at_its_points():
    ppm = Piecewise((10, 100, 500), (100, 80, 50))
    assert [ppm.at(x) for x in (1, 10, 55, 100, 300, 500, 900)] == [100, 100, 90, 80, 65, 50, 50]


def test_piecewise_given_falling_x_is_the_same_function():
    assert Piecewise((500, 100, 10), (50, 80, 100)) == Piecewise((10, 100, 500), (100, 80, 50))


def test_piecewise_interval_of_a_hump_includes_the_top_inside():
    hump = Piecewise((0, 5, 10), (0, 100, 0))
    assert hump.interval(4, 7) == (60, 100)
    assert hump.interval(6, 7) == (60, 80)


def test_descending_interval_stays_in_order():
    assert Linear(worst=100, best=0).interval(20, 50) == (50, 80)


def test_lookup_returns_points_or_none_for_an_unknown_category():
    outcome = Lookup({"nai": 100, "vai": 80, "oai": 20})
    assert (outcome.at("vai"), outcome.at("pending")) == (80, None)
    assert outcome.interval(["oai", "nai", "pending"]) == (20, 100)
    assert outcome.interval(["pending"]) is None


@pytest.mark.parametrize("anchors", [(5, 5), (0, 0)])
def test_equal_anchors_are_refused(anchors):
    with pytest.raises(ValueError, match="must differ"):
        Linear(*anchors)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ((0, 1, 1), (0, 1, 2), "strictly"),
        ((0, 2, 1), (0, 1, 2), "strictly"),
        ((0,), (0,), "at least two"),
        ((0, 1), (0,), "at least two"),
        ((0, math.nan), (0, 1), "finite"),
        ((0, 1), (0, math.inf), "finite"),
    ],
)
def test_a_malformed_piecewise_function_is_refused(x, y, message):
    with pytest.raises(ValueError, match=message):
        Piecewise(x, y)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        Linear(0, 1).at(value)
    with pytest.raises(ValueError, match="finite"):
        Linear(0, 1).points([0.5, value])


def test_an_interval_upside_down_is_refused():
    with pytest.raises(ValueError, match="upside down"):
        Linear(0, 1).interval(1, 0)


def test_an_empty_lookup_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        Lookup({})


@given(worst=finite, best=finite, a=finite, b=finite)
def test_linear_is_monotone_and_bounded(worst, best, a, b):
    if abs(worst - best) < 1e-6:
        return
    function = Linear(worst, best)
    toward_best = (a <= b) == (worst < best)
    low, high = (a, b) if toward_best else (b, a)
    assert 0 <= function.at(low) <= function.at(high) + 1e-9 <= 100 + 1e-9


@given(a=finite, b=finite, share=st.floats(0, 1))
def test_interval_holds_the_points_of_every_value_inside(a, b, share):
    function = Piecewise((-100, 0, 40, 3000), (10, 90, 30, 60))
    low, high = sorted((a, b))
    inside = min(high, low + share * (high - low))
    least, most = function.interval(low, high)
    assert least - 1e-9 <= function.at(inside) <= most + 1e-9


@given(values=st.lists(finite, min_size=1, max_size=20), extrapolate=st.booleans())
def test_the_array_form_equals_the_single_form(values, extrapolate):
    function = Piecewise((-100, 0, 40, 3000), (10, 90, 30, 60), extrapolate)
    np.testing.assert_allclose(
        function.points(values), [function.at(v) for v in values], rtol=1e-12, atol=1e-9
    )
