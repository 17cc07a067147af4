"""Files that are not what they should be: each is refused, or its row is, with the cell and what to do."""

import csv
import datetime as dt
import gzip
import io
import zipfile

import openpyxl
import pytest

from partners.importers.errors import ImportFileError
from partners.sheets.registry import SHEETS
from tests.factories import partners

from .conftest import as_csv, as_xlsx, compared, edited, exported, table, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def slot():
    return partners.CapacitySlotFactory(
        facility=partners.FacilityFactory(
            slug="basel", organisation=partners.OrganisationFactory(slug="helvia")
        ),
        quantity=5,
        unit=partners.ScaleUnitFactory(),
    )


def refusal(name, content, folder, kind="csv"):
    with pytest.raises(ImportFileError) as caught:
        compared(name, content, folder, kind)
    return str(caught.value)


def test_wrong_encoding_is_refused_with_line_byte_and_remedy(slot, tmp_path):
    content = (
        exported("capacityslot").decode("utf-8-sig").replace("open", "Genève").encode("latin-1", "replace")
    )
    text = refusal("capacityslot", content.replace(b"Open", b"Gen\xe8ve"), tmp_path)
    assert text.startswith("file.csv is not UTF-8: line 2 holds the byte 0xe8")
    assert text.endswith("save the file as CSV in UTF-8")


def test_wrong_delimiter_is_refused_with_the_remedy(slot, tmp_path):
    content = exported("capacityslot").replace(b",", b"|")
    assert refusal("capacityslot", content, tmp_path) == (
        "The cells are separated by “|”; save the file with commas or semicolons (CSV), with tabs, or as an Excel "
        "workbook (XLSX)"
    )


@pytest.mark.parametrize(
    ("text", "outcome", "cell"),
    [
        ("5,0", "changed", {}),  # in the reference only
        ("12,5", "changed", {"quantity": ("5", "12.5")}),
        ("0,125", "changed", {"quantity": ("5", "0.125")}),
        ("1,250", "rejected", {}),  # 1.25 or 1250
        ("1.250,5", "rejected", {}),
    ],
)
def test_semicolons_are_read_and_with_them_decimal_commas_that_can_mean_one_number(
    slot, text, outcome, cell, tmp_path
):
    """As a spreadsheet program saves CSV where decimals have a comma."""
    header, row = table(exported("capacityslot"))
    row[header.index("quantity")] = text
    row[header.index("source reference")] = "p. 3; p. 4, both"
    lines = io.StringIO()
    csv.writer(lines, delimiter=";").writerows([header, row])
    (result,) = compared("capacityslot", lines.getvalue().encode(), tmp_path)
    reference = {"source_reference": ("", "p. 3; p. 4, both")} if outcome == "changed" else {}
    assert (str(result.outcome), {d.column.name: (d.before, d.after) for d in result.differences}) == (
        outcome,
        cell | reference,
    )


def test_renamed_missing_and_doubled_columns_are_named_with_what_they_may_be(slot, tmp_path):
    header, row = table(exported("capacityslot"))
    renamed = ["Start on" if h == "starts on" else "colour" if h == "unit" else h for h in header]
    assert refusal("capacityslot", as_csv([renamed, row]), tmp_path) == (
        "Not a spreadsheet of “Capacity slots”: the column “Start on” is not known; is it “starts on”? Rename it, or "
        "put # before it; the column “colour” is not known; delete it, or put # before it to keep it to yourself; "
        "the column “starts on” is missing; rows are known by it, so copy it from an export"
    )
    doubled = ["status" if h == "ends on" else h for h in header]
    assert "the column “status” stands twice; delete one" in refusal(
        "capacityslot", as_csv([doubled, row]), tmp_path
    )


def test_headings_are_known_in_any_case_by_field_name_and_own_columns_are_left_alone(slot, tmp_path):
    header, row = table(exported("capacityslot"))
    other = [{"site": "Facility", "starts on": " STARTS_ON "}.get(h, h.upper()) for h in header]
    results = compared("capacityslot", as_csv([[*other, "# mine"], [*row, "anything"]]), tmp_path)
    assert told(results) == [("unchanged", {}, [])]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7", "file.csv is a PDF, not a CSV file"),
        (b"", "file.csv is empty"),
        (b"\xff\xfes\0i\0t\0e\0", "file.csv is UTF-16 text; save it as CSV in UTF-8"),
        (b"PK\x03\x04zip", "file.csv is a damaged or cut-off Excel workbook"),
        (b"site,service\n\0,b\n", "is a binary file, not a CSV file"),
        (b'site,service,modality,starts on,ends on\n"a', "a quotation mark opened in the row on line 2"),
        (b"site,service,modality,starts on,ends on\na,b,c,d,e\na,b", "is cut off: its last row, on line 3"),
    ],
)
def test_what_is_no_table_is_refused(content, reason, tmp_path):
    assert reason in refusal("capacityslot", content, tmp_path)


