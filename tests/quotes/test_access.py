"""The gate, the sponsor on the request, and the guard against writing GETs."""

import pytest
from django.db import connection, transaction
from django.urls import reverse

from cmo_selector.accounts.models import Sponsor
from cmo_selector.accounts.roles import ALLOWED, Action, Role, may
from cmo_selector.readonly import WriteOnGet, refuse_writes
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.quotes import ProjectFactory

pytestmark = pytest.mark.django_db


def test_every_role_has_its_actions_and_no_role_has_none():
    assert set(ALLOWED) == set(Role)
    assert all(may(Role.OWNER, action) for action in Action)
    assert not any(may(None, action) for action in Action)
    assert not may(Role.EVALUATOR, Action.SEE_PRICES)
    assert not may(Role.VIEWER, Action.COMMENT)


def test_a_person_with_two_sponsors_works_for_one_at_a_time(client):
    first = MembershipFactory(sponsor__name="Alder")
    second = MembershipFactory(user=first.user, sponsor__name="Birch", role=Role.VIEWER.value)
    client.force_login(first.user)
    assert client.get("/").wsgi_request.sponsor == first.sponsor
    client.post(reverse("quotes:switch_sponsor"), {"sponsor": second.sponsor_id})
    response = client.get("/")
    assert (response.wsgi_request.sponsor, response.wsgi_request.membership.role) == (
        second.sponsor,
        "viewer",
    )


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "x"])
def test_odd_numbers_in_an_address_are_no_fault_of_the_server(client, number):
    member = MembershipFactory()
    client.force_login(member.user)
    project = ProjectFactory(sponsor=member.sponsor)
    assert client.get(reverse("quotes:notice_bell"), {"before": number}).status_code == 200
    assert client.get(reverse("quotes:quotes", args=[project.pk]), {"rfq": number}).status_code == 404


def test_being_added_to_another_sponsor_does_not_change_whom_somebody_works_for(client):
    first = MembershipFactory(sponsor__name="Birch")
    MembershipFactory(user=first.user, sponsor__name="Alder", role=Role.VIEWER.value)
    client.force_login(first.user)
    response = client.get("/")
    assert (response.wsgi_request.sponsor, response.wsgi_request.membership.role) == (
        first.sponsor,
        "manager",
    )


def test_a_person_cannot_switch_to_a_sponsor_of_others(client):
    member = MembershipFactory()
    other = MembershipFactory().sponsor
    client.force_login(member.user)
    for wanted in (other.pk, "", "x", 10**20):
        client.post(reverse("quotes:switch_sponsor"), {"sponsor": wanted})
        assert client.get("/").wsgi_request.sponsor == member.sponsor


def test_a_person_without_a_sponsor_is_told_so(client):
    client.force_login(UserFactory())
    home = client.get("/")
    assert home.status_code == 200
    assert "not a member of a sponsor organisation" in home.content.decode()
    projects = client.get(reverse("quotes:project_list"))
    assert projects.status_code == 403
    assert "Ask its owner to add you" in projects.content.decode()


def test_a_get_request_that_writes_is_refused():
    with connection.execute_wrapper(refuse_writes), pytest.raises(WriteOnGet), transaction.atomic():
        Sponsor.objects.create(name="Written while reading")
    with connection.execute_wrapper(refuse_writes):
        assert not Sponsor.objects.filter(name="Written while reading").exists()
