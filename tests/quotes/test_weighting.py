"""Guided ways to weights, and named weight sets: figures, help with inconsistent answers, pages, tenancy."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from partners.scoring.types import CRITERIA
from quotes.models import WeightSet
from quotes.services.weight_sets import MOST
from quotes.weighting import GROUPS, RATIOS, by_pairs, by_ranking, by_swing, default_places, default_points
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ProjectFactory, WeightSetFactory

CODES = list(CRITERIA)
TOP = {"top.fit.delivery": "1", "top.fit.money": "1", "top.fit.risk": "1"}


def test_rank_order_centroid_of_three_criteria_is_the_textbook_one():
    out = by_ranking({"C4": "1", "C1": "2", "C5": "3"}, "roc")
    assert {c: round(w, 2) for c, w in out.weights.items() if w} == {"C4": 61.11, "C1": 27.78, "C5": 11.11}
    assert out.notes == ["Without a place and so without weight: C2, C3, C6, C7, C8, C9, C10."]


def test_rank_sum_and_equal_places():
    out = by_ranking({"C1": "1", "C2": "1", "C3": "5"}, "rs")
    assert {c: round(w, 2) for c, w in out.weights.items() if w} == {"C1": 41.67, "C2": 41.67, "C3": 16.67}
    assert "Criteria with the same place share the average of the places they take up." in out.notes


@pytest.mark.parametrize(
    ("places", "rule", "said"),
    [
        ({}, "roc", "Give at least one criterion a place."),
        (
            {"C1": "eleven"},
            "roc",
            "C1 Technical and modality fit: the place must be a whole number from 1 to 10.",
        ),
        ({"C2": "0"}, "rs", "the place must be a whole number from 1 to 10"),
        ({"C2": "1"}, "dice", "Choose how places become weights"),
    ],
)
def test_places_that_cannot_be_used_are_named(places, rule, said):
    out = by_ranking(places, rule)
    assert out.weights is None
    assert said in " ".join(out.problems)


def test_swing_points_keep_their_ratios():
    out = by_swing({"C1": "100", "C4": "50", "C7": "50"})
    assert (out.weights["C1"], out.weights["C4"], out.weights["C2"]) == (50, 25, 0)
    assert by_swing({"C1": "80"}).notes == [
        "The largest swing should have 100 points; it has 80. Ratios count."
    ]


@pytest.mark.parametrize("text", ["-1", "101", "many", "nan", "1e99"])
def test_swing_points_out_of_range_are_named(text):
    out = by_swing({"C3": text})
    assert out.weights is None
    assert out.problems[0].startswith("C3 Scale and capacity, now and next stage: points run from 0 to 100")


def test_what_the_saved_weights_imply_gives_them_back():
    weights = dict(zip(CODES, (22.0, 20, 5, 8, 16, 7, 8, 5, 3, 6), strict=True))
    assert by_swing(default_points(weights)).weights == pytest.approx(weights, abs=0.3)
    assert default_places(weights)["C1"] == "1"
    assert default_places(weights)["C4"] == default_places(weights)["C7"]


def test_consistent_pairs_multiply_down_the_tree():
    answers = {**TOP, "fit.C1.C2": "2", "fit.C1.C3": "2", "fit.C2.C3": "1", "money.C7.C8": "3"}
    out = by_pairs(answers, CRITERIA)
    assert out.problems == []
    assert sum(out.weights.values()) == pytest.approx(100)
    assert out.weights["C1"] == pytest.approx(12.5)
    assert out.weights["C7"] == pytest.approx(18.75)
    assert out.weights["C9"] == pytest.approx(12.5)
    fit = out.boards[1]
    assert (
        fit.consistency
        == "Consistency ratio 0.00 (Saaty 1980 random index); up to 0.10 is consistent enough."
    )
    assert (fit.flagged, fit.advice) == (False, None)


def test_an_inconsistent_answer_is_shown_with_a_value_that_fits_and_taking_it_helps():
    answers = {**TOP, "fit.C1.C2": "9", "fit.C1.C3": "3", "fit.C2.C3": "9"}
    board = by_pairs(answers, CRITERIA).boards[1]
    assert board.flagged
    assert "above 0.10: look at the answer below again" in board.consistency
    assert "you said" in board.advice.words
    better = by_pairs({**answers, board.advice.name: board.advice.suggested}, CRITERIA).boards[1]
    ratios = [float(re.search(r"ratio ([\d.]+)", b.consistency).group(1)) for b in (board, better)]
    assert ratios[1] < ratios[0]


def test_contradicting_answers_show_while_comparisons_are_still_open():
    answers = {"top.fit.delivery": "9", "top.delivery.money": "9", "top.fit.money": "1/9"}
    open_ones = by_pairs(answers, CRITERIA).boards[0]
    assert not open_ones.flagged  # nothing connects the fourth group yet
    board = by_pairs({**answers, "top.money.risk": "1"}, CRITERIA).boards[0]
    assert board.flagged
    assert f"{len(answers) + 1} of 6 answered: the open ones fit by themselves" in board.consistency
    assert board.advice.name in answers


def test_too_few_pairs_are_said_and_an_unknown_value_is_refused():
    out = by_pairs({"top.fit.delivery": "3"}, CRITERIA)
    assert out.problems == [
        "The four groups: too few comparisons. Answer enough that every one is connected to the others."
    ]
    assert by_pairs({"fit.C1.C2": "12"}, CRITERIA).problems == [
        "Fit and capacity: “12” is not a value of the scale."
    ]


@given(
    st.dictionaries(
        st.sampled_from([f"fit.{a}.{b}" for a, b in (("C1", "C2"), ("C1", "C3"), ("C2", "C3"))]),
        st.sampled_from(sorted(RATIOS)),
    )
)
def test_any_answers_give_weights_or_words(answers):
    out = by_pairs(answers, CRITERIA)
    assert (out.weights is None) == bool(out.problems)
    if out.weights:
        assert sum(out.weights.values()) == pytest.approx(100)
    assert len(out.boards) == 1 + len(GROUPS)


# -- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    return ProjectFactory(sponsor=manager.sponsor)


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def points(**changed):
    return {**{c.lower(): "10" for c in CODES}, **changed}


@pytest.mark.parametrize("method", ["ranking", "swing", "pairs"])
def test_a_guided_way_starts_from_the_saved_weights_and_leads_to_ranking_and_saving(
    client, manager, project, method
):
    client.force_login(manager.user)
    page = client.get(reverse("quotes:weight_method", args=[project.pk, method])).content.decode()
    tried = re.search(r'href="(/projects/\d+/ranking/\?c1=[^"]+)"', page).group(1)
    assert reverse("quotes:ranking_weights", args=[project.pk]) in page
    sent = dict(re.findall(r'name="(c\d+|version)" value="([^"]+)"', page))
    assert sum(Decimal(sent[c.lower()]) for c in CODES) == 100
    assert f"c1={sent['c1']}" in tried
    client.post(reverse("quotes:ranking_weights", args=[project.pk]), sent)
    project.weights.refresh_from_db()
    assert project.weights.c1 == Decimal(sent["c1"])


def test_the_suggested_value_is_one_link_away(client, manager, project):
    client.force_login(manager.user)
    url = reverse("quotes:weight_method", args=[project.pk, "pairs"])
    answers = {**TOP, "fit.C1.C2": "9", "fit.C1.C3": "3", "fit.C2.C3": "9"}
    page = client.get(url, answers).content.decode()
    link = re.search(r'href="(\?[^"]+)">Use it</a>', page).group(1).replace("&amp;", "&")
    assert page.count(">Use it</a>") == 1
    assert client.get(url + link).content.decode().count(">Use it</a>") <= 1
    assert "fit.C2.C3=" in link


def test_a_viewer_may_look_but_not_save(client, project):
    client.force_login(MembershipFactory(sponsor=project.sponsor, role=Role.VIEWER.value).user)
    page = client.get(reverse("quotes:weight_method", args=[project.pk, "swing"])).content.decode()
    assert "Try on the ranking" in page
    assert "Save for the project" not in page


def test_a_set_is_kept_for_the_sponsor_and_logged(client, manager, project):
    client.force_login(manager.user)
    sent = points(c1="30", set_name=" Quality view ", set_function="quality")
    client.post(reverse("quotes:weight_set_add", args=[project.pk]), sent)
    row = WeightSet.objects.for_sponsor(manager.sponsor).get()
    assert (row.name, row.function, row.c1, row.c2) == (
        "Quality view",
        "quality",
        Decimal("25.00"),
        Decimal("8.34"),
    )
    assert AuditEvent.objects.get(verb="weight_set.added").object_name == "Quality view"
    other = MembershipFactory(role=Role.MANAGER.value)
    assert not WeightSet.objects.for_sponsor(other.sponsor).exists()
    client.post(reverse("quotes:weight_set_remove", args=[project.pk, row.pk]))
    assert not WeightSet.objects.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"set_name": "Taken"}, "There is already a weight set with that name. Choose another name."),
        ({"set_name": " "}, "Name: This field cannot be blank."),
        ({"set_name": "x" * 61}, "Name: Ensure this value has at most 60 characters"),
        ({"set_name": "New", "set_function": "magic"}, "Function: Value 'magic' is not a valid choice."),
        ({"set_name": "New", "c1": "much"}, "The weight of C1 Technical and modality fit is not a number"),
    ],
)
def test_a_set_that_cannot_be_kept_says_why_and_loses_nothing(client, manager, project, change, said):
    WeightSetFactory(sponsor=manager.sponsor, name="Taken", function="finance")
    client.force_login(manager.user)
    sent = points(set_function="quality", **change) if "set_function" not in change else points(**change)
    response = client.post(reverse("quotes:weight_set_add", args=[project.pk]), sent, follow=True)
    assert "Weight set not kept." in text(response)
    assert said in text(response).replace("&#x27;", "'")
    assert WeightSet.objects.count() == 1
    assert response.redirect_chain[0][0].endswith("#keep")


def test_there_is_a_limit_to_the_sets_of_a_sponsor(client, manager, project):
    WeightSetFactory.create_batch(MOST, sponsor=manager.sponsor)
    client.force_login(manager.user)
    sent = points(set_name="One more", set_function="cmc")
    response = client.post(reverse("quotes:weight_set_add", args=[project.pk]), sent, follow=True)
    assert f"There are {MOST} weight sets already." in text(response)
    assert WeightSet.objects.count() == MOST


def test_another_sponsors_set_is_not_found(client, manager, project):
    foreign = WeightSetFactory()
    client.force_login(manager.user)
    assert client.post(reverse("quotes:weight_set_remove", args=[project.pk, foreign.pk])).status_code == 404
    assert WeightSet.objects.filter(pk=foreign.pk).exists()
