import gzip
import hashlib

import pytest

from partners.importers.errors import ImportFileError
from partners.importers.reading import Record, TableReader
from tests.partners.importers.conftest import TwoColumns


def read(path):
    with TableReader(path, layouts=[TwoColumns()]) as reader:
        return list(reader), reader


def refusal(path) -> str:
    with pytest.raises(ImportFileError) as refused:
        read(path)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_rows_carry_their_line_and_only_the_columns_asked_for(drls_file):
    records, reader = read(drls_file('name,Extra,ID\n"two\nlines",x,1\n\nplain,y,2\n'))
    assert records == [
        Record(2, {"NAME": "two\nlines", "ID": "1"}),
        Record(5, {"NAME": "plain", "ID": "2"}),
    ]
    assert reader.rows == 2


def test_gzip_and_byte_order_mark_and_windows_line_ends_are_read(drls_file):
    text = "\ufeffID,NAME\r\n1,Zürich\r\n".encode()
    path = drls_file(gzip.compress(text), "table.csv.gz")
    records, reader = read(path)
    assert records == [Record(2, {"ID": "1", "NAME": "Zürich"})]
    assert reader.sha256 == hashlib.sha256(text).hexdigest()


def test_row_of_the_wrong_width_in_the_middle_is_handed_on_with_its_fault(drls_file):
    records, _ = read(drls_file("ID,NAME\n1\n2,b,c\n3,d\n"))
    assert [(record.line, record.fault) for record in records] == [
        (2, "has 1 field instead of 2"),
        (3, "has 3 fields instead of 2"),
        (4, ""),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "table.csv is empty"),
        (b" \n\n", "table.csv is empty"),
        (b"ID,NAME\n", "table.csv has a header but no rows"),
        (
            b"PK\x03\x04\x14\x00",
            "table.csv is a damaged or cut-off Excel workbook",
        ),
        (
            b"%PDF-1.7",
            "table.csv is a PDF, not a CSV file; save the table as CSV (UTF-8) or Excel workbook (XLSX)",
        ),
        (b"\n <!DOCTYPE html><html>", "table.csv is a web page or XML, not a CSV file"),
        (b'[{"ID": 1}]', "table.csv is JSON, not a CSV file"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "table.csv is a binary file, not a CSV file"),
        (b"ID,NAME\n1,a\n2,\x00b\n" + b"x" * 5000, "table.csv is a binary file, not a CSV file"),
        (
            b"ID,NAME\n" + b"1,a\n" * 2000 + b"2,\x00\n",
            "table.csv is not a text file: line 2002 holds a NUL byte",
        ),
        ("ID,NAME\n1,a\n".encode("utf-16"), "table.csv is UTF-16 text; save it as CSV in UTF-8"),
        (
            "ID,NAME\n1,a\n2,Genève\n".encode("latin-1"),
            "table.csv is not UTF-8: line 3 holds the byte 0xe8 at position 6; save the file as CSV in UTF-8",
        ),
        (
            b'ID,NAME\n1,a\n2,"b\n3,c\n',
            "table.csv is cut off or damaged: a quotation mark opened in the row on line 3 is never closed",
        ),
        (
            b'ID,NAME\n1,a\n2,"b\n' + b"3,c\n" * 40_000,
            "table.csv is cut off or damaged: a quotation mark opened in the row on line 3 is never closed",
        ),
        (b'ID,NAME\n1,"a"b\n', "table.csv is not valid CSV in the row on line 2: ',' expected after '\"'"),
        (b"ID,NAME\n1,a\n2", "table.csv is cut off: its last row, on line 3, has 1 field instead of 2"),
        (b"ID,NAME\n1,a\n2,", "table.csv is cut off: its last row, on line 3, is unfinished"),
        (b"ID,Title\n1,a\n", "table.csv has no column NAME"),
        (
            b"ID|NAME\n1|a\n",
            "table.csv has its fields separated by “|”; save it with commas, semicolons or tabs between the fields",
        ),
        (b"ID,NAME,id\n1,a,2\n", "table.csv has the column ID twice"),
        (
            b"ID,NAME\r1,a\r",
            "table.csv has line ends this reader does not know; save it as CSV (UTF-8) again",
        ),
        (b"a" * 1_000_001, "table.csv is not a CSV file: line 1 is over 1 MB long"),
    ],
)
def test_file_that_is_not_a_table_is_refused_with_a_reason(drls_file, content, message):
    assert refusal(drls_file(content, "table.csv")) == message


def test_gzip_cut_off_is_refused(drls_file):
    whole = gzip.compress(b"ID,NAME\n" + b"".join(b"%d,a\n" % n for n in range(5000)))
    message = refusal(drls_file(whole[: len(whole) // 2], "table.csv.gz"))
    assert message == "table.csv.gz is a damaged or cut-off gzip file"


def test_missing_file_and_directory_are_refused(tmp_path):
    assert refusal(tmp_path / "none.csv") == f"There is no file {tmp_path / 'none.csv'}"
    assert refusal(tmp_path) == f"{tmp_path} is a directory, not a file"
