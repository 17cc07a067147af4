"""What an organisation keeps to itself about partners, as filters. The catalogue only knows that there may be some.

The side of the sponsors offers a provider when the site starts (`quotes.apps`), so that nothing here imports it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from partners.selectors import Term


@dataclass(frozen=True, slots=True)
class PrivateValue:
    """A value with the ids of its partners; with `others`, all partners but these."""

    term: Term
    partners: frozenset[int]
    others: bool = False


@dataclass(frozen=True, slots=True)
class PrivateFacet:
    name: str
    values: tuple[PrivateValue, ...]


Provider = Callable[[Any], list[PrivateFacet]]
_providers: list[Provider] = []


def offer(provider: Provider) -> None:
    """Called once with a function from a sponsor to its facets."""
    if provider not in _providers:
        _providers.append(provider)


def facets_of(sponsor: Any) -> list[PrivateFacet]:
    """The facets of a sponsor; none without one."""
    return [facet for provider in _providers for facet in provider(sponsor)] if sponsor else []
