"""The bid sheet: what is written comes back, and nothing a spreadsheet would run is taken."""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook

from quotes.bid_sheet import BadSheet, read_bid_sheet, write_sheet

ASKED = {
    "title": "=Second source",
    "years": [2027, 2028, 2029],
    "questions": [{"id": "q1", "text": "Which lines?"}],
}
PACKAGES = [
    {
        "name": "Supply",
        "lines": [
            {"code": "transfer", "label": "Transfer", "basis_label": "lump sum", "per_year": ["1", "0", "0"]},
            {
                "code": "supply",
                "label": "Supply",
                "basis_label": "per unit",
                "per_year": ["250", "400", "400"],
            },
        ],
    }
]
DRAFT = {
    "q-currency": "EUR",
    "q-reference": "0042",
    "q-headline": "1250000.5",
    "l-transfer-state": "quoted",
    "l-transfer-price": "1.1250",
    "l-supply-tiers": "0: 12.5; 300: 11",
    "l-supply-markup": "7.5",
    "a-q1": "Two of them.",
}


def sheet(draft=DRAFT, rfq_id=7, organisation_id=3) -> bytes:
    return write_sheet(
        ASKED,
        PACKAGES,
        draft,
        rfq_id=rfq_id,
        organisation_id=organisation_id,
        deadline="2027-01-31 12:00 UTC",
    )


def read(content: bytes):
    return read_bid_sheet(content, rfq_id=7, organisation_id=3)


def changed(change, content: bytes | None = None) -> bytes:
    """The sheet after somebody filled something in and saved it."""
    book = load_workbook(io.BytesIO(content or sheet()))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def cell(book, code: str, heading: str):
    lines = book["Lines"]
    column = next(c.column for c in lines[4] if c.value == heading)
    row = next(r[0].row for r in lines.iter_rows(min_row=5) if r[0].value == code)
    return lines.cell(row, column)


def kept(found) -> dict:
    return {name: text for name, text in found.values.items() if text}


def test_what_was_typed_comes_back_and_texts_never_run():
    content = sheet()
    found = read(content)
    assert kept(found) == DRAFT
    assert found.refused == []
    book = load_workbook(io.BytesIO(content))
    assert book["Read me"]["B1"].value == "'=Second source"
    assert all(c.data_type != "f" for s in book for row in s.iter_rows() for c in row)


def test_numbers_percentages_days_and_local_texts_are_read_as_they_were_meant():
    def fill(book):
        cell(book, "supply", "Price or rate").value = 1.125
        cell(book, "supply", "Mark-up, %").value = 0.1
        cell(book, "supply", "Mark-up, %").number_format = "0.0%"
        cell(book, "transfer", "Price or rate").value = "1.250,50"
        book["Quote"]["B9"].value = dt.datetime(2027, 3, 31)  # noqa: DTZ001  a cell has no time zone
        cell(book, "transfer", "State").value = None

    found = read(changed(fill))
    assert kept(found) == {
        **{k: v for k, v in DRAFT.items() if k != "l-transfer-state"},
        "l-supply-price": "1.1250",
        "l-supply-markup": "10",
        "l-transfer-price": "1.250,50",
        "q-valid_until": "2027-03-31",
    }
    assert found.values["l-transfer-state"] == ""


def test_cells_that_would_run_are_refused_by_name_and_the_others_kept():
    def fill(book):
        cell(book, "supply", "Price or rate").value = "=1+1"
        cell(book, "supply", "Assumption").value = "@SUM(A1)"
        cell(book, "transfer", "Hours").value = True
        cell(book, "transfer", "Cap").value = "-5"

    found = read(changed(fill))
    assert found.refused == [
        ("Lines!O5", "holds true or false where a text or number is asked for."),
        ("Lines!H6", "holds a formula. Enter the value itself."),
        ("Lines!AC6", "begins like a formula. Begin the text with a letter."),
    ]
    assert kept(found) == {**DRAFT, "l-transfer-cap": "-5"}


