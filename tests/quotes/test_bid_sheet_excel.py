"""Bid sheets with the habits of Excel: how it stores texts, numbers, days and percentages, and what it adds."""

import datetime as dt
import re

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from quotes.bid_sheet import BadSheet
from tests.quotes.test_bid_sheet import DRAFT, cell, changed, kept, read, rewritten, sheet

SHEETS = [f"xl/worksheets/sheet{n}.xml" for n in (1, 2, 3, 4)]
LINES = "xl/worksheets/sheet3.xml"


def shared_texts() -> list[str]:
    found: list[str] = []

    def keep(text: str) -> str:
        found.extend(re.findall(r"<si><t[^>]*>(.*?)</t></si>", text, re.DOTALL))
        return text

    rewritten({"xl/sharedStrings.xml": keep})
    return found


def with_texts_inline() -> bytes:
    """Every text in its own cell, as Excel's exports write them."""
    texts = shared_texts()

    def inline(xml: str) -> str:
        return re.sub(
            r'<c ([^>]*)t="s"([^>]*)><v>(\d+)</v></c>',
            lambda m: (
                f'<c {m[1]}t="inlineStr"{m[2]}><is><t xml:space="preserve">{texts[int(m[3])]}</t></is></c>'
            ),
            xml,
        )

    return rewritten(dict.fromkeys(SHEETS, inline))


def with_rich_texts() -> bytes:
    """Texts in runs with formats of their own, as after somebody made one letter bold."""

    def rich(xml: str) -> str:
        return re.sub(
            r"<si><t[^>]*>(.)(.*?)</t></si>",
            r'<si><r><t>\1</t></r><r><rPr><b/></rPr><t xml:space="preserve">\2</t></r></si>',
            xml,
            flags=re.DOTALL,
        )

    return rewritten({"xl/sharedStrings.xml": rich})


def without_dimension() -> bytes:
    return rewritten(dict.fromkeys(SHEETS, lambda xml: re.sub(r"<dimension [^>]*/>", "", xml)))


def with_a_wrong_dimension() -> bytes:
    return rewritten(
        dict.fromkeys(SHEETS, lambda xml: re.sub(r"<dimension [^>]*/>", '<dimension ref="A1"/>', xml))
    )


def with_empty_rows_to_the_end() -> bytes:
    more = '<row r="1048576" spans="1:3" s="1" customFormat="1"><c r="A1048576" s="1"/></row></sheetData>'
    return rewritten({LINES: lambda xml: xml.replace("</sheetData>", more)})


def with_names_and_a_calculation_chain() -> bytes:
    names = (
        '<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="2" hidden="1">Lines!$A$4:$AC$6'
        '</definedName><definedName name="Old">#REF!$A$1</definedName>'
        '<definedName name="_xlnm.Print_Area" localSheetId="1">Quote!$A$1:$B$13</definedName></definedNames>'
    )
    chain = '<calcChain xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><c r="H5" i="3"/></calcChain>'
    return rewritten(
        {
            "xl/workbook.xml": lambda xml: re.sub(r"<definedNames\s*/>|(?=<calcPr)", names, xml, count=1),
            "[Content_Types].xml": lambda xml: xml.replace(
                "</Types>",
                '<Override PartName="/xl/calcChain.xml" ContentType="application/vnd.openxmlformats-officedocument.'
                'spreadsheetml.calcChain+xml"/></Types>',
            ),
        },
        {"xl/calcChain.xml": chain},
    )


@pytest.mark.parametrize(
    "content",
    [
        with_texts_inline,
        with_rich_texts,
        without_dimension,
        with_a_wrong_dimension,
        with_empty_rows_to_the_end,
        with_names_and_a_calculation_chain,
    ],
)
def test_however_excel_stores_the_sheet_it_says_the_same(content):
    changed_file = content()
    assert changed_file != sheet()
    found = read(changed_file)
    assert (kept(found), found.refused) == (DRAFT, [])


