"""Environment variables: good values are read, bad ones are refused by name."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from cmo_selector import env


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", True), ("1", True), ("ON", True), ("no", False), ("0", False), ("", True)],
)
def test_boolean_reads_common_spellings(monkeypatch, value, expected):
    monkeypatch.setenv("CMO_TEST_FLAG", value)
    assert env.boolean("CMO_TEST_FLAG", default=True) is expected


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (lambda: env.boolean("X_VAR", False), "maybe", "X_VAR must be true or false, not 'maybe'."),
        (lambda: env.integer("X_VAR", 1), "ten", "X_VAR must be a whole number, not 'ten'."),
        (lambda: env.integer("X_VAR", 1, minimum=1), "0", "X_VAR must be at least 1, not 0."),
        (lambda: env.integer("X_VAR", 1, maximum=15), "16", "X_VAR must be at most 15, not 16."),
        (lambda: env.choice("X_VAR", ("a", "b"), "a"), "c", "X_VAR must be one of a, b, not 'c'."),
        (lambda: env.required("X_VAR", "say why."), "  ", "X_VAR is not set: say why."),
    ],
)
def test_bad_value_is_refused_naming_the_variable(monkeypatch, read, value, message):
    monkeypatch.setenv("X_VAR", value)
    with pytest.raises(ImproperlyConfigured) as error:
        read()
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:///db.sqlite3", "must be a postgres:// address; sqlite is not supported"),
        ("localhost/db", "a value without a scheme is not supported"),
        ("postgres://u:p@host:5432/", "names no database"),
    ],
)
def test_only_postgresql_addresses_are_accepted(url, message):
    with pytest.raises(ImproperlyConfigured, match=message):
        env.postgres_url("DATABASE_URL", url)


def test_postgresql_address_becomes_a_database_setting():
    config = env.postgres_url("DATABASE_URL", "postgres://cmo:s%40fe@db:5433/catalogue?sslmode=require")
    assert config == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "catalogue",
        "USER": "cmo",
        "PASSWORD": "s@fe",
        "HOST": "db",
        "PORT": 5433,
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize(
    ("url", "broker", "cache"),
    [
        ("redis://h:6379/0", "redis://h:6379/0", "redis://h:6379/1"),
        ("redis://:pw@h:6379", "redis://:pw@h:6379", "redis://:pw@h:6379/1"),
        ("rediss://h:6379/4", "rediss://h:6379/4", "rediss://h:6379/5"),
        ("unix:///run/v.sock?db=2", "redis+socket:///run/v.sock?virtual_host=2", "unix:///run/v.sock?db=3"),
    ],
)
def test_broker_and_cache_share_a_server_but_no_database(url, broker, cache):
    assert env.celery_broker_url(env.redis_url("REDIS_URL", url)) == broker
    assert env.redis_database(url, offset=1) == cache


def test_redis_address_with_a_foreign_scheme_is_refused():
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL must be a redis://"):
        env.redis_url("REDIS_URL", "amqp://host")


def test_generated_secret_is_made_once_and_private(tmp_path: Path):
    file = tmp_path / "var" / "secret_key"
    first = env.generated_secret(file)
    assert len(first) > 50
    assert env.generated_secret(file) == first
    assert file.stat().st_mode & 0o777 == 0o600


def test_empty_secret_file_is_an_error_and_not_an_empty_key(tmp_path: Path):
    (tmp_path / "secret_key").touch()
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        env.generated_secret(tmp_path / "secret_key")
