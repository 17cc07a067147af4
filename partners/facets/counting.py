"""What every value of a facet would give: the partners that fulfil everything else and have that value.

The facet's own choice is left out, so the count beside a value is the number of partners that choosing it (alone, in
that facet) finds. Where site-level filters are on, the value must belong to the site, or the process, that fulfils
the others; in a network of sites any site of the partner will do.
"""

from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np

from partners.facets.columns import NEVER, Ints, Mask, Pairs
from partners.facets.conditions import checked_within, inspected_since, valid_on
from partners.facets.criteria import BIOSAFETY, CHECKED_MONTHS, INSPECTED_YEARS, NOT_CHECKED
from partners.facets.keys import keys_of
from partners.facets.matching import Matching
from partners.facets.money import minimum_in


class Scope:
    """Rows, sites and partners that fulfil everything but what one facet asks."""

    def __init__(self, matching: Matching, left_out: frozenset[str]):
        self.columns = matching.columns
        self.partners = matching.partners(left_out)
        self._asked_of_rows = matching.rows(left_out)
        self._base = matching.conditions_of_partners(left_out)
        self.everything = self._asked_of_rows is None and bool(self._base.all())

    @cached_property
    def mask(self) -> Mask | None:
        """The rows as a mask; None stands for all."""
        if self.everything:
            return None
        found = self._base[self.columns.row_partner]
        return found if self._asked_of_rows is None else found & self._asked_of_rows

    @cached_property
    def rows(self) -> Ints | None:
        """Places of the rows; None stands for all."""
        return None if self.mask is None else np.flatnonzero(self.mask)

    @cached_property
    def sites(self) -> Mask:
        if self._asked_of_rows is None:
            return self._base[self.columns.site_partner]
        found = np.zeros(self.columns.site_id.size, dtype=bool)
        found[self.columns.row_site[self.rows]] = True
        return found

    def partners_with(self, rows: Mask) -> int:
        """How many partners have one of these rows among the scope's."""
        found = np.zeros(self.columns.partner_id.size, dtype=bool)
        found[self.columns.row_partner[rows if self.mask is None else rows & self.mask]] = True
        return int(np.count_nonzero(found))


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
        """Code → partners. Where nothing else is asked, they are computed once for the catalogue."""
        if not self.scope(_ASKED_BY.get(facet, facet)).everything:
            return _COUNTERS[facet](self, facet)
        criteria = self.matching.criteria
        key = (facet, criteria.certificate_on if facet == "certificate" else None)
        totals = self.columns.totals
        if key not in totals:
            if len(totals) >= MOST_KEPT:
                totals.clear()
            totals[key] = _COUNTERS[facet](self, facet)
        return totals[key]

    def known(self, facet: str) -> tuple[int, int]:
        """Of the partners that fulfil everything else, how many state the number asked for, and how many there are."""
        scope = self.scope(facet)
        everybody = int(np.count_nonzero(scope.partners))
        if facet == "min_project":
            return int(np.count_nonzero(scope.partners & ~np.isnan(self.columns.minimum))), everybody
        if scope.everything and ("known", facet) in self.columns.totals:
            return self.columns.totals["known", facet]["known"], everybody
        columns = self.columns
        known = {
            "oel": lambda: ~np.isnan(columns.oel),
            "scale": lambda: ~np.isnan(columns.scale_high),
            "slot_by": lambda: columns.earliest < NEVER,
        }
        stated = scope.partners_with(known[facet]())
        if scope.everything:
            self.columns.totals["known", facet] = {"known": stated}
        return stated, everybody

    def reaching(self, facet: str, values: Iterable[float], of: str = "") -> list[int]:
        """Of a facet with a number, how many partners each of these values would find; `of` is the unit or currency."""
        scope, columns = self.scope(facet), self.columns
        kept = columns.totals if scope.everything else {}
        counts = []
        for value in values:
            key = ("reaching", facet, of, value)
            if key not in kept:
                kept[key] = {"": self._reaching(scope, facet, value, of)}
            counts.append(kept[key][""])
        return counts

    def _reaching(self, scope: Scope, facet: str, value: float, of: str) -> int:
        columns = self.columns
        if facet == "min_project":
            return int(np.count_nonzero(scope.partners & (minimum_in(columns, of) <= value)))
        rows = {
            "oel": lambda: columns.oel <= value,
            "slot_by": lambda: columns.earliest <= value,
            "scale": lambda: (
                (columns.scale_unit == columns.position("scale_unit", of)) & (columns.scale_high >= value)
            ),
        }
        return scope.partners_with(rows[facet]())

    def largest_scale(self, unit: str) -> float:
        """The largest scale known in a unit, 0 when there is none."""
        here = self.columns.scale_unit == self.columns.position("scale_unit", unit)
        known = self.columns.scale_high[here]
        return float(np.nanmax(known)) if (~np.isnan(known)).any() else 0.0

    def not_comparable(self, currency: str) -> int:
        """Partners that fulfil everything else and state a minimum project in a currency without a rate."""
        stated = self.scope("min_project").partners & ~np.isnan(self.columns.minimum)
        return int(np.count_nonzero(stated & np.isnan(minimum_in(self.columns, currency))))

    def _rows(self, facet: str) -> dict[str, int]:
        """A facet with one value per row."""
        return self._tree(facet, self.scope(_ASKED_BY.get(facet, facet)).rows)

    def _country(self, facet: str) -> dict[str, int]:
        return self._tree(facet, self.scope(facet).sites)

    def _certificate(self, facet: str) -> dict[str, int]:
        valid = valid_on(self.columns, self.matching.criteria)
        return self._tree(facet, self.scope(facet).sites[self.columns.certificates.site] & valid)

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
        return {
            code: scope.partners_with(self.columns.biosafety >= lowest) for code, lowest in BIOSAFETY.items()
        }

    def _pairs(self, facet: str, facts: Pairs) -> dict[str, int]:
        scope = self.scope(facet)
        return self._tree(facet, None if scope.everything else scope.partners[facts.owner])

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

    def _tree(self, facet: str, chosen: Ints | Mask | None) -> dict[str, int]:
        """Distinct partners per value of the chosen rows, sites or facts; a branch counts for all below it."""
        counts = np.zeros(self.columns.size(facet), dtype=np.int64)
        for level in keys_of(self.columns, facet):
            counts += level.count(counts.size, chosen)
        return dict(zip(self.columns.terms.by_facet[facet], counts.tolist(), strict=True))


#: the facet whose choice is left out, where it is not the one that is counted
_ASKED_BY = {"scale_unit": "scale"}
MOST_KEPT = 200
_COUNTERS: dict[str, Callable[[Counts, str], dict[str, int]]] = {
    **dict.fromkeys(("modality", "service", "dosage_form", "gmp", "evidence"), Counts._rows),
    "scale_unit": Counts._rows,
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
