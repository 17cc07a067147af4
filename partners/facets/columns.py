"""The catalogue as columns: partners by name, their active sites, and a row per process of a site.

Partners, sites and rows are sorted, so that a row's place is all that links them: `site_partner` and `row_partner`
never fall. Values of a facet are positions in its list of terms, -1 where nothing is known. Days are counted from
1970-01-01, -1 where no day is known. A site without any process has one row about which nothing is known, so
that "some row of the site" is never empty.
"""

import datetime
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from partners.selectors import Terms

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
NEVER = np.iinfo(np.int32).max  # a day that does not come
EPOCH = datetime.date(1970, 1, 1)


def day_number(day: datetime.date) -> int:
    """A day as the columns hold it."""
    return (day - EPOCH).days


@dataclass(frozen=True, slots=True)
class Pairs:
    """A many-valued fact: `value` of the partner or site `owner`, both as positions."""

    owner: Ints
    value: Ints


@dataclass(frozen=True, slots=True)
class CertificateRows:
    """Certificates of active sites."""

    site: Ints
    type: Ints
    issued: Ints
    expires: Ints


@dataclass(frozen=True, eq=False)
class Columns:
    terms: Terms
    # partners, in the order of their names
    partner_id: Ints
    illustrative: Mask
    checked: Ints
    site_count: Ints
    minimum: Floats  # newest stated minimum project, NaN when unknown
    currency: Ints  # of the minimum: its three letters as one number, 0 for none
    types: Pairs
    structures: Pairs
    industries: Pairs
    sponsor_sizes: Pairs
    # active sites, by partner
    site_id: Ints
    site_partner: Ints
    country: Ints
    open_action: Mask
    inspected: Ints  # end of the last inspection
    latitude: Floats  # degrees, NaN when unknown
    longitude: Floats
    city: Ints  # a number by which sites of one city are known
    certificates: CertificateRows
    # processes, by site
    row_site: Ints
    modality: Ints
    service: Ints
    dosage_form: Ints
    gmp: Ints  # positions of the terms yes, no, unknown
    evidence: Ints
    biosafety: Ints
    scale_unit: Ints
    scale_low: Floats  # NaN when neither end is known
    scale_high: Floats
    oel: Floats
    earliest: Ints  # first day of open capacity for this process, NEVER when none is known
    #: currency → `minimum` in it, filled by `money.minimum_in`
    minimum_in: dict[str, Floats] = field(default_factory=dict)
    #: facet → `keys.Keys` by level, filled by `keys.keys_of`
    keys: dict[str, list[Any]] = field(default_factory=dict)
    #: counts of searches that ask nothing, filled by `counting`
    totals: dict[Any, dict[str, int]] = field(default_factory=dict)

    @cached_property
    def row_partner(self) -> Ints:
        return self.site_partner[self.row_site]

    @cached_property
    def _partners(self) -> "Lookup":
        return Lookup(self.partner_id)

    @cached_property
    def _sites(self) -> "Lookup":
        return Lookup(self.site_id)

    def partner_places(self, ids: Any) -> Ints:
        """Places of partners by their ids; unknown ids are left out."""
        places = self._partners.find(np.asarray(ids, dtype=np.int64))
        return places[places >= 0]

    def position(self, facet: str, code: str) -> int:
        return self._positions[facet][code]

    def size(self, facet: str) -> int:
        """How many values the facet has."""
        return len(self._positions[facet])

    @cached_property
    def _positions(self) -> dict[str, dict[str, int]]:
        return {
            facet: {code: at for at, code in enumerate(terms)} for facet, terms in self.terms.by_facet.items()
        }

    @cached_property
    def _ancestors(self) -> dict[str, list[Ints]]:
        return {facet: _levels(self, facet) for facet in self.terms.by_facet}

    def ancestors(self, facet: str) -> list[Ints]:
        """Per level of the facet's tree: value → the value at that level which it is or lies below, or -1."""
        return self._ancestors[facet]


class Lookup:
    """Places of ids in an array of distinct ids."""

    def __init__(self, ids: Ints):
        self.order = np.argsort(ids, kind="stable")
        self.sorted = ids[self.order]

    def find(self, wanted: Ints) -> Ints:
        """The place of each, -1 where there is none."""
        if not self.sorted.size:
            return np.full(wanted.shape, -1, dtype=np.int64)
        at = np.searchsorted(self.sorted, wanted)
        at[at == self.sorted.size] = 0
        return np.where(self.sorted[at] == wanted, self.order[at], -1)


def _levels(columns: Columns, facet: str) -> list[Ints]:
    """See `Columns.ancestors`. A parent that is no term of the facet, or a ring of parents, ends a path."""
    terms = columns.terms.by_facet[facet]
    paths = []
    for code in terms:
        path: list[str] = []
        while code in terms and code not in path:
            path.insert(0, code)
            code = terms[code].parent
        paths.append(path)
    depth = max(map(len, paths), default=0)
    levels = np.full((depth, len(paths) + 1), -1, dtype=np.int64)  # the last column answers for -1: unknown
    for value, path in enumerate(paths):
        for level, code in enumerate(path):
            levels[level, value] = columns.position(facet, code)
    return list(levels)
