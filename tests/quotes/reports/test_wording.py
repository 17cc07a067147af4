"""The report's sentences never say more than the intervals allow."""

import copy

import pytest

from partners.scoring.types import CRITERIA
from quotes.reports import decision, wording
from quotes.reports.cost_words import rate_text


def row(name, low, high, rank=1, **more):
    point = (low + high) / 2
    base = {"name": name, "low": low, "high": high, "point": point, "rank": rank, "coverage": 80.0}
    return {**base, "partner_id": rank, "illustrative": False, "unverified": [], **more}


def frozen(*ranked, **more):
    leader = ranked[0]["low"] if ranked else 0
    within = sum(r["high"] >= leader for r in ranked[1:])
    funnel = {"assessed": 9, "passed_musts": 5, "ranked": len(ranked), "insufficient": 5, "knocked_out": 4}
    base = {"ranked": list(ranked), "funnel": funnel, "shortlist": []}
    return {**base, "lead": {"ranked_within_reach": within, "thin_within_reach": 0}, **more}


def test_overlapping_intervals_are_called_not_separable():
    said = wording.headline(frozen(row("X", 58, 84), row("Y", 50, 80, 2), row("Z", 10, 20, 3)))
    assert said == "X leads with 71.0 (58.0–84.0) out of 100 points; not separable from Y."


def test_a_lead_that_holds_whatever_is_unknown_says_so():
    said = wording.headline(frozen(row("X", 70, 80), row("Y", 40, 60, 2)))
    assert said == (
        "X leads with 75.0 (70.0–80.0) out of 100 points, ahead of every other ranked partner whatever the open "
        "scores turn out to be."
    )


def test_a_lead_with_an_open_must_is_not_called_safe():
    rows = (row("X", 70, 80, unverified=["a slot"]), row("Y", 40, 60, 2))
    said = wording.headline(frozen(*rows))
    assert said == "X leads with 75.0 (70.0–80.0) out of 100 points, if its open must-haves are met."
    everything = {**dict.fromkeys(CRITERIA, 0), "C1": 75}
    behind = {**dict.fromkeys(CRITERIA, 0), "C1": 50}
    ranked = [{**rows[0], "contributions": everything}, {**rows[1], "contributions": behind}]
    (other,) = decision.why_not({"ranked": ranked}, {code: code for code in CRITERIA})
    assert other["reach"] == "open scores cannot put it first; an open must-have of the leader could"
    ranked[0]["unverified"] = []
    (other,) = decision.why_not({"ranked": ranked}, {code: code for code in CRITERIA})
    assert other["reach"] == "open facts cannot put it first"


def test_a_lead_that_meets_a_must_on_a_condition_says_which():
    leader = row("X", 70, 80, outcomes={"1": "conditional", "2": "pass", "restricted-party": "conditional"})
    rules = [
        {"need_id": "1", "level": "must", "label": "Fill"},
        {"need_id": "2", "level": "must", "label": "DS"},
        {"need_id": "restricted-party", "level": "must", "label": "Lists"},
    ]
    details = {"1": {"rules": [{"need_id": "1", "reason": "one hand-over"}]}}
    said = wording.caveats(frozen(leader, row("Y", 40, 60, 2), rules=rules, details=details))
    assert said[0] == "X meets 1\N{NO-BREAK SPACE}must-have only on a condition: Fill (one hand-over)."


def test_many_rivals_are_counted():
    rivals = [row(f"R{n}", 40, 90, n) for n in range(2, 7)]
    assert wording.headline(frozen(row("X", 60, 90), *rivals)).endswith(
        "; not separable from R2, R3 and 3\u00a0others."
    )


def test_equal_scores_share_first_place():
    said = wording.headline(frozen(row("X", 60, 80), row("Y", 60, 80, 1), row("Z", 60, 80, 1)))
    assert said == "X, Y and 1\u00a0other share first place with 70.0 out of 100 points."


def test_illustrative_partners_are_marked_in_the_headline():
    said = wording.headline(frozen(row("X", 60, 80, illustrative=True), row("Y", 50, 70, 2)))
    assert said.startswith("X (illustrative) leads with")


def test_a_single_ranked_partner_does_not_lead_anybody():
    assert wording.headline(frozen(row("X", 60, 80))) == (
        "X is the only partner that can be ranked, with 70.0 (60.0–80.0) out of 100 points."
    )


@pytest.mark.parametrize(
    ("funnel", "expected"),
    [
        (
            {"assessed": 0, "passed_musts": 0, "knocked_out": 0, "insufficient": 0},
            "holds no partner to assess",
        ),
        (
            {"assessed": 4, "passed_musts": 0, "knocked_out": 4, "insufficient": 0},
            "fails at least one must-have",
        ),
        ({"assessed": 9, "passed_musts": 5, "knocked_out": 4, "insufficient": 5}, "too little is known"),
    ],
)
def test_without_ranked_partners_nobody_is_recommended(funnel, expected):
    said = wording.headline(frozen(funnel={**funnel, "ranked": 0}))
    assert said.startswith("No partner can be recommended")
    assert expected in said


def test_caveats_name_unverified_musts_thin_rivals_and_the_teams_own_order():
    snapshot = frozen(
        row("X", 60, 80, unverified=["BSL-2", "a slot", "an IND"]),
        row("Y", 50, 70, 2),
        lead={"ranked_within_reach": 1, "thin_within_reach": 4},
        shortlist=[{"partner_id": 2, "name": "Y", "illustrative": False, "status": "shortlisted"}],
    )
    text = " ".join(wording.caveats(snapshot)).replace("\u00a0", " ")
    assert "3 must-haves of X must be verified: BSL-2 and a slot and 1 more." in text
    assert "1 other partner could score above the low end of X" in text
    assert "4 partners with too little data" in text
    assert "80% of the leader's score rests on facts" in text
    assert "shortlist puts Y first" in text


def test_a_selected_partner_is_reported_as_the_teams_decision():
    entry = {"partner_id": 2, "name": "Y", "illustrative": True, "status": "selected"}
    said = wording.caveats(frozen(row("X", 60, 80), row("Y", 50, 70, 2), shortlist=[entry]))
    assert "The team has marked Y (illustrative) as selected." in said


def test_long_names_are_cut_visibly_in_sentences():
    said = wording.headline(frozen(row("N" * 300, 60, 80)))
    assert "…" in said
    assert len(said) < 200


@pytest.mark.django_db
def test_need_sentence_leaves_out_what_nobody_stated(snapshot):
    full = wording.need_sentence(snapshot)
    assert "AAV-101" in full
    assert "needed by 2026-07-31" in full
    assert "5\u00a0must-haves, 1\u00a0should-have and 1\u00a0could-have" in full
    bare = copy.deepcopy(snapshot)
    bare["project"].update(modality="", dosage_form="", market_labels=[], need_date=None)
    assert wording.need_sentence(bare).startswith(
        "Lantern Gene Therapeutics looks for a manufacturing partner for AAV-101 at the stage IND-enabling."
    )


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("1.08640001", "1.0864"),
        ("0.0000447163", "0.000044716"),
        ("5.58123456789E-7", "0.00000055812"),
        ("151.2345", "151.23"),
        ("16384.7", "16,385"),
        ("0.9", "0.9"),
        ("1", "1"),
    ],
)
def test_exchange_rates_are_rounded_not_cut(rate, said):
    assert rate_text(rate) == said
