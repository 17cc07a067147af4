"""Counting distinct partners per value, fast: every row, site or fact has one number for its value and its partner.

The number is `place of the value × partners + partner`, so that marking the numbers of some rows in one long row of
bits leaves, value by value, a stretch with one bit per partner.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from partners.facets.columns import Columns, Ints, Mask

FEW = 30_000  # numbers that are sorted; more are marked
LARGEST_INT32 = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Keys:
    """One level of a facet's tree: the numbers, and the facet's values that occur."""

    numbers: Any
    values: list[int]
    partners: int

    def count(self, size: int, chosen: Ints | Mask | None) -> Ints:
        """Distinct partners per value of the facet, of the chosen rows; None stands for all."""
        counts = np.zeros(size, dtype=np.int64)
        numbers = self.numbers if chosen is None else self.numbers[chosen]
        most = len(self.values) * self.partners
        if numbers.size <= FEW:
            distinct = np.unique(numbers)
            found = np.bincount(
                distinct[distinct < most] // max(self.partners, 1), minlength=len(self.values)
            )
            counts[self.values] = found
            return counts
        marks = np.zeros(most + 1, dtype=bool)  # the last one is for what has no value
        marks[numbers] = True
        for at, value in enumerate(self.values):
            counts[value] = np.count_nonzero(marks[at * self.partners : (at + 1) * self.partners])
        return counts


def keys_of(columns: Columns, facet: str) -> list[Keys]:
    """The keys of a facet, one for each level of its tree. Computed once."""
    if facet not in columns.keys:
        owner, value = _facts(columns, facet)
        columns.keys[facet] = [
            _keys(columns, facet, owner, level[value]) for level in columns.ancestors(facet)
        ]
    return columns.keys[facet]


def _facts(columns: Columns, facet: str) -> tuple[Ints, Ints]:
    """The partner and the value of every row, site or fact that the facet speaks of."""
    pairs = {
        "type": columns.types,
        "structure": columns.structures,
        "industry": columns.industries,
        "sponsor_size": columns.sponsor_sizes,
    }
    if facet in pairs:
        return pairs[facet].owner, pairs[facet].value
    if facet == "country":
        return columns.site_partner, columns.country
    if facet == "certificate":
        return columns.site_partner[columns.certificates.site], columns.certificates.type
    return columns.row_partner, getattr(columns, facet)


def _keys(columns: Columns, facet: str, owner: Ints, value: Ints) -> Keys:
    size, partners = columns.size(facet), columns.partner_id.size
    occurs = np.zeros(size + 1, dtype=bool)  # the last one answers for -1: unknown
    occurs[value] = True
    values = np.flatnonzero(occurs[:-1])
    most = values.size * partners
    kind = np.int32 if most + partners < LARGEST_INT32 else np.int64
    first = np.full(size + 1, most, dtype=kind)
    first[values] = np.arange(values.size, dtype=kind) * partners
    numbers = first[value] + owner.astype(kind)
    np.minimum(numbers, most, out=numbers)
    return Keys(numbers, values.tolist(), partners)
