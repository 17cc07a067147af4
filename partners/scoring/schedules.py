"""Schedules of controlled substances (I to V) named in the free text of a registration's scope."""

from __future__ import annotations

import re

SCHEDULES = ("I", "II", "III", "IV", "V")
_ITEM = r"(?:C-?)?(?:IV|V|I{1,3}|[1-5]N?)"
_BETWEEN = r"\s*(?:,\s*and|,\s*or|,|/|;|&|and|or|to|through|[-\u2013\u2014])\s*"
_LISTED = re.compile(rf"\b(?i:schedules?)\s*:?\s*({_ITEM}(?:{_BETWEEN}{_ITEM})*)(?![A-Za-z0-9])")
_PREFIXED = re.compile(rf"\b(C-?(?:IV|V|I{{1,3}})(?:{_BETWEEN}C-?(?:IV|V|I{{1,3}}))*)(?![A-Za-z0-9])")
_RANGE = re.compile(r"^\s*(?:to|through|[-\u2013\u2014])\s*$", re.IGNORECASE)


def schedules_of(text: str) -> frozenset[str]:
    """ "Schedules II-V" → II, III, IV and V; empty when the text names none."""
    found: set[str] = set()
    for pattern in (_LISTED, _PREFIXED):
        for listed in pattern.finditer(text):
            found |= _read(listed.group(1))
    return frozenset(found)


def _read(listed: str) -> set[str]:
    """The schedules of one list; a dash or "to" between two of them stands for all between."""
    found: set[str] = set()
    last, end = 0, 0
    for item in re.finditer(_ITEM, listed):
        place = _place(item.group())
        if last and _RANGE.match(listed[end : item.start()]):
            found.update(SCHEDULES[last - 1 : place])
        found.add(SCHEDULES[place - 1])
        last, end = place, item.end()
    return found


def _place(item: str) -> int:
    bare = re.sub(r"^C-?|N$", "", item)
    return int(bare) if bare.isdigit() else SCHEDULES.index(bare) + 1
