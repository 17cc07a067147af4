"""Figures, dates and countries as text: the exact words, the unknown, and what is refused."""

import datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import timezone
from django_countries.fields import Country
from hypothesis import given
from hypothesis import strategies as st

from cmo_selector.templatetags import fmt

UNKNOWN_HTML = '<span class="unknown">unknown</span>'


def rendered(source: str, **context: object) -> str:
    return Template("{% load fmt %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (6_000_000, "USD", "USD 6,000,000"),
        (Decimal("6E+6"), "USD", "USD 6,000,000"),
        (Decimal("12.5"), "EUR", "EUR 12.50"),
        (Decimal("12.005"), "EUR", "EUR 12.01"),
        (Decimal("0.0345"), "CHF", "CHF 0.0345"),
        (Decimal("-1250"), "GBP", "GBP -1,250"),
        (0, "JPY", "JPY 0"),
        (None, "USD", "unknown"),
        ("", "USD", "unknown"),
    ],
)
def test_money_has_its_currency_code_in_front(amount, currency, text):
    assert fmt.format_money(amount, currency) == text


@pytest.mark.parametrize("currency", [None, "", "usd", "US$", "USDX", 840])
def test_money_without_an_iso_code_is_refused(currency):
    with pytest.raises(ValueError, match="ISO 4217"):
        fmt.format_money(Decimal(1), currency)


@pytest.mark.parametrize("amount", [1.5, "12", True, object()])
def test_money_of_a_wrong_type_is_refused(amount):
    with pytest.raises(TypeError, match="money must be"):
        fmt.format_money(amount, "USD")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2000, "L", "2,000 L"),
        (2000.0, "L", "2,000 L"),
        (12.5, "%", "12.5%"),
        (Decimal("72.456"), "", "72.46"),
        (0.000123, "", "0.000123"),
        (Decimal("0.50"), "", "0.5"),
        (0, "batches", "0 batches"),
        (-0.001, "", "-0.001"),
        (1234567, None, "1,234,567"),
        (None, "L", "unknown"),
    ],
)
def test_number_has_separators_and_its_unit(value, unit, text):
    assert fmt.format_number(value, unit) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_number_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        fmt.format_number(value)


@pytest.mark.parametrize("value", ["12", False, [], datetime.date(2026, 1, 1)])
def test_number_of_a_wrong_type_is_refused(value):
    with pytest.raises(TypeError, match="number must be a number"):
        fmt.format_number(value)


def test_rounding_never_leaves_a_negative_zero():
    assert fmt.format_number(-0.04, decimals=1) == "0.0"


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_every_whole_number_reads_back(value):
    assert int(fmt.format_number(value).replace(",", "")) == value


def test_percent_takes_a_fraction():
    assert [fmt.format_percent(v) for v in (0.825, 1, Decimal("0.004"), 0, None)] == [
        "83%", "100%", "0%", "0%", "unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        (61, 74.5, "", "61–74.5"),
        (50, 200, "L", "50–200 L"),
        (5, 5, "", "5"),
        (-2, 3, "", "-2 to 3"),
        (None, 200, "L", "unknown to 200 L"),
        (50, None, "%", "50% to unknown"),
        (None, None, "L", "unknown"),
    ],
)
def test_interval_names_both_ends(low, high, unit, text):
    assert fmt.format_interval(low, high, unit) == text


def test_interval_that_runs_backwards_is_refused():
    with pytest.raises(ValueError, match="backwards"):
        fmt.format_interval(3, 2)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime.date(2026, 1, 31), "2026-01-31"),
        (datetime.datetime(2026, 1, 31, 23, 59, tzinfo=datetime.UTC), "2026-01-31"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T10:00:00+00:00", "2026-01-31"),
        (None, "unknown"),
        ("", "unknown"),
    ],
)
def test_date_is_iso(value, text):
    assert fmt.format_date(value) == text


