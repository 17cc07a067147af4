"""Liveness and readiness, for load balancers and orchestrators. Both answer JSON, without sign-in.

`/healthz`: this process answers. `/readyz`: database, broker and at least one Celery worker answer.
Answers name no host and no error text; the reason is in the log.
"""

from __future__ import annotations

from collections.abc import Callable

import redis
import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cmo_selector.celery import app

log = structlog.get_logger(__name__)

WORKER_SECONDS = 1.0  # how long a worker may take to answer


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    checks = {"database": _passes("database", database_answers), "broker": _passes("broker", broker_answers)}
    # Asking for workers goes through the broker: without it there is nothing to wait for.
    checks["worker"] = checks["broker"] and _passes("worker", worker_answers)
    ready = all(checks.values())
    return JsonResponse(
        {
            "status": "ok" if ready else "unavailable",
            "checks": {name: "ok" if passed else "unavailable" for name, passed in checks.items()},
        },
        status=200 if ready else 503,
    )


def _passes(name: str, check: Callable[[], None]) -> bool:
    try:
        check()
    except Exception as error:  # whatever is wrong with a service, the answer is "unavailable"
        log.warning("not ready", check=name, error=str(error))
        return False
    return True


def database_answers() -> None:
    """Raises when the database does not answer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def broker_answers(seconds: float = 2.0) -> None:
    """Raises when the broker does not answer within `seconds`."""
    options = {"socket_connect_timeout": seconds, "socket_timeout": seconds}
    with redis.Redis.from_url(settings.REDIS_URL, **options) as client:
        client.ping()


def worker_answers() -> None:
    """Raises when no Celery worker answers; returns with the first that does."""
    for attempt in (1, 2, 3):
        try:
            answers = app.control.ping(timeout=WORKER_SECONDS, limit=1)
            break
        except (redis.RedisError, OSError):
            # A pooled connection may date from before the broker's last restart; failing renews it.
            if attempt == 3:
                raise
    if not answers:
        raise LookupError("no Celery worker answered")
