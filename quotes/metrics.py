"""Figures about jobs for `/metrics`: every one is read from the rows, which are the truth about a job."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator

from django.db import Error
from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, Q, Sum
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError

from cmo_selector.pulse import last_sweep
from partners.models import RegisterUpload
from quotes.enums import ReportState
from quotes.models import InvitationEmail, Report, SearchDigest

KINDS = {
    "report": Report,
    "register_upload": RegisterUpload,
    "search_digest": SearchDigest,
    "rfq_email": InvitationEmail,
}
BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300)  # seconds
MADE = ExpressionWrapper(F("finished_at") - F("started_at"), output_field=DurationField())
WAITED = ExpressionWrapper(F("started_at") - F("requested_at"), output_field=DurationField())


class JobCollector(Collector):
    """Jobs by kind and state, how long reports took and waited, and how long the oldest waits now."""

    def collect(self) -> Iterator[Metric]:
        try:
            yield from self._figures()
        except Error:
            return  # `cmo_up{service="database"}` says why these are missing

    def _figures(self) -> Iterator[Metric]:
        jobs = GaugeMetricFamily("cmo_jobs", "Jobs by kind and state.", labels=["kind", "state"])
        for kind, model in KINDS.items():
            counts = dict(model.objects.order_by().values_list("state").annotate(n=Count("pk")))
            for state, _ in model._meta.get_field("state").choices or ():
                jobs.add_metric([kind, state], counts.get(state, 0))
        yield jobs
        yield self._oldest()
        yield from self._sweep()
        yield self._histogram("cmo_report_duration_seconds", "From a report's start to its PDF.", MADE)
        yield self._histogram("cmo_report_wait_seconds", "From asking for a report to its start.", WAITED)

    def _oldest(self) -> Metric:
        waiting = Report.objects.filter(state=ReportState.QUEUED)
        since = waiting.aggregate(first=Min("requested_at"))["first"]
        seconds = (timezone.now() - since).total_seconds() if since else 0
        return GaugeMetricFamily(
            "cmo_report_oldest_waiting_seconds",
            "How long the oldest waiting report waits; 0: none.",
            value=seconds,
        )

    def _sweep(self) -> Iterator[Metric]:
        try:
            at = last_sweep()
        except (RedisError, OSError):
            return  # `cmo_up{service="broker"}` says why it is missing
        if at is not None:
            yield GaugeMetricFamily(
                "cmo_seconds_since_last_sweep",
                "How long ago beat and a worker last looked for lost reports.",
                value=max(0.0, time.time() - at),
            )

    def _histogram(self, name: str, text: str, length: ExpressionWrapper) -> Metric:
        """Over all finished reports, cumulative as Prometheus wants it."""
        done = Report.objects.filter(state=ReportState.DONE, started_at__isnull=False).annotate(length=length)
        within = {
            f"le{limit}": Count("pk", filter=Q(length__lte=dt.timedelta(seconds=limit))) for limit in BUCKETS
        }
        found = done.aggregate(every=Count("pk"), total=Sum("length"), **within)
        buckets = [(f"{limit}.0", found[f"le{limit}"]) for limit in BUCKETS]
        total = found["total"].total_seconds() if found["total"] else 0.0
        return HistogramMetricFamily(
            name, text, buckets=[*buckets, ("+Inf", found["every"])], sum_value=total
        )
