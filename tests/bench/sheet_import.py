"""A spreadsheet of 10,000 capabilities, as a curator exports, edits and imports it: every row changes in one cell and
1,000 rows are new. Each step runs in a process of its own; the time is the step's alone, the memory the whole
process's peak. “Writing” is one transaction in which every row is compared again, locked, and gets its history.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from partners.models import Capability, Facility, Modality, Organisation, Service, SheetImport, Source
from tests.bench import Row

ROWS, NEW_ROWS, SITES = 10_000, 1_000, 500
ROOT = Path(__file__).resolve().parents[2]
PREAMBLE = """
import json, re, sys, time
from pathlib import Path
import django
django.setup()
from partners.models import Capability, SheetImport
from partners.sheets import imports, writing
from partners.sheets.registry import SHEETS
folder = Path(sys.argv[1])
sheet = SHEETS["capability"].open()
began = time.perf_counter()
"""
REPORT = """
print(json.dumps({
    "seconds": time.perf_counter() - began,
    # not ru_maxrss: that begins with what the process that started this one had
    "memory": int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024,
    "counts": counts,
}))
"""
EXPORT_CSV = """
with (folder / "export.csv").open("w", newline="") as file:
    for text in writing.as_csv(sheet, sheet.columns, Capability.objects.order_by("pk")):
        file.write(text)
counts = {}
"""
EXPORT_XLSX = """
(folder / "export.xlsx").write_bytes(writing.as_xlsx(sheet, sheet.columns, Capability.objects.order_by("pk")))
counts = {}
"""
READ = """
from django.core.files import File
job = SheetImport(sheet="capability", file_name="edited.csv", size=1)
with (folder / sys.argv[2]).open("rb") as file:
    job.file.save(sys.argv[2], File(file), save=True)
imports.work(imports.claim(job.pk))
counts = dict(imports.outcomes(job))
"""
WRITE = """
job = SheetImport.objects.latest("pk")
imports.request_apply(actor=None, job=job)
imports.work(imports.claim(job.pk))
job.refresh_from_db()
counts = job.report["written"]
"""


def run() -> list[Row]:
    call_command("migrate", verbosity=0)
    rows = []
    with tempfile.TemporaryDirectory(prefix="cmo-bench-") as name:
        folder = Path(name)
        _fill()
        try:
            steps = (
                ("export as CSV", EXPORT_CSV, [], {}),
                ("export as XLSX", EXPORT_XLSX, [], {}),
                ("preview of the CSV file unchanged", READ, ["export.csv"], {"unchanged": ROWS}),
                ("preview of the XLSX file unchanged", READ, ["export.xlsx"], {"unchanged": ROWS}),
                ("preview of the edited file", READ, ["edited.csv"], {"changed": ROWS, "created": NEW_ROWS}),
                ("writing it", WRITE, [], {"changed": ROWS, "created": NEW_ROWS}),
            )
            for case, code, arguments, counts in steps:
                found = _step(code, folder, arguments, counts)
                if case == "export as CSV":
                    _edit(folder)
                rows.append(Row(f"{case}, {ROWS:,} rows", found["seconds"], "s"))
                rows.append(Row(f"{case}, peak memory", found["memory"], "MB"))
        finally:
            _empty()
    return rows


def _fill() -> None:
    _empty()
    source = Source.objects.create(code="bench", title="Benchmark")
    facts = {"source": source, "retrieved_on": "2026-01-01"}
    partner = Organisation.objects.create(slug="bench", name="Benchmark", illustrative=True, **facts)
    sites = Facility.objects.bulk_create(
        Facility(organisation=partner, slug=f"site-{n}", name=f"Site {n}", country="CH", **facts)
        for n in range(SITES)
    )
    services = [
        Service.objects.get_or_create(code=f"bench-{n}", label=f"Service {n}")[0]
        for n in range(ROWS // SITES)
    ]
    modality, _ = Modality.objects.get_or_create(code="bench", label="Modality")
    Capability.objects.bulk_create(
        Capability(facility=site, service=service, modality=modality, note="As it was", **facts)
        for site in sites
        for service in services
    )


def _edit(folder: Path) -> None:
    with (folder / "export.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    note, form, version = (header.index(name) for name in ("note", "production system", "version"))
    from partners.models import ProductionSystem

    ProductionSystem.objects.get_or_create(code="bench", label="System")
    new = [list(row) for row in rows[:NEW_ROWS]]
    for row in new:
        row[form], row[version] = "bench", ""
    for row in rows:
        row[note] = "Looked at again"
    with (folder / "edited.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows, *new])


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET partners.history_may_be_emptied = 'on'")
        cursor.execute("TRUNCATE partners_organisation, partners_sheetimport, partners_change CASCADE")
        cursor.execute("VACUUM ANALYZE partners_capability")
    for job in SheetImport.objects.exclude(file=""):
        job.file.delete(save=False)
    Source.objects.filter(code="bench").delete()


def _step(code: str, folder: Path, arguments: list[str], counts: dict[str, int]) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + code + REPORT, str(folder), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found = json.loads(done.stdout.splitlines()[-1])
    if found["counts"] != counts:
        raise RuntimeError(f"The step counted {found['counts']}, not {counts}")
    return found
