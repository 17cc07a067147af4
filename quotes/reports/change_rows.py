"""One line of what changed between two snapshots, and how lines are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NONE = "–"


@dataclass(frozen=True)
class Change:
    """One line; `before` or `after` is a dash where there is nothing.

    `news` is False for what is not about the shortlist: no report is asked for because of it alone.
    """

    what: str
    before: str
    after: str
    news: bool = True


def named(row: Mapping[str, Any]) -> str:
    return f"{row['name']} (illustrative)" if row["illustrative"] else row["name"]


def pairs(
    before: Mapping[Any, Any],
    after: Mapping[Any, Any],
    name: Callable[[Any], str],
    words: Callable[[Any], str],
) -> Iterator[Change]:
    """A line for each key whose words differ, in the order of the new snapshot, then what is gone."""
    for key in [*after, *(key for key in before if key not in after)]:
        one = words(before[key]) if key in before else NONE
        two = words(after[key]) if key in after else NONE
        if one != two:
            yield Change(name(after.get(key, before.get(key))), one, two)


def watched(*snapshots: Mapping[str, Any]) -> set[int]:
    """The partners of the shortlists; without one those shown in full."""
    found = set()
    for s in snapshots:
        found |= {entry["partner_id"] for entry in s["shortlist"]} or {int(key) for key in s["detail_order"]}
    return found