def with_part(name: str, content: bytes | None = None) -> bytes:
    out = io.BytesIO(content or sheet())
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


def of_another_request() -> bytes:
    return sheet(rfq_id=8)


def with_a_new_mark() -> bytes:
    return changed(lambda book: book["Read me"].__setitem__("B3", "7-3:abc"))


def without_lines() -> bytes:
    return changed(lambda book: book.remove(book["Lines"]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: b"", "empty"),
        (lambda: b"PK\x03\x04nonsense", r"no \.xlsx workbook"),
        (lambda: b"%PDF-1.7", r"no \.xlsx workbook"),
        (lambda: b"\xd0\xcf\x11\xe0rest", r"old \.xls workbook or has a password"),
        (lambda: b"x" * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
        (lambda: with_part("xl/vbaProject.bin"), "macros"),
        (lambda: with_part("xl/externalLinks/externalLink1.xml"), "links to other files"),
        (lambda: with_part("xl/embeddings/oleObject1.bin"), "links to other files or embedded"),
        (of_another_request, "another request or another partner"),
        (with_a_new_mark, "mark on the first sheet was changed"),
        (without_lines, "no sheet Lines"),
    ],
)
def test_files_that_cannot_be_used_are_refused_with_what_to_do(content, message):
    with pytest.raises(BadSheet, match=message):
        read(content())


# -- saved by other programs ----------------------------------------------------------------------

SAVED = Path(__file__).parents[1] / "data" / "bid_sheets" / "libreoffice_7_4.xlsx"


def test_a_sheet_opened_and_saved_in_libreoffice_still_reads(settings):
    settings.SECRET_KEY = "the bid sheet of the test data"
    content = SAVED.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"LibreOffice/7.4" in archive.read("docProps/app.xml")
    found = read(content)
    assert found.refused == []
    assert kept(found) == {
        **{name: text for name, text in DRAFT.items() if name not in ("l-supply-price",)},
        "q-escalation": "2.5",
        "q-valid_until": "2027-03-31",
        "q-assumptions": "Batches of 4 million.\nFreight à part.",
        "l-transfer-price": "1.250,50",
        "l-supply-assumption": "Net of discounts – 3 % in Q4",
        "a-q1": "Line 4; line 7 from 2028",
    }


def rewritten(change: dict[str, Callable[[str], str]], more: dict[str, str] | None = None) -> bytes:
    """The sheet with parts of its XML rewritten, as another program might have written them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sheet())) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, change.get(name, str)(text))
        for name, text in (more or {}).items():
            new.writestr(name, text)
    return out.getvalue()


def without_validations(text: str) -> str:
    return re.sub(r"<dataValidations.*?</dataValidations>", "", text, flags=re.DOTALL)


def without_styles(text: str) -> str:
    return re.sub(r' s="\d+"', "", text)


@pytest.mark.parametrize(
    "content",
    [
        lambda: rewritten({"xl/worksheets/sheet3.xml": without_validations}),
        lambda: rewritten({f"xl/worksheets/sheet{n}.xml": without_styles for n in (1, 2, 3, 4)}),
        lambda: rewritten(
            {}, {"xl/printerSettings/printerSettings1.bin": "x", "docProps/custom.xml": "<x/>"}
        ),
        lambda: changed(lambda book: book.move_sheet("Lines", -2)),
        lambda: changed(lambda book: book.create_sheet("My notes")),
    ],
    ids=[
        "validations dropped",
        "styles dropped",
        "further parts",
        "sheets moved",
        "a sheet added",
    ],
)
def test_what_spreadsheet_programs_change_on_saving_does_not_matter(content):
    found = read(content())
    assert (kept(found), found.refused) == (DRAFT, [])


def test_rows_and_columns_that_a_person_moved_are_found_by_their_headings():
    def move(book):
        lines = book["Lines"]
        lines.move_range("H4:H6", cols=40)  # the prices, headings included

    found = read(changed(move))
    assert kept(found) == DRAFT
