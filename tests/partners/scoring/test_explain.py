from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partners.scoring import (
    compare,
    default_weights,
    group_summary,
    questions,
    rank,
    rank_assessed,
    separation,
    shown,
    summary,
)
from partners.scoring.explain import largest_remainder, rounded
from partners.scoring.types import CRITERIA, Group, Rule
from tests.partners.scoring.builders import TODAY, assessment, brief, capability, need, partner, site

PHASE_2 = default_weights(4)
A = [90, 80, 70, 85, 60, 75, 55, 60, 70, 80]
B = [85, 85, 80, None, 75, None, 70, 70, 60, 75]
C = [70, 60, 90, 90, 80, 85, 90, 60, 80, 70]


@pytest.fixture
def ranking():
    cells = (
        assessment("A", A),
        assessment("B", B, unknowns=1),
        assessment("C", C),
        assessment("Thin", [50, *[None] * 9]),
        assessment("Out", C, fails=1),
        assessment("Far out", C, fails=2),
    )
    return rank_assessed(cells, PHASE_2, as_of=TODAY)


def test_printed_contributions_add_up_to_the_printed_score(ranking):
    for result in ranking.results:
        figures = shown(result)
        assert sum(figures.contributions.values()) == figures.score
        for code, exact in result.contributions.items():
            assert abs(float(figures.contributions[code]) - exact) < 0.1


@given(st.lists(st.floats(0, 30, allow_nan=False), min_size=1, max_size=12))
def test_largest_remainder_adds_up_and_moves_nothing_by_a_whole_step(values):
    cells = {str(i): v for i, v in enumerate(values)}
    total = rounded(sum(values))
    found = largest_remainder(cells, total)
    assert sum(found.values()) == total
    assert all(abs(float(found[key]) - value) <= 0.1 + 1e-9 for key, value in cells.items())


def test_largest_remainder_gives_the_missing_steps_to_the_largest_remainders():
    found = largest_remainder({"a": 1.04, "b": 1.07, "c": 1.09}, Decimal("3.2"))
    assert found == {"a": Decimal("1.0"), "b": Decimal("1.1"), "c": Decimal("1.1")}


def test_a_total_that_no_rounding_reaches_is_refused():
    with pytest.raises(ValueError, match=r"add up to 9\.0"):
        largest_remainder({"a": 1.0}, Decimal("9.0"))


def test_halves_are_rounded_up_as_printed():
    assert (rounded(77.95), rounded(0.05), rounded(59.399999999999999)) == (
        Decimal("78.0"),
        Decimal("0.1"),
        Decimal("59.4"),
    )


def test_why_c_is_above_a(ranking):
    c, a = ranking.results[:2]
    comparison = compare(c, a)
    assert comparison.gap == shown(c).score - shown(a).score
    assert sum(d.points for d in comparison.differences) == comparison.gap
    assert [d.code for d in comparison.differences][:3] == ["C1", "C2", "C7"]
    sizes = [abs(d.points) for d in comparison.differences]
    assert sizes == sorted(sizes, reverse=True)
    assert comparison.separable
    assert comparison.sentence == (
        "C is 2.6 points above A, ahead on C7 Cost (+2.8), C3 Scale and capacity, now and next stage (+2.4) and "
        "C5 Speed and slot (+2.0), behind on C1 Technical and modality fit (−3.6), C2 Development, analytical and "
        "transfer depth (−2.8) and C10 Working fit (−0.4)."
    )


def test_the_comparison_reads_the_same_from_the_other_side(ranking):
    c, a = ranking.results[:2]
    assert compare(a, c).sentence == compare(c, a).sentence
    assert compare(a, c).gap == -compare(c, a).gap
    assert [d.points for d in compare(a, c).differences] == [-d.points for d in compare(c, a).differences]


def test_overlapping_intervals_are_said_to_be_open(ranking):
    a, b = ranking.results[1:3]
    assert not compare(a, b).separable
    assert compare(a, b).sentence.endswith(
        "Their intervals overlap, so what is still unknown could turn the order around."
    )


def test_equal_partners_score_the_same():
    one, two = rank_assessed((assessment("A", A), assessment("B", A)), PHASE_2, as_of=TODAY).results
    assert compare(one, two).sentence.startswith("A and B score the same.")


def test_separation_in_words(ranking):
    assert [separation(r) for r in ranking.results[:3]] == [
        "separable from the next",
        "not separable from the next",
        "",
    ]


def test_summaries_of_every_group(ranking):
    texts = {r.name: summary(r, ranking) for r in ranking.results}
    assert texts["C"] == (
        "Rank 1, could be 1 to 2: 78.0 points, between 78.0 and 78.0, with facts for 100.0 % of the weight."
    )
    assert texts["B"] == (
        "Rank 3, could be 1 to 3: 71.4 points, between 59.4 and 83.4, with facts for 76.0 % of the weight. "
        "1 must is unverified."
    )
    assert texts["Thin"] == (
        "Facts cover 18.0 % of the weight; 60.0 % are needed to be ranked. "
        "The score lies somewhere between 9.0 and 91.0."
    )
    assert texts["Out"] == "Fails only one must. Need 0: Reason 0."
    assert texts["Far out"] == "Fails 2 musts. Need 0: Reason 0. Need 1: Reason 1."


def test_group_summaries_count(ranking):
    assert group_summary(ranking, Group.RANKED) == (
        "3 partners ranked by score; a must that nobody has verified is marked."
    )
    assert group_summary(ranking, Group.INSUFFICIENT) == (
        "1 partner with facts for less than 60.0 % of the weight, not ranked."
    )
    assert (
        group_summary(ranking, Group.KNOCKED_OUT)
        == "2 partners knocked out by a must, 1 of them a near miss."
    )
    nobody = rank_assessed((), PHASE_2, as_of=TODAY)
    assert group_summary(nobody, Group.RANKED) == "No partner can be ranked yet."


def test_questions_put_unverified_musts_first_then_the_points_at_stake():
    wanted = need(Rule.CAPABILITY, label="AAV at 200 L", quantity=200, unit="l")
    project = brief(wanted)
    (result,) = rank([partner(site(capabilities=[capability(scale_max=None)]))], project, PHASE_2).results
    asked = questions(result, PHASE_2)
    assert asked[0].ask == "What is the largest scale (200 L needed)?"
    assert asked[1].ask == "Is any warning letter, import alert or similar open at Alpha?"
    stakes = [q.stake for q in asked[2:]]
    assert stakes == sorted(stakes, reverse=True)
    assert all(stake > 0 for stake in stakes)
    assert len({q.ask for q in asked}) == len(asked)
    assert questions(result, PHASE_2, 3) == asked[:3]


def test_a_criterion_without_weight_asks_nothing():
    (result,) = rank([partner(site())], brief(), PHASE_2).results
    only_c6 = dict.fromkeys(CRITERIA, 0.0) | {"C6": 100.0}
    codes = [q.code.split(".")[0] for q in questions(result, only_c6)]
    assert set(codes) == {"no-open-action", "C6"}
