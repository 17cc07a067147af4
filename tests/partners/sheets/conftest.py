"""Files of catalogue lists for the tests, and the whole way of a file without the desk."""

import csv
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from partners.enums import UploadAim
from partners.sheets import imports, writing
from partners.sheets.comparing import Comparer
from partners.sheets.reading import SheetReader
from partners.sheets.registry import SHEETS
from partners.tasks import read_sheet_import
from tests.factories import accounts, partners

FACTORIES = {
    factory._meta.model: factory
    for factory in vars(partners).values()
    if hasattr(factory, "_meta") and getattr(factory._meta, "model", None) and not factory._meta.abstract
}


@pytest.fixture
def stored_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def no_messages(monkeypatch):
    """The tests are the worker: they call the task when they want it."""
    monkeypatch.setattr(imports, "dispatch", lambda job_id: True)


@pytest.fixture
def curator(client):
    user = accounts.CuratorFactory()
    client.force_login(user)
    return user


def exported(name: str, kind: str = "csv", columns: list[str] | None = None, rows=None) -> bytes:
    """The file that the desk exports of a list."""
    sheet = SHEETS[name].open()
    chosen = writing.chosen_columns(sheet, columns)
    rows = sheet.model._base_manager.order_by("pk") if rows is None else rows
    if kind == "xlsx":
        return writing.as_xlsx(sheet, chosen, rows)
    return "".join(writing.as_csv(sheet, chosen, rows)).encode()


def table(content: bytes) -> list[list[str]]:
    """A CSV file as its cells."""
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def as_csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def as_xlsx(rows: list[list]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def edited(content: bytes, line: int, **cells: str) -> bytes:
    """A CSV file with other cells in one row; columns by heading, blanks as underlines."""
    rows = table(content)
    for heading, text in cells.items():
        rows[line - 1][rows[0].index(heading.replace("_", " "))] = text
    return as_csv(rows)


def compared(name: str, content: bytes, folder, kind: str = "csv"):
    """What each row of a file would do."""
    path = folder / f"file.{kind}"
    path.write_bytes(content)
    sheet = SHEETS[name].open()
    with SheetReader(path, sheet) as reader:
        return Comparer(sheet, set(reader.headings.at)).compare(list(reader))


def told(results) -> list[tuple[str, dict, list[str]]]:
    """Results in short: outcome, changed cells, what is wrong."""
    return [
        (
            str(r.outcome),
            {d.column.name: (d.before, d.after) for d in r.differences},
            [f.text for f in r.faults],
        )
        for r in results
    ]


def previewed(curator, name: str, content: bytes, file_name: str = "list.csv"):
    """A file that was uploaded and read."""
    job = imports.store(actor=curator, sheet=name, file=SimpleUploadedFile(file_name, content))
    read_sheet_import(job.pk)
    job.refresh_from_db()
    return job


def applied(curator, name: str, content: bytes, **choices):
    """A file that was uploaded, read and written; left alone when nothing would be written."""
    job = previewed(curator, name, content)
    assert job.error == ""
    if imports.writable(job, choices.get("conflicts", "")).exists():
        imports.request_apply(actor=curator, job=job, **choices)
        assert job.__class__.objects.get(pk=job.pk).aim == UploadAim.APPLY
        read_sheet_import(job.pk)
    job.refresh_from_db()
    return job
