#!/usr/bin/env python
"""Django's command line. On a checkout with nothing configured it runs the embedded demo services."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cmo_selector.settings")
    # wsgi.py and celery.py leave this alone, so that a server is "production" unless told otherwise.
    os.environ.setdefault("CMO_ENV", "demo")
    os.environ.setdefault("CMO_PROCESS", "command")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"Configuration error: {error}\n")
        sys.exit(2)


if __name__ == "__main__":
    main()
