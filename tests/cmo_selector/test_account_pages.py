"""Sign-in, account and error pages: our frame, one heading, nothing inline, and what they must say."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.loader import render_to_string
from django.test import Client, RequestFactory, override_settings
from django.urls import reverse
from django.views import defaults
from django.views.csrf import csrf_failure

from cmo_selector.accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "correct-horse-battery"
INLINE = re.compile(r"<style|\sstyle=|\son\w+=|<script(?![^>]*(?:\ssrc=|application/json))", re.IGNORECASE)

OPEN_PAGES = ["account_login", "account_signup", "account_reset_password", "account_reset_password_done"]
OWN_PAGES = [
    "account_logout",
    "account_change_password",
    "account_email",
    "mfa_index",
    "account_reauthenticate",
]


@pytest.fixture
def person() -> User:
    user = User.objects.create_user("ada@example.org", PASSWORD, name="Ada Example")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def assert_well_made(html: str) -> None:
    assert html.count("<h1") == 1
    assert 'href="#main"' in html
    assert INLINE.findall(html) == []


@pytest.mark.parametrize("name", OPEN_PAGES)
def test_pages_before_signing_in_have_our_frame(client: Client, name: str):
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert_well_made(response.content.decode())


@pytest.mark.parametrize("name", OWN_PAGES)
def test_account_pages_have_our_frame(client: Client, person: User, name: str):
    client.force_login(person)
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert_well_made(response.content.decode())


def test_wrong_password_is_explained_and_the_address_kept(client: Client, person: User):
    response = client.post(reverse("account_login"), {"login": person.email, "password": "wrong"})
    html = response.content.decode()
    assert 'value="ada@example.org"' in html
    assert "One thing needs attention" in html
    assert "wrong" not in html


def test_signing_out_needs_a_post(client: Client, person: User):
    client.force_login(person)
    client.get(reverse("account_logout"))
    assert "_auth_user_id" in client.session
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


def test_demo_people_are_offered_only_where_the_settings_name_them(client: Client):
    people = [("Sourcing manager", "manager@demo.example", "a-demo-password")]
    with override_settings(DEMO_SIGN_INS=people):
        shown = client.get(reverse("account_login")).content.decode()
    with override_settings(DEMO_SIGN_INS=people, PRODUCTION=True):
        in_production = client.get(reverse("account_login")).content.decode()
    with override_settings(DEMO_SIGN_INS=[]):
        without = client.get(reverse("account_login")).content.decode()
    assert ["a-demo-password" in html for html in (shown, in_production, without)] == [True, False, False]


def request_of_a_visitor():
    request = RequestFactory().get("/nowhere/<b>/")
    request.user = AnonymousUser()
    return request


def test_missing_page_does_not_echo_the_address():
    response = defaults.page_not_found(request_of_a_visitor(), Http404("Project 7 of Halden"))
    html = response.content.decode()
    assert response.status_code == 404
    assert_well_made(html)
    assert "Halden" not in html
    assert "nowhere" not in html


def test_refusal_says_why():
    response = defaults.permission_denied(request_of_a_visitor(), PermissionDenied("Your role (viewer) <b>"))
    html = response.content.decode()
    assert response.status_code == 403
    assert_well_made(html)
    assert "Your role (viewer) &lt;b&gt;" in html


def test_refusal_without_a_reason_still_says_something():
    response = defaults.permission_denied(request_of_a_visitor(), PermissionDenied())
    assert "Your account does not allow this." in response.content.decode()


def test_failure_page_needs_neither_database_nor_session(django_assert_num_queries):
    with django_assert_num_queries(0):
        html = render_to_string("500.html")
    assert "The page could not be made" in html
    assert INLINE.findall(html) == []


def test_expired_form_says_what_to_do():
    response = csrf_failure(request_of_a_visitor())
    html = response.content.decode()
    assert response.status_code == 403
    assert "Nothing was changed" in html
    assert INLINE.findall(html) == []
