"""Percentage changes of a weight that make two alternatives equal, against fractions of the numbers as written."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.scoring.aggregate import TIE
from partners.scoring.methods.stability import equalising_changes

NUMBERS = st.sampled_from([0.0, 0.1, 0.3, 1.0, 2.5, 3.0, 7.0, 1e6])
WEIGHTS = st.sampled_from([0.0, 1e-12, 1e-6, 0.1, 0.3, 1.0, 1e6])


def test_a_whole_weight_is_told_however_small_it_is_beside_the_others():
    values = [[5.0, 0.1, 3.0], [8.0, -0.9, 7.0]]
    (row,) = equalising_changes(values, [0.1, 0.3, 1e-12], [(0, 1)])  # 0.1 × 3 and 0.3 × −1 cancel
    assert row[2] == 100
    (row,) = equalising_changes([[5.0, 3.0], [5.0, 7.0]], [1.0, 1e-12], [(0, 1)])
    assert row == [None, 100]


@given(st.lists(st.tuples(NUMBERS, NUMBERS, WEIGHTS), min_size=2, max_size=5))
def test_changes_are_those_of_exact_fractions(rows):
    a, b, w = zip(*rows, strict=True)
    if not any(w):
        return
    parts = [Fraction(str(k)) * (Fraction(str(y)) - Fraction(str(x))) for x, y, k in rows]
    exact = [100 * sum(parts) / part if part else None for part in parts]
    (found,) = equalising_changes([list(a), list(b)], list(w), [(0, 1)])
    assert found == [None if e is None or e > 100 + Fraction(TIE) else pytest.approx(float(e)) for e in exact]
