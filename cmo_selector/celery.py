"""The Celery application. Workers and beat are started with `celery -A cmo_selector`."""

import os

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cmo_selector.settings")

app = Celery("cmo_selector")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _use_django_logging(**kwargs: object) -> None:
    """Connected so that Celery keeps the logging that settings.LOGGING configured."""
