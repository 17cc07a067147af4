"""The Celery application. Workers and beat are started with `celery -A cmo_selector`."""

import os
import warnings

from celery import Celery
from celery.platforms import SecurityWarning
from celery.signals import celeryd_init, setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cmo_selector.settings")

app = Celery("cmo_selector")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _use_django_logging(**kwargs: object) -> None:
    """Connected so that Celery keeps the logging that settings.LOGGING configured."""


@celeryd_init.connect
def _a_demo_may_be_started_by_root(conf: object, **kwargs: object) -> None:
    """Celery warns root because messages could carry code; ours are JSON. In production the warning stays."""
    from django.conf import settings

    if not settings.PRODUCTION:
        warnings.filterwarnings("ignore", category=SecurityWarning)
