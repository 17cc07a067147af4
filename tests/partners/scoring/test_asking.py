"""Which unknown fact is worth asking for: the one that could change who is first."""

from dataclasses import replace

import pytest

from partners.scoring import default_weights, rank, rank_assessed
from partners.scoring.asking import decisive_questions, open_questions
from partners.scoring.robustness import robustness
from partners.scoring.types import CriterionScore, Level, Outcome, Rule, RuleResult, SubScore
from tests.partners.scoring.builders import TODAY, assessment, brief, capability, metric, need, partner, site

PHASE_2 = default_weights(4)
EVEN = [70, 70, 70, 70, 70, 70, 70, 70, 70, 70]


def with_unknown(base, code, ask, low=0.0, high=100.0):
    """The same assessment with one criterion that hangs on one question."""
    sub = SubScore(f"{code}.one", f"Label {code}", 1.0, low, high, 0.0, "Unknown.", ask=ask)
    cells = tuple(
        CriterionScore(code, low, high, 0.0, (sub,)) if c.code == code else c for c in base.criteria
    )
    return replace(base, criteria=cells)


def ranking(*assessments, **options):
    return rank_assessed(assessments, PHASE_2, as_of=TODAY, **options)


def test_the_answer_with_the_heavier_weight_is_worth_more_and_a_hopeless_one_nothing():
    rival = assessment("Rival", EVEN, pk=1)
    near = with_unknown(assessment("Near", EVEN, pk=2), "C1", "Heavy?")
    near = with_unknown(near, "C10", "Light?")
    hopeless = with_unknown(assessment("Hopeless", [10] * 10, pk=3), "C8", "Hopeless?")
    found = decisive_questions(ranking(rival, near, hopeless), limit=None)
    assert [q.ask for q in found] == ["Heavy?", "Light?", "Hopeless?"]
    heavy, light, none = found
    assert heavy.swing > light.swing > none.swing == 0
    assert (heavy.stake, light.stake, none.stake) == pytest.approx((18, 4, 5))
    assert heavy.first_worst <= heavy.first_now <= heavy.first_best
    assert heavy.turns
    assert not none.turns
    assert (heavy.labels, heavy.codes) == (("Label C1",), ("C1.one",))


def test_the_share_now_is_the_share_that_robustness_shows():
    near = with_unknown(assessment("Near", EVEN, pk=2), "C1", "Heavy?")
    third = with_unknown(assessment("Third", [65] * 10, pk=7), "C4", "Quality?")
    found = ranking(assessment("Rival", EVEN, pk=1), near, third)
    sure = robustness(found, draws=2_048)
    asked = decisive_questions(found, draws=2_048, seed=sure.seed)
    shares = {s.partner_id: s.first for s in sure.near.standings}
    assert {q.partner_id: q.first_now for q in asked} == {2: shares[2], 7: shares[7]}
    assert decisive_questions(found) == decisive_questions(found)


def test_knowing_the_answer_gives_the_share_that_was_foretold():
    rival = assessment("Rival", EVEN, pk=1)
    near = with_unknown(assessment("Near", EVEN, pk=2), "C4", "Quality?")
    found = ranking(rival, near)
    question = decisive_questions(found, seed=1, draws=4_096)[0]
    for points, foretold in ((100, question.first_best), (0, question.first_worst)):
        values = [points if code == 3 else 70 for code in range(10)]
        known = robustness(ranking(rival, assessment("Near", values, pk=2)), seed=1, draws=4_096)
        share = {s.partner_id: s.first for s in known.near.standings}[2]
        assert share == pytest.approx(foretold, abs=1e-9)


def test_an_unverified_must_of_the_leader_takes_everything_away():
    leader = assessment("Leader", [90] * 10, pk=1, unknowns=1)
    found = decisive_questions(ranking(leader, assessment("Rival", EVEN, pk=2)))
    assert [(q.ask, q.must, q.first_now, q.first_worst, q.turns) for q in found] == [
        ("Question 0?", True, 1.0, 0.0, True)
    ]


def test_a_partner_with_thin_data_is_asked_too_and_has_no_share_today():
    thin = assessment("Thin", [None] * 10, pk=3)
    for code in ("C1", "C4"):
        thin = with_unknown(thin, code, f"{code}?")
    found = decisive_questions(ranking(assessment("Rival", EVEN, pk=1), thin))
    assert [q.ask for q in found] == ["C1?", "C4?"]
    assert {q.first_now for q in found} == {0.0}
    assert found[0].first_best > found[0].first_worst


def test_needs_are_asked_one_by_one_and_one_answer_for_several_scores_is_one_question():
    aav = need(pk="aav", label="AAV at 200 L", quantity=200, unit="l")
    tests = need(Rule.METRIC, Level.SHOULD, pk="pilot", label="Pilot study", metric="pilot_study_offered")
    plan = brief(aav, tests, scale_now=200.0, scale_next=2000.0, scale_unit="l")
    facts = partner(site(capabilities=[capability(scale_max=None)]), name="Acme")
    result = rank([facts], plan, PHASE_2, min_coverage=0).results[0]
    asked = {q.ask: q for q in open_questions(result)}
    scale = asked["What is the largest scale of this process at the site?"]
    assert scale.codes == ["C3.scale", "C3.runway"]
    must = asked["What is the largest scale (200 L needed)?"]
    assert (must.must, must.codes) == (True, ["aav"])
    assert sum(must.spans.values()) > 0


def test_nobody_to_ask_is_an_empty_answer():
    assert decisive_questions(ranking()) == ()
    assert decisive_questions(ranking(assessment("Sure", EVEN))) == ()
    out = assessment("Out", EVEN, fails=1, unknowns=1)
    assert decisive_questions(ranking(out)) == ()


def test_a_need_that_only_knocks_out_is_asked_without_a_stake():
    base = assessment("Acme", EVEN, pk=1)
    rule = RuleResult(
        "restricted-party",
        "Not listed",
        Rule.RESTRICTED_PARTY,
        Level.MUST,
        Outcome.UNKNOWN,
        "Unknown.",
        ask="Listed?",
    )
    found = decisive_questions(ranking(replace(base, rules=(rule,))))
    assert [(q.ask, q.must, q.stake, q.swing) for q in found] == [("Listed?", True, 0.0, 1.0)]


def test_a_metric_settles_the_question():
    plan = brief(need(pk="aav", label="AAV"))
    silent = rank([partner(site(capabilities=[capability()]))], plan, PHASE_2, min_coverage=0).results[0]
    told = partner(site(capabilities=[capability()], metrics=[metric("otif_pct", 95.0)]))
    ask = "What share of deliveries was on time and in full over twelve months?"
    assert ask in {q.ask for q in open_questions(silent)}
    assert ask not in {q.ask for q in open_questions(rank([told], plan, PHASE_2, min_coverage=0).results[0])}
