"""Counting rows of big tables for lists: exact up to a limit, the planner's estimate beyond it."""

import json
from functools import cached_property

from django.core.paginator import Paginator
from django.db import connections
from django.db.models import QuerySet

EXACT_UP_TO = 10_000


def count(queryset: QuerySet) -> int:
    """Exact for up to EXACT_UP_TO rows; beyond, what PostgreSQL expects, which is never less than that.

    Counting every row of a million takes longer than showing fifty of them.
    """
    rows = queryset.order_by()
    found = rows.values("pk")[: EXACT_UP_TO + 1].count()
    if found <= EXACT_UP_TO:
        return found
    sql, parameters = rows.values("pk").query.sql_with_params()
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        plan = cursor.fetchone()[0]
    plan = json.loads(plan) if isinstance(plan, str) else plan
    return max(int(plan[0]["Plan"]["Plan Rows"]), EXACT_UP_TO + 1)


class EstimatedPaginator(Paginator):
    """A paginator that never counts a big table to its end; the last pages of one are reached by filtering."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return count(rows) if isinstance(rows, QuerySet) and not rows.query.is_sliced else len(rows)
