"""What the desk's dashboard and queues read."""

import datetime
from dataclasses import dataclass

from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from partners import freshness
from partners.conflicts import conflict_count
from partners.models import Evidenced, Modality
from partners.regions import REGIONS, region_of

COUNTED_UP_TO = 1_000  # a queue that is longer is "more than": counting it would take longer than it helps
COVERAGE_SECONDS = 600  # counting every process of every site is worth remembering


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
    """Kinds of fact with stale rows, and the `shown` oldest rows of each."""
    found = []
    for model in freshness.fact_models():
        stale = model._default_manager.filter(freshness.stale(model, on))
        number = number_of(stale)
        if number.value:
            related = [f.name for f in model._meta.fields if f.is_relation]
            if "facility" in related:
                related.append("facility__organisation")
            rows = (
                stale.select_related(*related).order_by(*freshness.oldest_first(model))[:shown]
                if shown
                else ()
            )
            found.append(Queue(model, number, tuple(rows)))
    return found


@dataclass(frozen=True, slots=True)
class Coverage:
    """Active partners with a process of a modality at an active site, by region; `at` is when that was counted."""

    at: datetime.datetime
    regions: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, str, tuple[int, ...]], ...]  # code, label, partners per region


def coverage() -> Coverage:
    """Counted at most every ten minutes: one query over every process."""
    return cache.get_or_set("desk-coverage", _coverage, COVERAGE_SECONDS)


_COVERAGE_SQL = """
    SELECT c.modality_id, f.country, array_agg(DISTINCT f.organisation_id)
    FROM partners_capability c JOIN partners_facility f ON f.id = c.facility_id
    JOIN partners_organisation o ON o.id = f.organisation_id
    WHERE f.active AND o.active AND c.modality_id IS NOT NULL GROUP BY 1, 2
"""


def _coverage() -> Coverage:
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
    return Coverage(timezone.now(), tuple((code, REGIONS[code]) for code in codes), rows)


def conflicts_number() -> int:
    """Conflicts of the catalogue, counted at most once a minute."""
    return cache.get_or_set("desk-conflicts", conflict_count, 60)
