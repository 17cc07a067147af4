"""The ECB's euro reference rates: the daily file and the history, as CSV or as the zip they are published in.

Layout: `Date, USD, JPY, …` with units per euro. A trailing comma gives an empty last column; `N/A` and an empty
field mean that the currency had no rate that day (it ended, or had not begun); the daily file has blanks after its
commas and writes `30 October 2026`. Dry run unless `apply`; one transaction under an advisory lock.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.db import connection, transaction

from partners.models import ExchangeRate, ExchangeRateImport

from .errors import ImportBusyError, ImportFileError

NO_RATE = {"", "N/A", "-"}
LARGEST_FILE = 64 * 1024 * 1024  # bytes; the history since 1999 has 2
MOST_EXAMPLES = 20
BATCH = 5_000
LARGEST_RATE = Decimal(10) ** 11
LOCK = "exchange-rates"

Key = tuple[str, dt.date]


@dataclass
class RateReport:
    """What a run did, or in a dry run would do, in rates: created + updated + unchanged; `rows` counts days."""

    file: str
    applied: bool = False
    sha256: str = ""
    rows: int = 0
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    currencies: list[str] = field(default_factory=list)
    ended: dict[str, str] = field(
        default_factory=dict
    )  # currency → last day with a rate, before the file's last
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejected_rows: list[dict] = field(default_factory=list)
    changes: list[dict] = field(default_factory=list)  # a sample of rates that change

    def as_json(self) -> dict:
        values = asdict(self)
        for name in ("first_day", "last_day"):
            values[name] = values[name].isoformat() if values[name] else None
        return values


def import_rates(*, path: Path, apply: bool = False) -> RateReport:
    """Compare a file of rates with the table; write only with `apply`.

    Raises ImportFileError for a file that is not the ECB's, ImportBusyError while another import is applied.
    """
    raw = _content(path)
    report = RateReport(file=path.name, sha256=hashlib.sha256(raw).hexdigest())
    rates = _read(raw, path.name, report)
    with transaction.atomic():
        if apply:
            _lock()
        known = _known(report)
        new = {key: rate for key, rate in rates.items() if key not in known}
        changed = {key: rate for key, rate in rates.items() if key in known and known[key] != rate}
        report.created, report.updated = len(new), len(changed)
        report.unchanged = len(rates) - len(new) - len(changed)
        report.changes = [
            {
                "currency": code,
                "day": day.isoformat(),
                "from": str(known[code, day].normalize()),
                "to": str(rate),
            }
            for (code, day), rate in sorted(changed.items())[:MOST_EXAMPLES]
        ]
        if apply:
            _write({**new, **changed}, report)
    report.applied = apply
    return report


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ImportFileError(
                f"{path.name} is larger than {LARGEST_FILE // 2**20} MB; the ECB's file is not"
            )
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise ImportFileError(f"There is no file {path}") from error
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror}") from error
    if not raw.strip():
        raise ImportFileError(f"{path.name} is empty")
    if not raw.startswith(b"PK\x03\x04"):
        return raw
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [info for info in archive.infolist() if info.filename.lower().endswith(".csv")]
            if len(names) != 1 or names[0].file_size > LARGEST_FILE:
                raise ImportFileError(f"{path.name} does not hold exactly one CSV file of rates")
            return archive.read(names[0])
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise ImportFileError(f"{path.name} is a damaged or protected zip file") from error


def _read(raw: bytes, name: str, report: RateReport) -> dict[Key, Decimal]:
    """Rates by currency and day; what cannot be read goes into the report with its line."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportFileError(f"{name} is not UTF-8 text") from error
    rows = _rows(text, name)
    _, header = next(rows, (0, []))
    codes = _currencies(header, name)
    rates: dict[Key, Decimal] = {}
    last: dict[str, dt.date] = {}
    for line, row in rows:
        report.rows += 1
        values = row[:-1] if len(row) == len(codes) + 2 and not row[-1] else row
        try:
            if len(values) != len(codes) + 1:
                raise ValueError(f"has {len(values)} fields instead of {len(codes) + 1}")
            day = read_day(values[0])
        except ValueError as error:
            _reject(report, line, str(error))
            continue
        report.first_day = min(day, report.first_day or day)
        report.last_day = max(day, report.last_day or day)
        for code, value in zip(codes, values[1:], strict=True):
            if value.upper() in NO_RATE:
                continue
            try:
                rate = read_rate(value)
            except ValueError as error:
                _reject(report, line, f"{code}: {error}")
                continue
            if rates.get((code, day), rate) != rate:
                _reject(
                    report, line, f"{code}: {day} is there twice with different rates; the first one counts"
                )
                continue
            rates[code, day] = rate
            last[code] = max(day, last.get(code, day))
    if not rates:
        raise ImportFileError(f"{name} holds no rate that can be read")
    report.currencies = sorted(last)
    report.ended = {c: d.isoformat() for c, d in sorted(last.items()) if d < (report.last_day or d)}
    return rates


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        for row in reader:
            values = [value.strip() for value in row]
            if any(values):
                yield reader.line_num, values
    except csv.Error as error:
        raise ImportFileError(
            f"{name} is not a CSV file of rates (line {reader.line_num}: {error})"
        ) from error


