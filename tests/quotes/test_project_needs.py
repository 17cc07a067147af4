"""The needs step: forms by rule, suggestions, edit and remove, and two people editing one need."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from quotes.models import Need, Project
from quotes.services.projects import change_need
from tests.factories import partners as catalogue
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import NeedFactory, ProjectFactory

pytestmark = pytest.mark.django_db

XSS = '<script>alert("x")</script>'


@pytest.fixture
def member(client):
    member = MembershipFactory()
    client.force_login(member.user)
    return member


@pytest.fixture
def project(member):
    return ProjectFactory(sponsor=member.sponsor, name="Vector")


def url(name: str, project: Project, *args) -> str:
    return reverse(f"quotes:{name}", args=[project.pk, *args])


def step(project: Project, name: str) -> str:
    return url("project_step", project, name)


def fields(response) -> dict:
    """What a browser would send back unchanged."""
    form = response.context["form"]
    sent = {}
    for bound in form:
        value = bound.value()
        if value is None or value is False:
            continue
        sent[bound.html_name] = "on" if value is True else value
    return sent


def messages(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def test_a_stale_need_shows_both_values(client, member, project):
    need = NeedFactory(project=project, rule="biosafety", service=None, quantity=2)
    page = url("need_edit", project, need.pk)
    sent = {**fields(client.get(page)), "quantity": "4"}
    change_need(
        actor=member.user, need=need, values={"rule": "biosafety", "level": "must", "quantity": Decimal(3)}
    )
    response = client.post(page, sent)
    assert response.status_code == 409
    assert [(c.label, c.theirs, c.mine) for c in response.context["conflicts"]] == [
        ("Biosafety level, at least", "3", "4")
    ]
    assert Need.objects.get(pk=need.pk).quantity == 3
    sent["version"] = response.context["form"]["version"].value()
    assert client.post(page, sent).status_code == 302
    assert Need.objects.get(pk=need.pk).quantity == 4


def test_the_form_of_a_rule_holds_only_what_the_rule_reads(client, project):
    response = client.get(url("need_add", project), {"rule": "inspection"})
    assert set(response.context["form"].fields) == {
        "regulator",
        "quantity",
        "same_site",
        "level",
        "note",
        "version",
    }
    assert response.context["form"]["quantity"].value() == 5


def test_htmx_gets_the_fields_that_the_page_holds(client, project):
    page = client.get(url("need_add", project), {"rule": "country"}).content.decode()
    fragment = client.get(
        url("need_add", project), {"rule": "country"}, headers={"HX-Request": "true"}
    ).content.decode()
    assert "<html" not in fragment
    without_token = re.compile(r'<input type="hidden" name="csrfmiddlewaretoken"[^>]*>')
    assert without_token.sub("", fragment).strip() in without_token.sub("", page)
    assert fragment.count('id="need-fields"') == 1


@pytest.mark.parametrize("rule", ["nonsense", "no_open_action", XSS])
def test_an_unknown_rule_asks_to_choose_one(client, project, rule):
    response = client.get(url("need_add", project), {"rule": rule})
    assert (response.status_code, response.context["form"]) == (200, None)
    assert messages(response) == ["Choose what kind of need this is."]
    assert XSS not in response.content.decode()
    response = client.post(url("need_add", project), {"rule": rule})
    assert (response.status_code, Need.objects.count()) == (422, 0)


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"rule": "biosafety", "quantity": "5"}, {"quantity": ["Enter a whole number from 1 to 4."]}),
        ({"rule": "biosafety", "quantity": "NaN"}, {"quantity": ["Enter a number."]}),
        ({"rule": "biosafety", "quantity": "", "level": "never"}, None),
        ({"rule": "capacity", "by": "2020-01-01"}, {"by": ["This day has passed."]}),
        ({"rule": "minimum_project", "quantity": "0"}, {"quantity": ["Enter a number above zero."]}),
        ({"rule": "country"}, {"countries": ["This field is required."]}),
        (
            {"rule": "capability"},
            {"service": ["Give a service, modality, dosage form or production system."]},
        ),
    ],
)
def test_a_need_that_could_not_be_checked_is_refused_beside_its_field(client, project, typed, errors):
    response = client.post(url("need_add", project), {"level": "must", **typed})
    assert response.status_code == 422
    if errors is None:
        assert set(response.context["form"].errors) == {"quantity", "level"}
    else:
        assert response.context["form"].errors == errors
    assert Need.objects.count() == 0


def test_needs_are_edited_and_removed(client, project):
    need = NeedFactory(project=project, rule="biosafety", service=None, quantity=2)
    page = url("need_edit", project, need.pk)
    client.post(page, {**fields(client.get(page)), "level": "should", "note": XSS})
    need.refresh_from_db()
    assert (need.level, need.note, need.quantity) == ("should", XSS, 2)
    html = client.get(step(project, "needs")).content.decode()
    assert XSS not in html
    assert "&lt;script&gt;" in html
    remove = url("need_delete", project, need.pk)
    assert "Remove this need?" in client.get(remove).content.decode()
    assert Need.objects.count() == 1
    assert client.post(remove).url == step(project, "needs")
    assert Need.objects.count() == 0
    assert client.post(remove).status_code == 404


def test_a_suggestion_is_added_with_one_click_and_htmx_gets_the_new_board(client, member):
    project = ProjectFactory(
        sponsor=member.sponsor, modality=catalogue.ModalityFactory(code="aav", label="AAV")
    )
    html = client.get(step(project, "needs")).content.decode()
    assert 'name="suggestion" value="biosafety"' in html
    response = client.post(
        url("need_add", project), {"suggestion": "biosafety"}, headers={"HX-Request": "true"}
    )
    fragment = response.content.decode()
    assert (response.status_code, "<html" in fragment) == (200, False)
    assert 'value="biosafety"' not in fragment
    assert "The lead site works at biosafety level 2 or higher in “AAV”" in fragment
    assert project.needs.count() == 1
    again = client.post(url("need_add", project), {"suggestion": "biosafety"}, follow=True)
    assert messages(again) == ["Nothing to add: the project has that need already."]
    assert project.needs.count() == 1


def test_all_suggestions_are_added_at_once(client, member):
    catalogue.ServiceFactory(code="ds-viral-vector")
    project = ProjectFactory(sponsor=member.sponsor, modality=catalogue.ModalityFactory(code="aav"))
    response = client.post(url("need_add", project), {"suggestion": "all"}, follow=True)
    count = project.needs.count()
    assert count >= 3
    assert messages(response) == [f"{count} needs added."]
