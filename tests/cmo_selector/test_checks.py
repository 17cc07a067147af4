"""Our numbered system checks fire on what they are for, and on nothing else."""

import copy

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings


def ours(**options) -> list[str]:
    return sorted(message.id for message in run_checks(**options) if message.id.startswith("cmo."))


GOOD = {
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOP",
    "ALLOWED_HOSTS": ["cmo.example.org"],
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
}


def test_good_production_settings_pass():
    with override_settings(**GOOD):
        assert ours(include_deployment_checks=True) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"SECRET_KEY": "short"}, ["cmo.E001"]),
        ({"SECRET_KEY": "a" * 80}, ["cmo.E001"]),
        ({"ALLOWED_HOSTS": ["*"]}, ["cmo.E002"]),
        ({"REDIS_URL": "redis://127.0.0.1:1/0"}, ["cmo.E003"]),
        ({"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}, ["cmo.W001"]),
    ],
)
def test_each_fault_is_found_on_deployment_only(changed, expected):
    with override_settings(**{**GOOD, **changed}):
        assert ours(include_deployment_checks=True) == expected
        assert ours() == []


@pytest.mark.django_db  # some constraints ask for the server's version
@pytest.mark.parametrize(
    "options", ["", "-c statement_timeout=10s", "-c statement_timeout=0 -c lock_timeout=5s"]
)
def test_database_without_a_timeout_is_an_error(monkeypatch, options):
    databases = copy.deepcopy(settings.DATABASES)
    databases["default"]["OPTIONS"]["options"] = options
    monkeypatch.setattr(settings, "DATABASES", databases)
    found = ours(databases=["default"])
    assert found
    assert set(found) == {"cmo.E004"}


def test_npm_files_outside_vendor_are_an_error():
    from cmo_selector.staticfinder import NpmFinder

    with override_settings(NPM_FILES={"js/app.js": "some/app.js", "vendor/a.js": "a/a.js"}):
        assert [message.id for message in NpmFinder().check()] == ["cmo.E020"]
