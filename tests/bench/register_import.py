"""`import_register drls` with `--apply` on files synthesised from the true rows (other D-U-N-S numbers), against a
bare COPY of the same file into a table of text columns without an index.

An import also checks and takes apart every value, compares with what is there, writes each row's history, and
refreshes the facts of the catalogue. Each runs in a process of its own; the time is the import's alone, the memory
the peak of the import's own process (VmHWM). What must stay within 1.2 is the time of a further row in the second half
of the large file against one in the first: the slope between 50,000 and 100,000 rows over that between 10,439 and
50,000. What every import costs once (starting, the facts of the catalogue) cancels out in it; the time per row, which
it makes smaller for the larger file, says nothing about growth.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from partners.importers.snapshots import ESTABLISHMENTS
from tests.bench import Row

SIZES = (10_439, 50_000, 100_000)  # the register's own size in August 2025, and up to ten times that
ROOT = Path(__file__).resolve().parents[2]
IMPORT = """
import datetime, json, re, sys, time
from pathlib import Path
import django
django.setup()
from partners.importers.core import run_import
from partners.importers.drls import DRLS
began = time.perf_counter()
report = run_import(register=DRLS, path=Path(sys.argv[1]), apply=True, file_date=datetime.date(2025, 8, 29))
print(json.dumps({
    "seconds": time.perf_counter() - began,
    # not ru_maxrss: that begins with what the process that started this one had
    "memory": int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024,
    "counts": [report.rows, report.created, report.unchanged, report.rejected],
}))
"""


def run() -> list[Row]:
    call_command("migrate", verbosity=0)
    rows, seconds = [], []
    with tempfile.TemporaryDirectory(prefix="cmo-bench-") as folder:
        for size in SIZES:
            path = Path(folder) / f"drls_{size}.csv"
            _synthesise(path, size)
            _empty()
            bare = _bare_copy(path)
            first = _import(path, [size, size, 0, 0])
            again = _import(path, [size, 0, size, 0])
            seconds.append(first["seconds"])
            rows += [
                Row(f"bare COPY, {size:,} rows", size / bare, "rows/s"),
                Row(f"import of {size:,} new rows", size / first["seconds"], "rows/s"),
                Row(f"the same {size:,} rows again", size / again["seconds"], "rows/s"),
                Row(f"import of {size:,} new rows", first["seconds"], "s"),
                Row(f"import of {size:,} new rows, peak memory", first["memory"], "MB"),
            ]
        _empty()
    early, late = ((seconds[n + 1] - seconds[n]) / (SIZES[n + 1] - SIZES[n]) for n in range(len(SIZES) - 1))
    growth = "a further row after 50,000 ÷ one before, at most 1.2"
    return [*rows, Row(growth, late / early, "times")]


def _synthesise(path: Path, size: int) -> None:
    """True rows over and over, each with a D-U-N-S number of its own."""
    with ESTABLISHMENTS.path.open(encoding="utf-8", newline="") as source:
        header, *true = csv.reader(source)
    at = header.index("DUNS_NUMBER")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number in range(size):
            row = list(true[number % len(true)])
            row[at] = f"{900_000_000 + number}"
            writer.writerow(row)


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET partners.history_may_be_emptied = 'on'")
        cursor.execute(
            "TRUNCATE partners_registerestablishment, partners_registerimport, partners_change CASCADE"
        )
        cursor.execute("VACUUM ANALYZE partners_registerestablishment")


def _bare_copy(path: Path) -> float:
    """Seconds of the fastest of three."""
    with path.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file))
    times = []
    for _ in range(3):
        with connection.cursor() as cursor, path.open("rb") as file:
            cursor.execute(f"CREATE TEMPORARY TABLE bare ({', '.join(f'{c} text' for c in columns)})")
            began = time.perf_counter()
            cursor.copy_expert("COPY bare FROM STDIN (FORMAT csv, HEADER)", file)
            times.append(time.perf_counter() - began)
            cursor.execute("DROP TABLE bare")
    return min(times)


def _import(path: Path, counts: list[int]) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout.splitlines()[-1])
    if found["counts"] != counts:
        raise RuntimeError(f"The import counted {found['counts']}, not {counts}")
    return found
