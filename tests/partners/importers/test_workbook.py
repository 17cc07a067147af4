"""Excel workbooks and tab-separated files: what is read, and what is refused before it does harm."""

import datetime
import gzip
import zipfile

import openpyxl
import pytest

from partners.importers import delimited, reading, workbook
from partners.importers.errors import ImportFileError
from partners.importers.reading import Record, TableReader
from tests.partners.importers.conftest import TwoColumns


def read(path, **options):
    with TableReader(path, layouts=[TwoColumns()], **options) as reader:
        return list(reader)


def refusal(path, **options) -> str:
    with pytest.raises(ImportFileError) as refused:
        read(path, **options)
    return str(refused.value)


@pytest.fixture
def book(tmp_path):
    def write(*rows, name="table.xlsx", before=()):
        made = openpyxl.Workbook()
        made.active.title = "Data"
        for row in rows:
            made.active.append(row)
        for title, state in before:
            made.create_sheet(title, 0).sheet_state = state
        path = tmp_path / name
        made.save(path)
        return path

    return write


def rewritten(path, change):
    """The workbook with the text of its parts changed by name."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(name, content))
    return path


def test_cells_become_the_text_a_csv_file_would_have(book):
    path = book(
        ["name", "ID", "Note"],
        ["float", 3003829708.0, None],
        ["number that lost its zeros", 12345678, 1.5],
        ["text", "012345678", datetime.datetime(2025, 7, 11)],  # noqa: DTZ001
        [None, None, None],
        [True, 123456789, datetime.datetime(2025, 7, 11, 8, 30)],  # noqa: DTZ001
    )
    assert read(path) == [
        Record(2, {"NAME": "float", "ID": "3003829708", "NOTE": ""}),
        Record(3, {"NAME": "number that lost its zeros", "ID": "012345678", "NOTE": "1.5"}),
        Record(4, {"NAME": "text", "ID": "012345678", "NOTE": "2025-07-11"}),
        Record(6, {"NAME": "TRUE", "ID": "123456789", "NOTE": "2025-07-11T08:30:00"}),
    ]


def test_formula_or_error_is_a_fault_of_its_row_and_never_calculated(book):
    path = book(["ID", "NAME"], ["1", "=1+1"], ["2", "plain"], ["#REF!", "x"])
    faults = [(record.line, record.fault) for record in read(path)]
    assert faults == [
        (2, "holds a formula in B2; paste values only"),
        (3, ""),
        (4, "holds the error #REF! in A4"),
    ]


def test_first_visible_sheet_is_read(book):
    path = book(["ID", "NAME"], ["1", "a"], before=[("Hidden", "hidden")])
    assert read(path) == [Record(2, {"ID": "1", "NAME": "a"})]


def test_workbook_that_claims_to_be_small_is_read_whole_and_one_that_claims_to_be_huge_costs_nothing(book):
    path = book(["ID", "NAME"], *[[str(n), "a"] for n in range(50)])
    for claim in (b"A1:B2", b"A1:XFD1048576"):
        rewritten(
            path,
            lambda name, content, claim=claim: content.replace(b"A1:B51", claim).replace(
                b'A1:B2"', claim + b'"'
            ),
        )
        assert len(read(path)) == 50


def test_zip_bomb_is_refused_by_its_directory_before_it_is_unpacked(book, monkeypatch):
    path = book(["ID", "NAME"], ["1", "a" * 5000])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/bomb.xml", b"0" * 2_000_000)
    monkeypatch.setattr(workbook, "PART_LIMIT", 1_000_000)
    assert refusal(path).startswith("table.xlsx unpacks to more than 512 MB (or its texts to more than")
    monkeypatch.setattr(workbook, "PART_LIMIT", 10_000_000)
    monkeypatch.setattr(workbook, "UNPACKED_LIMIT", 1_000_000)
    assert refusal(path).startswith("table.xlsx unpacks to more than 1 MB")


def test_part_that_lies_about_its_size_is_not_read_beyond_it(book):
    path = book(["ID", "NAME"], *[[str(n), "a"] for n in range(500)])
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        info = archive.getinfo("xl/worksheets/sheet1.xml")
    size = info.file_size.to_bytes(4, "little")
    at = content.rfind(size, 0, len(content))
    content[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    assert "cannot be read" in (message := refusal(path)) or "damaged" in message


def test_document_type_is_refused(book):
    path = rewritten(
        book(["ID", "NAME"], ["1", "a"]),
        lambda name, content: (
            b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + content if name.endswith("sheet1.xml") else content
        ),
    )
    assert refusal(path) == "table.xlsx holds a document type; no workbook has one"


def test_other_archive_is_refused(tmp_path):
    path = tmp_path / "table.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.csv", "ID,NAME\n1,a\n")
    assert refusal(path) == "table.xlsx is a ZIP archive, not an Excel workbook; unpack it first"


def test_workbook_cut_off_is_refused(book):
    path = book(["ID", "NAME"], *[[str(n), "a"] for n in range(500)])
    path.write_bytes(path.read_bytes()[:-200])
    assert refusal(path) == "table.xlsx is a damaged or cut-off Excel workbook"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "table.xlsx is not this register: its first line has none of the expected columns (ID, NAME)"),
        ([["ID", "NAME"]], "table.xlsx has a header but no rows"),
        ([["ID", "Names"], ["1", "a"]], "table.xlsx has no column NAME; is it “Names”?"),
    ],
)
def test_workbook_that_is_not_the_register_is_refused(book, rows, message):
    assert refusal(book(*rows)) == message


# -- limits and text --------------------------------------------------------------------------------


def test_file_of_a_gigabyte_is_refused_without_reading_it(tmp_path):
    path = tmp_path / "table.csv"
    with path.open("wb") as file:
        file.write(b"ID,NAME\n1,a\n")
        file.truncate(1_000_000_000)
    assert refusal(path) == "table.csv has 1,000 MB; a file may have 256 MB at most"
    large = tmp_path / "table.xlsx"
    with large.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(100_000_000)
    assert refusal(large) == "table.xlsx has 100 MB; a file may have 64 MB at most"


def test_gzip_bomb_stops_at_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "TEXT_LIMIT", 1_000_000)
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"ID,NAME\n" + b"1,aaaaaaaaaaaaaaaa\n" * 200_000))
    assert refusal(path) == "table.csv.gz unpacks to more than 1 MB, the most that is read"


def test_too_many_rows_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "ROW_LIMIT", 3)
    path = tmp_path / "table.csv"
    path.write_text("ID,NAME\n" + "1,a\n" * 4)
    assert refusal(path) == "table.csv has more than 3 rows, the most that is read"


def test_tab_separated_text_keeps_quotation_marks_unless_they_enclose_a_field(tmp_path):
    path = tmp_path / "table.txt"
    path.write_bytes(b'ID\tName\r\n1\t5" tube, "new"\r\n2\t"Quoted, ""by"" Excel"\r\n')
    assert [record.fields["NAME"] for record in read(path)] == ['5" tube, "new"', 'Quoted, "by" Excel']


def test_windows_1252_is_read_only_where_the_register_comes_in_it(tmp_path):
    path = tmp_path / "table.txt"
    path.write_bytes("ID\tNAME\n1\tGenève – 5 µg\n".encode("cp1252"))
    both = ("utf-8", "cp1252")
    assert read(path, encodings=both)[0].fields["NAME"] == "Genève – 5 µg"
    assert refusal(path) == (
        "table.txt is not UTF-8: line 2 holds the byte 0xe8 at position 6; save the file as CSV in UTF-8"
    )
    path.write_bytes("ID\tNAME\n1\tGenève – 5 µg\n".encode())
    assert read(path, encodings=both)[0].fields["NAME"] == "Genève – 5 µg"
    path.write_bytes(b"ID\tNAME\n1\t\x81\n")  # neither
    assert refusal(path, encodings=both).startswith("table.txt is not UTF-8: line 2 holds the byte 0x81")


def test_renamed_column_is_known_by_its_alias_and_another_is_asked_about(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("Title  Name,id\na,1\n")
    assert read(path) == [Record(2, {"NAME": "a", "ID": "1"})]
