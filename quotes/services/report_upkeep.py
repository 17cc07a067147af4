"""What happens to a report after its job: an e-mail to whoever asked for it, and its file's end of life."""

from __future__ import annotations

import datetime as dt
import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.models import Sponsor, User
from cmo_selector.audit.services import record
from quotes.enums import ReportState
from quotes.models import Report
from quotes.services import report_files

logger = logging.getLogger(__name__)

ENDED = (ReportState.DONE, ReportState.FAILED)
NOTICE_WITHIN = dt.timedelta(days=1)  # an older outcome is no news
FILES_AT_ONCE = 200


def send_notice(report_id: int) -> bool:
    """E-mail the outcome of an ended report to its requester, once. False when it was sent or is not owed.

    A mail server that refuses leaves the notice owed; `owed_notices` finds it again.
    """
    won = Report.objects.filter(pk=report_id, state__in=ENDED, noticed_at=None).update(
        noticed_at=timezone.now()
    )
    if not won:
        return False
    report = (
        Report.objects.select_related("project__sponsor", "requested_by").defer("snapshot").get(pk=report_id)
    )
    try:
        notice_of(report).send()
    except (OSError, smtplib.SMTPException) as error:
        Report.objects.filter(pk=report_id).update(noticed_at=None)
        logger.warning("report %s: its notice could not be sent (%s)", report_id, type(error).__name__)
        return False
    except Exception:  # a fault of this program in one row: the others are told all the same
        Report.objects.filter(pk=report_id).update(noticed_at=None)
        logger.exception("report %s: its notice could not be written", report_id)
        return False
    return True


def notice_of(report: Report) -> EmailMessage:
    done = report.state == ReportState.DONE
    address = settings.SITE_URL.rstrip("/") + reverse("quotes:report", args=[report.project_id, report.pk])
    context = {"report": report, "project": report.project, "done": done, "url": address}
    subject = f"{'Report ready' if done else 'Report not made'}: {report.project.name}"
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=render_to_string("emails/report_ended.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[report.requested_by.email],
    )


def mark_seen(*, user: User, sponsor: Sponsor, report: Report | None = None) -> int:
    """The person has looked at the outcome of their own `report`, or of all of theirs. Returns how many were news.

    What somebody has read is their own business: the audit log keeps nothing about it.
    """
    news = Report.objects.for_sponsor(sponsor).filter(requested_by=user, state__in=ENDED, seen_at=None)
    if report is not None:
        news = news.filter(pk=report.pk)
    return news.update(seen_at=timezone.now())


def owed_notices() -> list[int]:
    """Ended reports whose requester has not been told, oldest first."""
    since = timezone.now() - NOTICE_WITHIN
    owed = Report.objects.filter(state__in=ENDED, noticed_at=None, finished_at__gt=since)
    return list(owed.order_by("finished_at", "pk").values_list("pk", flat=True))


def remove_old_files(*, days: int, now: dt.datetime | None = None) -> list[int]:
    """Delete the files of reports finished more than `days` ago; rows, snapshots and checksums stay.

    0 days keeps everything. A report under an open link keeps its file until the link ends. Returns the ids.
    """
    if not days:
        return []
    now = now or timezone.now()
    old = Report.objects.filter(
        state=ReportState.DONE, file_removed_at=None, finished_at__lt=now - dt.timedelta(days=days)
    ).exclude(shares__revoked_at=None, shares__expires_at__gt=now)
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
