"""A worker that was thought dead comes back after its job was cancelled and tried again: it writes nothing more."""

import datetime as dt
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from partners.enums import UploadState
from partners.importers import jobs, uploads
from partners.models import Change, Modality, RegisterEstablishment, RegisterImport
from partners.sheets import imports
from partners.tasks import read_register_upload, read_sheet_import
from tests.factories import accounts
from tests.partners.importers.conftest import as_csv, drls_row

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def the_test_is_the_worker(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    for kind in (uploads, imports):
        monkeypatch.setattr(kind, "dispatch", lambda job_id: True)


@pytest.fixture
def register():
    """An import that a worker claimed; it was cancelled, tried again, and claimed by another worker."""
    curator = accounts.CuratorFactory()
    file = SimpleUploadedFile("drls.csv", as_csv([drls_row("100000001")]).encode())
    upload = uploads.store(actor=curator, kind="drls", file=file, file_date=dt.date(2025, 8, 29))
    read_register_upload(upload.pk)
    uploads.request_apply(actor=curator, upload=upload)
    return claimed_twice(uploads, curator, upload=upload)


@pytest.fixture
def sheet():
    """The same of a spreadsheet."""
    curator = accounts.CuratorFactory()
    job = imports.store(
        actor=curator, sheet="modality", file=SimpleUploadedFile("m.csv", b"code,label\naav,AAV\n")
    )
    read_sheet_import(job.pk)
    imports.request_apply(actor=curator, job=job)
    return claimed_twice(imports, curator, job=job)


def claimed_twice(kind, curator, **named):
    (job,) = named.values()
    late = kind.claim(job.pk)
    kind.cancel(actor=curator, **named)
    job.refresh_from_db()
    kind.retry(actor=curator, **named)
    owner = kind.claim(job.pk)
    assert late.attempts == owner.attempts == 1  # the number of attempts does not tell them apart
    return late, owner


@pytest.fixture
def one_token_for_all(monkeypatch):
    token = uuid.uuid4()
    monkeypatch.setattr(jobs, "uuid4", lambda: token)


def test_without_tokens_the_late_worker_writes_and_ends_the_job_of_the_other(one_token_for_all, register):
    """Proof that the race is real."""
    late, owner = register
    uploads.work(late)
    owner.refresh_from_db()
    assert (owner.state, RegisterImport.objects.count()) == (UploadState.DONE, 1)


def test_with_tokens_the_late_worker_of_a_register_writes_nothing_and_the_owner_does(register):
    late, owner = register
    with pytest.raises(uploads.Stopped):
        uploads.work(late)
    uploads.fail(late, "It thought that something was wrong.")
    assert (RegisterEstablishment.objects.count(), RegisterImport.objects.count()) == (0, 0)
    uploads.work(owner)
    owner.refresh_from_db()
    assert (owner.state, owner.error, RegisterImport.objects.count()) == (UploadState.DONE, "", 1)


def test_with_tokens_the_late_worker_of_a_spreadsheet_writes_nothing_and_the_owner_does(sheet):
    late, owner = sheet
    before = Change.objects.count()
    with pytest.raises(uploads.Stopped):
        imports.work(late)
    assert (Modality.objects.count(), Change.objects.count()) == (0, before)
    imports.work(owner)
    owner.refresh_from_db()
    assert (owner.state, Modality.objects.get().code) == (UploadState.DONE, "aav")
