"""/metrics: what a scraper reads, who may, and what is left when a part is gone."""

import datetime as dt
import math
import time

import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import override_settings
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from cmo_selector import pulse
from quotes.enums import ReportState
from quotes.models import InvitationEmail, Report
from quotes.tasks import render_report, sweep_reports
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ReportFactory
from tests.factories.rfq import make_rfq, send


def samples(response) -> dict[tuple, float]:
    """(name, label values …) → value."""
    assert response.status_code == 200
    families = text_string_to_metric_families(response.content.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture
def some_reports(db):
    now = timezone.now()
    for seconds in (1.5, 4, 400):
        row = ReportFactory(done=True)
        Report.objects.filter(pk=row.pk).update(
            requested_at=now - dt.timedelta(seconds=seconds + 3),
            started_at=now - dt.timedelta(seconds=seconds),
            finished_at=now,
        )
    Report.objects.filter(pk=ReportFactory().pk).update(state=ReportState.FAILED, error="x")
    Report.objects.filter(pk=ReportFactory().pk).update(requested_at=now - dt.timedelta(seconds=90))


def test_jobs_by_outcome_and_how_long_they_took(client, some_reports):
    found = samples(client.get("/metrics"))
    states = {state: found["cmo_jobs", "report", state] for state in ReportState.values}
    assert states == {"queued": 1, "running": 0, "done": 3, "failed": 1, "stopped": 0}
    assert 90 <= found[("cmo_report_oldest_waiting_seconds",)] < 120
    name = "cmo_report_duration_seconds"
    counts = [found[f"{name}_bucket", f"{limit}.0"] for limit in (1, 2, 5, 10, 20, 30, 60, 120, 300)]
    assert counts == [0, 1, 2, 2, 2, 2, 2, 2, 2]
    assert (found[f"{name}_bucket", "+Inf"], found[(f"{name}_count",)]) == (3, 3)
    assert math.isclose(found[(f"{name}_sum",)], 405.5, abs_tol=0.1)
    assert math.isclose(found[("cmo_report_wait_seconds_sum",)], 9, abs_tol=0.1)


@pytest.mark.django_db
def test_e_mails_to_bidders_that_nobody_got_are_counted(client):
    member = MembershipFactory()
    send(make_rfq(member), member, "Aspen", "Birch")
    InvitationEmail.objects.filter(pk=InvitationEmail.objects.first().pk).update(state="failed")
    found = samples(client.get("/metrics"))
    assert [found["cmo_jobs", "rfq_email", state] for state in ("queued", "failed", "sent")] == [1, 1, 0]


@pytest.mark.django_db
def test_an_installation_without_a_report_has_figures_too(client):
    found = samples(client.get("/metrics"))
    assert found[("cmo_report_oldest_waiting_seconds",)] == 0
    assert found[("cmo_report_duration_seconds_count",)] == found[("cmo_report_duration_seconds_sum",)] == 0
    kinds = {key[1] for key in found if key[0] == "cmo_jobs"}
    assert kinds == {"report", "register_upload", "search_digest", "rfq_email"}


@pytest.mark.django_db
def test_how_long_ago_the_last_sweep_was_tells_of_beat_and_its_worker(client):
    name = ("cmo_seconds_since_last_sweep",)
    cache.delete(pulse.KEY)
    assert name not in samples(client.get("/metrics"))
    sweep_reports()
    assert 0 <= samples(client.get("/metrics"))[name] < 60
    cache.set(pulse.KEY, time.time() - 3600, None)
    assert 3600 <= samples(client.get("/metrics"))[name] < 3660


@pytest.mark.django_db
def test_messages_that_wait_in_the_broker_are_counted_by_queue(client):
    with redis.Redis.from_url(django_settings.REDIS_URL) as broker:
        broker.flushdb()  # of what earlier tests told nobody
        for _ in range(2):
            render_report.delay(0)
        try:
            found = samples(client.get("/metrics"))
        finally:
            broker.flushdb()
    assert (found["cmo_queue_messages", "render"], found["cmo_queue_messages", "default"]) == (2, 0)
    assert found[("cmo_queue_unacknowledged",)] == 0
    assert (found["cmo_up", "database"], found["cmo_up", "broker"]) == (1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_a_scrape_costs_the_same_few_queries_however_many_reports_there_are(
    client, count, django_assert_num_queries
):
    ReportFactory.create_batch(count)
    with django_assert_num_queries(8):
        client.get("/metrics")


@pytest.mark.django_db
def test_without_a_broker_the_rest_is_still_told(client):
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        found = samples(client.get("/metrics"))
    assert (found["cmo_up", "broker"], found["cmo_up", "database"]) == (0, 1)
    assert not any(key[0] == "cmo_queue_messages" for key in found)
    assert ("cmo_jobs", "report", "done") in found


@pytest.mark.django_db
def test_in_production_nobody_without_the_token_reads_them(client, settings):
    settings.PRODUCTION = True
    assert client.get("/metrics").status_code == 404
    settings.METRICS_TOKEN = "a-long-secret"
    for sent in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "a-long-secret"}):
        refused = client.get("/metrics", headers=sent)
        assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
        assert b"cmo_" not in refused.content
    answer = client.get("/metrics", headers={"Authorization": "Bearer a-long-secret"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in answer["Cache-Control"]


def test_they_are_read_only(client):
    assert client.post("/metrics").status_code == 405
