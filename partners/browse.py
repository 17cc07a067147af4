"""The front door of browsing: `browse(params, sponsor, prices=…)` answers what the page, exports and the API ask.

    result = browse(request.GET, request.sponsor, prices=sees_prices(request))
    result.count, result.ids        how many partners, and their ids in the order asked for
    result.page(request.GET…)       one page of ids, with a remark when there is no such page
    result.filter                   the FilterSet: criteria, chips, remarks, query() and url()
    result.panel                    facets with counts (computed when asked for)
    result.reasons                  when nothing is found: which filters to drop, and what that gives
    result.sites                    ids of the sites that fulfil the search, e.g. for a map
    result.spelling                 says so when a mistyped text was read as another one
    result.exact_ids                ids without those that only bear a similar name: what an e-mail follows
    result.sites_of(partner_ids)    the same by partner, with what each meets in a network of sites

`params` is a QueryDict, or a dict of the same names (lists for several values). Nothing is written.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.http import QueryDict

from partners import finding, private
from partners.facets import loading
from partners.facets.columns import Columns, Ints, Mask
from partners.facets.counting import Counts
from partners.facets.matching import Matching
from partners.facets.money import offered_currencies
from partners.facets.panel import Group, build_panel
from partners.filters import PartnerFilter
from partners.forms import quoted
from partners.private import PrivateFacet

PER_PAGE = 25
MOST_REASONS = 5
MOST_DROPPED = 3  # filters that one reason drops together
MOST_TRIED = 400  # combinations of filters that are counted; with many filters three are not dropped together


@dataclass(frozen=True, slots=True)
class Reason:
    """Filters which, left out together, give results: their names and chosen values, how many, and the address."""

    filters: tuple[tuple[str, str], ...]
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class MatchingSite:
    """A site that fulfils the search; in a network of sites, `meets` names the filters it meets."""

    id: int
    meets: tuple[str, ...] = ()


class Result:
    """What a search gives. Counts, reasons and sites are computed when they are asked for."""

    def __init__(
        self,
        found: PartnerFilter,
        matching: Matching,
        own: list[PrivateFacet],
        text: finding.Found,
    ):
        self.filter = found
        self.criteria = found.criteria
        self.matching = matching
        self._own = own
        self._likeness = text.likeness
        #: how the text was read because no partner holds it as typed, e.g. with a mistyped word spelt right
        self.read_as = text.read_as

    @cached_property
    def count(self) -> int:
        return self.matching.count()

    @cached_property
    def ids(self) -> list[int]:
        """Ids of all partners found, in the order asked for."""
        return self.matching.ordered(self.filter.order, self._likeness).tolist()

    @property
    def exact_ids(self) -> list[int]:
        """The same without what only bears a similar name: none when the text was read in another way."""
        return [] if self.read_as else self.ids

    @property
    def spelling(self) -> str:
        """Says that the text was read in another way, and how; empty when it was not."""
        if not self.read_as:
            return ""
        names = " or ".join(quoted(text) for text in self.read_as)
        done = "showing similar names" if self.count else "looked for similar names"
        return f"No exact match for {quoted(self.criteria.text)}; {done}: {names}."

    @property
    def catalogue_size(self) -> int:
        """How many partners there are to search."""
        return int(self.matching.columns.partner_id.size)

    def page(self, asked: str | int = 1, per_page: int = PER_PAGE) -> tuple[Page, str]:
        """The page of ids asked for, or the nearest one there is with a remark that says so."""
        paginator = Paginator(self.ids, per_page)
        try:
            return paginator.page(asked), ""
        except PageNotAnInteger:
            return paginator.page(1), f"{quoted(str(asked))} is not a page number; this is the first page."
        except EmptyPage:
            last = paginator.num_pages
            pages = "there is only one page" if last == 1 else f"there are {last:,} pages"
            return paginator.page(
                last
            ), f"There is no page {quoted(str(asked))}: {pages}. This is the last one."

    # -- counts --------------------------------------------------------------------------------------

    @cached_property
    def counts(self) -> Counts:
        return Counts(self.matching)

    @cached_property
    def panel(self) -> list[Group]:
        """The facets with counts, in groups."""
        kept = [facet for facet in self._own if any(value.partners for value in facet.values)]
        own = {facet.name: self._own_counts(facet) for facet in kept}
        return build_panel(self.filter, self.counts, own)

    def _own_counts(self, facet: PrivateFacet) -> dict[str, int]:
        found = self.counts.scope(facet.name).partners
        return {
            value.term.code: int(
                np.count_nonzero(found & _chosen(self.matching.columns, facet, {value.term.code}))
            )
            for value in facet.values
        }

    @cached_property
    def reasons(self) -> list[Reason]:
        """Which filters keep everything away: the fewest that must go together, those that give most first."""
        if self.count:
            return []
        active, tried = sorted(self.matching.active), 0
        for size in range(1, min(len(active), MOST_DROPPED) + 1):
            if tried + comb(len(active), size) > MOST_TRIED:
                break
            tried += comb(len(active), size)
            giving = [
                (names, count)
                for names in combinations(active, size)
                if (count := self.matching.count(names))
            ]
            if giving:
                best = sorted(giving, key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS]
                return [self._reason(names, count) for names, count in best]
        return []

    def _reason(self, names: tuple[str, ...], count: int) -> Reason:
        said = tuple(
            (
                self.filter.facet_label(name),
                ", ".join(chip.label for chip in self.filter.chips if chip.facet == name),
            )
            for name in names
        )
        pairs = [pair for name in names for pair in self.filter.of_facet(name)]
        return Reason(said, count, self.filter.url(without=pairs))

    # -- sites ---------------------------------------------------------------------------------------

    @cached_property
    def _fulfilling(self) -> Mask:
        return self.matching.sites()

    @property
    def sites(self) -> list[int]:
        """Ids of the sites that fulfil the search, by partner in the order of names; without any filter about
        sites, all sites of the partners found."""
        return self.matching.columns.site_id[self._fulfilling].tolist()

    @property
    def places(self) -> Ints:
        """The same sites as places among the columns' sites."""
        return np.flatnonzero(self._fulfilling)

    def sites_of(self, partners: Iterable[int]) -> dict[int, list[MatchingSite]]:
        """Partner id → its sites that fulfil the search, none when the search asks nothing of sites."""
        columns, found = self.matching.columns, {}
        for pk in partners:
            found[pk] = []
            if not self.criteria.about_sites:
                continue
            for place in columns.partner_places([pk]):
                start, end = np.searchsorted(columns.site_partner, [place, place + 1])
                found[pk] = [
                    MatchingSite(int(columns.site_id[site]), self._meets(site))
                    for site in range(start, end)
                    if self._fulfilling[site]
                ]
        return found

    def _meets(self, site: int) -> tuple[str, ...]:
        if not self.criteria.network:
            return ()
        return tuple(self.filter.facet_label(name) for name in self.matching.met_at(site))


