"""Celery: the settings that keep jobs safe, and a real worker that answers."""

import pytest
from django.conf import settings

from cmo_selector.celery import app


def test_jobs_are_never_eager():
    assert app.conf.task_always_eager is False


def test_broker_hands_no_running_job_to_a_second_worker():
    assert app.conf.task_acks_late is True
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.broker_transport_options["visibility_timeout"] > 2 * app.conf.task_time_limit
    assert app.conf.task_time_limit > app.conf.task_soft_time_limit


def test_only_json_is_accepted():
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"


def test_render_jobs_have_a_queue_of_their_own():
    route = app.amqp.router.route({}, "quotes.tasks.render_report")
    assert route["queue"].name == "render"
    queues = {
        "quotes.tasks.other": "default",
        "partners.tasks.read_register_upload": "default",
        "quotes.tasks.run_report_schedules": "default",
        "quotes.tasks.sweep_reports": "upkeep",
        "partners.tasks.sweep_sheet_imports": "upkeep",
        "quotes.tasks.send_report_notices": "mail",
        "partners.tasks.tell_proposers": "mail",
    }
    assert {name: app.amqp.router.route({}, name)["queue"].name for name in queues} == queues


def test_reports_come_after_the_short_jobs_that_wait():
    """The broker's lists of priority 0 are emptied before those of priority 9, whichever queue they belong to."""
    assert app.amqp.router.route({}, "quotes.tasks.render_report")["priority"] == 9
    assert "priority" not in app.amqp.router.route({}, "quotes.tasks.sweep_reports")


def test_every_scheduled_job_exists():
    app.loader.import_default_modules()
    names = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert names <= set(app.tasks)


@pytest.mark.worker
@pytest.mark.django_db(transaction=True)
def test_real_worker_answers_in_this_process_corner_of_the_broker(celery_worker_process):
    replies = app.control.ping(timeout=5, limit=1)
    assert [list(reply.values()) for reply in replies] == [[{"ok": "pong"}]]
    queues = app.control.inspect(timeout=1).active_queues()
    assert [{queue["name"] for queue in listed} for listed in queues.values()] == [set(settings.QUEUES)]
