"""The ranking in the API says what the pages say, to those who may read them."""

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.scoring.types import CRITERIA, Group
from quotes.ranking import rank_project
from quotes.robustness import firmness_of
from quotes.robustness_page import verdict_sentence
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ProjectFactory
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db):
    return scenario.scene()


def ask(client, project, **query):
    return client.get(reverse("api:project-ranking", args=[project.pk]), query)


def test_the_answer_holds_the_figures_of_the_pages(client, scene):
    client.force_login(scene.user)
    body = ask(client, scene.project).json()
    ranking = rank_project(scene.project)
    for group in Group:
        assert [row["slug"] for row in body[group.value]] == [r.slug for r in ranking.group(group)]
    assert [row["point"] for row in body["ranked"]] == pytest.approx(
        [r.point for r in ranking.group(Group.RANKED)]
    )
    firm = firmness_of(ranking)
    assert body["robustness"]["sentence"] == verdict_sentence(firm)
    assert [row["first"] for row in body["robustness"]["near"]] == [
        s.first for s in firm.found.near.standings
    ]
    assert {"cross_check", "value", "profiles", "questions"} <= set(body)


def test_other_weights_are_tried_and_bad_ones_refused(client, scene):
    client.force_login(scene.user)
    tried = ask(client, scene.project, **{c.lower(): "1" for c in CRITERIA}).json()
    assert tried["weights"] == dict.fromkeys(CRITERIA, 10)
    refused = ask(client, scene.project, c1="-4")
    assert refused.status_code == 422
    assert "The weight of C1 Technical and modality fit is negative" in refused.json()["error"]["message"]


def test_a_project_without_needs_cannot_be_ranked(client):
    manager = MembershipFactory(role=Role.MANAGER.value)
    client.force_login(manager.user)
    assert ask(client, ProjectFactory(sponsor=manager.sponsor)).status_code == 409


def test_an_evaluator_gets_no_prices(client, scene):
    client.force_login(MembershipFactory(sponsor=scene.project.sponsor, role=Role.EVALUATOR.value).user)
    answer = ask(client, scene.project)
    assert answer.status_code == 200
    assert "USD" not in answer.content.decode()
