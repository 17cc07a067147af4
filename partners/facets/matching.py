"""Which partners, sites and processes fulfil the criteria, all of them or all but some."""

from collections.abc import Iterable, Mapping
from functools import reduce

import numpy as np

from partners.facets.columns import Columns, Ints, Mask
from partners.facets.conditions import partner_conditions, row_conditions, site_conditions
from partners.facets.criteria import Criteria


class Matching:
    """The answer to one search.

    `outside` has conditions that the columns know nothing of, by name: partners found by the text (`q`), or by what
    a sponsor keeps about them.
    """

    def __init__(self, columns: Columns, criteria: Criteria, outside: Mapping[str, Mask] | None = None):
        self.columns = columns
        self.criteria = criteria
        self.of_rows = row_conditions(columns, criteria)
        self.of_sites = site_conditions(columns, criteria)
        self.of_partners = {**partner_conditions(columns, criteria), **(outside or {})}
        self._rows: dict[frozenset[str], Mask | None] = {}
        self._partners: dict[frozenset[str], Mask] = {}
        if criteria.network:
            self.of_partners |= {name: self._somewhere(mask) for name, mask in self._sited().items()}

    @property
    def active(self) -> frozenset[str]:
        """Names of everything that is asked for."""
        return frozenset({*self.of_rows, *self.of_sites, *self.of_partners})

    def without(self, *names: str) -> frozenset[str]:
        """The names among those that are asked for: what to leave out of the search."""
        return self.active & frozenset(names)

    def rows(self, left_out: frozenset[str] = frozenset()) -> Mask | None:
        """Rows that fulfil what is asked of one site; None when nothing is, or a network of sites will do."""
        left_out = left_out & {*self.of_rows, *self.of_sites}
        if left_out not in self._rows:
            self._rows[left_out] = self._fulfilling(left_out)
        return self._rows[left_out]

    def _fulfilling(self, left_out: frozenset[str]) -> Mask | None:
        if self.criteria.network:
            return None
        asked = [mask for name, mask in self._sited().items() if name not in left_out]
        return reduce(np.logical_and, asked) if asked else None

    def partners(self, left_out: frozenset[str] = frozenset()) -> Mask:
        """Partners that fulfil everything."""
        if left_out not in self._partners:
            self._partners[left_out] = self._with_rows(left_out, self.rows(left_out))
        return self._partners[left_out]

    def _with_rows(self, left_out: frozenset[str], rows: Mask | None) -> Mask:
        found = self.conditions_of_partners(left_out)
        return found if rows is None else found & self._somewhere(rows)

    def conditions_of_partners(self, left_out: frozenset[str] = frozenset()) -> Mask:
        """Partners that fulfil what is asked of a partner, whatever is asked of its sites."""
        asked = [mask for name, mask in self.of_partners.items() if name not in left_out]
        return reduce(np.logical_and, asked, np.ones(self.columns.partner_id.size, dtype=bool))

    def count(self, left_out: Iterable[str] = ()) -> int:
        """How many partners fulfil everything but these. Keeps nothing: hundreds of combinations are asked for."""
        without = self.without(*left_out)
        found = self._partners.get(without) if without else self.partners()
        if found is None:
            found = self._with_rows(without, self._fulfilling(without))
        return int(np.count_nonzero(found))

    def sites(self) -> Mask:
        """Sites that fulfil everything on their own, of partners that are found; in a network, all sites that meet
        something that is asked of a site. Without any such condition, all sites of the partners found."""
        rows = self.rows()
        if self.criteria.network and (sited := self._sited()):
            rows = reduce(np.logical_or, sited.values())
        found = self.partners()[self.columns.site_partner]
        if rows is None:
            return found
        fulfilling = np.zeros(found.size, dtype=bool)
        fulfilling[self.columns.row_site[rows]] = True
        return found & fulfilling

    def met_at(self, site: int) -> list[str]:
        """Names of what one site (a place among the columns' sites) meets, each for itself."""
        start, end = np.searchsorted(self.columns.row_site, [site, site + 1])
        met = [name for name, mask in self.of_rows.items() if mask[start:end].any()]
        return met + [name for name, mask in self.of_sites.items() if mask[site]]

    def ordered(self, sort: str, likeness: Mapping[int, float] | None = None) -> Ints:
        """Ids of the partners found, by name, best match first, or by another order of `selectors.SORTS`."""
        columns = self.columns
        found = np.flatnonzero(self.partners())
        if sort == "sites":
            found = found[np.argsort(-columns.site_count[found], kind="stable")]
        elif sort == "checked":
            found = found[np.argsort(-columns.checked[found], kind="stable")]
        elif sort == "unchecked":
            found = found[np.argsort(columns.checked[found], kind="stable")]
        elif likeness:
            rank = np.array([likeness.get(pk, 0.0) for pk in columns.partner_id[found].tolist()])
            found = found[np.argsort(-rank, kind="stable")]
        return columns.partner_id[found]

    def _sited(self) -> dict[str, Mask]:
        """Everything that is asked of rows and sites, as conditions on rows."""
        row_site = self.columns.row_site
        return {**self.of_rows, **{name: mask[row_site] for name, mask in self.of_sites.items()}}

    def _somewhere(self, rows: Mask) -> Mask:
        """Partners with one of the rows."""
        found = np.zeros(self.columns.partner_id.size, dtype=bool)
        found[self.columns.row_partner[rows]] = True
        return found
