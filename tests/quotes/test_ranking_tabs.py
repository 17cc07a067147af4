"""The deeper looks at a ranking as pages: what they say, to whom, at what cost in queries."""

import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.scoring.types import CRITERIA
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import CapabilityFactory, FacilityFactory, OrganisationFactory
from tests.factories.quotes import NeedFactory, ProjectFactory
from tests.quotes.reports import scenario

TABS = [
    "ranking",
    "ranking_robustness",
    "ranking_why",
    "ranking_value",
    "ranking_profiles",
    "ranking_questions",
    "ranking_whatif",
]
WEIGHTS = {code.lower(): "10" for code in CRITERIA}


@pytest.fixture
def scene(db):
    return scenario.scene()


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def url(project, name="ranking", *more):
    return reverse(f"quotes:{name}", args=[project.pk, *more])


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_a_page_that_keeps_the_tried_weights(client, scene, tab):
    client.force_login(scene.user)
    response = client.get(url(scene.project, tab), {**WEIGHTS, "c1": "40", "space": "free"})
    page = response.content.decode()
    assert response.status_code == 200
    assert 'name="c1" min="0" max="100" step="0.5" value="40"' in page
    for other in TABS:
        assert re.search(rf'href="{url(scene.project, other)}\?c1=40&amp;[^"]*space=free"', page)
    assert page.count('aria-current="page"') >= 2


@pytest.mark.parametrize("tab", TABS)
def test_the_swapped_in_results_equal_those_of_the_page(client, scene, tab):
    client.force_login(scene.user)
    query = {**WEIGHTS, "c4": "30"}
    piece = client.get(url(scene.project, tab), query, headers={"HX-Request": "true", "HX-Target": "results"})
    whole = client.get(url(scene.project, tab), query)
    token = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
    fragment = token.sub("", piece.content.decode()).strip()
    assert fragment.startswith('<div id="results"')
    assert fragment in token.sub("", whole.content.decode())


def test_the_list_says_how_often_each_partner_is_first(client, scene):
    client.force_login(scene.user)
    page = text(client.get(url(scene.project)))
    assert re.search(r"The (first place is|list leans)", page)
    assert re.search(r"first in (\d+|fewer than 1|more than 99) of 100, mostly \d", page)
    assert re.search(r"Above it in [\w ]+ of 100 weightings\.", page)


def test_while_a_slider_moves_fewer_weightings_are_drawn(client, scene):
    client.force_login(scene.user)
    headers = {"HX-Request": "true", "HX-Target": "results"}
    moving = client.get(
        url(scene.project, "ranking_robustness"), WEIGHTS, headers={**headers, "X-Moving": "1"}
    )
    still = client.get(url(scene.project, "ranking_robustness"), WEIGHTS, headers=headers)
    assert "2,048 weightings" in text(moving)
    assert "10,000 weightings" in text(still)


def test_the_robustness_page_has_ranks_weights_and_methods(client, scene):
    client.force_login(scene.user)
    page = text(client.get(url(scene.project, "ranking_robustness")))
    for said in ("Which rank, how often", "How far each weight can move", "Do other methods agree?"):
        assert said in page
    assert "never averaged" in page
    assert "an unknown counts as the middle of its interval" in page


def test_a_way_of_varying_weights_that_does_not_exist_is_named(client, scene):
    client.force_login(scene.user)
    response = client.get(url(scene.project, "ranking_robustness"), {"space": "wild"})
    assert response.status_code == 400
    assert "There is no way of varying weights called “wild”." in text(response)
    assert "Which rank, how often" in text(response)


@pytest.mark.parametrize("tab", TABS)
def test_nothing_about_prices_reaches_an_evaluator(client, scene, tab):
    client.force_login(MembershipFactory(sponsor=scene.project.sponsor, role=Role.EVALUATOR.value).user)
    response = client.get(url(scene.project, tab))
    assert response.status_code == 200
    assert "USD" not in text(response)


@pytest.mark.parametrize("tab", TABS)
def test_a_project_without_needs_and_an_empty_catalogue_are_said(client, db, tab):
    manager = MembershipFactory(role=Role.MANAGER.value)
    client.force_login(manager.user)
    bare = ProjectFactory(sponsor=manager.sponsor)
    assert "Nothing to rank against yet" in text(client.get(url(bare, tab)))
    project = ProjectFactory(sponsor=manager.sponsor)
    NeedFactory(project=project)
    response = client.get(url(project, tab))
    assert response.status_code == 200
    nobody = "catalogue has no partners|No partner is ranked|No ranked partner"
    assert re.search(f"{nobody}|Two partners are|No open question|Change a fact", text(response))


@pytest.mark.parametrize("tab", TABS)
def test_queries_do_not_grow_with_the_partners(client, db, tab, django_assert_num_queries):
    manager = MembershipFactory(role=Role.MANAGER.value)
    project = ProjectFactory(sponsor=manager.sponsor)
    need = NeedFactory(project=project)
    client.force_login(manager.user)
    for count in (1, 3):
        for n in range(count):
            site = FacilityFactory(organisation=OrganisationFactory(slug=f"p{count}-{n}"))
            CapabilityFactory(facility=site, service=need.service)
        client.get(url(project, tab))
        with django_assert_num_queries(
            {"ranking": 12, "ranking_profiles": 11, "ranking_whatif": 11, "ranking_questions": 13}.get(
                tab, 10
            )
        ):
            client.get(url(project, tab))


def test_where_nobody_is_ranked_every_tab_says_so_and_leads_to_the_list(client, scene):
    client.force_login(scene.user)
    NeedFactory(project=scene.project, rule="country", level="must", countries=["AQ"], service=None)
    page = client.get(reverse("quotes:ranking", args=[scene.project.pk])).content.decode()
    assert "Every partner fails at least one must-have. The list below says which" in page
    for tab in ("robustness", "value", "profiles", "questions"):
        page = client.get(reverse(f"quotes:ranking_{tab}", args=[scene.project.pk])).content.decode()
        assert "Nobody is ranked" in page, tab
        assert f'href="{reverse("quotes:ranking", args=[scene.project.pk])}"' in page


@pytest.mark.parametrize(
    ("module", "tab", "said"),
    [
        ("profiles_page", "profiles", "The first 1 of"),
        ("value_page", "value", "were compared. Shown are the first ones and every efficient one"),
        ("crosscheck", "robustness", "The first 1 of"),
    ],
)
def test_a_table_that_holds_the_first_ones_only_says_so(client, scene, monkeypatch, module, tab, said):
    monkeypatch.setattr(f"quotes.{module}.SHOWN", 1)
    client.force_login(scene.user)
    page = text(client.get(reverse(f"quotes:ranking_{tab}", args=[scene.project.pk])))
    assert said in page


def test_a_partner_that_left_the_catalogue_is_no_dead_link_in_an_evaluation(client, db):
    scene = scenario.quoted_scene()
    client.force_login(scene.user)
    gone = scene.partners["halden"]
    gone.active = False
    gone.save()
    page = client.get(reverse("quotes:evaluation", args=[scene.project.pk])).content.decode()
    assert "no longer in the catalogue" in page
    assert reverse("quotes:ranking_partner", args=[scene.project.pk, gone.slug]) not in page
