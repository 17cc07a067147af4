"""Scheduled reports: when they are asked for, what is no reason to wait, and when a schedule gives up."""

import datetime as dt

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.models import Membership
from cmo_selector.audit.models import AuditEvent
from partners.models import CapacitySlot, MetricValue
from quotes.enums import ReportRhythm
from quotes.models import Report, ReportSchedule
from quotes.reports.options import ReportOptions
from quotes.services import report_upkeep, schedules

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def weekly(scene) -> ReportSchedule:
    return follow(scene, ReportRhythm.WEEKLY)


def follow(scene, rhythm) -> ReportSchedule:
    return schedules.create_schedule(
        actor=scene.user, project=scene.project, rhythm=rhythm, options=ReportOptions(appendices=("fit",))
    )


def test_a_weekly_schedule_asks_at_once_and_then_once_a_week_comparing_with_the_last(weekly):
    now = timezone.now()
    (first,) = schedules.run_due(now=now)
    assert schedules.run_due(now=now) == [], "the next look is a week away"
    assert schedules.run_due(now=now + 6 * DAY) == []
    Report.objects.filter(pk=first).update(snapshot_hash="0" * 64)  # as if the data had moved on since
    (second,) = schedules.run_due(now=now + 7 * DAY)
    rows = list(Report.objects.order_by("pk"))
    assert [(row.pk, row.previous_id, row.appendices) for row in rows] == [
        (first, None, ["fit"]),
        (second, first, ["fit"]),
    ]
    weekly.refresh_from_db()
    assert (weekly.last_report_id, weekly.next_at) == (second, now + 14 * DAY)


def test_a_schedule_that_breaks_says_so_and_holds_up_nobody_elses(scene, weekly):
    ReportSchedule.objects.filter(pk=weekly.pk).update(paper="foolscap")
    other = follow(scene, ReportRhythm.CHANGE)
    now = timezone.now()
    (report,) = schedules.run_due(now=now)
    other.refresh_from_db()
    assert other.last_report_id == report
    weekly.refresh_from_db()
    soon, later = (schedules.FAULT.format(when=when) for when in ("within the hour", "at the next date"))
    assert (weekly.problem, weekly.next_at) == (soon, now + schedules.AGAIN_AFTER)
    for hours in (1, 2):
        schedules.run_due(now=now + hours * schedules.AGAIN_AFTER)
    weekly.refresh_from_db()
    assert (weekly.problem, weekly.next_at) == (later, now + 2 * schedules.AGAIN_AFTER + 7 * DAY)
    ReportSchedule.objects.filter(pk=weekly.pk).update(paper="a4")
    schedules.run_due(now=weekly.next_at)
    weekly.refresh_from_db()
    assert (weekly.problem, weekly.faults) == ("", 0)


@pytest.mark.parametrize(
    "raised", [OperationalError("canceling statement due to lock timeout"), SoftTimeLimitExceeded()]
)
def test_what_passes_by_itself_changes_no_date_of_a_schedule(weekly, monkeypatch, raised):
    before = weekly.next_at

    def interrupted(**asked):
        raise raised

    with monkeypatch.context() as patch:
        patch.setattr(schedules, "request_report", interrupted)
        assert schedules.run_due() == []
    weekly.refresh_from_db()
    assert (weekly.problem, weekly.faults, weekly.next_at) == ("", 0, before)
    assert len(schedules.run_due()) == 1


def test_a_schedule_whose_reports_fail_asks_less_often_then_stops_and_tells_its_author(
    scene, client, mailoutbox
):
    schedule = follow(scene, ReportRhythm.CHANGE)
    start = timezone.now()
    asked = []
    for day in range(9):
        for report in schedules.run_due(now=start + day * DAY):
            asked.append(day)
            Report.objects.filter(pk=report).update(state="failed", error="No room left.", noticed_at=start)
    schedule.refresh_from_db()
    assert asked == [0, 1, 3, 7]
    assert schedule.stopped_because == "4 reports in a row could not be made. The last one: No room left."
    assert AuditEvent.objects.get(verb="report.schedule_stopped").data == {
        "because": schedule.stopped_because
    }
    ReportSchedule.objects.update(given_up_at=timezone.now())
    assert (report_upkeep.send_notices(), report_upkeep.send_notices()) == (1, 0)
    (mail,) = mailoutbox
    assert (mail.to, schedule.stopped_because in mail.body) == ([scene.user.email], True)
    client.force_login(scene.user)
    page = client.get(reverse("quotes:report_list", args=[scene.project.pk])).content.decode()
    assert schedule.stopped_because in page


