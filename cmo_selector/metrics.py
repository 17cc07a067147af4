"""`/metrics` for Prometheus: figures of the whole installation, asked of broker and database at every scrape.

Nothing is counted in a process, so every web process gives the same answer and a restart loses nothing; scrape one.
With METRICS_TOKEN set, a scraper sends `Authorization: Bearer TOKEN`. Without it the address does not exist in
production. Apps add their own figures with `REGISTRY.register(collector)`.
"""

from __future__ import annotations

from collections.abc import Iterator
from hmac import compare_digest

import redis
import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from cmo_selector.health import broker_answers, database_answers

log = structlog.get_logger(__name__)

REGISTRY = CollectorRegistry()
PRIORITIES = ("", *(f"\x06\x16{step}" for step in (3, 6, 9)))  # kombu keeps a list for each
BROKER_SECONDS = 2.0


class ServiceCollector(Collector):
    """Whether database and broker answer, and how many messages wait in the broker."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        up = GaugeMetricFamily("cmo_up", "1 when the service answers.", labels=["service"])
        up.add_metric(["database"], float(answers("database", database_answers)))
        broker = answers("broker", broker_answers)
        up.add_metric(["broker"], float(broker))
        yield up
        if broker:
            yield from self._queues()

    def _queues(self) -> Iterator[GaugeMetricFamily]:
        waiting = GaugeMetricFamily(
            "cmo_queue_messages", "Messages that wait for a worker.", labels=["queue"]
        )
        options = {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS}
        with redis.Redis.from_url(settings.REDIS_URL, **options) as client:
            for queue in settings.QUEUES:
                lengths = [client.llen(f"{queue}{ending}") for ending in PRIORITIES]
                waiting.add_metric([queue], sum(lengths))
            taken = client.hlen("unacked")
        yield waiting
        yield GaugeMetricFamily(
            "cmo_queue_unacknowledged", "Messages that workers have taken and not finished.", value=taken
        )


def answers(name: str, ask) -> bool:
    try:
        ask()
    except (redis.RedisError, Error, OSError) as error:
        log.warning("no metrics", service=name, error=str(error))
        return False
    return True


REGISTRY.register(ServiceCollector())


@require_safe
@never_cache
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as text. 404 without METRICS_TOKEN in production, 401 for a wrong one."""
    token = settings.METRICS_TOKEN
    if not token and settings.PRODUCTION:
        raise Http404("METRICS_TOKEN is not set.")
    sent = request.headers.get("Authorization", "")
    if token and not compare_digest(sent.encode(), f"Bearer {token}".encode()):
        response = HttpResponse("A token is needed.\n", content_type="text/plain; charset=utf-8", status=401)
        response["WWW-Authenticate"] = "Bearer"
        return response
    return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_PLAIN_0_0_4)
