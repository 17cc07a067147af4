import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from partners.importers.errors import RowRejected
from partners.importers.values import (
    NOTHING,
    clean_date,
    clean_duns,
    clean_fei,
    clean_flag,
    clean_list,
    clean_text,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3000000001", "3000000001"),
        ("0001833173", "1833173"),
        ("0000000000", ""),
        (" ", ""),
        ("", ""),
        (" 2432212 ", "2432212"),
        ("30000000012", "30000000012"),
        ("3003829708.0", "3003829708"),
        ("-", ""),
    ],
)
def test_fei_loses_leading_zeros_and_is_empty_where_the_file_has_none(text, value):
    assert clean_fei(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("3003829708.5", "FEI_NUMBER must be digits, not '3003829708.5'"),
        ("N/A", "FEI_NUMBER must be digits, not 'N/A'"),
        ("٣٠٠٣٨٢٩٧٠٨", "FEI_NUMBER must be digits, not '٣٠٠٣٨٢٩٧٠٨'"),
        ("1234567890123", "FEI_NUMBER has more than 12 digits: '1234567890123'"),
    ],
)
def test_fei_that_is_no_number_is_rejected_with_its_reason(text, reason):
    with pytest.raises(RowRejected) as rejected:
        clean_fei(text)
    assert str(rejected.value) == reason


@pytest.mark.parametrize(("text", "value"), [("019716729", "019716729"), (" 118852840 ", "118852840")])
def test_duns_keeps_its_leading_zeros(text, value):
    assert clean_duns(text) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "DUNS_NUMBER is empty"),
        ("19716729", "DUNS_NUMBER must have 9 digits, not '19716729'"),
        ("11-885-2840", "DUNS_NUMBER must have 9 digits, not '11-885-2840'"),
        ("000000000", "DUNS_NUMBER is all zeros"),
        ("x" * 60, "DUNS_NUMBER must have 9 digits, not '" + "x" * 39 + "…'"),
    ],
)
def test_duns_that_is_none_is_rejected_with_its_reason(text, reason):
    with pytest.raises(RowRejected) as rejected:
        clean_duns(text)
    assert str(rejected.value) == reason


@given(st.text())
@example("-")
@example("0012.0")
def test_fei_of_any_text_is_digits_without_leading_zeros_or_a_rejection(text):
    try:
        value = clean_fei(text)
    except RowRejected:
        return
    assert value == "" or (value.isascii() and value.isdigit() and value[0] != "0" and len(value) <= 12)
    said = text.strip()
    assert value == ("" if said in NOTHING else said.removesuffix(".0").lstrip("0"))


@given(st.text() | st.from_regex(r"\s*[0-9]{8,10}\s*", fullmatch=True))
def test_duns_of_any_text_is_nine_digits_or_a_rejection(text):
    try:
        value = clean_duns(text)
    except RowRejected:
        return
    assert len(value) == 9
    assert value.isascii()
    assert value.isdigit()
    assert value == text.strip()


@given(st.dates())
def test_every_day_written_the_american_way_is_read(day):
    assert clean_date(day.strftime("%m/%d/") + f"{day.year:04d}", column="D") == day


@pytest.mark.parametrize("text", ["2025-13-01", "31/12/2025", "02/30/2025", "12/31/25", "soon", "00/00/0000"])
def test_any_other_date_is_rejected(text):
    with pytest.raises(RowRejected) as rejected:
        clean_date(text, column="EXPIRATION_DATE")
    assert (
        str(rejected.value)
        == f"EXPIRATION_DATE must be a date YYYY-MM-DD, MM/DD/YYYY or YYYYMMDD, not '{text}'"
    )


def test_blank_date_is_unknown():
    assert clean_date("  ", column="EXPIRATION_DATE") is None
    assert clean_date("12/31/2025", column="EXPIRATION_DATE") == datetime.date(2025, 12, 31)


def test_flag_is_y_or_n():
    assert [clean_flag(text, column="F") for text in ("Y", "n", " N ")] == [True, False, False]
    with pytest.raises(RowRejected) as rejected:
        clean_flag("", column="EXCLUSION_FLAG")
    assert str(rejected.value) == "EXCLUSION_FLAG must be Y or N, not ''"


def test_list_keeps_order_and_drops_repetitions_and_blanks():
    items = clean_list("PACK; ANALYSIS;; PACK ;LABEL", column="OPERATIONS", length=60)
    assert items == ["PACK", "ANALYSIS", "LABEL"]


def test_text_too_long_or_missing_is_rejected():
    with pytest.raises(RowRejected, match=r"^FIRM_NAME is longer than 5 characters$"):
        clean_text("longer", column="FIRM_NAME", length=5)
    with pytest.raises(RowRejected, match=r"^FIRM_NAME is empty$"):
        clean_text("  ", column="FIRM_NAME", length=5, required=True)
    with pytest.raises(RowRejected, match=r"^OPERATIONS has an item longer than 3 characters$"):
        clean_list("PACK", column="OPERATIONS", length=3)
