"""`manage.py rebuild_search`: writes every partner's search document anew."""

from typing import Any

from django.core.management.base import BaseCommand

from partners.services import rebuild_search


class Command(BaseCommand):
    help = (
        "Writes the search documents of all partners anew, e.g. after a restore that left the triggers out."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{rebuild_search():,} partners can be searched for.")
