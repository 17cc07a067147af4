"""Register files on the desk: upload, preview, apply by a worker, cancel, try again, and who may."""

import csv
import datetime as dt
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cmo_selector.audit.models import AuditEvent
from partners.enums import RegisterKind, UploadAim, UploadState
from partners.importers import jobs, uploads
from partners.importers.files import MEGABYTE
from partners.models import Change, RegisterEstablishment, RegisterImport, RegisterUpload
from partners.tasks import read_register_upload
from tests.factories import accounts
from tests.factories.partners import RegisterUploadFactory
from tests.partners.importers.conftest import as_csv, drls_row

pytestmark = pytest.mark.django_db(transaction=True)

A, B, C = "100000001", "100000002", "100000003"
DATE = dt.date(2025, 8, 29)


@pytest.fixture(autouse=True)
def stored_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    """The tests are the worker: they call the task when they want it."""
    monkeypatch.setattr(uploads, "dispatch", lambda upload_id: True)


@pytest.fixture
def curator(client):
    user = accounts.CuratorFactory()
    client.force_login(user)
    return user


def page(name, *args):
    return reverse(f"admin:partners_registerupload_{name}", args=args)


def store(curator, *rows, kind=RegisterKind.DRLS, content=None):
    text = content if content is not None else as_csv(list(rows)).encode()
    return uploads.store(actor=curator, kind=kind, file=SimpleUploadedFile("drls.csv", text), file_date=DATE)


def previewed(curator, *rows, **options):
    upload = store(curator, *rows, **options)
    read_register_upload(upload.pk)
    upload.refresh_from_db()
    return upload


def duns():
    return sorted(RegisterEstablishment.objects.values_list("duns", flat=True))


def test_curator_uploads_sees_what_would_change_and_applies_it(client, curator, monkeypatch):
    asked = []
    monkeypatch.setattr(uploads, "ask_for_matches", lambda: asked.append("matches"))
    file = SimpleUploadedFile(
        "drls_2025-08-29.csv", as_csv([drls_row(A), drls_row(B), drls_row("bad")]).encode()
    )
    response = client.post(page("add"), {"kind": "drls", "file": file, "file_date": ""})
    upload = RegisterUpload.objects.get()
    assert (response.status_code, response.url) == (302, page("change", upload.pk))
    waiting = client.get(response.url).content.decode()
    assert "The preview is queued." in waiting
    assert "every 2s" in waiting

    read_register_upload(upload.pk)
    shown = client.get(response.url).content.decode()
    assert "Nothing has been written yet." in shown
    assert "Line 4: DUNS_NUMBER must have 9 digits, not &#x27;bad&#x27;" in shown
    assert "stands for 2025-08-29" in shown
    assert "every 2s" not in shown
    assert (duns(), asked) == ([], [])
    rows = csv.reader(io.StringIO(b"".join(client.get(page("rejected", upload.pk))).decode("utf-8-sig")))
    header, row = rows
    assert header[:2] == ["line", "reason"]
    assert "FEI_NUMBER" in header
    assert (row[0], row[1]) == ("4", "DUNS_NUMBER must have 9 digits, not 'bad'")

    other = accounts.CuratorFactory(name="Ida Second")
    client.force_login(other)
    assert client.post(page("apply", upload.pk)).status_code == 302
    read_register_upload(upload.pk)
    upload.refresh_from_db()
    run = RegisterImport.objects.get()
    assert (upload.uploaded_by, upload.applied_by) == (curator, other)
    assert (upload.state, upload.run, upload.report["created"], bool(upload.file)) == ("done", run, 2, False)
    assert (run.file_name, run.applied_by) == ("drls_2025-08-29.csv", "Ida Second")
    assert (duns(), asked) == ([A, B], ["matches"])
    done = client.get(page("change", upload.pk)).content.decode()
    assert "Written in one transaction" in done
    change = Change.objects.filter(table="partners_registerestablishment").first()
    assert (change.actor, change.how) == (other, "import")
    kept = client.get(reverse("admin:partners_registerimport_rejected", args=[run.pk]))
    assert b"".join(kept).decode("utf-8-sig").splitlines()[1].startswith("4,")
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == [
        "register_upload.stored",
        "register_upload.apply_requested",
        "register.imported",
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a;b\n1;2\n", "drls.csv is not this register: its first line has none of the expected columns"),
        ("FEI_NUMBER,DUNS_NUMBER\nGenève,1\n".encode("latin-1"), "drls.csv has no columns FIRM_NAME"),
        (b"%PDF-1.7", "drls.csv is a PDF, not a CSV file"),
        (b"PK\x03\x04zip", "is a damaged or cut-off Excel workbook"),
    ],
)
def test_file_that_is_no_good_fails_with_its_reason(client, curator, content, reason):
    upload = previewed(curator, content=content)
    assert upload.state == UploadState.FAILED
    assert reason.removeprefix("drls.csv ") in upload.error
    assert "Nothing was written." in client.get(page("change", upload.pk)).content.decode()


