"""`manage.py import_restricted LIST FILE --source TITLE --date DAY [--apply] [--partial] [--json]`.

Exit status: 0 done (rejected lines are part of the report), 2 the file or the arguments are no good.
"""

import dataclasses
import datetime
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from partners.models import RestrictedPartyList
from partners.restricted.importing import ListFileError, import_list, rejected_lines
from partners.restricted.services import propose_matches

BAD_INPUT = 2


class Command(BaseCommand):
    help = "Compares a restricted-party list with a CSV file; writes only with --apply, and then proposes matches."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("list", help="code of the list on the curation desk")
        parser.add_argument("file", help="CSV in UTF-8 with the columns name and effective_from")
        parser.add_argument("--source", required=True, help="title of the source, as published")
        parser.add_argument("--date", required=True, help="the day the file stands for, YYYY-MM-DD")
        parser.add_argument("--apply", action="store_true", help="write; otherwise this is a dry run")
        parser.add_argument(
            "--partial", action="store_true", help="parties the file does not hold stay listed"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        party_list = RestrictedPartyList.objects.filter(code=options["list"]).first()
        if party_list is None:
            codes = ", ".join(RestrictedPartyList.objects.values_list("code", flat=True)) or "none yet"
            raise CommandError(f"There is no list {options['list']!r}. Lists: {codes}", returncode=BAD_INPUT)
        try:
            day = datetime.date.fromisoformat(options["date"])
        except ValueError as error:
            raise CommandError(
                f"--date must be YYYY-MM-DD, not {options['date']!r}", returncode=BAD_INPUT
            ) from error
        try:
            report = import_list(
                party_list=party_list,
                content=Path(options["file"]).read_bytes(),
                source_title=options["source"],
                file_date=day,
                apply=options["apply"],
                complete=not options["partial"],
            )
        except OSError as error:
            raise CommandError(
                f"{options['file']} cannot be read: {error.strerror}", returncode=BAD_INPUT
            ) from error
        except ListFileError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        proposed = propose_matches(party_list=party_list) if report.applied else 0
        if options["json"]:
            data = {**dataclasses.asdict(report), "proposed": proposed}
            self.stdout.write(json.dumps(data, ensure_ascii=False, indent=2))
            return
        for name in ("rows", "created", "updated", "unchanged", "ended", "entries"):
            self.stdout.write(f"{name:<11}{getattr(report, name):>9,}")
        self.stdout.write(f"{'rejected':<11}{len(report.rejected):>9,}")
        for line in (*rejected_lines(report), *report.changes):
            self.stdout.write(f"  {line}")
        if report.applied:
            self.stdout.write(f"Written. {proposed} new matches wait for a curator.")
        else:
            self.stdout.write("Dry run: nothing was written. Add --apply to write.")
