"""The months ahead, with what a partner's sites have free in them. No queries here.

A slot takes the months it touches. What no slot covers is unknown: nobody said that it is full or free.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from partners import wording
from partners.models import CapacitySlot, Facility

FEWEST_MONTHS, MOST_MONTHS = 12, 24


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some months in a row: of one slot, or of nothing stated (slot None). `cut` when the slot goes on after."""

    months: int
    slot: CapacitySlot | None = None
    quantity: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """Slots of one site and process that do not touch the same month, filled up to the calendar's length."""

    site: Facility
    process: str  # empty when unknown
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    months: tuple[datetime.date, ...]  # the first day of each
    lanes: tuple[Lane, ...]
    later: int  # slots that begin after the last month

    @property
    def years(self) -> list[tuple[int, int]]:
        """(year, how many of its months are shown)."""
        counts: dict[int, int] = {}
        for month in self.months:
            counts[month.year] = counts.get(month.year, 0) + 1
        return list(counts.items())


def build_calendar(sites: Iterable[Facility], today: datetime.date) -> Calendar | None:
    """Twelve to 24 months from this one; None when no slot reaches into this month or a later one."""
    first = _month(today)
    current = [
        (site, slot)
        for site in sites
        for slot in site.slots.all()
        if slot.ends_on is None or slot.ends_on >= today
    ]
    if not current:
        return None
    last = max(_month(slot.ends_on or slot.starts_on) for _, slot in current)
    length = min(max(last - first + 1, FEWEST_MONTHS), MOST_MONTHS)
    shown = [(site, slot) for site, slot in current if _month(slot.starts_on) < first + length]
    rows: dict[tuple[int, str], tuple[Facility, list[CapacitySlot]]] = {}
    for site, slot in shown:
        rows.setdefault((site.pk, wording.scope(slot)), (site, []))[1].append(slot)
    return Calendar(
        months=tuple(_day(first + n) for n in range(length)),
        lanes=tuple(
            Lane(site, process, tuple(_stretches(lane, first, length)))
            for (_, process), (site, slots) in rows.items()
            for lane in _lanes(slots)
        ),
        later=len(current) - len(shown),
    )


def _month(day: datetime.date) -> int:
    """Months since year 0."""
    return day.year * 12 + day.month - 1


def _day(month: int) -> datetime.date:
    return datetime.date(month // 12, month % 12 + 1, 1)


def _lanes(slots: Sequence[CapacitySlot]) -> list[list[CapacitySlot]]:
    """The slots in as few lanes as needed so that no two of one lane share a month."""
    lanes: list[list[CapacitySlot]] = []
    for slot in sorted(slots, key=lambda s: (s.starts_on, s.pk)):
        free = (
            lane for lane in lanes if lane[-1].ends_on and _month(lane[-1].ends_on) < _month(slot.starts_on)
        )
        lane = next(free, None)
        if lane is None:
            lanes.append(lane := [])
        lane.append(slot)
    return lanes


def _stretches(slots: Sequence[CapacitySlot], first: int, length: int) -> Iterable[Stretch]:
    at, end = first, first + length
    for slot in slots:
        begins = max(_month(slot.starts_on), first)
        after = end if slot.ends_on is None else _month(slot.ends_on) + 1
        if begins > at:
            yield Stretch(begins - at)
        yield Stretch(min(after, end) - begins, slot, wording.quantity(slot), cut=after > end)
        at = min(after, end)
    if at < end:
        yield Stretch(end - at)
