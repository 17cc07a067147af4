"""What happens to a report after its job: an e-mail to whoever asked for it, and its file's end of life."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.models import Membership, Sponsor, User
from cmo_selector.accounts.roles import Action, may
from cmo_selector.audit.services import record
from cmo_selector.db import only_one
from cmo_selector.mail import message_id
from quotes.enums import ReportKind, ReportState, ShareEvent
from quotes.models import Report, ReportSchedule, ReportShare
from quotes.services import notice_mail, report_files

ENDED = (ReportState.DONE, ReportState.FAILED)
NOTICE_WITHIN = dt.timedelta(days=1)  # an older outcome is no news
FILES_AT_ONCE = 200
LEFTOVERS_OF = dt.timedelta(hours=3)  # so that each report is looked at in several of the hourly rounds


def owed_notices() -> QuerySet[Report]:
    """Ended reports whose outcome nobody was told, oldest first."""
    since = timezone.now() - NOTICE_WITHIN
    rows = Report.objects.select_related("project__sponsor", "notify").defer("snapshot")
    return rows.filter(state__in=ENDED, noticed_at=None, finished_at__gt=since).order_by("finished_at", "pk")


def send_notices() -> int:
    """One round of e-mails to those who asked for reports, whose links were guessed at or whose schedules gave up.

    One round at a time, on all machines: none is sent while another is under way. Returns how many were sent.
    """
    with only_one("report-notices") as alone:
        if not alone:
            return 0
        owed = ((owed_notices(), notice_of), (guessed_links(), warning_of), (given_up(), farewell_of))
        return sum(notice_mail.send_round(rows, write) for rows, write in owed)


def notice_of(report: Report) -> EmailMessage | None:
    """The e-mail about a report's outcome; None when whoever asked for it may no longer see it."""
    if not _may_see(report.notify, report.project.sponsor):
        return None
    done = report.state == ReportState.DONE
    address = settings.SITE_URL.rstrip("/") + reverse("quotes:report", args=[report.project_id, report.pk])
    context = {"report": report, "project": report.project, "done": done, "url": address}
    subject = f"{'Report ready' if done else 'Report not made'}: {report.project.name}"
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=render_to_string("emails/report_ended.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[report.notify.email],
        headers={"Message-ID": message_id(f"report-{report.pk}-{report.finished_at:%Y%m%d%H%M%S}")},
    )


def guessed_links() -> QuerySet[ReportShare]:
    """Links closed because of wrong passcodes, whose makers have not been told."""
    since = timezone.now() - NOTICE_WITHIN
    rows = ReportShare.objects.select_related("report__project__sponsor", "created_by")
    return rows.defer("report__snapshot").filter(guessed_at__gt=since, noticed_at=None).order_by("pk")


def warning_of(share: ReportShare) -> EmailMessage | None:
    """The e-mail to the maker of a link at which somebody guessed."""
    report = share.report
    if not _may_see(share.created_by, report.project.sponsor):
        return None
    address = settings.SITE_URL.rstrip("/") + reverse("quotes:report", args=[report.project_id, report.pk])
    wrong = share.views.filter(event=ShareEvent.WRONG).count()
    context = {"share": share, "report": report, "url": address, "wrong": wrong}
    return EmailMessage(
        subject=" ".join(f"Link closed after {wrong} wrong passcodes: {report.project.name}".split()),
        body=render_to_string("emails/share_guessed.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[share.created_by.email],
        headers={"Message-ID": message_id(f"share-{share.pk}-guessed")},
    )


def given_up() -> QuerySet[ReportSchedule]:
    """Schedules that were stopped because their reports failed, whose authors have not been told."""
    since = timezone.now() - NOTICE_WITHIN
    rows = ReportSchedule.objects.select_related("project__sponsor", "created_by")
    return rows.filter(given_up_at__gt=since, noticed_at=None).order_by("pk")


def farewell_of(schedule: ReportSchedule) -> EmailMessage | None:
    """The e-mail to the author of a schedule that was given up."""
    project = schedule.project
    if not _may_see(schedule.created_by, project.sponsor):
        return None
    address = settings.SITE_URL.rstrip("/") + reverse("quotes:report_list", args=[project.pk])
    context = {"schedule": schedule, "project": project, "url": address}
    return EmailMessage(
        subject=" ".join(f"Scheduled report stopped: {project.name}".split()),
        body=render_to_string("emails/schedule_given_up.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[schedule.created_by.email],
        headers={"Message-ID": message_id(f"schedule-{schedule.pk}-given-up")},
    )


def _may_see(person: User | None, sponsor: Sponsor) -> bool:
    """Whether somebody still belongs to the organisation and may read its reports."""
    if person is None or not person.is_active:
        return False
    roles = Membership.objects.filter(user=person, sponsor=sponsor).values_list("role", flat=True)
    return any(may(role, Action.VIEW) for role in roles)


def mark_seen(*, user: User, sponsor: Sponsor, report: Report | None = None) -> int:
    """The person has looked at the outcome of their own `report`, or of all of theirs. Returns how many were news.

    What somebody has read is their own business: the audit log keeps nothing about it.
    """
    news = Report.objects.for_sponsor(sponsor).filter(notify=user, state__in=ENDED, seen_at=None)
    if report is not None:
        news = news.filter(pk=report.pk)
    return news.update(seen_at=timezone.now())


def remove_old_files(*, days: int, now: dt.datetime | None = None) -> list[int]:
    """Delete the files of reports finished more than `days` ago; rows, snapshots and checksums stay.

    0 days keeps everything. Decision records are for years and keep theirs, a report under an open link keeps it
    until the link ends. Returns the ids.
    """
    if not days:
        return []
    now = now or timezone.now()
    old = Report.objects.filter(
        state=ReportState.DONE, file_removed_at=None, finished_at__lt=now - dt.timedelta(days=days)
    ).exclude(kind=ReportKind.RECORD)
    old = old.exclude(shares__revoked_at=None, shares__expires_at__gt=now)
    removed = []
    for report in old.select_related("project__sponsor").defer("snapshot").order_by("pk")[:FILES_AT_ONCE]:
        with transaction.atomic():
            won = Report.objects.filter(pk=report.pk, file_removed_at=None).update(file_removed_at=now)
            if not won or not report_files.remove(report, report.file.name):
                transaction.set_rollback(True)  # a store that refuses is asked again next time
                continue
            record(
                actor=None,
                verb="report.file_removed",
                obj=report,
                sponsor=report.project.sponsor,
                data={"after_days": days, "sha256": report.file_sha256},
            )
        removed.append(report.pk)
    return removed


def remove_leftovers(*, now: dt.datetime | None = None) -> int:
    """Delete files that attempts of reports left which then ended without one. Returns how many were looked at.

    A killed worker may have stored a file that no row names, and no retention period ends for it.
    """
    since = (now or timezone.now()) - LEFTOVERS_OF
    ended = Report.objects.filter(
        state__in=(ReportState.FAILED, ReportState.STOPPED), file="", attempts__gt=0, finished_at__gt=since
    )
    reports = list(ended.select_related("project__sponsor").defer("snapshot")[:FILES_AT_ONCE])
    for report in reports:
        report_files.remove_others(report)
    return len(reports)
