"""After the job: the notice to whoever asked, and the end of a file's retention period."""

import datetime as dt
import smtplib
import threading

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cmo_selector.db import only_one
from quotes.models import Report
from quotes.services import report_upkeep, reports, shares
from quotes.tasks import remove_old_report_files, send_report_notices
from tests.factories.accounts import MembershipFactory

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 nominal"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.SITE_URL = "https://cmo.example.org/"


@pytest.fixture
def running(scene) -> Report:
    return reports.claim(reports.request_report(actor=scene.user, project=scene.project).pk)


def test_the_requester_is_told_once_where_the_finished_report_is(running, mailoutbox):
    send_report_notices()
    assert mailoutbox == [], "nothing has ended yet"
    reports.finish(running, PDF, 9)
    send_report_notices()
    send_report_notices()
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([running.requested_by.email], f"Report ready: {running.project.name}")
    link = "https://cmo.example.org" + reverse("quotes:report", args=[running.project_id, running.pk])
    assert link in mail.body
    assert "9 pages" in mail.body


def test_a_failure_is_told_with_its_reason_and_a_new_outcome_again(running, mailoutbox, scene):
    reports.fail(running, "The file storage is full.")
    send_report_notices()
    reports.retry_report(actor=scene.user, report=running)
    reports.finish(reports.claim(running.pk), PDF, 9)
    send_report_notices()
    assert [mail.subject.partition(":")[0] for mail in mailoutbox] == ["Report not made", "Report ready"]
    assert "The file storage is full." in mailoutbox[0].body


@pytest.mark.parametrize("backend", ["RefusingBackend", "BrokenBackend"])
def test_a_mail_server_that_refuses_leaves_the_notice_owed(running, mailoutbox, settings, backend):
    reports.finish(running, PDF, 9)
    settings.EMAIL_BACKEND = f"tests.quotes.reports.test_upkeep.{backend}"
    assert report_upkeep.send_notices() == 0
    assert list(report_upkeep.owed_notices()) == [running]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert report_upkeep.send_notices() == 0, "it waits for a while"
    Report.objects.update(notice_after=timezone.now())
    assert report_upkeep.send_notices() == 1
    assert len(mailoutbox) == 1
    assert mailoutbox[0].extra_headers["Message-ID"].startswith(f"<report-{running.pk}-")


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_that_is_away_is_asked_once_in_a_round_and_rounds_never_overlap(
    running, mailoutbox, settings, scene
):
    reports.finish(running, PDF, 9)
    for name in ("Board", "Auditor"):
        copy = reports.copy_for(actor=scene.user, report=running, recipient=name)
        reports.finish(reports.claim(copy.pk), PDF, 9)
    settings.EMAIL_BACKEND = "tests.quotes.reports.test_upkeep.RefusingBackend"
    assert report_upkeep.send_notices() == 0
    assert sorted(Report.objects.values_list("notice_attempts", flat=True)) == [0, 0, 1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    sent = []

    def elsewhere():
        sent.append(report_upkeep.send_notices())
        connection.close()

    with only_one("report-notices"):
        other = threading.Thread(target=elsewhere)
        other.start()
        other.join(timeout=30)
    assert (sent, mailoutbox) == ([0], [])
    assert report_upkeep.send_notices() == 2


def test_a_notice_whose_worker_was_killed_is_sent_by_the_next(running, mailoutbox):
    reports.finish(running, PDF, 9)
    Report.objects.update(notice_attempts=1, notice_after=timezone.now() + dt.timedelta(minutes=5))
    assert report_upkeep.send_notices() == 0
    Report.objects.update(notice_after=timezone.now())
    assert (report_upkeep.send_notices(), len(mailoutbox)) == (1, 1)


def test_whoever_tries_again_is_told_and_nobody_who_has_left(running, mailoutbox, scene, client):
    colleague = MembershipFactory(sponsor=scene.sponsor, role="manager")
    reports.fail(running, "Broken")
    reports.retry_report(actor=colleague.user, report=running)
    reports.finish(reports.claim(running.pk), PDF, 9)
    assert report_upkeep.send_notices() == 1
    assert [mail.to for mail in mailoutbox] == [[colleague.user.email]]
    assert report_upkeep.mark_seen(user=scene.user, sponsor=scene.sponsor) == 0
    assert report_upkeep.mark_seen(user=colleague.user, sponsor=scene.sponsor) == 1
    Report.objects.update(noticed_at=None, notice_after=None)
    colleague.delete()
    assert (report_upkeep.send_notices(), list(report_upkeep.owed_notices())) == (0, [])
    assert len(mailoutbox) == 1


class RefusingBackend:
    """A mail server that is there and says no."""

    def __init__(self, *args, **kwargs):
        pass

    def send_messages(self, messages):
        raise smtplib.SMTPServerDisconnected("try later")


class BrokenBackend(RefusingBackend):
    def send_messages(self, messages):
        raise ValueError("a fault of this program")


def test_yesterdays_outcomes_are_no_news(running):
    reports.finish(running, PDF, 9)
    Report.objects.update(finished_at=timezone.now() - report_upkeep.NOTICE_WITHIN)
    assert list(report_upkeep.owed_notices()) == []


def test_after_the_retention_period_the_file_goes_and_the_figures_stay(client, running, settings, scene):
    reports.finish(running, PDF, 9)
    running.refresh_from_db()
    Report.objects.update(finished_at=timezone.now() - dt.timedelta(days=31))
    remove_old_report_files()
    assert default_storage.exists(running.file.name), "0 days keeps everything"

    settings.REPORT_RETENTION_DAYS = 30
    remove_old_report_files()
    remove_old_report_files()
    assert not default_storage.exists(running.file.name)
    running.refresh_from_db()
    assert (running.state, bool(running.snapshot), bool(running.file_sha256)) == ("done", True, True)
    client.force_login(scene.user)
    page = client.get(reverse("quotes:report", args=[running.project_id, running.pk])).content.decode()
    assert "at the end of its retention period" in page
    assert "Print again from these figures" in page


def test_a_file_behind_an_open_link_stays_until_the_link_ends(running, scene):
    reports.finish(running, PDF, 9)
    share = shares.share_report(actor=scene.user, report=running, recipient="Board", days=90)
    reports.finish(reports.claim(share.report_id), PDF, 9)
    Report.objects.update(finished_at=timezone.now() - dt.timedelta(days=31))
    assert report_upkeep.remove_old_files(days=30) == [running.pk]
    shares.revoke_share(actor=scene.user, share=share)
    assert report_upkeep.remove_old_files(days=30) == [share.report_id]
