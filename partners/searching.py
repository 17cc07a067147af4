"""Reads addresses of the browse page without running the search: what they ask, in words and as an address."""

from collections.abc import Callable
from typing import Any

from django.http import QueryDict

from partners import private
from partners.facets import loading
from partners.facets.money import offered_currencies
from partners.filters import PartnerFilter


def filter_of(sponsor: Any, *, prices: bool) -> Callable[[QueryDict], PartnerFilter]:
    """A function from parameters to their `PartnerFilter`; the terms are read once for all of them."""
    columns = loading.current()
    own = private.facets_of(sponsor)
    currencies = offered_currencies(columns)

    def read(params: QueryDict) -> PartnerFilter:
        return PartnerFilter(params, terms=columns.terms, currencies=currencies, private=own, prices=prices)

    return read
