"""Exchange rates: the ECB's two layouts with their quirks, the command, and which rate counts for a day."""

import datetime as dt
import io
import json
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from partners.exchange import NoRate, currencies, latest_day, rates_on
from partners.importers.errors import ImportFileError
from partners.importers.exchange import import_rates, read_day, read_rate
from partners.models import ExchangeRate, ExchangeRateImport

HISTORY = (
    "Date,USD,JPY,RUB,HRK,CHF,\n"
    "2026-11-20,1.1750,184.09,N/A,N/A,0.9314,\n"
    "2026-11-19,1.1757,183.48,N/A,N/A,0.9293,\n"
    "2022-03-01,1.1162,128.66,117.201,7.5735,1.0247,\n"
)
DAILY = "Date, USD, JPY, CHF, \n20 November 2026, 1.1750, 184.09, 0.9314, \n"


def file(folder: Path, text: str, name: str = "eurofxref-hist.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def run(path: Path, *options: str) -> dict:
    out = io.StringIO()
    call_command("import_fx", str(path), "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def counts(report: dict) -> tuple:
    return tuple(report[name] for name in ("rows", "created", "updated", "unchanged", "rejected"))


@pytest.mark.django_db
def test_a_dry_run_writes_nothing_and_a_second_apply_changes_nothing(tmp_path):
    path = file(tmp_path, HISTORY)
    assert counts(run(path)) == (3, 11, 0, 0, 0)
    assert ExchangeRate.objects.count() == 0
    first = run(path, "--apply")
    assert counts(first) == (3, 11, 0, 0, 0)
    assert first["ended"] == {"HRK": "2022-03-01", "RUB": "2022-03-01"}
    assert counts(run(path, "--apply")) == (3, 0, 0, 11, 0)
    assert ExchangeRate.objects.count() == 11
    assert [i.sha256 for i in ExchangeRateImport.objects.all()] == [first["sha256"]]


@pytest.mark.django_db
def test_the_daily_file_with_blanks_and_a_written_month_updates_the_same_rows(tmp_path):
    run(file(tmp_path, HISTORY.replace("1.1750", "1.1700")), "--apply")
    report = run(file(tmp_path, DAILY, "eurofxref.csv"), "--apply")
    assert counts(report) == (1, 0, 1, 2, 0)
    assert report["changes"] == [{"currency": "USD", "day": "2026-11-20", "from": "1.17", "to": "1.1750"}]
    assert ExchangeRate.objects.get(currency="USD", day="2026-11-20").per_euro == Decimal("1.175")


@pytest.mark.django_db
def test_the_zip_is_read_like_the_file_in_it(tmp_path):
    path = tmp_path / "eurofxref-hist.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("eurofxref-hist.csv", HISTORY)
    assert counts(run(path)) == (3, 11, 0, 0, 0)


@pytest.mark.django_db
def test_what_cannot_be_read_is_kept_with_its_line_and_reason(tmp_path):
    text = (
        HISTORY
        + "2022-02-30,1,2,3,4,5,\n2022-02-28,abc,-1,0,1,1,\n2022-02-27,1,2,\n2026-11-20,9,184.09,,,,\n"
    )
    report = run(file(tmp_path, text), "--apply")
    assert report["rejected_rows"] == [
        {"line": 5, "reason": "'2022-02-30' is not a date such as 2026-10-30 or 30 October 2026"},
        {"line": 6, "reason": "USD: 'abc' is not a rate"},
        {"line": 6, "reason": "JPY: -1 is not a rate above zero"},
        {"line": 6, "reason": "RUB: 0 is not a rate above zero"},
        {"line": 7, "reason": "has 4 fields instead of 6"},
        {"line": 8, "reason": "USD: 2026-11-20 is there twice with different rates; the first one counts"},
    ]
    assert ExchangeRateImport.objects.get().rejected == report["rejected_rows"]
    assert ExchangeRate.objects.get(currency="USD", day="2026-11-20").per_euro == Decimal("1.175")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "is not the ECB's file"),
        ("Date,USD,USD,\n2026-11-20,1,1,\n", "no currency or is there twice"),
        ("Date,USD,\n2026-11-20,N/A,\n", "holds no rate"),
        ("PK\x03\x04nonsense", "damaged"),
    ],
)
@pytest.mark.django_db
def test_a_file_that_is_no_good_is_one_readable_line(tmp_path, content, message):
    with pytest.raises(CommandError, match=message) as error:
        call_command("import_fx", str(file(tmp_path, content)))
    assert error.value.returncode == 2
    assert "\n" not in str(error.value)
    with pytest.raises(ImportFileError, match="There is no file"):
        import_rates(path=tmp_path / "none.csv")


@pytest.mark.django_db
def test_a_rate_counts_for_ten_days_and_a_dead_currency_never(tmp_path):
    run(file(tmp_path, HISTORY), "--apply")
    assert latest_day() == dt.date(2026, 11, 20)
    sunday = rates_on(dt.date(2026, 11, 22), ["USD", "EUR"])
    assert (sunday["USD"].per_euro, sunday["USD"].day) == (Decimal("1.175"), dt.date(2026, 11, 20))
    assert sunday["EUR"].per_euro == 1
    with pytest.raises(NoRate, match="RUB for 2026-11-22: the last one is of 2022-03-01"):
        rates_on(dt.date(2026, 11, 22), ["USD", "RUB"])
    with pytest.raises(NoRate, match=r"XTS.*the ECB publishes none"):
        rates_on(dt.date(2026, 11, 22), ["XTS"])
    assert {"EUR", "USD", "JPY", "CHF"} == set(currencies())


@pytest.mark.django_db
def test_without_an_import_the_shipped_history_answers(django_assert_num_queries):
    day = dt.date(2020, 1, 2)
    with django_assert_num_queries(1):
        found = rates_on(day, ["USD", "GBP", "JPY"])
    assert {code: rate.day for code, rate in found.items()} == dict.fromkeys(("USD", "GBP", "JPY"), day)
    assert found["USD"].per_euro == Decimal("1.1193")
    assert {"USD", "GBP", "CHF", "INR"} <= set(currencies())
    assert "RUB" not in currencies()


@given(st.dates(dt.date(1999, 1, 4), dt.date(2100, 1, 1)))
def test_both_ways_of_writing_a_day_are_the_same_day(day):
    assert read_day(day.isoformat()) == day == read_day(f"{day.day} {day:%B} {day.year}")


@given(st.decimals(Decimal("0.000001"), Decimal("99999"), places=6))
def test_a_rate_is_read_as_written(rate):
    assert read_rate(str(rate)) == rate
