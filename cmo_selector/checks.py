"""Numbered system checks: what Django's own checks do not know about this project.

E001 secret key, E002 hosts, E003 broker, W001 e-mail: with `check --deploy` only.
E004 database timeouts: always. E020 browser files: in staticfinder.py.
"""

from __future__ import annotations

from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register


@register(Tags.security, deploy=True)
def secret_and_hosts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if len(settings.SECRET_KEY) < 50 or len(set(settings.SECRET_KEY)) < 10:
        found.append(
            Error(
                "SECRET_KEY is too short or too uniform to be a secret.",
                hint='python -c "import secrets; print(secrets.token_urlsafe(64))" makes a good one.',
                id="cmo.E001",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Error("ALLOWED_HOSTS allows every host name.", hint="Name the hosts.", id="cmo.E002"),
        )
    if settings.EMAIL_BACKEND.endswith((".console.EmailBackend", ".dummy.EmailBackend")):
        found.append(
            Warning("EMAIL_URL is not set: invitations and resets would reach nobody.", id="cmo.W001"),
        )
    return found


@register("broker", deploy=True)
def broker_reachable(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    from cmo_selector.health import broker_answers

    try:
        broker_answers()
    except (redis.RedisError, OSError) as error:
        return [Error(f"The broker does not answer: {error}", hint="See REDIS_URL.", id="cmo.E003")]
    return []


@register(Tags.database)
def database_timeouts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """A forgotten timeout lets one bad query hold a web process, and its locks, for ever."""
    found: list[CheckMessage] = []
    for alias, config in settings.DATABASES.items():
        options = config.get("OPTIONS", {}).get("options", "")
        for name in ("statement_timeout", "lock_timeout"):
            if f"{name}=" not in options or f"{name}=0" in options:
                found.append(Error(f"Database {alias!r} has no {name}.", id="cmo.E004"))
    return found