def test_archive_that_unpacks_to_too_much_is_refused_before_it_is(tmp_path):
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("xl/sharedStrings.xml", b"0" * 70_000_000)
    assert "unpacks to more than 512 MB" in refusal("capacityslot", bomb.getvalue(), tmp_path, "xlsx")


def test_more_rows_than_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("partners.sheets.reading.ROW_LIMIT", 2)
    rows = [["group", "phrase"], *([f"g{n}", "p"] for n in range(3))]
    assert refusal("searchsynonym", as_csv(rows), tmp_path) == (
        "The file has more than 2 rows, the most that is read; split it into several"
    )


def test_formula_in_a_workbook_rejects_its_row_by_cell_and_one_in_an_own_column_nobodys(slot, tmp_path):
    header, row = table(exported("capacityslot"))
    own = as_xlsx([[*header, "# sum"], [*row, "=1+1"]])
    assert told(compared("capacityslot", own, tmp_path, "xlsx")) == [("unchanged", {}, [])]
    at = header.index("quantity")
    row[at] = "=2+3"
    (result,) = compared("capacityslot", as_xlsx([header, row]), tmp_path, "xlsx")
    letter = openpyxl.utils.get_column_letter(at + 1)
    assert told([result]) == [("rejected", {}, [f"holds a formula in {letter}2; paste values only"])]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-05", dt.date(2026, 3, 5)), ("20260305", dt.date(2026, 3, 5)), ("5.3.2026", dt.date(2026, 3, 5)),
        ("05 Mar 2026", dt.date(2026, 3, 5)), ("5-March-2026", dt.date(2026, 3, 5)),
        ("31/03/2026", dt.date(2026, 3, 31)), ("03/31/2026", dt.date(2026, 3, 31)),
        ("03/03/2026", dt.date(2026, 3, 3)), ("2026-03-05 00:00:00", dt.date(2026, 3, 5)),
    ],
)  # fmt: skip
def test_dates_in_several_formats_are_one_day(slot, text, day, tmp_path):
    (result,) = compared("capacityslot", edited(exported("capacityslot"), 2, ends_on=text), tmp_path)
    assert told([result]) == [("changed", {"ends_on": ("", day.isoformat())}, [])]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"ends_on": "03/04/2026"}, "'03/04/2026' can be 2026-03-04 or 2026-04-03; write it as YYYY-MM-DD"),
        ({"ends_on": "2026-02-30"}, "'2026-02-30' is no day of the calendar; write it as YYYY-MM-DD"),
        ({"ends_on": "soon"}, "'soon' is no date; write it as YYYY-MM-DD"),
        (
            {"quantity": "1.000,5"},
            "'1.000,5' is no number; write 1200.5, with a point before decimals and nothing between thousands",
        ),
        ({"quantity": "NaN"}, "'NaN' is no number; write 1200.5, with a point before decimals and nothing between "
         "thousands"),
        ({"quantity": "1.23456"}, "Ensure that there are no more than 3 decimal places."),
        ({"status": "opne"}, "'opne' is not one of the list; is it “Open”?"),
        ({"unit": "liter"}, "there is no scale unit 'liter'; is it “litre”?"),
        ({"site": "basel"}, "'basel' names no site; write partner/site, such as helvia/basel"),
        ({"site": "helvia/bern"}, "there is no site 'helvia/bern'; copy it from an export, or make it first"),
        ({"source": "hearsay"}, "there is no source (code) 'hearsay'; copy it from an export, or make it first"),
        ({"retrieved_on": ""}, "needs a value; to leave it as it is, leave the whole column out"),
        ({"ends_on": "2020-01-01"}, "The slot ends before it starts."),
        ({"unit": ""}, "Give the unit of the quantity."),
        ({"version": "v1:abc"}, "is no version of this list; export again, or empty the cell to find the row by its "
         "key"),
    ],
)  # fmt: skip
def test_cell_that_cannot_be_used_is_named_with_what_to_write(slot, cells, reason, tmp_path):
    (result,) = compared("capacityslot", edited(exported("capacityslot"), 2, **cells), tmp_path)
    assert (str(result.outcome), [f.text for f in result.faults]) == ("rejected", [reason])
    (fault,) = result.faults
    assert fault.column in {SHEETS["capacityslot"].open().columns[i].name for i in range(13)} | {"version"}


def test_gzip_and_tabs_are_read(slot, tmp_path):
    lines = exported("capacityslot").decode("utf-8-sig").replace(",", "\t").replace("\r\n", "\n")
    assert told(compared("capacityslot", gzip.compress(lines.encode()), tmp_path)) == [("unchanged", {}, [])]
