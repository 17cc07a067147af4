"""The history of a partner's record as its readers see it."""

import re

import pytest
from django.db import connection

from cmo_selector.accounts.roles import Role
from partners.enums import ChangeHow
from partners.history import recording
from partners.models import Organisation
from tests.factories import accounts
from tests.factories import partners as make

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "history-newest"}


@pytest.fixture
def sign_in(client):
    def as_role(role=Role.MANAGER):
        client.force_login(accounts.MembershipFactory(role=role.value).user)
        return client

    return as_role


def text(response):
    html = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def url(organisation):
    return f"{organisation.get_absolute_url()}history/"


def test_page_tells_what_changed_by_which_way_and_why_without_naming_the_curator(sign_in):
    organisation = make.OrganisationFactory(name="Alder", website="https://alder.example")
    curator = accounts.CuratorFactory(name="Nadia Curator")
    with recording(how=ChangeHow.DESK, why="Sold in spring", actor=curator):
        Organisation.objects.filter(pk=organisation.pk).update(website="https://<b>.example")
    client = sign_in()
    response = client.get(url(organisation))
    words = text(response)
    assert "Curation desk A curator Sold in spring" in words
    assert "Website https://alder.example → became https://&lt;b&gt;.example" in words
    assert "Nadia" not in words
    with recording(how=ChangeHow.IMPORT, why="partners.xlsx", actor=curator):
        Organisation.objects.filter(pk=organisation.pk).update(founded_year=1990)
    words = text(client.get(url(organisation)))
    assert "Import A curator partners.xlsx" in words
    assert "Nadia" not in words
    assert "<b>.ex" not in response.content.decode()


def test_changes_of_one_act_stand_together_and_many_are_folded(sign_in):
    with recording(how=ChangeHow.IMPORT, why="Register file"):
        organisation = make.OrganisationFactory(name="Alder")
        for number in range(4):
            make.AliasFactory(organisation=organisation, name=f"Alder {number}")
    Organisation.objects.filter(pk=organisation.pk).update(employees=7)
    response = sign_in().get(url(organisation))
    found = [(act.how, len(act.entries), act.folded) for act in response.context["acts"]]
    assert found[-1] == ("Import", 5, True)
    assert sum(entries for _, entries, _ in found) == 6


@pytest.mark.parametrize(("role", "seen"), [(Role.MANAGER, True), (Role.EVALUATOR, False)])
def test_changes_of_terms_follow_the_role(sign_in, role, seen):
    organisation = make.OrganisationFactory()
    make.CommercialTermsFactory(organisation=organisation, payment_days=45)
    assert ("45" in text(sign_in(role).get(url(organisation)))) is seen


def test_profile_fetches_the_newest_and_links_to_all(sign_in):
    organisation = make.OrganisationFactory(name="Alder")
    for number in range(12):
        make.AliasFactory(organisation=organisation, name=f"Alder {number}")
    client = sign_in()
    assert f'hx-get="{url(organisation)}"' in client.get(organisation.get_absolute_url()).content.decode()
    response = client.get(url(organisation), headers=HTMX)
    assert "<html" not in response.content.decode()
    assert "All 13 changes to this record" in text(response)
    assert sum(len(act.entries) for act in response.context["acts"]) == 10


def test_record_without_history_and_pages_past_the_end_say_so(sign_in):
    organisation = make.OrganisationFactory()
    client = sign_in()
    for page, remark in (("9", "There is no page “9”"), ("x", "“x” is not a page number")):
        assert remark in text(client.get(url(organisation), {"page": page}))
    assert client.get("/partners/nobody/history/").status_code == 404
    # a partner that was there before the history began
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("DELETE FROM partners_change WHERE organisation_id = %s", [organisation.pk])
    assert "No change has been recorded" in text(client.get(url(organisation)))


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_the_changes(sign_in, django_assert_num_queries, count):
    organisation = make.OrganisationFactory()
    for number in range(count):
        make.AliasFactory(organisation=organisation, name=f"Alias {number}")
    client = sign_in()
    # session, user, memberships; partner; count and page of changes; three kinds of rows they speak of
    with django_assert_num_queries(9):
        response = client.get(url(organisation))
    assert response.context["count"] == count + 1
