"""Waiting until other connections wait for a lock, so that what two do at once happens in a known order."""

import time

from django.db import connection

WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def until_waiting(number: int) -> None:
    """Returns once so many other connections to this database wait for a lock."""
    for _ in range(1200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_stat_clear_snapshot()"
            )  # a transaction sees the first answer again otherwise
            cursor.execute(WAITING)
            if cursor.fetchone()[0] >= number:
                return
        time.sleep(0.05)
    raise AssertionError(f"{number} connections were to wait for a lock")
