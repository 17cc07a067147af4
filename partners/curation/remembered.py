"""Numbers of the whole catalogue that take seconds to find at 100,000 partners: found once, and remembered.

A small catalogue is counted while the page waits. A large one is counted by a worker; until it has finished, pages
show what was found before, with its time, or say that it is being counted.
"""

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from cmo_selector.broker import tell
from partners import conflicts
from partners.matching import duplicates
from partners.models import Facility

from .selectors import coverage

SMALL = 5_000  # sites that are counted while the page waits
KEPT = 86_400  # seconds that what was found is shown for want of something newer
ASKED = 300  # seconds before a worker is asked again for something it has not delivered


@dataclass(frozen=True, slots=True)
class Remembered:
    """What was found, and when."""

    value: Any
    at: datetime.datetime


# Name → what finds it, and for how many seconds that is new enough.
FINDERS: dict[str, tuple[Callable[[], Any], int]] = {
    "coverage": (coverage, 600),
    "conflicts": (conflicts.overview, 60),
    "duplicates": (duplicates.all_pairs, 300),
}


def remembered(name: str) -> Remembered | None:
    """What is known; found anew when it is old and the catalogue small. None until a worker has found it."""
    known: Remembered | None = cache.get(_key(name))
    _, new_enough = FINDERS[name]
    if known and (timezone.now() - known.at).total_seconds() < new_enough:
        return known
    if Facility.objects.order_by().values("pk")[: SMALL + 1].count() <= SMALL:
        return find(name)
    if cache.add(_key(name) + "-asked", 1, ASKED):
        _ask_worker(name)
    return known


def find(name: str) -> Remembered:
    """Find it now, whatever that takes, and remember it."""
    finder, _ = FINDERS[name]
    found = Remembered(finder(), timezone.now())
    cache.set(_key(name), found, KEPT)
    cache.delete(_key(name) + "-asked")
    return found


def forget(name: str) -> None:
    """What was just changed on purpose is looked for again by the next page."""
    cache.delete(_key(name))


def _key(name: str) -> str:
    return f"desk-{name}"


def _ask_worker(name: str) -> None:
    from partners.tasks import find_for_the_desk

    if not tell(find_for_the_desk, name):
        cache.delete(_key(name) + "-asked")  # no broker: the next page asks again
