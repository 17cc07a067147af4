"""The platform's app. Starts the embedded services where settings ask for them."""

import sys

from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

# Commands that touch neither the database nor the broker.
WITHOUT_SERVICES = {"embedded", "collectstatic", "findstatic", "help", "version"}


class CmoSelectorConfig(AppConfig):
    name = "cmo_selector"
    label = "cmo_selector"
    verbose_name = "CMO Selector"

    def ready(self) -> None:
        from cmo_selector import checks  # noqa: F401  registers the system checks

        is_command = sys.argv[0].endswith("manage.py")
        if is_command and len(sys.argv) > 1 and sys.argv[1] in WITHOUT_SERVICES:
            return
        if settings.EMBEDDED is not None:
            from cmo_selector.embedded import EmbeddedError

            try:
                settings.EMBEDDED.ensure_running(settings.EMBEDDED_DB_NAME)
            except EmbeddedError as error:
                raise ImproperlyConfigured(str(error)) from error