def test_numbers_kept_as_texts_and_numbers_with_more_digits_than_excel_shows():
    def fill(book):
        cell(book, "transfer", "Price or rate").value = "1 250,50"
        cell(book, "transfer", "Price or rate").data_type = "s"
        cell(book, "supply", "Price or rate").value = 0.1 + 0.2
        cell(book, "supply", "Cap").value = 1.5e-5

    found = read(changed(fill))
    values = kept(found)
    assert values["l-transfer-price"] == "1 250,50"
    assert values["l-supply-price"] == "0.3"
    assert values["l-supply-cap"] == "0.000015"
    assert found.refused == []


@pytest.mark.parametrize("mac", [False, True])
@pytest.mark.parametrize("layout", ["dd/mm/yyyy", "[$-407]d. mmmm yyyy", "General"])
def test_days_in_both_calendars_and_in_cells_formatted_as_numbers(mac, layout):
    def fill(book):
        if mac:
            book.epoch = CALENDAR_MAC_1904
        day = book["Quote"]["B9"]
        day.value = 46477 - (1462 if mac else 0) if layout == "General" else dt.datetime(2027, 3, 31)  # noqa: DTZ001
        day.number_format = layout

    found = read(changed(fill))
    assert (found.values["q-valid_until"], found.refused) == ("2027-03-31", [])


@pytest.mark.parametrize(
    ("value", "layout", "text"),
    [
        (0.1, "0%", "10"),
        (0.075, "0.0%", "7.5"),
        (7.5, "General", "7.5"),
        (7.5, "0.00", "7.5"),
        ("7,5 %", "@", "7,5 %"),
        (1, "0%;[Red]-0%", "100"),
    ],
)
def test_percentages_in_every_way_they_are_kept(value, layout, text):
    def fill(book):
        for code in ("supply", "transfer"):
            cell(book, code, "Mark-up, %").value = value
            cell(book, code, "Mark-up, %").number_format = layout
        book["Quote"]["B8"].value = value
        book["Quote"]["B8"].number_format = layout

    values = read(changed(fill)).values
    assert [values[n] for n in ("l-supply-markup", "l-transfer-markup", "q-escalation")] == [text] * 3


def test_a_number_that_excel_made_a_day_is_refused_with_the_reason():
    def fill(book):
        cell(book, "supply", "Price or rate").value = dt.datetime(2026, 5, 1)  # noqa: DTZ001
        cell(book, "supply", "Mark-up, %").value = dt.time(1, 30)

    found = read(changed(fill))
    assert [where for where, _ in found.refused] == ["Lines!H6", "Lines!W6"]
    assert "spreadsheets make days of figures such as 1.5 or 1/5" in found.refused[0][1]
    assert "l-supply-price" not in found.values


def test_merged_cells_are_refused_where_a_value_would_be_lost_and_harmless_elsewhere():
    def fill(book):
        cell(book, "transfer", "Price or rate").value = 5
        book["Lines"].merge_cells("H5:H6")
        book["Lines"].merge_cells("A1:C1")
        book["Quote"].merge_cells("C5:D6")

    found = read(changed(fill))
    assert found.refused == [
        ("Lines!H6", "is merged with another cell. Undo the merge and enter each value.")
    ]
    assert found.values["l-transfer-price"] == "5"
    assert "l-supply-price" not in found.values  # what was typed in the browser stays


def test_a_sheet_from_before_a_column_was_added_is_still_read():
    def drop(book):
        lines = book["Lines"]
        column = cell(book, "supply", "Lump-sum discount").column
        assert lines.cell(4, column).value == "Lump-sum discount"
        lines.delete_cols(column)

    found = read(changed(drop))
    assert (kept(found), found.refused) == (DRAFT, [])
    assert "l-supply-lump_discount" not in found.values


def test_the_strict_format_is_refused_by_its_name():
    strict = rewritten(
        {
            "xl/workbook.xml": lambda xml: xml.replace(
                "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                "http://purl.oclc.org/ooxml/spreadsheetml/main",
            )
        }
    )
    with pytest.raises(BadSheet, match="Strict Open XML Spreadsheet"):
        read(strict)
