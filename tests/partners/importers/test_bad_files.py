"""Bad files, on the page and on the command line: the same clear words in both, and nothing half written."""

import io
import os
import signal
import subprocess
import sys
import time
import zipfile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection

from partners.importers import uploads
from partners.importers.core import lock_name
from partners.importers.drls import DRLS
from partners.models import Change, RegisterEstablishment, RegisterImport
from partners.tasks import read_register_upload
from tests.factories import accounts
from tests.partners.importers.conftest import COLUMNS, ROOT, as_csv, drls_row

pytestmark = pytest.mark.django_db(transaction=True)

A, B, C = "100000001", "100000002", "100000003"
GOOD = [drls_row(A), drls_row(B)]


@pytest.fixture(autouse=True)
def worker_is_the_test(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path / "media"
    monkeypatch.setattr(uploads, "dispatch", lambda upload_id: True)


def workbook(rows, bomb=False) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    if bomb:
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/media/bomb.xml", b"0" * 70_000_000)
    return file.getvalue()


def table(*rows) -> list[list[str]]:
    return [COLUMNS, *([row[column] for column in COLUMNS] for row in rows)]


REFUSED = {
    "wrong encoding": (
        as_csv([drls_row(A, firm_name="Genève SA")]).encode("cp1252"),
        "drls.csv is not UTF-8: line 2 holds the byte 0xe8 at position",
    ),
    "another wrong encoding": (as_csv(GOOD).encode("utf-16"), "drls.csv is UTF-16 text; save it as CSV in UTF-8"),
    "wrong delimiter": (
        as_csv(GOOD).replace(",", "|").encode(),
        "drls.csv has its fields separated by “|”; save it with commas, semicolons or tabs",
    ),
    "renamed column": (as_csv(GOOD).replace("FIRM_NAME", "FIRM NAMES", 1).encode(), "FIRM_NAME"),
    "missing column": (
        as_csv(GOOD, [c for c in COLUMNS if c != "ADDRESS"]).encode(),
        "drls.csv has no column ADDRESS",
    ),
    "cut off": (as_csv(GOOD).encode() + b'1,"never closed', "drls.csv is cut off or damaged"),
    "zip bomb": (workbook(table(*GOOD), bomb=True), "drls.csv unpacks to more than 512 MB (or its texts to more"),
    "days before months": (
        as_csv([drls_row(A, expiration_date="05/06/2025"), drls_row(B, expiration_date="31/12/2025")]).encode(),
        "drls.csv has dates with the day first, so what 05/06/2025 means in it is uncertain (line 3: ",
    ),
}  # fmt: skip


def by_page(content: bytes):
    """The upload after its preview, and after its import if that could be asked for."""
    upload = uploads.store(
        actor=accounts.CuratorFactory(),
        kind="drls",
        file=SimpleUploadedFile("drls.csv", content),
        file_date=None,
    )
    read_register_upload(upload.pk)
    upload.refresh_from_db()
    if upload.state == "ready":
        uploads.request_apply(actor=upload.uploaded_by, upload=upload)
        read_register_upload(upload.pk)
        upload.refresh_from_db()
    return upload


def written():
    return RegisterEstablishment.objects.count(), RegisterImport.objects.count()


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_good_is_refused_in_the_same_words_everywhere(name, drls_file):
    content, message = REFUSED[name]
    with pytest.raises(CommandError) as refused:
        call_command("import_register", "drls", drls_file(content, "drls.csv"), "--apply")
    assert message in str(refused.value)
    assert refused.value.returncode == 2
    upload = by_page(content)
    assert (upload.state, message in upload.error) == ("failed", True), upload.error
    assert written() == (0, 0)


def test_formulas_and_contradicting_rows_are_rejected_and_the_other_rows_taken(drls_file):
    rows = table(drls_row(A), drls_row(B), drls_row(C), drls_row(C, firm_name="Another firm"))
    rows[2][COLUMNS.index("FIRM_NAME")] = '=HYPERLINK("https://example.org")'
    content = workbook(rows)
    reasons = [
        (3, "The row holds a formula in C3; paste values only"),
        (4, "D-U-N-S also on line 5, with other values; neither is taken"),
        (5, "D-U-N-S already on line 4, with other values; neither is taken"),
    ]
    upload = by_page(content)
    assert [(row["line"], row["reason"]) for row in upload.report["rejected_rows"]] == reasons
    assert (upload.state, upload.report["created"]) == ("done", 1)
    out = io.StringIO()
    call_command("import_register", "drls", drls_file(content, "drls.xlsx"), stdout=out)
    for line, reason in reasons:
        assert f"  line {line}: {reason}" in out.getvalue()
    assert list(RegisterEstablishment.objects.values_list("duns", flat=True)) == [A]


def test_a_gigabyte_is_refused_by_the_command_without_being_read(drls_file):
    path = drls_file("", "huge.csv")
    os.truncate(path, 1_000_000_000)
    began = time.monotonic()
    with pytest.raises(CommandError, match=r"huge\.csv has 1,000 MB; a file may have 256 MB at most"):
        call_command("import_register", "drls", path, "--apply")
    assert time.monotonic() - began < 5


def test_a_command_that_is_killed_leaves_nothing_behind_and_can_be_run_again(drls_file, command_environment):
    path = drls_file([drls_row(f"{200_000_000 + n}") for n in range(60_000)])
    arguments = [sys.executable, "manage.py", "import_register", "drls", path, "--apply"]
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=command_environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for_lock(held=True, process=process)
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    wait_for_lock(held=False)
    assert written() == (0, 0)
    assert not Change.objects.filter(table="partners_registerestablishment").exists()
    call_command("import_register", "drls", drls_file(GOOD), "--apply", stdout=io.StringIO())
    assert written() == (2, 1)


def wait_for_lock(*, held, process=None):
    """Until the import's lock is held by somebody, or by nobody."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [lock_name(DRLS)])
            free = cursor.fetchone()[0]
            if free:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [lock_name(DRLS)])
        if free is not held:
            return
        assert process is None or process.poll() is None, "the command ended before it was killed"
        time.sleep(0.02)
    pytest.fail("the lock was not seen")