def test_date_is_the_day_where_the_reader_is():
    late = datetime.datetime(2026, 1, 31, 23, 30, tzinfo=datetime.UTC)
    with timezone.override("Europe/Berlin"):
        assert (fmt.format_date(late), fmt.format_datetime(late)) == ("2026-02-01", "2026-02-01 00:30 CET")


@pytest.mark.parametrize("text", ["31/01/2026", "2026-13-01", "soon"])
def test_text_that_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match="not an ISO date"):
        fmt.format_date(text)


def test_number_as_date_is_refused():
    with pytest.raises(TypeError, match="date must be"):
        fmt.format_date(20260131)


def test_date_as_time_is_refused():
    with pytest.raises(TypeError, match="time must be"):
        fmt.format_datetime(datetime.date(2026, 1, 31))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("DE", "Germany"),
        (Country("IE"), "Ireland"),
        ("ZZ", "ZZ"),
        (Country(""), "unknown"),
        (None, "unknown"),
    ],
)
def test_country_is_named(code, text):
    assert fmt.format_country(code) == text


@pytest.mark.parametrize("code", ["Germany", "de", 49])
def test_country_without_a_code_is_refused(code):
    with pytest.raises(ValueError, match="two-letter"):
        fmt.format_country(code)


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ('{{ v|money:"USD" }}', UNKNOWN_HTML),
        ('{{ v|number:"L" }}', UNKNOWN_HTML),
        ("{{ v|score }}", UNKNOWN_HTML),
        ("{{ v|percent }}", UNKNOWN_HTML),
        ("{{ v|interval }}", UNKNOWN_HTML),
        ("{% interval v v %}", UNKNOWN_HTML),
        ("{{ v|unknown }}", UNKNOWN_HTML),
        ("{{ v|date_iso }}", UNKNOWN_HTML),
        ("{{ v|datetime_iso }}", UNKNOWN_HTML),
        ("{{ v|country }}", UNKNOWN_HTML),
        ('<p title="{{ v|number|striptags }}">', '<p title="unknown">'),
    ],
)
def test_none_is_written_unknown_by_every_filter(source, html):
    assert rendered(source, v=None) == html


@pytest.mark.parametrize(("value", "html"), [(0, "0"), (False, "False"), ("  ", UNKNOWN_HTML), ("x", "x")])
def test_only_none_and_blank_text_are_unknown(value, html):
    assert rendered("{{ v|unknown }}", v=value) == html


def test_text_and_units_are_escaped():
    assert rendered("{{ v|unknown }} {{ n|number:u }}", v="<b>", n=1, u="<i>") == "&lt;b&gt; 1 &lt;i&gt;"


def test_filters_print_what_the_functions_say():
    source = '{{ m|money:"USD" }}; {{ n|number:"L" }}; {{ s|score }}; {{ c|percent }}; {{ p|interval:"L" }}'
    values = {"m": Decimal(1200), "n": 200, "s": 72.44, "c": 0.5, "p": (50, 200)}
    assert rendered(source, **values) == "USD 1,200; 200 L; 72.4; 50%; 50–200 L"


def test_interval_filter_refuses_what_is_no_pair():
    with pytest.raises(TypeError, match="pair"):
        rendered("{{ p|interval }}", p=(1, 2, 3))


def test_figures_of_any_length_are_written():
    large = Decimal("9" * 40) + Decimal("0.5")
    assert fmt.format_money(Decimal("9" * 40), "USD").replace(",", "") == "USD " + "9" * 40
    assert fmt.format_number(large, decimals=0).replace(",", "") == "1" + "0" * 40
    assert fmt.whole_units(Decimal("9" * 40 + ".4")) == Decimal("9" * 40)


def test_a_per_cent_that_somebody_typed_keeps_its_places():
    assert [fmt.format_percent(Decimal(x), None) for x in ("0.075", "0.08", "0.1275", "1")] == [
        "7.5%",
        "8%",
        "12.75%",
        "100%",
    ]
