"""Reads environment variables and refuses bad values loudly.

Every function names the variable in its error, and remembers the name in `READ`, so that a test can
check that docker-compose.yml sets only variables that something reads.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

import environ
from django.core.exceptions import ImproperlyConfigured

READ: set[str] = set()

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def _raw(name: str) -> str | None:
    """The variable's value without surrounding blanks; None when unset or empty."""
    READ.add(name)
    value = os.environ.get(name, "").strip()
    return value or None


def text(name: str, default: str = "") -> str:
    value = _raw(name)
    return default if value is None else value


def required(name: str, why: str) -> str:
    """The value of a variable that must be set. Raises ImproperlyConfigured naming it otherwise."""
    value = _raw(name)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set: {why}")
    return value


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def boolean(name: str, default: bool) -> bool:
    value = _raw(name)
    if value is None:
        return default
    if value.lower() in _TRUE:
        return True
    if value.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def integer(name: str, default: int, *, minimum: int = 0, maximum: int | None = None) -> int:
    value = _raw(name)
    if value is None:
        return default
    try:
        number = int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.") from None
    if number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}.")
    if maximum is not None and number > maximum:
        raise ImproperlyConfigured(f"{name} must be at most {maximum}, not {number}.")
    return number


def items(name: str, default: list[str] | None = None) -> list[str]:
    """A comma-separated list, blanks around its items removed."""
    value = _raw(name)
    if value is None:
        return list(default or [])
    return [item.strip() for item in value.split(",") if item.strip()]


def path(name: str, default: Path) -> Path:
    value = _raw(name)
    return default if value is None else Path(value).expanduser().resolve()


def postgres_url(name: str, value: str) -> dict[str, Any]:
    """A Django database dict from a postgres:// URL. PostgreSQL is the only database supported."""
    scheme = urlsplit(value).scheme
    if scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            f"{name} must be a postgres:// address; {scheme or 'a value without a scheme'} is not supported."
        )
    config: dict[str, Any] = environ.Env.db_url_config(value)
    config["HOST"] = unquote(config["HOST"])  # a Unix socket's directory is written %2Fvar%2Frun%2F…
    if not config.get("NAME"):
        raise ImproperlyConfigured(f"{name} names no database: postgres://user:password@host:5432/database")
    return config


def redis_url(name: str, value: str) -> str:
    scheme = urlsplit(value).scheme
    if scheme not in {"redis", "rediss", "unix"}:
        raise ImproperlyConfigured(f"{name} must be a redis://, rediss:// or unix:// address.")
    return value


def email_url(name: str, default: str) -> dict[str, Any]:
    """Django's e-mail settings from smtp://, smtp+tls://, consolemail:// or similar."""
    value = text(name, default)
    try:
        config: dict[str, Any] = environ.Env.email_url_config(value)
    except (KeyError, environ.ImproperlyConfigured) as error:
        raise ImproperlyConfigured(
            f"{name} must be a mail server's address such as smtp+tls://user:password@host:587: {error}"
        ) from error
    return config


def redis_database(url: str, *, offset: int) -> str:
    """The same server's database number `offset` further on: the cache lives beside the broker."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query))
        query["db"] = str(int(query.get("db", "0")) + offset)
        return f"unix://{parts.path}?{urlencode(query)}"
    number = parts.path.strip("/") or "0"
    if not number.isdigit():
        raise ImproperlyConfigured("REDIS_URL must end in a database number, such as redis://host:6379/0.")
    return urlunsplit(parts._replace(path=f"/{int(number) + offset}"))


def celery_broker_url(url: str) -> str:
    """Celery's spelling of a Redis address: it knows sockets as redis+socket://."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{parts.path}?virtual_host={number}"


def generated_secret(file: Path) -> str:
    """The demo's secret key: made once, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if value := file.read_text(encoding="ascii").strip():
            return value
        raise ImproperlyConfigured(f"{file} is empty: remove it and a new key is made.") from None
    value = secrets.token_urlsafe(64)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(value + "\n")
    return value
