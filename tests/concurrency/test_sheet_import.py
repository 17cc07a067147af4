"""Two spreadsheets of one list at once, and a page that changes a row while one is written."""

import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from partners.enums import UploadState
from partners.models import Capability, SheetImport
from partners.sheets import applying, imports
from partners.tasks import read_sheet_import
from tests.factories import accounts, partners
from tests.partners.sheets.conftest import edited, exported

from .test_register_import import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quiet(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(imports, "dispatch", lambda job_id: True)


@pytest.fixture
def ready():
    """Two curators exported the same row and changed it, each in a file of their own; both are to be written."""
    curator = accounts.CuratorFactory()
    partners.CapabilityFactory(note="Old")
    content = exported("capability")
    found = []
    for note in ("first", "second"):
        file = SimpleUploadedFile(f"{note}.csv", edited(content, 2, note=note))
        job = imports.store(actor=curator, sheet="capability", file=file)
        read_sheet_import(job.pk)
        imports.request_apply(actor=curator, job=job)
        found.append(job)
    return found


def write_both(ready, monkeypatch, *, meet: bool):
    """Both at once; with `meet` each compares before either writes, if it can."""
    barrier = threading.Barrier(2)
    compared = applying._compared

    def comparing(sheet, batch):
        results = compared(sheet, batch)
        if meet:
            barrier.wait(timeout=100)
        return results

    monkeypatch.setattr(applying, "_compared", comparing)
    assert at_once(*(lambda job=job: read_sheet_import(job.pk) for job in ready)) == []
    for job in ready:
        job.refresh_from_db()


def test_without_locks_the_second_file_overwrites_the_first_unseen(ready, monkeypatch):
    """Proof that the race is real: both compare with the old row, and both then write."""
    monkeypatch.setattr(imports, "_lock", lambda name, title: None)
    real = applying.Comparer
    monkeypatch.setattr(
        applying, "Comparer", lambda *args, lock, **options: real(*args, lock=False, **options)
    )
    write_both(ready, monkeypatch, meet=True)
    assert [job.state for job in ready] == [UploadState.DONE] * 2


def test_with_the_locks_one_is_written_and_the_other_is_shown_as_a_conflict(ready, monkeypatch):
    write_both(ready, monkeypatch, meet=False)
    won = Capability.objects.get().note
    (loser,) = (job for job in ready if job.file_name != f"{won}.csv")
    assert [job.state for job in ready if job != loser] == [UploadState.DONE]
    if loser.state == UploadState.FAILED:  # they met: it was told to wait
        assert loser.error.startswith("Another spreadsheet of “Capabilities” is being written")
        imports.retry(actor=loser.uploaded_by, job=loser)
        read_sheet_import(loser.pk)
    read_sheet_import(loser.pk)  # the new preview
    loser.refresh_from_db()
    assert (loser.state, imports.outcomes(loser)) == (UploadState.READY, {"conflict": 1})
    assert Capability.objects.get().note == won


def test_page_that_changes_a_row_while_it_is_written_waits_and_is_not_overwritten(monkeypatch):
    curator = accounts.CuratorFactory()
    row = partners.CapabilityFactory(note="Old")
    file = SimpleUploadedFile("file.csv", edited(exported("capability"), 2, note="From the file"))
    job = imports.store(actor=curator, sheet="capability", file=file)
    read_sheet_import(job.pk)
    imports.request_apply(actor=curator, job=job)
    locked, told = threading.Event(), []
    compared = applying._compared

    def comparing(sheet, batch):
        results = compared(sheet, batch)
        locked.set()
        return results

    monkeypatch.setattr(applying, "_compared", comparing)

    def page():
        assert locked.wait(timeout=100)
        Capability.objects.filter(pk=row.pk).update(note="From the page")
        told.append(SheetImport.objects.get(pk=job.pk).state)

    assert at_once(lambda: read_sheet_import(job.pk), page) == []
    row.refresh_from_db()
    assert (row.note, told) == ("From the page", [UploadState.DONE])
