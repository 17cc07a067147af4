"""The curation desk on a synthetic catalogue of 100,000 partners (`--partners` changes it), and on one of 1,000.

A page is the whole answer for a curator, best of several, with the queries it asked. “100,000 ÷ 1,000” is what must
not grow with the catalogue. What takes a look at the whole catalogue (coverage, contradictions, probable duplicates) is
found by a worker and remembered; its time may grow as the catalogue does, 100 times, and hardly more.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.bench import Row
from tests.bench.browse import DEFAULT, SMALL


def run() -> list[Row]:
    partners = int(os.environ.get("BENCH_PARTNERS", DEFAULT))
    small, large = _measured(SMALL), _measured(partners)
    rows = []
    for name, page in large["pages"].items():
        other = small["pages"][name]
        rows += [
            Row(f"{name}: {SMALL:,} partners", other["ms"]),
            Row(f"{name}: {partners:,} partners", page["ms"]),
            Row(f"{name}: {partners:,} ÷ {SMALL:,} partners", page["ms"] / other["ms"], "times"),
            Row(f"{name}: {SMALL:,} partners", other["queries"], "queries"),
            Row(f"{name}: {partners:,} partners", page["queries"], "queries"),
        ]
    for name, taken in large["found"].items():
        rows += [
            Row(f"a worker finds {name}: {SMALL:,} partners", small["found"][name]),
            Row(f"a worker finds {name}: {partners:,} partners", taken),
            Row(
                f"a worker finds {name}: {partners:,} ÷ {SMALL:,} partners",
                taken / small["found"][name],
                "times",
            ),
        ]
    return rows


def _measured(partners: int) -> dict:
    environment = {**os.environ, "EMBEDDED_DB_NAME": f"bench_browse_{partners}", "CMO_PROCESS": "command"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench._desk", str(partners)],
        env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])
