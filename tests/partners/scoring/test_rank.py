import datetime as dt
from dataclasses import replace

import pytest

from partners.scoring import assess, default_weights, rank, rank_assessed
from partners.scoring.types import ENGINE_VERSION, Group, Outcome
from tests.partners.scoring.builders import (
    TODAY,
    action,
    assessment,
    brief,
    capability,
    inspection,
    metric,
    need,
    partner,
    record,
    site,
)

PHASE_2 = default_weights(4)
A = [90, 80, 70, 85, 60, 75, 55, 60, 70, 80]
B = [85, 85, 80, None, 75, None, 70, 70, 60, 75]
C = [70, 60, 90, 90, 80, 85, 90, 60, 80, 70]


def ranked(*assessments, weights=PHASE_2, **options):
    return rank_assessed(assessments, weights, as_of=TODAY, **options)


def names(ranking):
    return [r.name for r in ranking.results]


@pytest.fixture
def vector():
    """The engine's published test vector: C4 and C6 of B are not known."""
    return ranked(assessment("A", A), assessment("B", B), assessment("C", C))


def test_vector_order_and_points(vector):
    assert [(r.name, r.rank) for r in vector.results] == [("C", 1), ("A", 2), ("B", 3)]
    assert [round(r.point, 9) for r in vector.results] == [77.95, 75.40, 71.40]


def test_vector_interval_and_coverage_of_the_partner_with_gaps(vector):
    b = vector.results[2]
    assert (round(b.low, 9), round(b.high, 9), b.coverage) == (59.40, 83.40, 76)
    assert (b.best_rank, b.worst_rank) == (1, 3)


def test_vector_never_renormalises_over_the_known_criteria(vector):
    known = {code: w for code, w in PHASE_2.items() if code not in ("C4", "C6")}
    renormalised = sum(w * v for w, v in zip(known.values(), [v for v in B if v is not None], strict=True))
    assert renormalised / sum(known.values()) == pytest.approx(78.16, abs=0.005)
    assert vector.results[2].point == pytest.approx(71.40)


def test_vector_separates_c_from_a_but_not_a_from_b(vector):
    assert [r.separable_from_next for r in vector.results] == [True, False, None]
    assert [(r.best_rank, r.worst_rank) for r in vector.results] == [(1, 2), (2, 3), (1, 3)]


@pytest.mark.parametrize(("c1", "first"), [(27.2, "C"), (27.4, "A")])
def test_vector_flips_where_the_weight_of_c1_passes_27_3(c1, first):
    rest = {code: w * (100 - c1) / (100 - 18) for code, w in PHASE_2.items() if code != "C1"}
    ranking = ranked(assessment("A", A), assessment("C", C), weights={"C1": c1, **rest})
    assert ranking.results[0].name == first


def test_caution_lowers_only_what_is_uncertain(vector):
    careful = ranked(assessment("A", A), assessment("B", B), assessment("C", C), caution=1.0)
    assert [round(r.point, 9) for r in careful.results] == [77.95, 75.40, 59.40]
    assert careful.caution == 1.0


def test_a_ranking_says_what_it_rests_on(vector):
    assert (vector.engine_version, vector.as_of, vector.min_coverage) == (ENGINE_VERSION, TODAY, 60.0)
    assert vector.weights == PHASE_2


def test_changed_weights_reuse_the_assessments():
    assessments = (assessment("A", A), assessment("C", C))
    cost_heavy = default_weights(4) | {"C1": 0.0, "C7": 26.0}
    again = rank_assessed(assessments, cost_heavy, as_of=TODAY)
    assert [r.name for r in again.results] == ["C", "A"]
    assert again.results[0].contributions["C7"] == pytest.approx(23.4)
    assert again.results[0].criteria is assessments[1].criteria


def test_no_partners_give_an_empty_ranking():
    assert ranked().results == ()
    assert rank([], brief(), PHASE_2).results == ()


def test_one_partner_is_first_and_last():
    (only,) = ranked(assessment("A", A)).results
    assert (only.rank, only.best_rank, only.worst_rank, only.separable_from_next) == (1, 1, 1, None)


def test_equal_partners_share_the_rank_and_stand_by_name():
    ranking = ranked(assessment("Beta", A), assessment("alpha", A), assessment("Gamma", C))
    assert [(r.name, r.rank) for r in ranking.results] == [("Gamma", 1), ("alpha", 2), ("Beta", 2)]
    assert ranking.results[1].separable_from_next is False


def test_equal_scores_are_ordered_by_coverage_then_by_c4():
    even = [50] * 10
    thin = [*even[:9], None]  # the middle of the unknown criterion is 50 as well
    quality = [35, 50, 50, 68, *even[4:]]  # 15 × 18 points moved from C1 to C4
    ranking = ranked(assessment("A thin", thin), assessment("B even", even), assessment("C quality", quality))
    assert [(r.name, round(r.point, 9), r.rank) for r in ranking.results] == [
        ("C quality", 50, 1),
        ("B even", 50, 1),
        ("A thin", 50, 1),
    ]


def test_thin_data_is_listed_below_the_ranked_best_documented_first():
    nothing = assessment("Nothing", [None] * 10)
    little = assessment("Little", [100, 100, *[None] * 8])
    ranking = ranked(nothing, little, assessment("A", A))
    assert [(r.name, r.group, r.rank) for r in ranking.results] == [
        ("A", Group.RANKED, 1),
        ("Little", Group.INSUFFICIENT, None),
        ("Nothing", Group.INSUFFICIENT, None),
    ]


