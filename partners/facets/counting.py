"""What every value of a facet would give: the partners that fulfil everything else and have that value.

The facet's own choice is left out, so the count beside a value is the number of partners that choosing it (alone, in
that facet) finds. Where site-level filters are on, the value must belong to the site, or the process, that fulfils
the others; in a network of sites any site of the partner will do.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from partners.facets.columns import NEVER, Ints, Mask, Pairs
from partners.facets.conditions import checked_within, inspected_since, valid_on
from partners.facets.criteria import BIOSAFETY, CHECKED_MONTHS, INSPECTED_YEARS, NOT_CHECKED
from partners.facets.matching import Matching
from partners.facets.money import minimum_in

FEW = 50_000  # pairs that are sorted; more are marked in a table of partners × values


class Scope:
    """Rows, sites and partners that fulfil everything but what one facet asks."""

    def __init__(self, matching: Matching, left_out: frozenset[str]):
        self.columns = matching.columns
        self.partners = matching.partners(left_out)
        self._rows = matching.rows(left_out)
        self._base = matching.conditions_of_partners(left_out)

    @cached_property
    def rows(self) -> Ints | None:
        """Places of the rows; None stands for all."""
        if self._rows is None and self._base.all():
            return None
        found = self._base[self.columns.row_partner]
        return np.flatnonzero(found if self._rows is None else found & self._rows)

    @cached_property
    def row_partner(self) -> Ints:
        return self.columns.row_partner if self.rows is None else self.columns.row_partner[self.rows]

    def of_rows(self, values: Ints) -> Ints:
        return values if self.rows is None else values[self.rows]

    @cached_property
    def sites(self) -> Mask:
        found = np.zeros(self.columns.site_id.size, dtype=bool)
        found[self.columns.row_site if self.rows is None else self.columns.row_site[self.rows]] = True
        return found


class Counts:
    """The counts of one search; scopes are shared between facets that nothing is asked of."""

    def __init__(self, matching: Matching):
        self.matching = matching
        self.columns = matching.columns
        self._scopes: dict[frozenset[str], Scope] = {}

    def scope(self, *names: str) -> Scope:
        left_out = self.matching.without(*names)
        if left_out not in self._scopes:
            self._scopes[left_out] = Scope(self.matching, left_out)
        return self._scopes[left_out]

    def of(self, facet: str) -> dict[str, int]:
        """Code → partners."""
        return _COUNTERS[facet](self, facet)

    def known(self, facet: str) -> tuple[int, int]:
        """Of the partners that fulfil everything else, how many state the number asked for, and how many there are."""
        scope = self.scope(facet)
        if facet == "min_project":
            stated = scope.partners & ~np.isnan(self.columns.minimum)
        else:
            values = {
                "oel": ~np.isnan(self.columns.oel),
                "scale": ~np.isnan(self.columns.scale_high),
                "slot_by": self.columns.earliest < NEVER,
            }[facet]
            stated = np.zeros(self.columns.partner_id.size, dtype=bool)
            stated[scope.row_partner[scope.of_rows(values)]] = True
        return int(np.count_nonzero(stated)), int(np.count_nonzero(scope.partners))

    def not_comparable(self, currency: str) -> int:
        """Partners that fulfil everything else and state a minimum project in a currency without a rate."""
        stated = self.scope("min_project").partners & ~np.isnan(self.columns.minimum)
        return int(np.count_nonzero(stated & np.isnan(minimum_in(self.columns, currency))))

    def _rows(self, facet: str, left_out: str = "") -> dict[str, int]:
        """A facet with one value per row, and a branch of its tree for all below it."""
        scope = self.scope(left_out or facet)
        values = scope.of_rows(getattr(self.columns, facet))
        return self._tree(facet, scope.row_partner, values)

    def _country(self, facet: str) -> dict[str, int]:
        sites = self.scope(facet).sites
        return self._tree(facet, self.columns.site_partner[sites], self.columns.country[sites])

    def _certificate(self, facet: str) -> dict[str, int]:
        held = self.columns.certificates
        kept = self.scope(facet).sites[held.site] & valid_on(self.columns, self.matching.criteria)
        return self._tree(facet, self.columns.site_partner[held.site[kept]], held.type[kept])

    def _actions(self, facet: str) -> dict[str, int]:
        return {"none": self._partners_with(self.scope(facet).sites & ~self.columns.open_action)}

    def _inspected(self, facet: str) -> dict[str, int]:
        sites, criteria = self.scope(facet).sites, self.matching.criteria
        return {
            code: self._partners_with(sites & (self.columns.inspected >= inspected_since(criteria, [code])))
            for code in INSPECTED_YEARS
        }

    def _biosafety(self, facet: str) -> dict[str, int]:
        scope = self.scope(facet)
        level = np.full(self.columns.partner_id.size, -1, dtype=np.int64)
        values = scope.of_rows(self.columns.biosafety)
        np.maximum.at(level, scope.row_partner[values > 0], values[values > 0])
        return {code: int(np.count_nonzero(level >= lowest)) for code, lowest in BIOSAFETY.items()}

    def _pairs(self, facet: str, facts: Pairs) -> dict[str, int]:
        kept = self.scope(facet).partners[facts.owner]
        return self._tree(facet, facts.owner[kept], facts.value[kept])

    def _checked(self, facet: str) -> dict[str, int]:
        found, criteria = self.scope(facet).partners, self.matching.criteria
        return {
            code: int(np.count_nonzero(found & checked_within(self.columns, criteria, code)))
            for code in (*CHECKED_MONTHS, NOT_CHECKED)
        }

    def _record(self, facet: str) -> dict[str, int]:
        found = self.scope(facet).partners
        invented = int(np.count_nonzero(found & self.columns.illustrative))
        return {"real": int(np.count_nonzero(found)) - invented, "illustrative": invented}

    def _partners_with(self, sites: Mask) -> int:
        found = np.zeros(self.columns.partner_id.size, dtype=bool)
        found[self.columns.site_partner[sites]] = True
        return int(np.count_nonzero(found))

    def _tree(self, facet: str, owner: Ints, value: Ints) -> dict[str, int]:
        """Distinct owners per value, where a value also counts for what it lies below."""
        size = self.columns.size(facet)
        counts = np.zeros(size, dtype=np.int64)
        for level in self.columns.ancestors(facet):
            counts += self._distinct(owner, level[value], size)
        return dict(zip(self.columns.terms.by_facet[facet], counts.tolist(), strict=True))

    def _distinct(self, owner: Ints, value: Ints, size: int) -> Ints:
        """How many distinct owners have each value; -1 is no value."""
        known = value >= 0
        pairs = owner[known] * size + value[known]
        if pairs.size <= FEW:
            pairs = np.unique(pairs)
        else:
            seen = np.zeros(self.columns.partner_id.size * size, dtype=bool)
            seen[pairs] = True
            pairs = np.flatnonzero(seen)
        return np.bincount(pairs % size, minlength=size)


_COUNTERS: dict[str, Callable[[Counts, str], dict[str, int]]] = {
    **dict.fromkeys(("modality", "service", "dosage_form", "gmp", "evidence"), Counts._rows),
    "scale_unit": lambda counts, facet: counts._rows(facet, left_out="scale"),
    "bsl": Counts._biosafety,
    "country": Counts._country,
    "certificate": Counts._certificate,
    "actions": Counts._actions,
    "inspected": Counts._inspected,
    "type": lambda counts, facet: counts._pairs(facet, counts.columns.types),
    "structure": lambda counts, facet: counts._pairs(facet, counts.columns.structures),
    "industry": lambda counts, facet: counts._pairs(facet, counts.columns.industries),
    "sponsor_size": lambda counts, facet: counts._pairs(facet, counts.columns.sponsor_sizes),
    "checked": Counts._checked,
    "record": Counts._record,
}
