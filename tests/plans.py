"""Plans of queries on a handful of rows, of which the planner would read all."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def scans_priced_out(*, in_order: bool = False) -> Iterator[None]:
    """A plan within must name an index where there is one for its conditions; with `in_order`, for its order."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"SET LOCAL {'enable_bitmapscan' if in_order else 'enable_indexscan'} = off")
        yield
