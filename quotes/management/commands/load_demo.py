"""`manage.py load_demo`: the demonstration's partners, people and projects. Refuses to run in production."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from partners.demo_items import DemoDataError
from partners.enums import ChangeHow
from partners.history import recording
from partners.importers.demo import DemoError
from partners.importers.errors import ImportBusyError, ImportFileError
from partners.vocabularies import VocabularyError
from quotes.demo import DEMO_SIGN_INS, LoadedDemo, ProductionRefused, load_demo

READABLE = (ProductionRefused, VocabularyError, DemoDataError, DemoError, ImportFileError, ImportBusyError)


class Command(BaseCommand):
    help = (
        "Loads vocabularies, the register snapshot with its real partners, the illustrative partners, and demo "
        "people and projects. Running it again changes nothing. Never for production."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--refresh",
            action="store_true",
            help="Replace the facts of illustrative partners and count their dates from today again.",
        )
        parser.add_argument(
            "--without-register", action="store_true", help="Leave out the public register and real partners."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with recording(how=ChangeHow.COMMAND, why="load_demo"):
                done = load_demo(refresh=options["refresh"], register=not options["without_register"])
        except READABLE as error:
            raise CommandError(str(error), returncode=2) from error
        if options["verbosity"] > 0:
            self._report(done)

    def _report(self, done: LoadedDemo) -> None:
        partners = done.illustrative
        self.stdout.write(
            f"Vocabularies: {done.terms} terms created or updated. "
            f"Illustrative partners: {partners.created} created, {partners.refreshed} refreshed, "
            f"{partners.unchanged} unchanged."
        )
        if done.register is not None:
            self.stdout.write(
                f"Public register: {done.register.establishments} establishments, "
                f"{done.register.organisations} real partners with {done.register.facilities} sites created."
            )
        self.stdout.write(f"People: {done.people} created. Projects: {len(done.new_projects)} created.")
        self.stdout.write("")
        rows = [("Role", "E-mail address", "Password"), *DEMO_SIGN_INS]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
            self.stdout.write(line.rstrip())
