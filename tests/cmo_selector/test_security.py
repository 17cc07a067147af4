"""Headers of every response: Content-Security-Policy, request id, cookies; and who may see what."""

import logging
import re

import pytest
import structlog
from django.test import override_settings
from django.urls import reverse

pytestmark = pytest.mark.django_db

STRICT = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}


def policy(response) -> set[str]:
    return set(response["Content-Security-Policy"].split("; "))


def test_pages_have_the_strict_policy(client):
    assert policy(client.get(reverse("account_login"))) == STRICT


def test_errors_have_the_strict_policy(client):
    response = client.get("/no/such/page/")
    assert response.status_code in {302, 404}
    assert policy(response) == STRICT


def test_only_the_admin_has_the_relaxed_policy(client):
    expected = (STRICT - {"script-src 'self'", "style-src 'self'"}) | {
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
    }
    assert policy(client.get(reverse("admin:login"))) == expected
    assert policy(client.get("/administration/")) == STRICT


def test_other_security_headers_are_set(client):
    response = client.get(reverse("account_login"))
    assert {
        name: response[name] for name in ("X-Frame-Options", "X-Content-Type-Options", "Referrer-Policy")
    } == {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
    }
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


def test_well_formed_request_id_is_kept(client):
    response = client.get("/healthz", headers={"X-Request-ID": "edge-1234567890"})
    assert response["X-Request-ID"] == "edge-1234567890"


@pytest.mark.parametrize("offered", ["", "short", "has blanks in it", "x" * 65, "line\nbreak-1234"])
def test_bad_request_id_is_replaced(client, offered):
    response = client.get("/healthz", headers={"X-Request-ID": offered})
    assert re.fullmatch(r"[0-9a-f]{32}", response["X-Request-ID"])


def test_request_id_is_in_the_log_and_gone_after_the_request(client, caplog):
    with caplog.at_level(logging.WARNING):
        client.get("/no/such/page/", headers={"X-Request-ID": "edge-1234567890"})
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_pages_without_an_exemption_ask_for_sign_in(client):
    response = client.get("/")
    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?next=/"


@override_settings(SECURE_SSL_REDIRECT=True, SECURE_HSTS_SECONDS=31_536_000)
def test_https_is_demanded_except_of_probes(client):
    assert client.get(reverse("account_login"))["Location"].startswith("https://")
    assert client.get("/healthz").status_code == 200
    assert client.get(reverse("account_login"), secure=True)["Strict-Transport-Security"].startswith(
        "max-age="
    )
