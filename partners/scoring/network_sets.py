"""Which sites are tried together, and how much of a scope any of those sets covers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .methods.checks import Ints
from .types import Level

Flags = NDArray[np.bool_]
MOST_MEMBERS = 3  # sites of several partners in one network
MOST_OF_ONE = 12  # sites of one partner combined exactly


def sets_of(owners: Ints, parts: int) -> list[Ints]:
    """Every set of up to three sites, then the larger ones of one partner's sites; one array (sets × size) a size.

    No set has more members than there are parts. `owners` names the partner of each site.
    """
    found: list[Ints] = [
        np.array(list(combinations(range(len(owners)), size)), dtype=np.int64).reshape(-1, size)
        for size in range(1, min(MOST_MEMBERS, parts, len(owners)) + 1)
    ]
    own = [np.flatnonzero(owners == partner).tolist() for partner in dict.fromkeys(owners.tolist())]
    for size in range(MOST_MEMBERS + 1, parts + 1):
        sets = [chosen for sites in own for chosen in combinations(sites, size)]
        if sets:
            found.append(np.array(sets, dtype=np.int64))
    return found


def widest(able: Flags, sets: Sequence[Ints], levels: Sequence[Level]) -> list[int]:
    """The most parts that one set covers: the most musts, then the most wishes, then those named first.

    `able` says which site (column) can do which part (row). Empty when no site can do anything.
    """
    patterns = {tuple(column) for of in sets for column in _covered(able, of).T.tolist()}

    def worth(pattern: tuple[bool, ...]) -> tuple[int, int, tuple[bool, ...]]:
        musts = sum(done for done, level in zip(pattern, levels, strict=True) if level is Level.MUST)
        return musts, sum(pattern), pattern

    best = max(patterns, key=worth, default=())
    return [part for part, done in enumerate(best) if done]


def _covered(able: Flags, sets: Ints) -> Flags:
    """By part and set, each pattern once."""
    return np.asarray(np.unique(np.any(able[:, sets], axis=2), axis=1))


def few_of_each(owners: Sequence[int], points: Sequence[Sequence[float]]) -> tuple[list[int], bool]:
    """At most twelve sites of one partner, the best of every part in turn; and whether any was dropped.

    `points` holds, by part, each site's score, -inf where it cannot do the part.
    """
    kept: list[int] = []
    for partner in dict.fromkeys(owners):
        mine = [i for i, owner in enumerate(owners) if owner == partner]
        if len(mine) > MOST_OF_ONE:
            mine = best_in_turn(
                [[i for i in mine if row[i] > -np.inf] for row in points], points, MOST_OF_ONE
            )
        kept += mine
    return sorted(kept), len(kept) < len(owners)


def best_in_turn(able: Sequence[Sequence[int]], points: Sequence[Sequence[float]], most: int) -> list[int]:
    """The best site of every part, then the second best, until there are `most`."""
    chosen: dict[int, None] = {}
    queues = [sorted(sites, key=lambda s: (-row[s], s)) for sites, row in zip(able, points, strict=True)]
    for place in range(max(map(len, queues), default=0)):
        for queue in queues:
            if place < len(queue) and len(chosen) < most:
                chosen.setdefault(queue[place])
    return sorted(chosen)
