"""Counting rows of big tables for lists: exact up to a limit, the planner's estimate beyond it."""

import json
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import connections
from django.db.models import QuerySet

EXACT_UP_TO = 10_000
KEYS_FROM = 500  # rows from which on a page is picked by keys


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
    """A paginator that never counts a big table to its end; the last pages of one are reached by filtering.

    The rows of a page of a big table are picked by their keys first and fetched with everything they are shown
    with afterwards: sorting a million keys takes a fraction of sorting a million rows with what they refer to.
    """

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return count(rows) if self._of_rows else len(rows)

    @property
    def _of_rows(self) -> bool:
        return isinstance(self.object_list, QuerySet) and not self.object_list.query.is_sliced

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        if not self._of_rows or self.count <= KEYS_FROM:
            return super().page(number)
        start = (number - 1) * self.per_page
        keys = self.object_list.select_related(None).values_list("pk", flat=True)
        return self._get_page(self._rows(list(keys[start : start + self.per_page])), number, self)

    def _rows(self, keys: list[Any]) -> QuerySet:
        """The rows with these keys as the list shows them; what they were searched by is not asked again."""
        rows = self.object_list
        if rows.query.annotations:
            return rows.filter(pk__in=keys)
        shown = rows.model._base_manager.filter(pk__in=keys).order_by(*rows.query.order_by)
        shown.query.select_related = rows.query.select_related
        return shown.prefetch_related(*rows._prefetch_related_lookups)
