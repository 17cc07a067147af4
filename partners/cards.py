"""What a result card says about a partner, from rows that `selectors.cards` has read."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from cmo_selector.templatetags.fmt import format_country
from partners.enums import EvidenceLevel
from partners.models import Facility, Organisation
from partners.models.vocabulary import Vocabulary
from partners.selectors import Criteria

MOST_NAMED = 4


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


def build_card(partner: Organisation, criteria: Criteria) -> Card:
    """The card of a partner found by a search; what was searched for is named first."""
    sites = partner.sites  # type: ignore[attr-defined]
    capabilities = [capability for site in sites for capability in site.capabilities.all()]
    return Card(
        partner=partner,
        types=_first(fact.type.label for fact in partner.type_facts.all()),
        countries=_first(sorted({format_country(site.country) for site in sites if site.country})),
        services=_most_frequent((c.service for c in capabilities), criteria.services),
        modalities=_most_frequent((c.modality for c in capabilities if c.modality), criteria.modalities),
        certificates=_most_frequent(
            (c.type for site in sites for c in site.valid_now), criteria.certificates
        ),
        matching=tuple(site for site in sites if site.matches),
    )


def _first(labels: Iterable[str]) -> Named:
    every = tuple(labels)
    return Named(every[:MOST_NAMED], max(0, len(every) - MOST_NAMED))


def _most_frequent(terms: Iterable[Vocabulary], wanted: frozenset[str]) -> Named:
    """Wanted terms, then those that occur most often; equals in the order of the vocabulary."""
    counts = Counter(terms)
    ordered = sorted(counts, key=lambda t: (t.code not in wanted, -counts[t], t.order, t.label))
    return _first(term.label for term in ordered)
