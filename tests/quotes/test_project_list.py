"""The list of projects: found by words, stage and modality in the address, ordered as asked."""

import datetime as dt

import pytest
from django.urls import reverse

from tests.factories.accounts import MembershipFactory
from tests.factories.partners import ModalityFactory
from tests.factories.quotes import NeedFactory, ProjectFactory, ShortlistEntryFactory

pytestmark = pytest.mark.django_db
LIST = "/projects/"


@pytest.fixture
def member(client):
    member = MembershipFactory()
    client.force_login(member.user)
    return member


@pytest.fixture
def three(member):
    aav, tablet = (
        ModalityFactory(code="aav", label="AAV"),
        ModalityFactory(code="small", label="Small molecule"),
    )
    made = {"sponsor": member.sponsor}
    return [
        ProjectFactory(name="Vector one", product="AB-1", stage=3, modality=aav, need_date=dt.date(2027, 5, 1), **made),
        ProjectFactory(name="Tablets", product="Vector-free", stage=7, modality=tablet, need_date=None, **made),
        ProjectFactory(name="Alpha", indication="vector borne", stage=3, modality=tablet,
                       need_date=dt.date(2027, 1, 1), **made),
    ]  # fmt: skip


def names(client, **query):
    return [row["project"].name for row in client.get(LIST, query).context["rows"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Alpha", "Tablets", "Vector one"]),
        ({"q": "vector"}, ["Alpha", "Tablets", "Vector one"]),
        ({"q": "VECTOR one"}, ["Vector one"]),
        ({"q": "100%_"}, []),
        ({"stage": "3"}, ["Alpha", "Vector one"]),
        ({"stage": "3", "modality": "small"}, ["Alpha"]),
        ({"sort": "name"}, ["Alpha", "Tablets", "Vector one"]),
        ({"sort": "need"}, ["Alpha", "Vector one", "Tablets"]),
        ({"sort": "stage", "stage": "99"}, ["Alpha", "Vector one", "Tablets"]),
    ],
)
def test_projects_are_found_and_ordered_by_the_address(client, three, query, expected):
    assert names(client, **query) == expected


def test_what_cannot_be_used_is_said_and_the_rest_still_narrows(client, three):
    response = client.get(LIST, {"stage": "later", "modality": "nothing", "q": "tablets"})
    page = response.content.decode()
    assert response.status_code == 200
    assert [row["project"].name for row in response.context["rows"]] == ["Tablets"]
    assert page.count("Left out of the search") == 2
    none = client.get(LIST, {"q": "nowhere"}).content.decode()
    assert "No project matches" in none
    assert "Show all projects" in none


def test_other_sponsors_projects_and_modalities_are_not_to_be_found(client, three):
    other = ProjectFactory(name="Vector secret", modality=ModalityFactory(code="mrna", label="Messenger"))
    assert other.name not in names(client, q="vector")
    assert "Messenger" not in client.get(LIST).content.decode()
    assert names(client, modality="mrna") == ["Alpha", "Tablets", "Vector one"], (
        "not a choice here, so left out"
    )


def test_counts_are_right_and_queries_few_however_many_projects(client, three, django_assert_max_num_queries):
    for project in three:
        for level in ("must", "should"):
            NeedFactory(project=project, level=level)
        for _ in range(2):
            ShortlistEntryFactory(project=project)
    with django_assert_max_num_queries(12):
        rows = client.get(LIST, {"q": "vector"}).context["rows"]
    assert {
        (r["project"].need_count, r["project"].must_count, r["project"].shortlist_count) for r in rows
    } == {(2, 1, 2)}
    assert client.get(reverse("quotes:project_list"), {"page": "2", "q": "vector"}).status_code == 200
