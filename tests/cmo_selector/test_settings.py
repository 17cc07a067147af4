"""Settings of each environment, read in fresh processes; production refuses to start half configured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "CMO_ENV": "production",
    "SECRET_KEY": "k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "cmo.example.org, www.example.org",
    "DATABASE_URL": "postgres://cmo:pw@db.example.org:5432/cmo",
    "REDIS_URL": "redis://broker.example.org:6379/0",
}
PRINT = """
import json
from django.conf import settings
names = {names!r}
print(json.dumps({{name: getattr(settings, name) for name in names}}, default=str))
"""


def run(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    base = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "cmo_selector.settings"}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**base, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def read(environment: dict[str, str], *names: str) -> dict:
    result = run(PRINT.format(names=names), environment)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize("module", ["cmo_selector.wsgi", "cmo_selector.celery"])
def test_production_refuses_to_start_without(name, module):
    environment = {key: value for key, value in PRODUCTION.items() if key != name}
    code = f"import {module} as m; getattr(m, 'app', m).__class__; m.app.conf.broker_url if hasattr(m, 'app') else 0"
    result = run(code, environment)
    assert result.returncode != 0
    assert f"ImproperlyConfigured: {name} is not set: production needs" in result.stderr


def test_nothing_configured_means_production_and_not_the_demo():
    result = run("import cmo_selector.wsgi", {})
    assert result.returncode != 0
    assert "SECRET_KEY is not set" in result.stderr


def test_manage_py_reports_a_bad_configuration_in_one_line():
    result = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "CMO_ENV": "production"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert result.stderr == (
        "Configuration error: SECRET_KEY is not set: "
        "production needs a secret key of at least 50 random characters.\n"
    )


def test_production_is_closed_and_never_embedded():
    names = ["DEBUG", "EMBEDDED", "ALLOWED_HOSTS", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"]
    names += ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "CELERY_BROKER_URL", "CELERY_TASK_IGNORE_RESULT"]
    assert read(PRODUCTION, *names) == {
        "DEBUG": False,
        "EMBEDDED": None,
        "ALLOWED_HOSTS": ["cmo.example.org", "www.example.org"],
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "CELERY_BROKER_URL": "redis://broker.example.org:6379/0",
        "CELERY_TASK_IGNORE_RESULT": True,
    }


def test_production_imports_no_embedded_code():
    code = "import sys, django; django.setup(); print('cmo_selector.embedded' in sys.modules)"
    result = run(code, PRODUCTION)
    assert result.stdout == "False\n", result.stderr


def test_demo_falls_back_to_embedded_services_with_a_private_key(tmp_path: Path):
    environment = {"CMO_ENV": "demo", "CMO_VAR_DIR": str(tmp_path), "EMBEDDED_DB_NAME": "mine"}
    first = read(environment, "SECRET_KEY", "DATABASES", "REDIS_URL", "DEBUG")
    assert first["DEBUG"] is False
    assert first["DATABASES"]["default"]["NAME"] == "mine"
    assert first["REDIS_URL"].startswith("unix:///")
    assert read(environment, "SECRET_KEY")["SECRET_KEY"] == first["SECRET_KEY"]
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600
    # Reading settings starts nothing.
    assert not (tmp_path / "embedded").exists()


def test_demo_with_addresses_uses_them_and_embeds_nothing(tmp_path: Path):
    environment = {**PRODUCTION, "CMO_ENV": "demo", "CMO_VAR_DIR": str(tmp_path)}
    found = read(environment, "EMBEDDED", "DATABASES", "REDIS_URL")
    assert found["EMBEDDED"] is None
    assert found["DATABASES"]["default"]["HOST"] == "db.example.org"
    assert found["REDIS_URL"] == "redis://broker.example.org:6379/0"


@pytest.mark.parametrize(
    ("process", "statement", "lock"), [("web", 10, 5), ("worker", 300, 150), ("command", 300, 150)]
)
def test_each_kind_of_process_has_its_database_timeouts(process, statement, lock):
    found = read({**PRODUCTION, "CMO_PROCESS": process}, "DATABASES")
    options = found["DATABASES"]["default"]["OPTIONS"]
    assert options["application_name"] == f"cmo_selector-{process}"
    assert options["options"] == (
        f"-c statement_timeout={statement}s -c lock_timeout={lock}s"
        " -c idle_in_transaction_session_timeout=600s"
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CMO_ENV", "staging", "CMO_ENV must be one of production, demo, test"),
        ("CMO_PROCESS", "cron", "CMO_PROCESS must be one of web, worker, command"),
        ("DJANGO_DEBUG", "perhaps", "DJANGO_DEBUG must be true or false"),
        ("DATABASE_URL", "mysql://u@h/db", "DATABASE_URL must be a postgres:// address; mysql"),
        ("REDIS_URL", "amqp://h", "REDIS_URL must be a redis://"),
        ("DB_LOCK_TIMEOUT_SECONDS", "0", "DB_LOCK_TIMEOUT_SECONDS must be at least 1"),
    ],
)
def test_bad_value_stops_the_start_naming_the_variable(name, value, message):
    result = run("from django.conf import settings; settings.DEBUG", {**PRODUCTION, name: value})
    assert result.returncode != 0
    assert f"ImproperlyConfigured: {message}" in result.stderr


@pytest.mark.django_db
def test_timeouts_reach_the_database():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM current_setting('statement_timeout')::interval)::int,"
            " extract(epoch FROM current_setting('lock_timeout')::interval)::int"
        )
        assert cursor.fetchone() == (settings.DB_STATEMENT_TIMEOUT_SECONDS, settings.DB_LOCK_TIMEOUT_SECONDS)
