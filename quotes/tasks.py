"""Jobs of the sponsor's side. Tasks take ids, fetch again, and leave the outcome on the row."""

from __future__ import annotations

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import OperationalError

from quotes.enums import ReportStep
from quotes.models import Report
from quotes.services import digests, report_upkeep, reports, rfq_mail, schedules

logger = structlog.get_logger(__name__)

# Below the lease of 180 s, so that a row is never taken back while its worker still works on it.
SOFT_LIMIT, HARD_LIMIT = 120, 150  # seconds

TOO_SLOW = f"Making the PDF took longer than {SOFT_LIMIT // 60} minutes and was stopped. Try again later."
NOT_STORED = (
    "The finished PDF could not be stored: the file storage is full or cannot be written. Try again later."
)
BROKEN = "The PDF could not be made because of a fault in this program. The operator's log says more."


class NotStored(Exception):
    """The storage refused the file."""


@shared_task(
    name="quotes.tasks.render_report", soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT, acks_late=True
)
def render_report(report_id: int) -> None:
    """Make the PDF of one queued report. A row that somebody else has, or that is done, is left alone."""
    report = reports.claim(report_id)
    if report is None:
        return
    log = logger.bind(report=report_id, attempt=report.attempts)
    try:
        _render(report)
    except reports.LeaseLost:
        log.warning("report_lease_lost")
    except SoftTimeLimitExceeded:
        log.error("report_too_slow")
        reports.fail(report, TOO_SLOW)
    except OperationalError:
        # No database: the row cannot be changed now. Its lease runs out and beat takes it back.
        log.exception("report_database_lost")
    except NotStored:
        log.exception("report_not_stored")
        reports.fail(report, NOT_STORED)
    except Exception:
        log.exception("report_broken")
        reports.fail(report, BROKEN)


def _render(report: Report) -> None:
    from quotes.reports.render import render_pdf  # WeasyPrint and vl-convert belong in the child only

    pdf = render_pdf(
        report.snapshot,
        report.snapshot_hash,
        options=report.options,
        previous=report.previous_snapshot,
        on_step=lambda step: reports.heartbeat(report, step),
    )
    reports.heartbeat(report, ReportStep.STORING)
    try:
        reports.finish(report, pdf.content, pdf.pages)
    except OSError as error:
        raise NotStored from error


@shared_task(name="quotes.tasks.sweep_reports", ignore_result=True)
def sweep_reports() -> None:
    """Every half minute: re-dispatch lost messages, take rows back from dead workers."""
    done = reports.sweep()
    if done.dispatched or done.taken_back or done.given_up:
        logger.info(
            "reports_swept", dispatched=done.dispatched, taken_back=done.taken_back, given_up=done.given_up
        )


@shared_task(name="quotes.tasks.run_report_schedules", ignore_result=True)
def run_report_schedules() -> None:
    """Every ten minutes: ask for the reports that schedules owe."""
    if made := schedules.run_due():
        logger.info("scheduled_reports", requested=made)


@shared_task(name="quotes.tasks.send_report_notices", ignore_result=True)
def send_report_notices() -> None:
    """Every half minute: tell those whose reports have ended."""
    for report_id in report_upkeep.owed_notices():
        report_upkeep.send_notice(report_id)


@shared_task(name="quotes.tasks.remove_old_report_files", ignore_result=True)
def remove_old_report_files() -> None:
    """Every hour: delete report files past the retention period."""
    if removed := report_upkeep.remove_old_files(days=settings.REPORT_RETENTION_DAYS):
        logger.info("report_files_removed", count=len(removed))


@shared_task(name="quotes.tasks.send_rfq_email", ignore_result=True)
def send_rfq_email(email_id: int) -> None:
    """Send one owed e-mail to a partner's contact; one that somebody else sent is left alone."""
    rfq_mail.send_email(email_id)


@shared_task(name="quotes.tasks.send_rfq_emails", ignore_result=True)
def send_rfq_emails() -> None:
    """Every minute: owe reminders before deadlines, send what a lost message left unsent."""
    if sent := rfq_mail.send_due():
        logger.info("rfq_emails_sent", count=sent)


@shared_task(name="quotes.tasks.send_search_digest", soft_time_limit=SOFT_LIMIT, time_limit=HARD_LIMIT)
def send_search_digest(digest_id: int) -> None:
    """Write and send one owed digest. A row that somebody else has, or that is closed, is left alone.

    Whatever goes wrong, the row's lease runs out and beat takes it back; the limits are below the lease.
    """
    row = digests.claim(digest_id)
    if row is not None:
        logger.info("search_digest", digest=digest_id, attempt=row.attempts, state=digests.work(row))


@shared_task(name="quotes.tasks.sweep_search_digests", ignore_result=True)
def sweep_search_digests() -> None:
    """Every minute: owe what is due, take rows back from dead workers, re-dispatch lost messages."""
    done = digests.sweep()
    if done.owed or done.dispatched or done.taken_back or done.unconfirmed:
        logger.info(
            "search_digests_swept",
            owed=done.owed,
            dispatched=done.dispatched,
            taken_back=done.taken_back,
            unconfirmed=done.unconfirmed,
        )
