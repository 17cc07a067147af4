"""Jobs of the sponsor's side. Tasks take ids, fetch again, and leave the outcome on the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import worker_init, worker_process_shutdown
from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import InterfaceError, OperationalError

from cmo_selector import isolated
from cmo_selector.db import only_one
from cmo_selector.pulse import note_sweep
from quotes.enums import ReportStep
from quotes.models import Report
from quotes.reports.options import ReportOptions
from quotes.services import digests, report_files, report_upkeep, reports, rfq_mail, schedules

logger = structlog.get_logger(__name__)

SOFT_LIMIT, HARD_LIMIT = 120, 150  # seconds, for jobs that keep no limit of their own
# A renderer that holds more megabytes after a report than this, or has made so many, is replaced by a new one, which
# costs the next report half a second. Six pages leave 205, forty pages 360; each more of them adds 1.
RENDERER_KEEPS, RENDERER_REPORTS = 385, 20
DRAWER_KEEPS = 320

TOO_SLOW = (
    "Making the PDF took longer than {seconds} seconds and was stopped. Try again with fewer appendices."
)
TOO_BIG = (
    "Making the PDF took more than {megabytes} MB of memory and was stopped. Try again with fewer appendices, or "
    "with a shorter shortlist."
)
KILLED = (
    "The process that made the PDF was ended from outside, probably because the machine ran out of memory. "
    "Try again later."
)
NOT_STARTED = (
    "The machine could not start the process that makes the PDF: it lacks memory or is far too busy. "
    "Try again later."
)
DISK_FULL = "The machine that makes the PDF has no room left on its disk. Try again later."
NOT_STORED = (
    "The finished PDF could not be stored: the file storage is full, cannot be written or does not answer. "
    "Try again later."
)
BROKEN = "The PDF could not be made because of a fault in this program. The operator's log says more."


@worker_init.connect
def prepare(sender: Any, **kwargs: object) -> None:
    """In a worker of reports; the others need none of it."""
    if "render" in sender.app.amqp.queues.consume_from:
        warm_up()


def warm_up() -> None:
    """Import what every rendering needs once, in the worker whose children and grandchildren do the rendering.

    vl-convert is left out: it hangs in the forks of a process that has used it.
    """
    import altair  # noqa: F401
    import weasyprint  # noqa: F401

    from quotes.reports import render  # noqa: F401


@shared_task(
    name="quotes.tasks.render_report",
    acks_late=True,
    # The child process keeps the real limits; these are for a parent that hangs.
    soft_time_limit=settings.REPORT_TIME_LIMIT_SECONDS + 60,
    time_limit=settings.REPORT_TIME_LIMIT_SECONDS + 90,
)
def render_report(report_id: int) -> None:
    """Make the PDF of one queued report. A row that somebody else has, or that is done, is left alone."""
    report = reports.claim(report_id)
    if report is None:
        return
    log = logger.bind(report=report_id, attempt=report.attempts)
    try:
        made = _make(report)
        reports.close(report, made.stored, made.pages)
    except reports.LeaseLost:
        log.warning("report_lease_lost")
    except (OperationalError, InterfaceError):
        # No database for longer than the lease: beat takes the row back when there is one again.
        log.exception("report_database_lost")
    except Exception as error:
        reason = _reason(error, report.step)
        log.error("report_failed", reason=reason, details=getattr(error, "details", str(error)))
        reports.fail(report, reason)


def _make(report: Report) -> Made:
    """The PDF, made and stored in a child process, which is watched all the while: a store may hang as well.

    Everything that the child needs is read here: it must not touch the database.
    """
    warm_up()
    from quotes.reports import charts

    if charts.drew_here():
        raise RuntimeError("This process has used vl-convert, which would hang in its forks.")
    name = report_files.new_name(report)
    wanted = Wanted(report.snapshot, report.snapshot_hash, report.options, report.previous_snapshot, name)
    made = renderer().ask(
        wanted,
        seconds=settings.REPORT_TIME_LIMIT_SECONDS,
        told=lambda step: reports.heartbeat(report, step),
        beat=lambda: reports.heartbeat(report),
        beat_every=reports.BEAT_EVERY.total_seconds(),
    )
    if isinstance(made, report_files.NotStored):
        raise made
    if made.snapshot_hash != report.snapshot_hash:
        raise RuntimeError("The renderer answered with another report.")
    return made


@dataclass(frozen=True)
class Wanted:
    """What a renderer is asked for."""

    snapshot: Mapping[str, Any]
    snapshot_hash: str
    options: ReportOptions
    previous: Mapping[str, Any] | None
    name: str  # under which it is stored


@dataclass(frozen=True)
class Made:
    """What a renderer answers."""

    stored: report_files.Stored
    pages: int
    snapshot_hash: str


@cache
def renderer() -> isolated.Standby:
    """This worker's renderer. It keeps its fonts from one report to the next."""
    return isolated.Standby(
        _make_pdf, megabytes=settings.REPORT_MEMORY_LIMIT_MB, keep=RENDERER_KEEPS, at_most=RENDERER_REPORTS
    )