def test_file_that_is_empty_or_in_the_future_is_refused_by_the_form(client, curator):
    empty = client.post(page("add"), {"kind": "drls", "file": SimpleUploadedFile("x.csv", b"")})
    assert "The submitted file is empty." in empty.content.decode()
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    data = {"kind": "drls", "file": SimpleUploadedFile("x.csv", b"x"), "file_date": tomorrow.isoformat()}
    assert "The date is in the future." in client.post(page("add"), data).content.decode()
    assert not RegisterUpload.objects.exists()


def test_request_larger_than_the_limit_is_refused_before_its_body_is_read(client, curator):
    response = client.generic("POST", page("add"), b"", CONTENT_LENGTH=str(1000 * MEGABYTE))
    assert (response.status_code, response.content.decode()) == (
        413,
        "The file is larger than 64 MB, the most that can be uploaded.",
    )


def test_uploading_needs_a_curator_and_the_token_against_forgery(client, curator, django_user_model):
    upload = previewed(curator, drls_row(A))
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(curator)
    assert strict.post(page("add"), {"kind": "drls"}).status_code == 403
    client.force_login(accounts.MembershipFactory().user)
    for url in (page("add"), page("change", upload.pk), page("rejected", upload.pk)):
        assert client.get(url).status_code == 302
    plain_staff = accounts.UserFactory(is_staff=True)
    client.force_login(plain_staff)
    assert client.get(page("add")).status_code == 403
    for act in ("apply", "cancel", "retry"):
        assert client.post(page(act, upload.pk)).status_code == 403
        assert client.get(page(act, upload.pk)).status_code == 405
    upload.refresh_from_db()
    assert upload.state == UploadState.READY


def test_progress_is_seen_by_others_while_nothing_of_the_import_is(curator, monkeypatch):
    upload = previewed(curator, drls_row(A))
    uploads.request_apply(actor=curator, upload=upload)
    seen = []

    class Watching(uploads._Teller):
        def __call__(self, step, share):
            super().__call__(step, share)
            other = connection.copy()
            try:
                with other.cursor() as cursor:
                    cursor.execute("SELECT state, step, share_read FROM partners_registerupload")
                    state = cursor.fetchone()
                    cursor.execute("SELECT count(*) FROM partners_registerestablishment")
                    seen.append((*state, cursor.fetchone()[0]))
            finally:
                other.close()

    monkeypatch.setattr(uploads, "_Teller", Watching)
    monkeypatch.setattr("partners.importers.core.PROGRESS_EVERY", 1)
    read_register_upload(upload.pk)
    assert seen == [
        ("running", "reading", 100, 0),
        ("running", "comparing", 100, 0),
        ("running", "writing", 100, 0),
    ]
    assert duns() == [A]


def test_cancelling_a_running_import_rolls_it_back_and_it_can_be_tried_again(client, curator, monkeypatch):
    upload = previewed(curator, drls_row(A))
    uploads.request_apply(actor=curator, upload=upload)

    class Cancelling(uploads._Teller):
        def __call__(self, step, share):
            if step == "writing":
                self.beside.cursor().execute(
                    "UPDATE partners_registerupload SET state = 'cancelled' WHERE id = %s", [upload.pk]
                )
            super().__call__(step, share)

    monkeypatch.setattr(uploads, "_Teller", Cancelling)
    read_register_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, duns(), RegisterImport.objects.count()) == (UploadState.CANCELLED, [], 0)
    monkeypatch.undo()
    monkeypatch.setattr(uploads, "dispatch", lambda upload_id: True)
    uploads.retry(actor=curator, upload=upload)
    read_register_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, duns()) == (UploadState.DONE, [A])


def test_import_of_a_dead_worker_is_taken_back_and_done_once(curator):
    upload = previewed(curator, drls_row(A))
    uploads.request_apply(actor=curator, upload=upload)
    dead = uploads.claim(upload.pk)  # and then its process is killed
    assert uploads.sweep().taken_back == 0
    later = timezone.now() + 2 * uploads.READING_LEASE
    swept = uploads.sweep(now=later)
    assert (swept.taken_back, swept.given_up) == (1, 0)
    read_register_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.attempts, duns()) == (UploadState.DONE, 2, [A])
    with pytest.raises((uploads.Stopped, uploads.ImportFileError)):  # it was only slow, and comes back
        uploads.work(dead)
    read_register_upload(upload.pk)  # a message delivered twice
    assert RegisterImport.objects.count() == 1