def test_one_report_that_is_made_ends_the_row_of_failures(scene, client):
    schedule = follow(scene, ReportRhythm.CHANGE)
    now = timezone.now()
    (first,) = schedules.run_due(now=now)
    Report.objects.filter(pk=first).update(state="failed", error="No room left.")
    (second,) = schedules.run_due(now=now + DAY)
    schedule.refresh_from_db()
    assert (schedule.failed, schedule.next_at) == (1, now + 3 * DAY)
    Report.objects.filter(pk=second).update(state="failed", error="No room left.")
    client.force_login(scene.user)
    page = client.get(reverse("quotes:report_list", args=[scene.project.pk])).content.decode()
    assert "could not be made; asked for again, less often each time" in page
    Report.objects.filter(pk=second).update(state="done", file="a.pdf", file_sha256="0" * 64)
    scene.project.shortlist.filter(position=3).delete()
    (third,) = schedules.run_due(now=now + 3 * DAY)
    schedule.refresh_from_db()
    assert (schedule.failed, schedule.last_report_id, schedule.next_at) == (0, third, now + 4 * DAY)


def test_a_schedule_on_change_asks_only_when_data_of_the_shortlist_changed(scene):
    schedule = follow(scene, ReportRhythm.CHANGE)
    now = timezone.now()
    (first,) = schedules.run_due(now=now)
    assert schedules.run_due(now=now + DAY) == []
    schedule.refresh_from_db()
    assert (schedule.last_report_id, schedule.problem) == (first, "")
    stranger = MetricValue.objects.filter(organisation=scene.partners["ridge"]).first()
    MetricValue.objects.filter(pk=stranger.pk).update(number=1)
    assert schedules.run_due(now=now + 2 * DAY) == [], "not on the shortlist"
    CapacitySlot.objects.filter(facility__organisation=scene.partners["calder"]).update(
        starts_on=dt.date(2026, 5, 1)
    )
    (second,) = schedules.run_due(now=now + 3 * DAY)
    assert Report.objects.get(pk=second).previous_id == first


def test_a_report_that_was_never_made_does_not_swallow_its_change(scene):
    schedule = follow(scene, ReportRhythm.CHANGE)
    now = timezone.now()
    (first,) = schedules.run_due(now=now)
    scene.project.shortlist.filter(position=3).delete()
    (second,) = schedules.run_due(now=now + DAY)
    Report.objects.filter(pk=second).update(state="failed", error="Disk full")
    (third,) = schedules.run_due(now=now + 2 * DAY)
    schedule.refresh_from_db()
    assert (Report.objects.get(pk=third).previous_id, schedule.last_report_id) == (first, third)


def test_a_schedule_ends_with_its_authors_rights_or_its_project_and_says_so(scene, weekly):
    Membership.objects.filter(user=scene.user).update(role="viewer")
    assert schedules.run_due() == []
    weekly.refresh_from_db()
    assert (weekly.stopped_because, weekly.stopped_at is None) == (schedules.GONE, False)
    Membership.objects.filter(user=scene.user).update(role="manager")
    again = follow(scene, ReportRhythm.WEEKLY)
    scene.project.archived_at = timezone.now()
    scene.project.save()
    assert schedules.run_due() == []
    again.refresh_from_db()
    assert again.stopped_because == schedules.ARCHIVED
    assert Report.objects.count() == 0


def test_what_keeps_a_schedule_from_asking_is_noted_and_it_looks_again(scene):
    schedule = schedules.create_schedule(
        actor=scene.user, project=scene.project, rhythm="weekly", options=ReportOptions(kind="quotes")
    )
    assert schedules.run_due() == []
    schedule.refresh_from_db()
    assert schedule.problem.startswith("There are no quotes to compare")
    assert schedule.stopped_at is None
    assert schedule.next_at > timezone.now() + 6 * DAY


def test_schedules_are_made_and_stopped_on_their_pages_and_a_second_one_is_refused(client, scene):
    client.force_login(scene.user)
    address = reverse("quotes:schedule_create", args=[scene.project.pk])
    assert client.get(address).status_code == 200
    typed = {"rhythm": "change", "kind": "decision", "paper": "letter", "recipient": "Board"}
    page = client.post(address, typed, follow=True)
    assert "asked for within ten minutes" in page.content.decode()
    page = client.post(address, typed)
    assert (page.status_code, page.context["form"]["recipient"].value()) == (422, "Board")
    assert "already has such a schedule" in page.context["form"].errors["rhythm"][0]
    schedule = ReportSchedule.objects.get()
    stop = reverse("quotes:schedule_stop", args=[scene.project.pk, schedule.pk])
    assert "is stopped" in client.post(stop, follow=True).content.decode()
    assert "before" in client.post(stop, follow=True).content.decode()
    schedule.refresh_from_db()
    assert schedule.stopped_because == "Stopped by hand."
    assert client.post(address, {**typed, "kind": "dossier"}).status_code == 422