@cache
def _own_storage() -> Storage:
    """The store of files, with connections of the renderer's own and none of its parent's."""
    return storages.create_storage(settings.STORAGES["default"])


@cache
def _drawer() -> isolated.Standby:
    """The renderer's own child, which draws the charts: V8 takes as much memory as twenty pages."""
    from quotes.reports.render import draw_here

    megabytes = settings.REPORT_MEMORY_LIMIT_MB
    return isolated.Standby(lambda specs, tell: draw_here(specs), megabytes=megabytes, keep=DRAWER_KEEPS)


def _draw(specs: Mapping[str, Mapping[str, Any]]) -> Mapping[str, str]:
    limit = settings.REPORT_TIME_LIMIT_SECONDS  # the worker ends the renderer before that
    return _drawer().ask(specs, seconds=limit, told=lambda text: None, beat=lambda: None, beat_every=limit)


def _make_pdf(wanted: Wanted, tell: Callable[[str], None]) -> Made | report_files.NotStored:
    """What could not be stored is an answer too: this process has done nothing wrong and can go on."""
    from quotes.reports.render import render_pdf, worker_fonts

    def step(begins: str) -> None:
        tell(str(begins))
        if begins == ReportStep.LAYOUT and wanted.options.appendices:
            _drawer().end()  # many pages need the room; a few leave it for the next report, which gains half a second

    pdf = render_pdf(
        wanted.snapshot,
        wanted.snapshot_hash,
        options=wanted.options,
        previous=wanted.previous,
        on_step=step,
        fonts=worker_fonts(),
        draw=_draw,
    )
    tell(str(ReportStep.STORING))
    try:
        stored = report_files.store(wanted.name, pdf.content, _own_storage())
    except report_files.NotStored as refused:
        return refused
    return Made(stored, pdf.pages, wanted.snapshot_hash)


@worker_process_shutdown.connect
def end_renderer(**kwargs: object) -> None:
    """Take the renderer and its temporary files along when a worker's process ends."""
    renderer().end()


def _reason(error: Exception, step: str) -> str:
    """Why a report could not be made, for people; `step` is the last that began."""
    match error:
        case isolated.TooSlow() | SoftTimeLimitExceeded() if step == ReportStep.STORING:
            return NOT_STORED
        case isolated.TooSlow() | SoftTimeLimitExceeded():
            return TOO_SLOW.format(seconds=settings.REPORT_TIME_LIMIT_SECONDS)
        case isolated.TooBig():
            return TOO_BIG.format(megabytes=settings.REPORT_MEMORY_LIMIT_MB)
        case isolated.Killed():
            return KILLED
        case isolated.DiskFull():
            return DISK_FULL
        case isolated.NotStarted():
            return NOT_STARTED
        case report_files.NotStored():
            return NOT_STORED
        case _:
            return BROKEN


@shared_task(name="quotes.tasks.sweep_reports", ignore_result=True)
def sweep_reports() -> None:
    """Often: re-dispatch lost messages, take rows back from dead workers."""
    done = reports.sweep()
    note_sweep()
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
    if sent := report_upkeep.send_notices():
        logger.info("report_notices_sent", count=sent)


@shared_task(name="quotes.tasks.remove_old_report_files", ignore_result=True)
def remove_old_report_files() -> None:
    """Every hour: delete report files past the retention period, and what no row names."""
    report_upkeep.remove_leftovers()
    if removed := report_upkeep.remove_old_files(days=settings.REPORT_RETENTION_DAYS):
        logger.info("report_files_removed", count=len(removed))


@shared_task(name="quotes.tasks.send_rfq_email", ignore_result=True)
def send_rfq_email(email_id: int) -> None:
    """Send one owed e-mail to a partner's contact; one that somebody else sent is left alone."""
    rfq_mail.send_email(email_id)


@shared_task(name="quotes.tasks.send_rfq_emails", ignore_result=True)
def send_rfq_emails() -> None:
    """Every minute: owe reminders before deadlines, send what a lost message left unsent."""
    with only_one("rfq-emails") as alone:
        sent = rfq_mail.send_due() if alone else 0
    if sent:
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
