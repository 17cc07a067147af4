"""The columns of the catalogue as it is now, kept in this process until the catalogue changes.

Then the partners that changed are read again, and put in their place. Marks (`CatalogueChange`) say which they are.
Marks that came and marks that went both count, so that a transaction that was rolled back is undone here as well. The
whole catalogue is read again when a mark concerns all of it (a vocabulary, exchange rates, a bulk change), when many
partners changed, and on a new day.
"""

import datetime
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from django.db import connection, transaction
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from partners.facets.building import load
from partners.facets.columns import Columns
from partners.facets.splicing import splice
from partners.models import CatalogueChange

READING_MS = 120_000  # most for one table
MOST_CHANGED = 2_000  # partners that are read one by one; for more the whole catalogue is
MOST_ATTEMPTS = 3  # to read changed partners while nobody changes any

Marks = Mapping[int, list[int] | None]  # stamp → partners, None for all

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Kept:
    """Columns with the marks they were read under, in which database, and on which day."""

    marks: Marks
    database: str
    day: datetime.date
    columns: Columns

    def is_of(self, version: tuple[int, int], day: datetime.date) -> bool:
        return (_version(self.marks), self.database, self.day) == (version, _database(), day)


_kept: Kept | None = None


def current() -> Columns:
    """The columns of the catalogue that this transaction sees: one query when it has not changed since."""
    global _kept
    seen = CatalogueChange.objects.aggregate(count=Count("pk"), sum=Coalesce(Sum("stamp"), 0))
    version, today = (seen["count"], int(seen["sum"])), timezone.localdate()
    kept = _kept
    if kept and kept.is_of(version, today):
        return kept.columns
    with _lock:
        if not (_kept and _kept.is_of(version, today)):
            # A page must not wait as long for one query, but for these there is no other way than to the end.
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = %s", [READING_MS])
                _kept = renewed(_kept, today)
        return _kept.columns


def renewed(kept: Kept | None, today: datetime.date) -> Kept:
    """What is kept, brought up to date by reading the partners that changed, or everything."""
    marks = _marks()
    for _ in range(MOST_ATTEMPTS):
        changed = changed_partners(kept, marks, today)
        if kept is None or changed is None:
            break
        columns = _with_changed(kept.columns, changed, today)
        after = _marks()
        if columns is not None and after.keys() == marks.keys():
            return Kept(marks, _database(), today, columns)
        marks = after  # somebody changed the catalogue while it was read
    # Read after the marks: what is newer than they is read again next time.
    return Kept(marks, _database(), today, load(today))


def changed_partners(kept: Kept | None, marks: Marks, today: datetime.date) -> set[int] | None:
    """Partners that may differ between what is kept and what the marks stand for; None when all may."""
    if kept is None or kept.day != today or kept.database != _database():
        return None
    changed: set[int] = set()
    for stamp in kept.marks.keys() ^ marks.keys():
        partners = marks[stamp] if stamp in marks else kept.marks[stamp]
        if partners is None:
            return None
        changed.update(partners)
        if len(changed) > MOST_CHANGED:
            return None
    return changed


def _with_changed(columns: Columns, changed: Collection[int], today: datetime.date) -> Columns | None:
    """The columns with these partners read again; None when they do not fit together."""
    if not changed:
        return columns
    ids = sorted(changed)
    fresh = load(today, columns.terms, ids)
    with connection.cursor() as cursor:
        cursor.execute(FOLLOWS, {"changed": ids})
        follows = dict(cursor.fetchall())
    try:
        return splice(columns, fresh, np.array(ids, dtype=np.int64), follows)
    except KeyError:
        return None


#: the unchanged partner that stands before each changed one, in the order in which `reading` reads partners
FOLLOWS = """
    SELECT c.id, (
        SELECT o.id FROM partners_organisation o
        WHERE o.active AND (lower(o.name), o.id) < (lower(c.name), c.id) AND o.id <> ALL (%(changed)s)
        ORDER BY lower(o.name) DESC, o.id DESC LIMIT 1)
    FROM partners_organisation c WHERE c.active AND c.id = ANY (%(changed)s)
"""


def _marks() -> Marks:
    return dict(CatalogueChange.objects.values_list("stamp", "partners"))


def _version(marks: Marks) -> tuple[int, int]:
    return len(marks), sum(marks)


def _database() -> str:
    return str(connection.settings_dict["NAME"])