def browse(params: QueryDict | dict[str, Any] | None, sponsor: Any = None, *, prices: bool = False) -> Result:
    """Searches the catalogue.

    `sponsor` is whose own flags, tags and agreements may be filtered by; `prices` whether terms may be, which
    depends on the role of who asks (`partners.access.sees_prices`).
    """
    columns = loading.current()
    own = private.facets_of(sponsor)
    currencies = offered_currencies(columns)
    found = PartnerFilter(params, terms=columns.terms, currencies=currencies, private=own, prices=prices)
    outside: dict[str, Mask] = {}
    text = finding.Found({})
    if found.text:
        text = finding.find(found.text, columns.terms.searched_labels())
        outside["q"] = np.zeros(columns.partner_id.size, dtype=bool)
        outside["q"][columns.partner_places(list(text.likeness))] = True
    for facet in own:
        if codes := found.criteria.chosen(facet.name):
            outside[facet.name] = _chosen(columns, facet, codes)
    return Result(found, Matching(columns, found.criteria, outside), own, text)


def _chosen(columns: Columns, facet: PrivateFacet, codes: Iterable[str]) -> Mask:
    """Partners with one of the values of a sponsor's own facet."""
    wanted, found = set(codes), np.zeros(columns.partner_id.size, dtype=bool)
    for value in facet.values:
        if value.term.code in wanted:
            own = np.zeros(found.size, dtype=bool)
            own[columns.partner_places(list(value.partners))] = True
            found |= ~own if value.others else own
    return found
