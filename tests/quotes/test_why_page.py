"""Why one partner is above another, other weights and questions: every claim is checked by ranking again."""

import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.scoring.profiles import with_weight
from partners.scoring.types import CRITERIA
from quotes.profiles_page import profiles_page
from quotes.ranking import rank_project
from quotes.robustness import questions_of
from quotes.why_page import choose, why_page
from tests.factories.accounts import MembershipFactory
from tests.quotes.rankings import EQUAL, ranking_of
from tests.quotes.reports import scenario

PAIR = {"Steady": {"C1": 80, "C2": 60, "C4": 30}, "Bold": {"C1": 40, "C2": 60, "C4": (20.0, 90.0), "C5": 56}}


def page_of(partners, weights=None, a="", b=""):
    ranking = ranking_of(partners, weights)
    return why_page(ranking, choose(ranking, a, b), CRITERIA, "near")


def test_differences_add_up_to_the_gap_and_are_told_from_the_better_ones_side():
    page = page_of(PAIR, a="bold", b="steady")
    assert (page.a.name, page.b.name) == ("Steady", "Bold")
    assert sum(row.difference.points for row in page.rows) == page.gap
    assert [row.difference.code for row in page.plus] == ["C1"]
    assert [(row.difference.code, row.gap) for row in page.minus] == [("C4", "−2.5"), ("C5", "−0.6")]
    assert page.sentence.startswith("Steady is 0.9 points above Bold, ahead on C1")
    assert re.match(
        r"Steady scores above Bold in \d+ of 100 weightings: each weight within ±20%", page.frequency
    )


def test_each_weight_flip_draws_the_two_level():
    page = page_of(PAIR)
    assert page.weight_flips
    for words in page.weight_flips:
        code, target = re.match(r"(C\d+) .* to ([\d.]+) of 100", words).groups()
        ranking = ranking_of(PAIR, with_weight(EQUAL, code, float(target)))
        first, second = ranking.results
        assert first.point - second.point == pytest.approx(0, abs=0.08), words


def test_each_fact_flip_draws_the_two_level():
    page = page_of(PAIR)
    (words,) = page.fact_flips
    assert words == (
        "“Measure C4” of Bold (C4) turns out at least 64.0 points; it may lie anywhere from 20.0 to 90.0 "
        "and counts as 55.0."
    )
    changed = ranking_of({**PAIR, "Bold": {**PAIR["Bold"], "C4": 64}})
    assert changed.results[0].point == pytest.approx(changed.results[1].point)


def test_without_unknowns_no_fact_can_turn_the_order():
    page = page_of({"A": {"C1": 90}, "B": {}})
    assert page.fact_flips == [
        "Nothing that is unknown today can turn this order around, not even all of it together."
    ]
    assert page.minus == []
    far = page_of({"A": {"C1": 100, "C2": 100}, "B": {"C3": (40.0, 60.0)}})
    assert far.fact_flips[0].startswith("Nothing that is unknown")


def test_several_unknowns_together_are_said_when_none_alone_suffices():
    page = page_of({"A": {"C1": 70}, "B": {"C2": (40.0, 60.0), "C3": (40.0, 60.0), "C4": (40.0, 60.0)}})
    assert page.fact_flips == ["No single unknown fact can turn this order around; several together could."]


def test_the_choice_of_two_is_checked():
    ranking = ranking_of(PAIR)
    assert [r.slug for r in choose(ranking, "", "")] == ["steady", "bold"]
    assert [r.slug for r in choose(ranking, "", "steady")] == ["bold", "steady"]
    assert choose(ranking_of({"A": {}}), "", "") is None
    with pytest.raises(ValueError, match="Choose two different partners"):
        choose(ranking, "bold", "bold")
    with pytest.raises(ValueError, match="“nobody” is not a partner of this ranking"):
        choose(ranking, "nobody", "")


# -- pages ----------------------------------------------------------------------------------------


@pytest.fixture
def scene(db):
    return scenario.scene()


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def url(project, name):
    return reverse(f"quotes:{name}", args=[project.pk])


def test_two_partners_are_chosen_by_address_and_a_knocked_out_one_says_why(client, scene):
    client.force_login(scene.user)
    ranking = rank_project(scene.project)
    first = ranking.results[0]
    out = next(r for r in ranking.results if r.fails)
    response = client.get(url(scene.project, "ranking_why"), {"a": first.slug, "b": out.slug})
    page = text(response)
    assert response.status_code == 200
    assert f"{out.name} is knocked out, whatever its score:" in page
    assert "What would have to change" in page


@pytest.mark.parametrize(
    ("query", "said"), [({"a": "nobody"}, "is not a partner"), ({"a": "x", "b": "x"}, "“x” is")]
)
def test_partners_that_do_not_exist_are_named(client, scene, query, said):
    client.force_login(scene.user)
    response = client.get(url(scene.project, "ranking_why"), query)
    assert response.status_code == 400
    assert said in text(response)


def test_prices_stay_hidden_from_evaluators_in_reasons(client, scene):
    client.force_login(MembershipFactory(sponsor=scene.project.sponsor, role=Role.EVALUATOR.value).user)
    page = text(client.get(url(scene.project, "ranking_why")))
    assert "USD" not in page
    assert "What would have to change" in page


def test_ranks_under_other_weights_are_those_of_the_ranking_with_those_weights(scene):
    ranking = rank_project(scene.project)
    page = profiles_page(scene.project, ranking, CRITERIA)
    labels = [p.label for p in page.profiles]
    assert labels[0] == "These weights"
    assert any(label.startswith("Next stage") for label in labels)
    for j, profile in enumerate(page.profiles):
        again = rank_project(scene.project, weights=profile.weights)
        points = {r.slug: r.point for r in again.results}
        shown = sorted((row["cells"][j]["rank"], -points[row["slug"]]) for row in page.rows)
        assert [points for _, points in shown] == sorted(points for _, points in shown)
    assert all(cell["move"] == "" for row in page.rows for cell in row["cells"][:1])


def test_questions_to_unranked_partners_are_left_out_when_no_answer_brings_them_first():
    silent = dict.fromkeys(CRITERIA, (0.0, 40.0))
    partners = {"Good": {"C1": (60.0, 90.0)}, "Close": {"C1": 80}, "Thin": silent}
    ranking = ranking_of(partners, min_coverage=70)
    asked = questions_of(ranking)
    assert [q.partner for q in asked] == ["Good"]
    assert asked[0].turns
    assert asked[0].first_worst < asked[0].first_now < asked[0].first_best
