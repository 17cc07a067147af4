"""What a result card says about a partner, from rows that `selectors.cards` has read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cmo_selector.templatetags.fmt import format_country
from partners.enums import EvidenceLevel
from partners.models import Facility, Organisation
from partners.models.vocabulary import Vocabulary

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Named:
    """The first few of several labels, and how many more there are. Empty means unknown."""

    labels: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    partner: Organisation
    types: Named
    countries: Named
    services: Named
    modalities: Named
    certificates: Named
    matching: tuple[Facility, ...]

    @property
    def from_register(self) -> bool:
        return is_from_register(self.partner)


def is_from_register(partner: Organisation) -> bool:
    """Whether the partner is a real company known from a public register."""
    return not partner.illustrative and partner.evidence_level == EvidenceLevel.PUBLIC_REGISTER


def build_card(partner: Organisation) -> Card:
    sites = partner.sites  # type: ignore[attr-defined]
    capabilities = [capability for site in sites for capability in site.capabilities.all()]
    return Card(
        partner=partner,
        types=_first(fact.type.label for fact in partner.type_facts.all()),
        countries=_first(sorted({format_country(site.country) for site in sites if site.country})),
        services=_most_frequent(capability.service for capability in capabilities),
        modalities=_most_frequent(c.modality for c in capabilities if c.modality),
        certificates=_most_frequent(certificate.type for site in sites for certificate in site.valid_now),
        matching=tuple(site for site in sites if site.matches),
    )


def _first(labels: Iterable[str]) -> Named:
    every = tuple(labels)
    return Named(every[:MOST_NAMED], max(0, len(every) - MOST_NAMED))


def _most_frequent(terms: Iterable[Vocabulary]) -> Named:
    """The terms that occur most often, in the order of the vocabulary where they occur equally often."""
    counts = Counter(terms)
    ordered = sorted(counts, key=lambda term: (-counts[term], term.order, term.label))
    return _first(term.label for term in ordered)