def _currencies(header: list[str], name: str) -> list[str]:
    codes = [code.upper() for code in header[1:]]
    if codes and not codes[-1]:
        codes.pop()
    if not header or header[0].lower() != "date" or not codes:
        raise ImportFileError(f"{name} is not the ECB's file: its first line must begin with Date, USD, …")
    bad = [code for code in codes if not re.fullmatch(r"[A-Z]{3}", code)]
    if bad or len(set(codes)) < len(codes):
        raise ImportFileError(
            f"{name} has a column that is no currency or is there twice: {', '.join(bad or codes)}"
        )
    return codes


def read_day(text: str) -> dt.date:
    """`2026-10-30`, or as the daily file writes it, `30 October 2026`."""
    for layout in ("%Y-%m-%d", "%d %B %Y"):
        try:
            day = dt.datetime.strptime(text, layout).date()  # noqa: DTZ007  a day, not a moment
        except ValueError:
            continue
        if day.year < 1999:
            raise ValueError(f"{text} is before the euro")
        return day
    raise ValueError(f"{text!r} is not a date such as 2026-10-30 or 30 October 2026")


def read_rate(text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a rate") from None
    if not rate.is_finite() or not 0 < rate < LARGEST_RATE:
        raise ValueError(f"{text} is not a rate above zero")
    return rate.quantize(Decimal("0.000001")) if rate.as_tuple().exponent < -6 else rate


def _reject(report: RateReport, line: int, reason: str) -> None:
    report.rejected += 1
    report.rejected_rows.append({"line": line, "reason": reason})


def _known(report: RateReport) -> dict[Key, Decimal]:
    rows = ExchangeRate.objects.filter(day__range=(report.first_day, report.last_day))
    return {(code, day): rate for code, day, rate in rows.values_list("currency", "day", "per_euro")}


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
        if not cursor.fetchone()[0]:
            raise ImportBusyError(
                "Another import of exchange rates is being applied; nothing was written. "
                "Start this one again when it has finished"
            )


def _write(rates: dict[Key, Decimal], report: RateReport) -> None:
    ExchangeRate.objects.bulk_create(
        [ExchangeRate(currency=code, day=day, per_euro=rate) for (code, day), rate in rates.items()],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["currency", "day"],
        update_fields=["per_euro"],
    )
    if not rates and ExchangeRateImport.objects.filter(sha256=report.sha256).exists():
        return  # the same file again: nothing new to tell
    ExchangeRateImport.objects.create(
        file_name=report.file[:200],
        sha256=report.sha256,
        first_day=report.first_day,
        last_day=report.last_day,
        rows=report.rows,
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        rejected=report.rejected_rows,
    )
