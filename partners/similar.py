"""Partners like a given one, and in what they are alike.

The measure compares what is on record, feature by feature, as the share of all terms of the two that both have
(Jaccard index, 0 to 1; P. Jaccard, Bull. Soc. Vaud. Sci. Nat. 37 (1901) 547). Alikeness is the mean of those
shares weighted by `WEIGHTS`, over the features that are known of the given partner. Where nothing is known of
the other one its share is 0, so that nobody looks alike for want of data. It measures what partners offer,
not how good they are. Illustrative partners are compared among themselves, and so are real ones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from cmo_selector.templatetags.fmt import format_country
from partners.facets import loading
from partners.models import Capability, Facility, Organisation, OrganisationTypeFact

#: feature → (weight, what it is called)
WEIGHTS: dict[str, tuple[float, str]] = {
    "processes": (0.5, "Services for the same modality"),
    "services": (0.25, "Services"),
    "types": (0.15, "Organisation types"),
    "countries": (0.1, "Countries of sites"),
}
MOST_CANDIDATES = 60  # partners that share the most, which are then measured
MOST_SHOWN = 5
LEAST_ALIKE = 0.1

Terms = dict[object, str]  # key of a term → its label


@dataclass(frozen=True, slots=True)
class Shared:
    """One feature compared: the labels both have, and how many terms the two have together."""

    feature: str
    what: str
    labels: tuple[str, ...]
    of: int

    @property
    def share(self) -> float:
        return len(self.labels) / self.of


@dataclass(frozen=True, slots=True)
class Similar:
    partner: Organisation
    alike: float  # 0 to 1
    shared: tuple[Shared, ...]
    not_on_record: tuple[str, ...]  # services of the given partner that are not on record here
    also: tuple[str, ...]  # services on record here that the given partner has not

    @property
    def by_feature(self) -> dict[str, Shared]:
        return {part.feature: part for part in self.shared}


def similar_partners(partner: Organisation) -> list[Similar]:
    """The most similar active partners, most alike first: five queries, whatever their number.

    `partner` comes from `selectors.partner_profile`.
    """
    own = features_of(partner)
    if not own["services"]:
        return []
    candidates = _candidates(partner)
    theirs = _features(candidates)
    found = [_compare(own, other, theirs[other.pk]) for other in candidates]
    found = [other for other in found if other.alike >= LEAST_ALIKE]
    return sorted(found, key=lambda s: (-s.alike, s.partner.name, s.partner.pk))[:MOST_SHOWN]


def features_of(partner: Organisation) -> dict[str, Terms]:
    """The terms of a partner whose record was read with its sites."""
    sites = list(partner.facilities.all())
    facts = [fact for site in sites for fact in site.capabilities.all()]
    return {
        "processes": {
            (f.service_id, f.modality_id): f"{f.service.label} · {f.modality.label}"
            for f in facts
            if f.modality
        },
        "services": {f.service_id: f.service.label for f in facts},
        "types": {f.type_id: f.type.label for f in partner.type_facts.all()},
        "countries": {site.country.code: format_country(site.country) for site in sites},
    }


def _candidates(partner: Organisation) -> list[Organisation]:
    """Partners of the same kind of record that share the most processes, or services where no modality is known.

    Counted over the columns that browsing keeps in memory, since the common processes are those of half the catalogue.
    """
    columns = loading.current()
    service, modality = (
        {term.pk: at for at, term in enumerate(columns.terms.by_facet[facet].values())}
        for facet in ("service", "modality")
    )
    wanted = np.zeros(
        (len(modality) + 1, len(service) + 1), dtype=bool
    )  # the last ones answer for -1: unknown
    for site in partner.facilities.all():
        for fact in site.capabilities.all():
            wanted[modality.get(fact.modality_id, -1), service.get(fact.service_id, -1)] = True
    wanted[:, -1] = False
    rows = np.flatnonzero(wanted[columns.modality, columns.service])
    owner = columns.row_partner[rows]
    alike = (columns.illustrative == partner.illustrative) & (columns.partner_id != partner.pk)
    rows, owner = rows[alike[owner]], owner[alike[owner]]
    distinct = np.unique(owner * len(service) + columns.service[rows])
    shared = np.bincount(distinct // max(len(service), 1), minlength=columns.partner_id.size)
    found = np.flatnonzero(shared)
    best = found[np.lexsort((columns.partner_id[found], -shared[found]))][:MOST_CANDIDATES]
    return list(Organisation.objects.filter(pk__in=columns.partner_id[best].tolist()))


def _features(partners: Sequence[Organisation]) -> dict[int, dict[str, Terms]]:
    """The terms of many partners: three queries."""
    found: dict[int, dict[str, Terms]] = {p.pk: {feature: {} for feature in WEIGHTS} for p in partners}
    capabilities = (
        Capability.objects.filter(facility__organisation__in=found, facility__active=True)
        .order_by("service__order", "modality__order")
        .values_list("facility__organisation", "service", "service__label", "modality", "modality__label")
    )
    for owner, service, label, modality, modality_label in capabilities:
        found[owner]["services"][service] = label
        if modality:
            found[owner]["processes"][service, modality] = f"{label} · {modality_label}"
    types = OrganisationTypeFact.objects.filter(organisation__in=found)
    for owner, kind, label in types.values_list("organisation", "type", "type__label"):
        found[owner]["types"][kind] = label
    sites = Facility.objects.filter(organisation__in=found, active=True).order_by()
    for owner, country in sites.values_list("organisation", "country").distinct():
        found[owner]["countries"][str(country)] = format_country(country)
    return found


def _compare(own: dict[str, Terms], partner: Organisation, theirs: dict[str, Terms]) -> Similar:
    shared = tuple(
        Shared(
            feature,
            what,
            tuple(_common(own[feature], theirs[feature])),
            len({*own[feature], *theirs[feature]}),
        )
        for feature, (_, what) in WEIGHTS.items()
        if own[feature]
    )
    weight = sum(WEIGHTS[part.feature][0] for part in shared)
    return Similar(
        partner,
        sum(WEIGHTS[part.feature][0] * part.share for part in shared) / weight,
        shared,
        not_on_record=tuple(label for key, label in own["services"].items() if key not in theirs["services"]),
        also=tuple(label for key, label in theirs["services"].items() if key not in own["services"]),
    )


def _common(own: Terms, theirs: Terms) -> Iterable[str]:
    return (label for key, label in own.items() if key in theirs)
