"""Liveness and readiness, for load balancers and orchestrators. Both answer JSON, without sign-in.

`/healthz`: this process answers. `/readyz`: database, broker and at least one Celery worker answer; it also says
which queues have a worker. A queue without one makes the answer "degraded" and not 503: pages work, and a worker of
e-mails that restarts must not take the site from its load balancer. Answers name no host and no error text; the
reason is in the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    served: set[str] = set()
    checks["worker"] = checks["broker"] and _passes("worker", lambda: served.update(queues_with_a_worker()))
    queues = {name: name in served for name in settings.QUEUES}
    ready, whole = all(checks.values()), all(queues.values())
    if ready and not whole:
        log.warning("degraded", queues_without_a_worker=[name for name in queues if not queues[name]])
    return JsonResponse(
        {
            "status": ("ok" if whole else "degraded") if ready else "unavailable",
            "checks": _words(checks),
            "queues": _words(queues),
        },
        status=200 if ready else 503,
    )


def _words(passed: dict[str, bool]) -> dict[str, str]:
    return {name: "ok" if fine else "unavailable" for name, fine in passed.items()}


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


class _Covered(Exception):
    """Every queue has a worker: there is no need to wait for further answers."""


def queues_with_a_worker() -> set[str]:
    """The queues that a living Celery worker takes. Raises when none answers; returns once all have one."""
    for attempt in (1, 2, 3):
        served: set[str] = set()
        try:
            app.control.broadcast(
                "active_queues", reply=True, timeout=WORKER_SECONDS, callback=_collect(served)
            )
        except _Covered:
            pass
        except (redis.RedisError, OSError):
            # A pooled connection may date from before the broker's last restart; failing renews it.
            if attempt == 3:
                raise
            continue
        break
    if not served:
        raise LookupError("no Celery worker answered")
    return served


def _collect(served: set[str]) -> Callable[[dict[str, Any]], None]:
    def heard(answer: dict[str, Any]) -> None:
        for queues in answer.values():
            served.update(queue["name"] for queue in queues)
        if served.issuperset(settings.QUEUES):
            raise _Covered

    return heard
