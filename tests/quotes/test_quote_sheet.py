"""A quote as it is typed: what each pricing model needs, and errors beside the field they belong to."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotes.quote_sheet import (
    NOT_NEGATIVE,
    PRICED_CONDITION,
    field_text,
    read_date,
    read_field,
    read_sheet,
    read_tiers,
)

TODAY = dt.date(2026, 11, 26)
CODES = ("transfer", "supply", "review")
GOOD = {"currency": "eur", "assumptions": "none"}


def read(lines=None, quote=None, answers=None):
    return read_sheet(
        {"quote": {**GOOD, **(quote or {})}, "lines": lines or {}, "answers": answers or {}},
        codes=CODES,
        questions=["q1"],
        periods=3,
        currencies={"EUR", "USD"},
        today=TODAY,
    )


def errors(sheet) -> dict:
    return {".".join(filter(None, key[1:])): text for key, text in sheet.errors.items()}


def test_a_complete_quote():
    sheet = read(
        {
            "transfer": {"price": "1.250,50", "assumption": "Two methods."},
            "supply": {"model": "tiers", "tiers": "0-299: 12,50; 300+: 11", "escalation": "3"},
            "review": {"state": "included"},
        },
        {
            "headline": "1,000,000.00",
            "valid_until": "31 March 2027",
            "slot_from": "2027-02-01",
            "escalation": "2,5 %",
        },
        {"q1": "All of them.", "q9": "not asked"},
    )
    assert errors(sheet) == {}
    assert sheet.quote == {
        "currency": "EUR",
        "headline": Decimal("1000000.00"),
        "escalation": Decimal("0.025"),
        "valid_until": dt.date(2027, 3, 31),
        "slot_from": dt.date(2027, 2, 1),
        "assumptions": "none",
    }
    assert [(x.code, x.state, x.model, x.values, x.assumption) for x in sheet.lines] == [
        ("transfer", "quoted", "unit", {"price": "1250.50"}, "Two methods."),
        ("supply", "quoted", "tiers", {"tiers": [["0", "12.50"], ["300", "11"]], "escalation": "0.03"}, ""),
        ("review", "included", "", {}, ""),
    ]
    assert sheet.answers == {"q1": "All of them."}


def test_untouched_lines_count_as_not_quoted_and_are_named():
    sheet = read({"transfer": {"price": "5"}})
    assert sheet.untouched == ["supply", "review"]
    assert [x.state for x in sheet.lines] == ["quoted", "not_quoted", "not_quoted"]


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ({"currency": ""}, {"currency": "Say in which currency you quote."}),
        (
            {"currency": "XYZ"},
            {"currency": "“XYZ” is not a currency with a rate on the project's day. Use a code such as EUR."},
        ),
        ({"headline": "-5"}, {"headline": NOT_NEGATIVE}),
        ({"valid_until": "2026-01-01"}, {"valid_until": "The quote's validity is over already."}),
        ({"valid_until": "soon"}, {"valid_until": "“soon” is not a date. Write it as 2027-03-31."}),
        ({"assumptions": " "}, {"assumptions": "List your assumptions, or write “none”."}),
        ({"escalation": "300"}, {"escalation": "Escalation is between -50 % and 100 % a year."}),
    ],
)
def test_what_is_wrong_with_the_quote_stands_beside_its_field(quote, expected):
    assert errors(read(quote=quote)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"price": "1,250"}, ["supply.price"]),
        ({"price": "-1"}, ["supply.price"]),
        ({"state": "perhaps"}, ["supply.state"]),
        ({"state": "excluded", "price": "5"}, ["supply.state"]),
        ({"model": "barter", "price": "5"}, ["supply.model"]),
        ({"state": "quoted"}, ["supply.price"]),
        ({"model": "fte", "price": "20000"}, ["supply.ftes"]),
        ({"model": "time", "price": "200"}, ["supply.hours"]),
        ({"model": "cost_plus", "markup": "10"}, ["supply.materials"]),
        ({"model": "milestone", "price": "5", "probability": "101"}, ["supply.probability"]),
        ({"model": "take_or_pay", "committed": "1;2;3", "committed_share": "80"}, ["supply.price"]),
        (
            {"model": "take_or_pay", "price": "1", "committed": "1;2", "committed_share": "80"},
            ["supply.committed"],
        ),
        ({"model": "hybrid", "price": "5"}, ["supply.fixed"]),
        ({"model": "share", "share_code": "nothing", "share": "5"}, ["supply.share_code"]),
        ({"model": "share", "share_code": "supply", "share": "5"}, ["supply.share_code"]),
        ({"price": "5", "tiers": "0: 1"}, ["supply.tiers"]),
        ({"price": "5", "lump_discount": "-1"}, ["supply.lump_discount"]),
        ({"model": "hybrid", "fixed": "5", "price": "5", "lump_discount": "1"}, ["supply.lump_discount"]),
        (
            {"model": "share", "share_code": "transfer", "share": "5", "lump_discount": "1"},
            ["supply.lump_discount"],
        ),
        ({"price": "5", "currency": "RUB"}, ["supply.currency"]),
        ({"price": "1" + "0" * 16}, ["supply.price"]),
        ({"tiers": "0: 5; " + "9" * 29 + ": 4"}, ["supply.tiers", "supply.price"]),
        (
            {"model": "take_or_pay", "price": "1", "committed": "9" * 29, "committed_share": "80"},
            ["supply.committed"],
        ),
    ],
)
def test_what_is_wrong_with_a_line_stands_beside_its_field(line, expected):
    assert list(errors(read({"supply": line}))) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0: 5; 0: 4", "overlap"),
        ("300: 5; 0: 4", "overlap"),
        ("0-300: 5; 299: 4", "overlap"),
        ("0-100: 5; 300: 4", "Nothing is said"),
        ("100-50: 5", "ends before"),
        ("cheap", "from: price"),
        (" ; ", "at least one tier"),
    ],
)
def test_tiers_neither_overlap_nor_leave_gaps(text, message):
    with pytest.raises(ValueError, match=message):
        read_tiers(text)


def test_a_line_nobody_asked_for_is_an_error():
    assert list(errors(read({"golf": {"price": "5"}}))) == ["golf.state"]


def test_the_line_for_discounts_takes_conditions_and_no_price_and_is_no_gap():
    codes = ["supply", "discounts"]

    def sheet(line):
        raw = {"quote": GOOD, "lines": {"supply": {"price": "5"}, "discounts": line}}
        return read_sheet(
            raw, codes=codes, questions=[], periods=3, currencies={"EUR"}, today=dt.date(2026, 1, 1)
        )

    assert sheet({"assumption": "2 % when paid in 10 days"}).untouched == []
    priced = sheet({"price": "5000"})
    assert priced.errors == {("lines", "discounts", "price"): PRICED_CONDITION}


def test_shares_in_a_circle_are_refused():
    circle = {"model": "share", "share": "5"}
    sheet = read(
        {"transfer": {**circle, "share_code": "supply"}, "supply": {**circle, "share_code": "transfer"}}
    )
    assert set(errors(sheet)) == {"transfer.share_code", "supply.share_code"}


def test_days_are_read_in_the_layouts_that_are_unmistakable():
    assert {read_date(t) for t in ("2027-03-31", "31.03.2027", "31 March 2027", "31 Mar 2027")} == {
        dt.date(2027, 3, 31)
    }
    with pytest.raises(ValueError, match="not a date"):
        read_date("03/04/2027")


@given(
    st.lists(st.decimals(0, 10**6, places=3), min_size=2, max_size=5, unique=True),
    st.decimals(0, 10**6, places=2),
)
def test_a_stored_value_typed_again_is_the_same_value(starts, price):
    tiers = [[str(s), str(price)] for s in sorted(starts)]
    again = read_field("tiers", field_text("tiers", tiers), codes=CODES, periods=3, currencies={"EUR"})
    assert [[Decimal(a), Decimal(b)] for a, b in again] == [[Decimal(a), Decimal(b)] for a, b in tiers]
    number = read_field("price", field_text("price", str(price)), codes=CODES, periods=3, currencies={"EUR"})
    assert Decimal(number) == price
