"""`manage.py load_vocabularies`: the lists of terms that the catalogue is written in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from partners.vocabularies import VocabularyError, load_vocabularies


class Command(BaseCommand):
    help = (
        "Creates or updates the vocabularies that ship with the project (types, services, units …). "
        "Run it after migrating, in production too. Nothing is deleted and retired terms stay retired."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--missing-only",
            action="store_true",
            help="Only create terms that are missing; keep the wording and order of existing ones.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            results = load_vocabularies(missing_only=options["missing_only"])
        except VocabularyError as error:
            raise CommandError(str(error), returncode=2) from error
        for r in results:
            self.stdout.write(
                f"{r.name:<20} {r.created:>4} created {r.updated:>4} updated {r.unchanged:>4} unchanged"
            )
