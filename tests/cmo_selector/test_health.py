"""Liveness and readiness: what they say when all is well, and when one part is gone."""

import pytest
from celery import Celery
from django.conf import settings
from django.test import override_settings

from cmo_selector import env, health

OK = {"database": "ok", "broker": "ok", "worker": "ok"}


def test_liveness_needs_no_sign_in_no_database_and_no_broker(client):
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_read_only(client, path):
    assert client.post(path).status_code == 405
    assert client.head("/healthz").status_code == 200


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_ready_with_database_broker_and_a_live_worker(client, celery_worker_process):
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "checks": OK, "queues": dict.fromkeys(settings.QUEUES, "ok")},
    )


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_a_queue_without_a_worker_is_named_and_pages_go_on(client, celery_worker_process):
    health.app.control.cancel_consumer("mail", reply=True, timeout=5)
    try:
        response = client.get("/readyz")
    finally:
        health.app.control.add_consumer("mail", reply=True, timeout=5)
    queues = {**dict.fromkeys(settings.QUEUES, "ok"), "mail": "unavailable"}
    assert (response.status_code, response.json()) == (
        200,
        {"status": "degraded", "checks": OK, "queues": queues},
    )


@pytest.mark.django_db
def test_not_ready_without_a_broker(client):
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "ok", "broker": "unavailable", "worker": "unavailable"},
        "queues": dict.fromkeys(settings.QUEUES, "unavailable"),
    }


@pytest.mark.django_db
def test_not_ready_without_a_worker(client, monkeypatch):
    monkeypatch.setattr(health, "WORKER_SECONDS", 0.3)
    # The same broker, but a numbered database in which no worker listens.
    elsewhere = env.celery_broker_url(env.redis_database(settings.REDIS_URL, offset=1))
    monkeypatch.setattr(health, "app", Celery("elsewhere", broker=elsewhere, set_as_current=False))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "broker": "ok", "worker": "unavailable"}


def test_not_ready_without_a_database_and_says_no_details(client):
    # Without the django_db mark the harness refuses the connection, as a lost server would.
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "unavailable"
    assert set(response.json()) == {"status", "checks", "queues"}
