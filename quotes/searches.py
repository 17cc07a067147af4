"""What the pages of saved searches read."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch
from django.http import QueryDict

from cmo_selector.accounts.models import Sponsor, User
from partners.filters import Chip
from partners.searching import filter_of
from quotes.enums import DigestState
from quotes.models import SavedSearch, SearchDigest


@dataclass(frozen=True, slots=True)
class Row:
    """A saved search in words, and how its last e-mail fared."""

    search: SavedSearch
    url: str
    chips: tuple[Chip, ...]
    remarks: tuple[str, ...]
    last: SearchDigest | None

    @property
    def needs_a_word(self) -> bool:
        """Whether the last e-mail is worth a remark: it may not have arrived, or could not be sent."""
        return self.last is not None and self.last.state in (DigestState.UNCONFIRMED, DigestState.FAILED)


def searches_of(user: User, sponsor: Sponsor | None):
    """A person's saved searches at the sponsor they work for."""
    return SavedSearch.objects.for_sponsor(sponsor).filter(owner=user)


def saved_rows(user: User, sponsor: Sponsor, *, prices: bool) -> list[Row]:
    """The page's rows: two queries and those of reading a search's terms, whatever their number."""
    closed = SearchDigest.objects.filter(
        state__in=(DigestState.SENT, DigestState.UNCONFIRMED, DigestState.FAILED)
    ).defer("content")
    searches = searches_of(user, sponsor).prefetch_related(
        Prefetch("digests", closed.order_by("-due_at", "-pk"), to_attr="closed")
    )
    rows, read = [], filter_of(sponsor, prices=prices)
    for search in searches:
        found = read(QueryDict(search.query))
        last = search.closed[0] if search.closed else None  # type: ignore[attr-defined]
        rows.append(Row(search, found.url(), tuple(found.chips), tuple(found.remarks), last))
    return rows
