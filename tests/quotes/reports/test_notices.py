"""The bell: whose report has ended, whether they have looked, and how little it asks."""

import json

import pytest
from django.urls import reverse

from cmo_selector.accounts.models import Membership
from cmo_selector.accounts.roles import Role
from quotes.enums import ReportState
from quotes.models import Report
from quotes.services import reports
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ProjectFactory, ReportFactory

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}
BELL = reverse("quotes:notice_bell")


@pytest.fixture
def manager() -> Membership:
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    return ProjectFactory(sponsor=manager.sponsor)


@pytest.fixture
def report(manager, project) -> Report:
    """Asked for by the manager, still waiting."""
    return ReportFactory(project=project, requested_by=manager.user)


def end(report: Report, state=ReportState.DONE) -> None:
    claimed = reports.claim(report.pk)
    Report.objects.filter(pk=report.pk).update(
        state=state, file="x.pdf", file_sha256="0" * 64, error="Too big.", finished_at=claimed.started_at
    )


def bell(client, address="/") -> str:
    page = client.get(address).content.decode()
    start = page.index('id="bell"')
    return page[start : page.index("</a>", start)]


def read(report: Report) -> str:
    return reverse("quotes:notice_read", args=[report.project_id, report.pk])


def test_a_report_that_ends_is_news_on_every_page_until_it_was_looked_at(client, manager, report):
    client.force_login(manager.user)
    assert "unread" not in bell(client)
    end(report)
    assert "Your reports, 1 unread" in bell(client)
    assert "Your reports, 1 unread" in bell(client, reverse("partners:list"))
    page = client.get(reverse("quotes:report", args=[report.project_id, report.pk])).content.decode()
    assert f'hx-post="{read(report)}" hx-trigger="load"' in page
    assert "Your reports, 1 unread" in bell(client), "GET never writes"
    answer = client.post(read(report), **HTMX).content.decode()
    assert "unread" not in answer
    assert "unread" not in bell(client)
    page = client.get(reverse("quotes:report", args=[report.project_id, report.pk])).content.decode()
    assert read(report) not in page


@pytest.mark.parametrize(
    ("state", "unread"), [("done", True), ("failed", True), ("stopped", False), ("running", False)]
)
def test_ready_and_failed_are_news_and_cancelled_is_not(client, manager, report, state, unread):
    end(report, state)
    client.force_login(manager.user)
    assert ("1 unread" in bell(client)) is unread


def test_a_new_outcome_of_the_same_report_is_news_again(client, manager, report):
    client.force_login(manager.user)
    end(report, ReportState.FAILED)
    client.post(read(report))
    reports.retry_report(actor=manager.user, report=report)
    end(report)
    assert "1 unread" in bell(client)


def test_the_news_of_others_and_of_other_sponsors_stay_theirs(client, manager, report):
    end(report)
    colleague = MembershipFactory(sponsor=manager.sponsor, role=Role.MANAGER.value)
    elsewhere = MembershipFactory(user=manager.user)  # the same person at another sponsor
    client.force_login(colleague.user)
    assert "unread" not in bell(client)
    client.post(read(report))
    client.post(reverse("quotes:notices_read"))
    client.force_login(manager.user)
    assert "1 unread" in bell(client), "a colleague's looking changes nothing"
    client.post(reverse("quotes:switch_sponsor"), {"sponsor": elsewhere.sponsor_id})
    assert "unread" not in bell(client)


def test_the_bell_asks_again_only_while_a_report_is_under_way(client, manager, report):
    client.force_login(manager.user)
    asking = f'hx-get="{BELL}?before=0" hx-trigger="every 10s"'
    assert asking in bell(client)
    end(report)
    assert "hx-get" not in bell(client)


def test_news_pop_up_once_when_the_bell_finds_them(client, manager, report):
    client.force_login(manager.user)
    assert "HX-Trigger" not in client.get(f"{BELL}?before=0", **HTMX).headers
    end(report)
    found = client.get(f"{BELL}?before=0", **HTMX)
    assert json.loads(found["HX-Trigger"])["toast"]["text"].startswith("A report of yours has ended.")
    assert "1 unread" in found.content.decode()
    assert "HX-Trigger" not in client.get(f"{BELL}?before=1", **HTMX).headers
    assert "HX-Trigger" not in client.get(f"{BELL}?before=nonsense", **HTMX).headers


def test_the_page_lists_own_outcomes_with_reasons_and_marks_all_as_read(client, manager, report, project):
    client.force_login(manager.user)
    address = reverse("quotes:notices")
    assert "No report of yours has ended yet" in client.get(address).content.decode()
    end(report, ReportState.FAILED)
    ReportFactory(project=project, done=True)  # somebody else's
    page = client.get(address)
    assert [row.pk for row in page.context["page"]] == [report.pk]
    text = page.content.decode()
    for words in ("Too big.", "Unread", "Mark all as read"):
        assert words in text
    client.post(reverse("quotes:notices_read"))
    text = client.get(address).content.decode()
    assert "Mark all as read" not in text
    assert "Unread" not in text


def test_people_without_a_sponsor_have_no_bell(client):
    from tests.factories.accounts import CuratorFactory

    client.force_login(CuratorFactory())
    assert 'id="bell"' not in client.get("/").content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_bell_costs_no_query_of_its_own(client, manager, project, count, django_assert_num_queries):
    for row in ReportFactory.create_batch(count, project=project, requested_by=manager.user):
        end(row)
    client.force_login(manager.user)
    client.get(BELL)
    with django_assert_num_queries(3):  # session, person, memberships
        client.get(BELL)
    with django_assert_num_queries(5):  # and the page: how many, and which
        client.get(reverse("quotes:notices"))
