"""The decision that is asked for, and by when, says what there is to choose from and no more."""

import copy

import pytest

from quotes.reports.asked import decision_asked
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def quoted_open(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return scenario.frozen(lambda: scenario.quoted_scene(award=False))


def asked(snapshot, **project):
    s = copy.deepcopy(snapshot)
    s["project"].update(project)
    return {name: text.replace("\u00a0", " ") for name, text in decision_asked(s).items()}


def without_quotes(snapshot):
    return {**snapshot, "costs": None}


def test_bidders_are_chosen_from_until_the_first_quote_lapses(quoted_open):
    assert asked(quoted_open, decide_by="2026-12-18") == {
        "label": "Decision asked",
        "text": "Award the work: 3 bidders to choose from. Wanted by 2026-12-18; the first quote lapses on 2027-01-31.",
    }
    late = asked(quoted_open, decide_by="2027-02-01")["text"]
    assert late.endswith("Wanted by 2027-02-01; the first quote lapses before that, on 2027-01-31.")
    never = asked(quoted_open, decide_by=None)["text"]
    assert never.endswith("No day for it is set; the first quote lapses on 2027-01-31.")


def test_without_quotes_the_shortlist_is_chosen_from_and_without_it_the_ranked(quoted_open):
    s = without_quotes(quoted_open)
    text = "Choose the partner: 3 shortlisted partners to choose from. No day for it is set."
    assert asked(s)["text"] == text
    one = copy.deepcopy(s)
    for entry in one["shortlist"][1:]:
        entry["status"] = "rejected"
    assert asked(one)["text"].startswith(
        "Choose the partner: Halden Vector Works (illustrative) is the only shortlisted partner."
    )
    ranked = len(s["ranked"])
    assert asked({**s, "shortlist": []})["text"].startswith(
        f"Choose whom to shortlist: {ranked} ranked partners to choose from."
    )
    nobody = {**s["funnel"], "ranked": 0}
    assert asked({**s, "shortlist": [], "ranked": [], "funnel": nobody}) == {
        "label": "Decision asked",
        "text": "Nothing can be decided yet: nobody is known well enough to rank.",
    }


def test_those_that_are_not_frozen_are_counted_too(quoted_open):
    costs = {**quoted_open["costs"], "more": 4}
    assert asked({**quoted_open, "costs": costs})["text"].startswith(
        "Award the work: 7 bidders to choose from."
    )
    many = {**without_quotes(quoted_open), "shortlist": [], "ranked": quoted_open["ranked"][:1]}
    ranked = quoted_open["funnel"]["ranked"]
    assert asked(many)["text"].startswith(
        f"Choose whom to shortlist: {ranked} ranked partners to choose from."
    )


def test_a_day_that_has_passed_is_called_so_and_older_snapshots_have_none(quoted_open):
    s = without_quotes(quoted_open)
    assert asked(s, decide_by="2020-01-31")["text"].endswith("Wanted by 2020-01-31, which has passed.")
    del s["project"]["decide_by"]
    assert asked(s)["text"].endswith("No day for it is set.")


def test_what_is_decided_is_no_longer_asked():
    said = decision_asked(scenario.frozen(scenario.quoted_scene))
    assert said["label"] == "Decided"
    assert said["text"].startswith("Awarded: Halden Vector Works (illustrative), by Sourcing manager on ")
