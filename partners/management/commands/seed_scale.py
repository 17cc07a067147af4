"""`manage.py seed_scale --partners N --seed S`: a synthetic catalogue of N partners, for benchmarks.

Exit status: 0 done, 2 the arguments are no good, or the database holds such a catalogue already.
"""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from partners.synthetic import SyntheticError, seed_catalogue

BAD_INPUT = 2
MOST = 1_000_000
MOST_SEED = 2**63 - 1


class Command(BaseCommand):
    help = "Adds synthetic, illustrative partners for benchmarks. Never in production."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--partners", metavar="N", help=f"how many, 1 to {MOST:,}")
        parser.add_argument("--seed", default="1", metavar="S", help="the same seed draws the same catalogue")

    def handle(self, *args: Any, **options: Any) -> None:
        partners = _whole("--partners", options["partners"], 1, MOST)
        seed = _whole("--seed", options["seed"], 0, MOST_SEED)
        if settings.PRODUCTION:
            raise CommandError("Synthetic partners are refused in production.", returncode=BAD_INPUT)
        say = self.stdout.write if options["verbosity"] > 1 else lambda text: None
        try:
            made = seed_catalogue(partners=partners, seed=seed, say=say)
        except SyntheticError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from error
        rows = made.rows
        self.stdout.write(
            f"{rows['organisation']:,} synthetic partners, {rows['facility']:,} sites, "
            f"{rows['capability']:,} processes, {rows['certificate']:,} certificates (seed {seed})."
        )


def _whole(name: str, text: object, least: int, most: int) -> int:
    """A whole number between two others, from an option. Raises CommandError with exit status 2."""
    if text is None:
        raise CommandError(f"Say {name}: a whole number from {least:,} to {most:,}.", returncode=BAD_INPUT)
    try:
        number = int(str(text)[:40])
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        shown = str(text)[:40]
        raise CommandError(
            f"{name} must be a whole number from {least:,} to {most:,}, not {shown!r}.", returncode=BAD_INPUT
        )
    return number
