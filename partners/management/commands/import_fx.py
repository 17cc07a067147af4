"""`manage.py import_fx FILE [--apply] [--json]`: the ECB's euro reference rates, history or daily file.

Exit status: 0 done (rejected values are part of the report), 2 the file is no good, 3 another import is running.
"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from partners.importers.errors import ImportBusyError, ImportFileError
from partners.importers.exchange import RateReport, import_rates

BAD_INPUT, BUSY = 2, 3
PRINTED = 20


class Command(BaseCommand):
    help = "Compare the ECB's euro reference rates with the database; write only with --apply."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="eurofxref-hist.csv, eurofxref.csv or the zip around one of them")
        parser.add_argument("--apply", action="store_true", help="write; otherwise this is a dry run")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_rates(path=Path(options["file"]), apply=options["apply"])
        except ImportFileError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        except ImportBusyError as error:
            raise CommandError(str(error), returncode=BUSY) from error
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self.stdout.write("\n".join(_lines(report)))


def _lines(report: RateReport) -> list[str]:
    """The report for people."""
    lines = [
        f"Exchange rates: {report.file}, {report.first_day} to {report.last_day}, sha256 {report.sha256[:16]}…",
        "",
        f"days       {report.rows:>9,}",
        f"created    {report.created:>9,}   rates of {len(report.currencies)} currencies",
        f"updated    {report.updated:>9,}",
        f"unchanged  {report.unchanged:>9,}",
        f"rejected   {report.rejected:>9,}",
    ]
    if report.ended:
        lines += ["", "Ended before the file's last day: "]
        lines[-1] += ", ".join(f"{code} ({day})" for code, day in report.ended.items())
    if report.rejected:
        lines += ["", "Rejected"]
        lines += [f"  line {row['line']}: {row['reason']}" for row in report.rejected_rows[:PRINTED]]
        if report.rejected > PRINTED:
            lines.append(f"  … and {report.rejected - PRINTED:,} more; --json lists them")
    if report.changes:
        lines += ["", "Updated"]
        lines += [f"  {c['currency']} {c['day']}: {c['from']} → {c['to']}" for c in report.changes]
    lines += ["", "Applied." if report.applied else "Dry run: nothing was written. Add --apply to write."]
    return lines
