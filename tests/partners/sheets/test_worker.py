"""A spreadsheet on a real worker: its progress is seen, it is killed and another goes on, it is cancelled."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from partners.enums import UploadState
from partners.importers import jobs
from partners.models import Modality, SheetImport
from partners.sheets import imports
from tests.conftest import ROOT
from tests.factories import accounts

from .conftest import as_csv

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = 5_000
PATIENCE = 120  # seconds; a busy machine is slow


def modalities() -> SimpleUploadedFile:
    rows = [["code", "label", "order"], *([f"m-{n}", f"Modality {n}", str(n)] for n in range(ROWS))]
    return SimpleUploadedFile("modalities.csv", as_csv(rows))


def wait_for(job, condition):
    """The job once it fulfils the condition."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        job.refresh_from_db()
        if condition(job):
            return job
        time.sleep(0.05)
    raise AssertionError(f"{job.state} {job.step} {job.share_read} % {job.error}")


def start_one(job):
    """A process that works on the job as a worker does, and can be killed without killing anybody else's."""
    code = (
        "import django; django.setup()\n"
        "from partners.tasks import read_sheet_import\n"
        f"read_sheet_import({job.pk})\n"
    )
    environment = {
        **os.environ,
        "CMO_PROCESS": "worker",
        "CMO_WORKER_TEST_DATABASE": connection.settings_dict["NAME"],
        "DJANGO_SETTINGS_MODULE": "cmo_selector.settings_test",
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
    }
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env=environment, start_new_session=True)


def kill(process):
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_worker_reads_is_killed_goes_on_writes_is_cancelled_and_starts_again(
    celery_worker_process, monkeypatch
):
    curator = accounts.CuratorFactory()
    with monkeypatch.context() as patch:
        patch.setattr(imports, "dispatch", lambda job_id: True)  # the message comes when the test wants it
        job = imports.store(actor=curator, sheet="modality", file=modalities())
    process = start_one(job)
    try:
        wait_for(job, lambda j: 0 < j.share_read < 100 and j.rows.exists())
    finally:
        kill(process)
    job.refresh_from_db()
    assert job.state == UploadState.RUNNING
    first = list(job.rows.values_list("pk", flat=True))
    assert 0 < len(first) < ROWS
    assert imports.sweep(now=timezone.now() + 2 * jobs.READING_LEASE).dispatched == 1
    wait_for(job, lambda j: j.state == UploadState.READY)
    assert (job.attempts, imports.outcomes(job)) == (2, {"created": ROWS})
    assert list(job.rows.values_list("pk", flat=True)[: len(first)]) == first

    with monkeypatch.context() as patch:
        patch.setattr(imports, "dispatch", lambda job_id: True)
        imports.request_apply(actor=curator, job=job)
    process = start_one(job)
    try:
        wait_for(job, lambda j: j.step == "writing" and j.share_read > 0)
        imports.cancel(actor=curator, job=SheetImport.objects.get(pk=job.pk))
        process.wait(timeout=PATIENCE)
    finally:
        if process.poll() is None:
            kill(process)
    job.refresh_from_db()
    assert (job.state, Modality.objects.count()) == (UploadState.CANCELLED, 0)

    imports.retry(actor=curator, job=job)
    wait_for(job, lambda j: j.state == UploadState.DONE)
    assert (Modality.objects.count(), job.report["written"]) == (ROWS, {"created": ROWS, "changed": 0})
