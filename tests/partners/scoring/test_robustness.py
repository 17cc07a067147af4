"""How firmly a ranking stands, against brute force, closed forms and the test vector of the domain."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.scoring import default_weights, rank_assessed
from partners.scoring.methods.checks import BadProblem
from partners.scoring.profiles import alternative_weights, with_weight
from partners.scoring.robustness import DUELS, Verdict, robustness
from partners.scoring.types import CRITERIA, Group
from tests.partners.scoring.builders import TODAY, assessment

CODES = list(CRITERIA)
PHASE_2 = default_weights(4)
A = assessment("A", [90, 80, 70, 85, 60, 75, 55, 60, 70, 80], pk=1)
B = assessment("B", [85, 85, 80, None, 75, None, 70, 70, 60, 75], pk=2)
C = assessment("C", [70, 60, 90, 90, 80, 85, 90, 60, 80, 70], pk=3)


def ranking(*assessments, weights=PHASE_2, **options):
    return rank_assessed(assessments, weights, as_of=TODAY, **options)


def brute_force(found, view, draws=60_000):
    """Shares of first places and of won duels by plain sampling with another generator."""
    rng = np.random.default_rng(20260115)
    ranked = found.group(Group.RANKED)
    low = np.array([[c.low for c in r.criteria] for r in ranked])
    high = np.array([[c.high for c in r.criteria] for r in ranked])
    w = np.array([found.weights[code] for code in CODES]) / 100
    if view == "free":
        draws_of_w = rng.dirichlet(np.ones(10), draws)
    else:
        kept = []
        while sum(map(len, kept)) < draws:
            others = rng.uniform(0.8, 1.2, (draws, 10)) * w
            widest = int(np.argmax(w))
            others[:, widest] = 0
            others[:, widest] = 1 - others.sum(axis=1)
            inside = np.abs(others[:, widest] / w[widest] - 1) <= 0.2
            kept.append(others[inside])
        draws_of_w = np.concatenate(kept)[:draws]
    values = rng.uniform(low, high, (draws, *low.shape))
    scores = np.einsum("sj,sij->si", draws_of_w, values)
    first = (scores == scores.max(axis=1, keepdims=True)).mean(axis=0)
    wins = (scores[:, :, None] > scores[:, None, :]).mean(axis=0)
    return first, wins


@pytest.mark.parametrize("view", ["near", "free"])
def test_shares_of_first_places_and_duels_agree_with_plain_sampling(view):
    found = ranking(A, B, C)
    seen = getattr(robustness(found, draws=40_000), view)
    first, wins = brute_force(found, view)
    assert [s.partner_id for s in seen.standings] == [3, 1, 2]
    assert np.allclose([s.first for s in seen.standings], first, atol=0.012)
    assert np.allclose(np.array(seen.wins), wins, atol=0.012)


def test_the_domains_test_vector_flips_at_27_3():
    found = robustness(ranking(A, B, C), stage=4)
    flip = next(f for f in found.flips if f.partner_id == 1 and f.code == "C1")
    assert (round(flip.flip, 1), flip.weight, flip.up) == (27.3, 18.0, True)
    stable = {s.code: s for s in found.stable}
    assert (stable["C1"].above, round(stable["C1"].high, 1)) == (1, 27.3)
    first, duel = found.near.standings[0].first, found.near.wins[0][1]
    assert found.verdict is (Verdict.ROBUST if min(first, duel) >= 0.8 else Verdict.LEANING)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 100), min_size=10, max_size=10), min_size=2, max_size=5),
    st.lists(st.integers(1, 30), min_size=10, max_size=10),
)
def test_at_a_flip_weight_the_rival_really_draws_level(rows, points):
    weights = {code: 100 * p / sum(points) for code, p in zip(CODES, points, strict=True)}
    found = ranking(*(assessment(f"P{i}", row, pk=i + 1) for i, row in enumerate(rows)), weights=weights)
    by_id = {r.partner_id: np.array([c.point for c in r.criteria]) for r in found.results}
    leader = found.results[0].partner_id
    for flip in robustness(found, draws=64, confidence=False).flips:
        moved = with_weight(found.weights, flip.code, flip.flip)
        w = np.array([moved[code] for code in CODES]) / 100
        assert by_id[leader] @ w == pytest.approx(by_id[flip.partner_id] @ w, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 100), min_size=10, max_size=10), min_size=2, max_size=5))
def test_inside_its_stability_interval_the_first_partner_stays_first(rows):
    found = ranking(*(assessment(f"P{i}", row, pk=i + 1) for i, row in enumerate(rows)))
    points = np.array([[c.point for c in r.criteria] for r in found.results])
    for stable in robustness(found, draws=64, confidence=False).stable:
        for t in np.linspace(stable.low, stable.high, 5):
            moved = with_weight(found.weights, stable.code, float(min(100, max(0, t))))
            scores = points @ np.array([moved[code] for code in CODES]) / 100
            assert scores[0] >= scores.max() - 1e-6


def test_the_same_inputs_repeat_bit_for_bit_in_any_order_and_another_input_does_not():
    first = robustness(ranking(A, B, C))
    again = robustness(ranking(C, A, B))
    assert first == again
    assert robustness(ranking(A, B, C), workers=2) == first
    other = robustness(ranking(A, B, replace(C, partner_id=4)))
    assert other.seed != first.seed


def test_a_what_if_with_the_bases_seed_changes_only_what_it_changes():
    base = robustness(ranking(A, C))
    better = assessment("A", [91, 80, 70, 85, 60, 75, 55, 60, 70, 80], pk=1)
    tried = robustness(ranking(better, C), seed=base.seed)
    shares = [{s.partner_id: s.first for s in r.near.standings} for r in (base, tried)]
    assert shares[1][1] >= shares[0][1]
    assert tried.seed == base.seed


def test_a_better_value_never_lowers_a_share_and_a_dominated_partner_never_comes_first():
    worse = assessment("D", [60, 50, 60, 80, 50, 70, 50, 50, 60, 60], pk=9)
    alone = robustness(ranking(A, C), seed=7, draws=4_000)
    beside = robustness(ranking(A, C, worse), seed=7, draws=4_000)
    assert [s.first for s in beside.near.standings] == [*(s.first for s in alone.near.standings), 0.0]
    assert beside.free.standings[2].rank_low == 3


def test_nobody_one_partner_and_equal_partners_have_defined_results():
    out = assessment("Out", [50] * 10, pk=5, fails=1)
    nobody = robustness(ranking(out))
    assert (nobody.verdict, nobody.near.standings, nobody.flips, nobody.stable) == (Verdict.EMPTY, (), (), ())
    one = robustness(ranking(A))
    assert (one.verdict, one.near.standings[0].first, one.near.wins) == (Verdict.ALONE, 1.0, ((0.0,),))
    assert [(s.low, s.high) for s in one.stable] == [(0.0, 100.0)] * 10
    same = robustness(ranking(A, assessment("A2", [c.point for c in A.criteria], pk=6)))
    assert [s.first for s in same.near.standings] == [1.0, 1.0]
    assert same.near.wins == ((0.0, 0.0), (0.0, 0.0))
    assert same.constant == tuple(CODES)
    assert same.verdict is Verdict.OPEN


def test_only_ranked_partners_take_part():
    thin = assessment("Thin", [None] * 10, pk=8)
    out = assessment("Out", [100] * 10, pk=5, fails=1)
    found = robustness(ranking(A, thin, out))
    assert [s.partner_id for s in found.near.standings] == [1]


def test_profiles_are_equal_cost_heavy_quality_heavy_and_the_next_stage():
    profiles = {p.code: p for p in alternative_weights(PHASE_2, stage=4)}
    assert list(profiles) == ["equal", "cost", "quality", "next_stage"]
    assert set(profiles["equal"].weights.values()) == {10.0}
    assert profiles["cost"].weights["C7"] == profiles["quality"].weights["C4"] == 40
    assert profiles["next_stage"].weights == default_weights(5)
    for profile in profiles.values():
        assert sum(profile.weights.values()) == pytest.approx(100)
    assert [p.code for p in alternative_weights(default_weights(8), stage=8)][-1] == "quality"
    assert [p.code for p in alternative_weights(PHASE_2, stage=4, profile="device")][-1] == "quality"
    orders = {p.profile.code: p for p in robustness(ranking(A, C), stage=4).profiles}
    assert orders["cost"].first == (3,)
    assert orders["equal"].points == {3: 77.5, 1: 72.5}


def test_a_weight_may_be_zero_and_a_share_out_of_range_is_refused_in_words():
    weights = {**dict.fromkeys(CODES, 0.0), "C1": 50.0, "C4": 50.0}
    found = robustness(ranking(A, C, weights=weights, min_coverage=0))
    assert {s.code: (s.below, s.above) for s in found.stable}["C1"] != (None, None)
    with pytest.raises(BadProblem, match="percentage around the weights must be 0 or more, not -1"):
        robustness(ranking(A, C), percent=-1)
    with pytest.raises(BadProblem, match="number of draws must be 1 or more"):
        robustness(ranking(A, C), draws=0)


def test_all_the_weight_on_one_criterion_and_no_room_for_weights_still_answer():
    weights = {**dict.fromkeys(CODES, 0.0), "C1": 100.0}
    found = robustness(ranking(A, C, weights=weights), percent=0, draws=500)
    assert [s.first for s in found.near.standings] == [1.0, 0.0]


def test_more_than_fifteen_partners_show_duels_of_the_best_and_stay_quick():
    rng = np.random.default_rng(5)
    many = ranking(*(assessment(f"P{i}", rng.uniform(0, 100, 10), pk=i + 1) for i in range(60)))
    began = time.perf_counter()
    found = robustness(many, draws=2_048, confidence=False)
    assert time.perf_counter() - began < 3  # about 0.1 s on an idle machine
    assert len(found.near.wins) == DUELS
    assert sum(s.first for s in found.near.standings) == pytest.approx(1)
    for standing in found.near.standings:
        assert sum(standing.acceptability) == pytest.approx(1)
        assert standing.rank_low <= standing.rank_median <= standing.rank_high
