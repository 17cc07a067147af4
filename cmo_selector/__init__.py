"""CMO Selector's platform: settings, accounts, audit, embedded services, shared template tags."""

from cmo_selector.celery import app as celery_app

__all__ = ["celery_app"]
