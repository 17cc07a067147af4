"""Numbers in local formats: one reading is understood, two are asked about, none is refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotes.local_numbers import UnclearNumber, read_number, read_share, write_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.250,50", "1250.50"),
        ("1,250.50", "1250.50"),
        ("1 250,50", "1250.50"),
        ("1\u202f250,50", "1250.50"),
        ("1'250.50", "1250.50"),
        ("1’250’000", "1250000"),
        ("1.250.000", "1250000"),
        ("12,34,567", "1234567"),
        ("12,34,567.5", "1234567.5"),
        ("1250", "1250"),
        ("1250.5", "1250.5"),
        ("0,125", "0.125"),
        ("0.125", "0.125"),
        ("1250.500", "1250.500"),
        ("1.2500", "1.2500"),
        (" +7 ", "7"),
        ("1 250", "1250"),
    ],
)
def test_one_reading_is_understood(text, value):
    assert read_number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["1,250", "1.250", "12.500", "999,999"])
def test_two_readings_are_asked_about(text):
    with pytest.raises(UnclearNumber, match="could be"):
        read_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "1e6",
        "EUR 5",
        "5 €",
        "1.2.3",
        "1,2,3",
        "12 34",
        "1.25,0.5",
        "1,",
        ".5",
        "٣",
        "1_000",
        "--5",
        "=5",
        "5" * 40,
    ],
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(UnclearNumber):
        read_number(text)


def test_negative_numbers_only_where_they_make_sense():
    with pytest.raises(UnclearNumber, match="negative"):
        read_number("-5")
    assert read_number("−5,5", least=None) == Decimal("-5.5")


def test_percentages_are_read_as_fractions():
    assert (read_share("12,5 %"), read_share("100")) == (Decimal("0.125"), Decimal(1))
    with pytest.raises(UnclearNumber, match="more than 100"):
        read_share("101")


@given(st.decimals(min_value=0, max_value=Decimal(10) ** 14, places=6, allow_nan=False))
def test_what_is_written_is_read_back(number):
    assert read_number(write_number(number)) == number


@given(
    st.integers(0, 10**12),
    st.integers(0, 99),
    st.sampled_from([(".", ","), (",", "."), (" ", ","), ("'", ".")]),
)
def test_every_grouping_with_two_decimals_is_the_same_number(whole, cents, marks):
    group, point = marks
    text = f"{whole:,}".replace(",", group) + f"{point}{cents:02d}"
    assert read_number(text) == Decimal(whole) + Decimal(cents) / 100
