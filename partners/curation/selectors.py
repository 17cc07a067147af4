"""What the desk's dashboard and queues read."""

import datetime
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from partners import freshness
from partners.models import Evidenced, Modality
from partners.regions import REGIONS, region_of

COUNTED_UP_TO = 1_000  # a queue that is longer is "more than": counting it would take longer than it helps


@dataclass(frozen=True, slots=True)
class Number:
    """A number of rows; `more` when counting stopped at COUNTED_UP_TO."""

    value: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.value:,}{'+' if self.more else ''}"


def number_of(queryset: QuerySet) -> Number:
    """How many rows, counted up to COUNTED_UP_TO."""
    found = queryset.order_by().values("pk")[: COUNTED_UP_TO + 1].count()
    return Number(min(found, COUNTED_UP_TO), found > COUNTED_UP_TO)


@dataclass(frozen=True, slots=True)
class Queue:
    """The stale facts of one kind."""

    model: type[Evidenced]
    number: Number
    rows: tuple[Evidenced, ...] = ()


def stale_queues(on: datetime.date, *, shown: int = 0) -> list[Queue]:
    """Kinds of fact with stale rows, and the `shown` oldest rows of each. At most three queries for each kind."""
    found = []
    for model in freshness.fact_models():
        stale = model._default_manager.filter(freshness.stale(model, on))
        number = number_of(stale)
        if number.value:
            found.append(Queue(model, number, _oldest(model, stale, shown) if shown else ()))
    return found


def _oldest(model: type[Evidenced], stale: QuerySet, shown: int) -> tuple[Evidenced, ...]:
    """The rows that were looked at longest ago: picked by their keys, and only then fetched with what they name."""
    keys = list(stale.order_by(*freshness.oldest_first(model)).values_list("pk", flat=True)[:shown])
    related = [f.name for f in model._meta.fields if f.is_relation]
    if "facility" in related:
        related.append("facility__organisation")
    rows = model._default_manager.select_related(*related).in_bulk(keys)
    return tuple(rows[key] for key in keys if key in rows)


@dataclass(frozen=True, slots=True)
class Coverage:
    """Active partners with a process of a modality at an active site, by region."""

    regions: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, tuple[int, ...]], ...]  # code, label, partners per region


_COVERAGE_SQL = """
    SELECT c.modality_id, f.country, array_agg(DISTINCT f.organisation_id)
    FROM partners_capability c JOIN partners_facility f ON f.id = c.facility_id
    JOIN partners_organisation o ON o.id = f.organisation_id
    WHERE f.active AND o.active AND c.modality_id IS NOT NULL GROUP BY 1, 2
"""


def coverage() -> Coverage:
    """Two queries, one of them over every process."""
    with connection.cursor() as cursor:
        cursor.execute(_COVERAGE_SQL)
        partners: dict[tuple[int, str], set[int]] = {}
        for modality, country, ids in cursor.fetchall():
            partners.setdefault((modality, region_of(country)), set()).update(ids)
    codes = [code for code in REGIONS if any(region == code for _, region in partners)]
    rows = tuple(
        (term.code, term.label, tuple(len(partners.get((term.pk, code), ())) for code in codes))
        for term in Modality.objects.filter(active=True)
    )
    return Coverage(tuple((code, REGIONS[code]) for code in codes), rows)
