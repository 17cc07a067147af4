"""The bell in a real browser: it counts down when a report is opened, and rings while another page is read."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from cmo_selector.accounts.roles import Role
from quotes.services import reports
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ProjectFactory, ReportFactory

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
POLLED = 60_000  # milliseconds, on a busy machine; the bell asks every ten seconds


def test_news_are_read_by_opening_the_report_and_ring_while_reading_something_else(
    browser_page, live_server, client, tmp_path, settings
):
    settings.MEDIA_ROOT = tmp_path
    manager = MembershipFactory(role=Role.MANAGER.value)
    project = ProjectFactory(sponsor=manager.sponsor)
    failed, waiting = ReportFactory.create_batch(2, project=project, requested_by=manager.user)
    reports.fail(reports.claim(failed.pk), "The file storage is full.")
    client.force_login(manager.user)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": client.session.session_key}
    browser_page.context.add_cookies([{**cookie, "url": live_server.url}])

    browser_page.goto("/")
    bell = browser_page.locator("#bell")
    expect(bell).to_contain_text("1 unread")
    browser_page.goto(reverse("quotes:report", args=[project.pk, failed.pk]))
    expect(browser_page.locator(".bell-count")).to_have_count(0)

    browser_page.goto(reverse("partners:list"))
    expect(bell).to_have_attribute("hx-get", re.compile("before=0"))
    reports.finish(reports.claim(waiting.pk), b"%PDF-1.7 nominal", 3)
    expect(browser_page.locator("#toasts")).to_contain_text("A report of yours has ended.", timeout=POLLED)
    expect(bell).to_contain_text("1 unread")
    expect(bell).not_to_have_attribute("hx-get", re.compile("."))