def test_thin_data_with_fewer_open_musts_comes_first():
    vague = assessment("Vague", [100, 100, 100, *[None] * 7], unknowns=2)
    fitting = assessment("Fitting", [100, 100, *[None] * 8], unknowns=1)
    assert names(ranked(vague, fitting)) == ["Fitting", "Vague"]


def test_a_single_fail_with_the_rest_proved_is_the_nearest_miss():
    otherwise_unknown = assessment("Unknown", C, fails=1, unknowns=3)
    near = assessment("Near", A, fails=1)
    assert names(ranked(otherwise_unknown, near)) == ["Near", "Unknown"]


def test_who_misses_by_a_margin_comes_before_who_does_not_do_it_at_all():
    another_trade = assessment("Another trade", C, fails=1, mismatch=True)
    too_small = assessment("Too small", A, fails=1)
    two_margins = assessment("Two margins", A, fails=2)
    ranking = ranked(another_trade, two_margins, too_small)
    assert [(r.name, r.near_miss) for r in ranking.results] == [
        ("Too small", True),
        ("Two margins", False),
        ("Another trade", False),
    ]


def test_the_coverage_threshold_can_be_moved():
    ranking = ranked(assessment("Little", [100, 100, *[None] * 8]), min_coverage=30)
    assert [r.group for r in ranking.results] == [Group.RANKED]


def test_knocked_out_partners_come_last_the_nearest_miss_first():
    ranking = ranked(
        assessment("Two fails", C, fails=2), assessment("One fail", A, fails=1), assessment("Weak", [10] * 10)
    )
    assert [(r.name, r.group, r.rank) for r in ranking.results] == [
        ("Weak", Group.RANKED, 1),
        ("One fail", Group.KNOCKED_OUT, None),
        ("Two fails", Group.KNOCKED_OUT, None),
    ]
    assert [len(r.fails) for r in ranking.results] == [0, 1, 2]


def test_all_knocked_out_leaves_nobody_ranked():
    ranking = ranked(assessment("A", A, fails=1), assessment("C", C, fails=1))
    assert ranking.group(Group.RANKED) == ()
    assert names(ranking) == ["C", "A"]


def test_an_unverified_must_keeps_its_place():
    ranking = ranked(assessment("A", A), assessment("C", C, unknowns=1))
    assert names(ranking) == ["C", "A"]
    assert len(ranking.results[0].unverified) == 1


@pytest.mark.parametrize("weights", [{}, {"C1": 100}, dict.fromkeys(PHASE_2, 0)])
def test_bad_weights_are_refused_before_any_work(weights):
    with pytest.raises(ValueError, match="weight"):
        rank([partner()], brief(), weights)


def test_an_assessment_without_the_ten_criteria_is_refused():
    broken = replace(assessment("A", A), criteria=assessment("A", A).criteria[:9])
    with pytest.raises(ValueError, match="ten criteria"):
        ranked(broken)


def test_a_partner_without_any_fact_is_unknown_everywhere_and_not_ranked():
    (only,) = rank([partner(site("Empty")), partner()][:1], brief(need()), PHASE_2).results
    assert (only.low, only.high, only.coverage, only.group) == (0, 100, 0, Group.INSUFFICIENT)


def test_facts_to_ranking_end_to_end():
    aav = need(label="AAV at 200 L", quantity=200, unit="l", gmp=True, stage=4)
    proven = partner(site("Alpha", capabilities=[capability()]), name="Proven", track_record=(record(),))
    small = partner(site("Beta", capabilities=[capability(scale_max=100)]), name="Small")
    stopped = partner(site("Gamma", capabilities=[capability()], actions=[action()]), name="Stopped")
    ranking = rank([small, stopped, proven], brief(aav), PHASE_2, min_coverage=0)
    assert [(r.name, r.group) for r in ranking.results] == [
        ("Proven", Group.RANKED),
        ("Stopped", Group.KNOCKED_OUT),
        ("Small", Group.KNOCKED_OUT),
    ]
    by_name = {r.name: r for r in ranking.results}
    assert by_name["Small"].fails[0].reason == "Largest AAV bioreactor here is 100 L, 200 L needed."
    assert by_name["Stopped"].fails[0].reason == (
        "Open warning letter by FDA of 4 March 2025 at Gamma (FDA warning letters)."
    )
    assert [r.outcome for r in by_name["Proven"].rules] == [Outcome.PASS, Outcome.UNKNOWN, Outcome.PASS]


def test_assess_then_rank_equals_rank():
    partners = [
        partner(site("Alpha", capabilities=[capability()]), name="A", metrics=(metric("otif_pct", 95),)),
        partner(site("Beta", capabilities=[capability(scale_max=900)]), name="B"),
    ]
    project = brief(need())
    one = rank(partners, project, PHASE_2, min_coverage=0)
    two = rank_assessed(assess(partners, project), PHASE_2, as_of=dt.date(2026, 1, 15), min_coverage=0)
    assert one == two


def test_only_a_margin_is_a_near_miss_an_authoritys_stop_is_not():
    letter = partner(site(capabilities=[capability()], actions=[action()], inspections=[inspection()]))
    small = partner(site(capabilities=[capability(scale_max=100.0)], inspections=[inspection()]))
    found = rank([letter, small], brief(need(quantity=200, unit="l")), PHASE_2).results
    by_id = {r.partner_id: (r.near_miss, r.stopped, len(r.fails)) for r in found}
    assert by_id == {letter.id: (False, True, 1), small.id: (True, False, 1)}
