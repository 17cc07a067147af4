"""What a result card says about a partner, from rows that `selectors.cards` has read."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cmo_selector.templatetags.fmt import format_country
from partners import selectors
from partners.browse import MatchingSite, Result
from partners.enums import EvidenceLevel
from partners.facets.criteria import Criteria
from partners.models import Facility, Organisation
from partners.models.vocabulary import Vocabulary

MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Named:
    """The first few of several labels, and how many more there are. Empty means unknown."""

    labels: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A site that fulfils the search; in a network of sites, `meets` names the filters it meets."""

    site: Facility
    meets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    partner: Organisation
    types: Named
    countries: Named
    services: Named
    modalities: Named
    certificates: Named
    matching: tuple["Place", ...]

    @property
    def from_register(self) -> bool:
        return is_from_register(self.partner)


def is_from_register(partner: Organisation) -> bool:
    """Whether the partner is a real company known from a public register."""
    return not partner.illustrative and partner.evidence_level == EvidenceLevel.PUBLIC_REGISTER


def build_cards(result: Result, ids: Sequence[int]) -> list[Card]:
    """The cards of one page of a search: five queries, whatever their number."""
    sites = result.sites_of(ids)
    partners = selectors.cards(ids, result.criteria.certificate_on)
    return [build_card(partner, result.criteria, sites[partner.pk]) for partner in partners]


def build_card(partner: Organisation, criteria: Criteria, fulfilling: Iterable[MatchingSite]) -> Card:
    """The card of a partner found by a search; what was searched for is named first."""
    meets = {match.id: match.meets for match in fulfilling}
    sites = partner.sites  # type: ignore[attr-defined]
    capabilities = [capability for site in sites for capability in site.capabilities.all()]
    return Card(
        partner=partner,
        types=_first(fact.type.label for fact in partner.type_facts.all()),
        countries=_first(sorted({format_country(site.country) for site in sites if site.country})),
        services=_most_frequent((c.service for c in capabilities), criteria.chosen("service")),
        modalities=_most_frequent(
            (c.modality for c in capabilities if c.modality), criteria.chosen("modality")
        ),
        certificates=_most_frequent(
            (c.type for site in sites for c in site.valid_now), criteria.chosen("certificate")
        ),
        matching=tuple(Place(site, meets[site.pk]) for site in sites if site.pk in meets),
    )


def _first(labels: Iterable[str]) -> Named:
    every = tuple(labels)
    return Named(every[:MOST_NAMED], max(0, len(every) - MOST_NAMED))


def _most_frequent(terms: Iterable[Vocabulary], wanted: frozenset[str]) -> Named:
    """Wanted terms, then those that occur most often; equals in the order of the vocabulary."""
    counts = Counter(terms)
    ordered = sorted(counts, key=lambda t: (t.code not in wanted, -counts[t], t.order, t.label))
    return _first(term.label for term in ordered)
