"""The readiness questionnaire: unknown opens the interval, what stops a quote stops it, the rule is the one shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotes.outsourcing import QUESTIONS, judge

YES = {q.code: "yes" for q in QUESTIONS}
answers = st.fixed_dictionaries({q.code: st.sampled_from(["yes", "partly", "no", ""]) for q in QUESTIONS})


@pytest.mark.parametrize(
    ("given", "title", "low", "high"),
    [
        ({}, "Ready to talk, not to buy", 0, 100),
        (YES, "Ready for an RFQ", 100, 100),
        ({**YES, "process": "no"}, "Not yet", 91.2, 91.2),
        ({**YES, "process": ""}, "Ready to talk, not to buy", 91.2, 100),
        ({**YES, "capability": "no", "core": "no", "knowledge": "partly"}, "Think again", 82.4, 82.4),
        (dict.fromkeys(YES, "no"), "Think again", 0, 0),
        ({**dict.fromkeys(YES, "no"), "capability": "yes", "core": "yes"}, "Not yet", 14.7, 14.7),
    ],
)
def test_the_verdict(given, title, low, high):
    found = judge(given)
    assert found.title == title
    # the weights are this product's own and may change: the interval only has to hold what is known
    assert found.low <= found.high
    assert (found.low == 100, found.high == 100) == (low == 100, high == 100)
    assert (found.low == found.high) is (low == high)


def test_what_to_settle_first_begins_with_what_stops_a_quote():
    found = judge({**YES, "exit": "no", "demand": "partly", "legal": ""})
    assert [q.code for q in found.first] == ["demand", "legal", "exit"]
    assert judge(YES).first == ()


@given(answers)
def test_answering_an_unknown_never_leaves_the_interval(given):
    found = judge(given)
    for code in (code for code, answer in given.items() if not answer):
        for answer in ("yes", "partly", "no"):
            known = judge({**given, code: answer})
            assert found.low <= known.low <= known.high <= found.high


@given(answers)
def test_a_better_answer_never_lowers_the_score(given):
    better = {code: "yes" if answer == "partly" else answer for code, answer in given.items()}
    assert judge(given).low <= judge(better).low
    assert judge(given).high <= judge(better).high


def test_nonsense_in_an_address_counts_as_unknown():
    assert judge({"process": "maybe"}) == judge({})
