"""`manage.py embedded start | stop | status | env | run`: the embedded services of this checkout."""

from __future__ import annotations

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cmo_selector import supervisor
from cmo_selector.embedded import EmbeddedError, Services


class Command(BaseCommand):
    help = "Start, stop or describe the embedded PostgreSQL and Valkey of this checkout."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        actions.add_parser("start", help="start what does not run; it keeps running after this command")
        actions.add_parser("status", help="say what runs, where, and whether somebody uses it")
        stop = actions.add_parser("stop", help="stop both, unless another process uses them")
        actions.add_parser("env", help="print DATABASE_URL and REDIS_URL for other programs")
        run = actions.add_parser("run", help="start both, run the Procfile, stop both when it ends")
        run.add_argument(
            "--prepare",
            action="append",
            default=[],
            metavar="COMMAND",
            help="a manage.py command to run first; repeatable",
        )
        stop.add_argument("--force", action="store_true", help="stop even when another process uses them")

    def handle(self, *args: Any, **options: Any) -> None:
        services = settings.EMBEDDED
        if options["action"] == "run":
            sys.exit(
                supervisor.run(
                    settings.BASE_DIR / "Procfile",
                    services,
                    settings.EMBEDDED_DB_NAME,
                    prepare=options["prepare"],
                )
            )
        if services is None:
            raise CommandError("DATABASE_URL and REDIS_URL are set: nothing is embedded here.", returncode=2)
        try:
            getattr(self, options["action"])(services, options)
        except EmbeddedError as error:
            raise CommandError(str(error), returncode=2) from error

    def start(self, services: Services, options: dict[str, Any]) -> None:
        started = services.ensure_running(settings.EMBEDDED_DB_NAME)
        self.stdout.write(f"Started {' and '.join(started)}." if started else "Already running.")

    def status(self, services: Services, options: dict[str, Any]) -> None:
        for name, value in services.status().items():
            self.stdout.write(f"{name}: {value}")

    def env(self, services: Services, options: dict[str, Any]) -> None:
        self.stdout.write(f"DATABASE_URL={services.database_url(settings.EMBEDDED_DB_NAME)}")
        self.stdout.write(f"REDIS_URL={services.redis_url}")

    def stop(self, services: Services, options: dict[str, Any]) -> None:
        if not services.stop(force=options["force"]):
            raise CommandError("Left running: another process uses them (--force stops them anyway).")
        self.stdout.write("Stopped.")