def test_upload_whose_worker_dies_again_and_again_is_given_up_with_a_reason(curator):
    upload = store(curator, drls_row(A))
    for _ in range(uploads.MAX_ATTEMPTS):
        assert uploads.claim(upload.pk)
        uploads.sweep(now=timezone.now() + 2 * uploads.READING_LEASE)
    upload.refresh_from_db()
    assert (upload.state, upload.error) == (UploadState.FAILED, uploads.WORKER_LOST)


def test_two_imports_at_once_leave_one_told_to_wait(curator):
    first, second = previewed(curator, drls_row(A)), previewed(curator, drls_row(B))
    uploads.request_apply(actor=curator, upload=second)
    other = connection.copy()
    try:
        with other.cursor() as cursor:  # the other import, being applied at this moment
            cursor.execute("SELECT pg_advisory_lock(hashtext('register-import:drls'))")
            read_register_upload(second.pk)
    finally:
        other.close()
    second.refresh_from_db()
    assert second.state == UploadState.FAILED
    assert second.error.startswith(
        "Another import of the register drls is being applied; nothing was written."
    )
    uploads.retry(actor=curator, upload=second)
    read_register_upload(second.pk)
    assert duns() == [B]
    assert first.state == UploadState.READY


def test_what_has_ended_cannot_be_applied_cancelled_or_tried_again(client, curator):
    upload = previewed(curator, drls_row(A))
    uploads.cancel(actor=curator, upload=upload)
    with pytest.raises(uploads.UploadError, match="nothing to cancel"):
        uploads.cancel(actor=curator, upload=upload)
    with pytest.raises(uploads.UploadError, match="read and not applied yet"):
        uploads.request_apply(actor=curator, upload=upload)
    shown = client.post(page("apply", upload.pk), follow=True).content.decode()
    assert "Only a file that was read and not applied yet can be applied." in shown


def test_files_that_nobody_applied_are_deleted_after_a_week(curator):
    upload = previewed(curator, drls_row(A))
    assert jobs.delete_old_files(RegisterUpload) == 0
    later = timezone.now() + uploads.KEEP_FILES + dt.timedelta(hours=1)
    assert jobs.delete_old_files(RegisterUpload, now=later) == 1
    upload.refresh_from_db()
    assert not upload.file
    uploads.cancel(actor=curator, upload=upload)
    with pytest.raises(uploads.UploadError, match="no longer stored"):
        uploads.retry(actor=curator, upload=upload)


def test_message_that_was_lost_is_sent_again(monkeypatch):
    told = []
    monkeypatch.setattr(uploads, "dispatch", lambda upload_id: told.append(upload_id) or True)
    upload = RegisterUploadFactory()
    assert uploads.sweep().dispatched == 0
    later = timezone.now() + 2 * uploads.DISPATCH_AFTER
    assert (uploads.sweep(now=later).dispatched, uploads.sweep(now=later).dispatched) == (1, 0)
    assert told == [upload.pk]


def test_a_file_that_closes_most_of_the_register_needs_to_be_told_so(client, curator):
    for start in (0, 150):
        rows = [drls_row(f"{100000100 + start + n}") for n in range(150)]
        upload = previewed(curator, *rows)
        asked = "Apply even if it closes most" in client.get(page("change", upload.pk)).content.decode()
        assert asked is (start == 150)
        uploads.request_apply(actor=curator, upload=upload)
        read_register_upload(upload.pk)
        upload.refresh_from_db()
    assert upload.state == UploadState.FAILED
    assert "Apply even if it closes most" in client.get(page("change", upload.pk)).content.decode()
    assert "lacks 150 of the 150 establishments now in the register" in upload.error
    uploads.retry(actor=curator, upload=upload, allow_closing=True)
    read_register_upload(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.aim, upload.report["closed"]) == (UploadState.DONE, UploadAim.APPLY, 150)


def test_a_row_that_somebody_writes_keeps_no_sweep_waiting(curator):
    dead, waiting = store(curator, drls_row(A)), RegisterUploadFactory()
    assert uploads.claim(dead.pk)
    later = timezone.now() + 2 * uploads.READING_LEASE
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT 1 FROM partners_registerupload FOR UPDATE")
            busy = uploads.sweep(now=later)
    finally:
        other.close()
    free = uploads.sweep(now=later)
    assert (busy.taken_back, busy.dispatched, free.taken_back, free.dispatched) == (0, 0, 1, 2)
    waiting.refresh_from_db()
    assert waiting.lease_until == later + 4 * uploads.DISPATCH_AFTER
