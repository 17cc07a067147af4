"""Report jobs with a real worker, a real broker and several processes at once."""

import io
import threading
import time

import pytest
from django.db import connection
from pypdf import PdfReader

from cmo_selector.audit.models import AuditEvent
from quotes.enums import ReportState
from quotes.models import Report
from quotes.reports import wording
from quotes.services import report_files, reports
from quotes.tasks import render_report
from tests.factories.quotes import ReportFactory
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db(transaction=True)
ENOUGH = 120  # seconds, on a busy machine


def wait_for_end(report: Report) -> Report:
    deadline = time.monotonic() + ENOUGH
    while time.monotonic() < deadline:
        report.refresh_from_db()
        if report.state in (ReportState.DONE, ReportState.FAILED):
            return report
        time.sleep(0.25)
    pytest.fail(f"the report is still {report.state} at step {report.step} after {ENOUGH} s")


def finished_events(report: Report) -> int:
    return AuditEvent.objects.filter(verb="report.finished", object_id=str(report.pk)).count()


def test_of_many_threads_exactly_one_claims_a_row():
    report = ReportFactory()
    start, won = threading.Barrier(6, timeout=10), []

    def claim():
        try:
            start.wait()
            if reports.claim(report.pk) is not None:
                won.append(threading.get_ident())
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    report.refresh_from_db()
    assert (len(won), report.attempts, report.state) == (1, 1, ReportState.RUNNING)


def test_two_requests_at_once_make_one_report():
    scene = scenario.scene()
    start, made = threading.Barrier(2, timeout=20), []

    def ask():
        try:
            start.wait()
            made.append(reports.request_report(actor=scene.user, project=scene.project).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(made) == 2
    assert len(set(made)) == Report.objects.count() == 1


@pytest.mark.worker
@pytest.mark.slow
def test_a_worker_makes_the_pdf_once_however_often_it_is_told(celery_worker_process):
    scene = scenario.scene()
    report = reports.request_report(actor=scene.user, project=scene.project)
    for _ in range(3):
        render_report.delay(report.pk)
    done = wait_for_end(report)
    assert (done.state, done.error, done.attempts) == (ReportState.DONE, "", 1)
    content = report_files.read_file(done)
    pdf = PdfReader(io.BytesIO(content))
    assert len(pdf.pages) == done.pages
    first_page = " ".join(pdf.pages[0].extract_text().split())
    assert " ".join(wording.headline(done.snapshot).split()) in first_page
    time.sleep(1)  # the other messages are still being answered
    done.refresh_from_db()
    assert (done.state, done.attempts, finished_events(done)) == (ReportState.DONE, 1, 1)


@pytest.mark.worker
@pytest.mark.slow
def test_lost_messages_and_dead_workers_are_made_good_by_the_sweep(celery_worker_process):
    scene = scenario.scene()
    lost = reports.request_report(actor=scene.user, project=scene.project)
    fields = {"snapshot": lost.snapshot, "snapshot_hash": lost.snapshot_hash, "project": scene.project}
    wait_for_end(lost)
    # One whose message never arrived, one whose worker died while it held the row.
    never_told = ReportFactory(**fields)
    orphan = ReportFactory(**fields, state=ReportState.RUNNING, attempts=1)
    long_ago = reports.timezone.now() - reports.dt.timedelta(minutes=10)
    Report.objects.filter(pk__in=(never_told.pk, orphan.pk)).update(requested_at=long_ago)
    Report.objects.filter(pk=orphan.pk).update(lease_until=long_ago)
    swept = reports.sweep()
    assert (swept.taken_back, set(swept.dispatched)) == ([orphan.pk], {never_told.pk, orphan.pk})
    for row, attempts in ((never_told, 1), (orphan, 2)):
        done = wait_for_end(row)
        assert (done.state, done.attempts, finished_events(done)) == (ReportState.DONE, attempts, 1)
        assert report_files.read_file(done).startswith(b"%PDF-")
