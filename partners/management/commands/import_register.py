"""`manage.py import_register KIND FILE [--apply] [--json]`: read a public register's file.

Exit status: 0 done (rejected rows are part of the report), 2 the file or the arguments are no good,
3 another import of this register is running.
"""

import datetime
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from partners.importers.core import ImportReport, run_import
from partners.importers.errors import ImportBusyError, ImportFileError
from partners.importers.kinds import KINDS
from partners.jobs import ask_for_matches

BAD_INPUT, BUSY = 2, 3
REJECTED_PRINTED = 20


class Command(BaseCommand):
    help = "Compare a public register's file with the database; write only with --apply."
    requires_system_checks = ()  # a data job needs no URLs or templates

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", help=f"which register: {', '.join(KINDS)}")
        parser.add_argument(
            "file", help="the file: CSV (commas or semicolons) or tab-separated text, may be gzipped; or XLSX"
        )
        parser.add_argument("--apply", action="store_true", help="write; otherwise this is a dry run")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        parser.add_argument("--date", help="the day the file stands for, YYYY-MM-DD")
        parser.add_argument(
            "--sample", type=int, default=10, metavar="N", help="changes to show of each sort"
        )
        parser.add_argument(
            "--allow-closing",
            action="store_true",
            help="apply even if most of the register is missing in the file",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        register = KINDS.get(options["kind"])
        if register is None:
            raise CommandError(
                f"There is no importer for {options['kind']!r}. Available: {', '.join(KINDS)}",
                returncode=BAD_INPUT,
            )
        if options["sample"] < 0:
            raise CommandError("--sample must not be negative", returncode=BAD_INPUT)
        try:
            report = run_import(
                register=register,
                path=Path(options["file"]),
                apply=options["apply"],
                file_date=_date(options["date"]),
                applied_by="import_register",
                sample=options["sample"],
                allow_closing=options["allow_closing"],
            )
        except ImportFileError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        except ImportBusyError as error:
            raise CommandError(str(error), returncode=BUSY) from error
        if report.may_match:
            ask_for_matches()
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
        else:
            self.stdout.write("\n".join(lines_of(report, title=register.kind.label)))


def _date(text: str | None) -> datetime.date | None:
    if text is None:
        return None
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a day, not a moment
    except ValueError as error:
        raise CommandError(f"--date must be YYYY-MM-DD, not {text!r}", returncode=BAD_INPUT) from error


def lines_of(report: ImportReport, *, title: str) -> list[str]:
    """The report for people."""
    dated = f"{report.file_date}"
    if not report.file_date_stated:
        dated += " (the day of reading: the file's own date is not known; give it with --date)"
    lines = [
        f"{title}: {report.file}, of {dated}, read as {report.read_as}, sha256 {report.sha256[:16]}…",
        "",
        *(
            f"{label:<11}{getattr(report, name):>9,}{note}"
            for label, name, note in (
                ("rows", "rows", ""),
                ("created", "created", ""),
                (
                    "updated",
                    "updated",
                    f"   of them back after leaving: {report.reopened:,}" * bool(report.reopened),
                ),
                ("unchanged", "unchanged", ""),
                ("rejected", "rejected", ""),
                ("closed", "closed", "   in the register before, not in this file"),
            )
        ),
    ]
    if report.applied:
        lines.append(f"{'linked':<11}{report.linked:>9,}   rows newly linked to the catalogue")
        told = ", ".join(f"{count:,} {what}" for what, count in report.facts.items() if count)
        lines.append(f"{'facts':<11}{told or 'unchanged':>9}")
    lines += _rejected_lines(report) + _warning_lines(report) + _change_lines(report)
    lines.append("")
    if report.already_applied:
        lines.append("This file is already applied; nothing was written.")
    elif report.applied:
        lines.append(f"Applied as import {report.run_id}.")
    else:
        lines.append("Dry run: nothing was written. Add --apply to write.")
    return lines


def _rejected_lines(report: ImportReport) -> list[str]:
    if not report.rejected:
        return []
    shown = [f"  line {row['line']}: {row['reason']}" for row in report.rejected_rows[:REJECTED_PRINTED]]
    if report.rejected > len(shown):
        shown.append(f"  … and {report.rejected - len(shown):,} more; --json lists them")
    return ["", "Rejected rows", *shown]


def _warning_lines(report: ImportReport) -> list[str]:
    if not report.warnings:
        return []
    first: dict[str, int] = {}
    for example in report.warning_examples:
        first.setdefault(example["warning"], example["line"])
    return [
        "",
        "Kept, with a warning",
        *(
            f"  {text}: {count:,} {'row' if count == 1 else 'rows'}"
            + (f", first on line {first[text]}" if text in first else "")
            for text, count in list(report.warnings.items())[:REJECTED_PRINTED]
        ),
    ]


def _change_lines(report: ImportReport) -> list[str]:
    lines: list[str] = []
    for change in ("updated", "created", "closed"):
        rows = [row for row in report.changes if row["change"] == change]
        if not rows:
            continue
        total = getattr(report, change)
        lines += [
            "",
            f"{change.capitalize()}"
            + (f" (the first {len(rows)} of {total:,})" if total > len(rows) else ""),
        ]
        for row in rows:
            lines.append(f"  {row['key']}  {row['name']}")
            lines += [
                f"      {name}: {_text(old)} → {_text(new)}" for name, (old, new) in row["fields"].items()
            ]
    return lines


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(value) or "(none)"
    return str(value) if value not in (None, "") else "(none)"
