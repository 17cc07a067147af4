"""`manage.py match_register`: proposes which catalogue partner and site each register row without a site is."""

from typing import Any

from django.core.management.base import BaseCommand

from partners.matching.proposals import propose


class Command(BaseCommand):
    help = "Brings the queue of proposed matches up to date. Nothing is linked: curators decide on the desk."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{propose():,} matches wait for a curator.")
