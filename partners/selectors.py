"""What the catalogue's pages read: search terms, the partners that match, one partner's whole record."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import (
    BooleanField,
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    Model,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Lower
from django.utils import timezone
from django_countries import countries

from partners import finding
from partners.models import (
    Alias,
    Capability,
    CapacitySlot,
    Certificate,
    CertificateType,
    CommercialTerms,
    ContractStructure,
    ContractStructureFact,
    Document,
    DosageForm,
    Equipment,
    Facility,
    Identifier,
    IndicativePrice,
    Industry,
    IndustryFact,
    Inspection,
    Metric,
    MetricValue,
    Modality,
    Organisation,
    OrganisationType,
    OrganisationTypeFact,
    RegisterEstablishment,
    RegulatoryAction,
    RestrictedPartyEntry,
    Service,
    TrackRecord,
)

ILLUSTRATIVE, REAL = "illustrative", "real"
MOST_WORDS = finding.MOST_WORDS
SHORTEST_IDENTIFIER = 4
LEAST_LIKENESS = 0.4  # word similarity (pg_trgm, 0-1) of a name that may have been meant

SORTS: dict[str, tuple[str, tuple]] = {
    "name": ("Best match, then name", (Lower("name"), "pk")),
    "sites": ("Most sites", (F("site_count").desc(), Lower("name"), "pk")),
    "checked": ("Last checked, newest", (F("checked_on").desc(), Lower("name"), "pk")),
    "unchecked": ("Last checked, oldest", (F("checked_on").asc(), Lower("name"), "pk")),
}


# -- terms a search may use ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """One value a facet offers. `parent` is the code of the branch it belongs to, `group` a mere heading."""

    code: str
    label: str
    group: str = ""
    parent: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """The values every facet may take, by facet and code, in the order in which they are shown."""

    by_facet: dict[str, dict[str, Term]]

    def with_descendants(self, services: Iterable[str]) -> frozenset[str]:
        """Service codes with everything below them in the tree."""
        children: dict[str, list[str]] = {}
        for term in self.by_facet["service"].values():
            children.setdefault(term.parent, []).append(term.code)
        found: set[str] = set()
        waiting = list(services)
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting.extend(children.get(code, ()))
        return frozenset(found)


def facet_terms() -> Terms:
    """Every vocabulary a partner can be filtered by (nine queries, whatever the size of the catalogue)."""

    def load(model: type[Model], group: str = "") -> dict[str, Term]:
        fields = ["code", "label", "active", *([group] if group else [])]
        rows = model.objects.order_by("order", "label", "pk").values(*fields)  # type: ignore[attr-defined]
        return {
            row["code"]: Term(row["code"], row["label"], group=row.get(group, ""), active=row["active"])
            for row in rows
        }

    services = {
        code: Term(code, label, parent=parent or "", active=active)
        for code, label, parent, active in Service.objects.order_by("order", "label", "pk").values_list(
            "code", "label", "parent__code", "active"
        )
    }
    return Terms(
        {
            "type": load(OrganisationType, "family"),
            "modality": load(Modality, "group"),
            "service": services,
            "dosage_form": load(DosageForm),
            "country": _countries(),
            "certificate": load(CertificateType),
            "structure": load(ContractStructure),
            "industry": load(Industry),
            "record": {
                REAL: Term(REAL, "Real companies (public registers)"),
                ILLUSTRATIVE: Term(ILLUSTRATIVE, "Illustrative companies (fictional)"),
            },
        }
    )


def _countries() -> dict[str, Term]:
    """Countries with a site, by name. Any other real country may be asked for and finds nothing."""
    used = set(
        Facility.objects.filter(active=True, organisation__active=True)
        .order_by()
        .values_list("country", flat=True)
        .distinct()
    )
    return {code: Term(code, name, active=code in used) for code, name in countries}


# -- search --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Criteria:
    """What to look for. Codes within one facet are alternatives; facets must all hold.

    Modalities, services and dosage forms must hold for one and the same process of a site, and countries and
    certificates (valid on the day) for that same site: two sites never make up for each other. `services`
    holds descendants already.
    """

    text: str = ""
    types: frozenset[str] = frozenset()
    modalities: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    dosage_forms: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()
    structures: frozenset[str] = frozenset()
    industries: frozenset[str] = frozenset()
    records: frozenset[str] = frozenset()

    @property
    def about_sites(self) -> bool:
        """Whether anything is asked of a site."""
        return bool(
            self.modalities or self.services or self.dosage_forms or self.countries or self.certificates
        )


def valid_certificates(on: datetime.date) -> QuerySet[Certificate]:
    """Certificates known to be valid on a day; one without an expiry date is not known to be valid."""
    return Certificate.objects.filter(Q(issued_on=None) | Q(issued_on__lte=on), expires_on__gte=on)


def site_condition(criteria: Criteria, on: datetime.date) -> Q:
    """What one site must fulfil, as a condition on `Facility`."""
    condition = Q(active=True)
    process = {
        "modality__code__in": criteria.modalities,
        "service__code__in": criteria.services,
        "dosage_form__code__in": criteria.dosage_forms,
    }
    wanted = {lookup: codes for lookup, codes in process.items() if codes}
    if wanted:
        condition &= Q(Exists(Capability.objects.filter(facility=OuterRef("pk"), **wanted)))
    if criteria.countries:
        condition &= Q(country__in=criteria.countries)
    if criteria.certificates:
        held = valid_certificates(on).filter(facility=OuterRef("pk"), type__code__in=criteria.certificates)
        condition &= Q(Exists(held))
    return condition


def search(criteria: Criteria, queryset: QuerySet[Organisation] | None = None) -> QuerySet[Organisation]:
    """Active partners that fulfil the criteria, in no particular order."""
    found = Organisation.objects.active() if queryset is None else queryset
    if criteria.records == {ILLUSTRATIVE}:
        found = found.filter(illustrative=True)
    elif criteria.records == {REAL}:
        found = found.filter(illustrative=False)
    facts = (
        (OrganisationTypeFact, "type", criteria.types),
        (ContractStructureFact, "structure", criteria.structures),
        (IndustryFact, "industry", criteria.industries),
    )
    for model, term, codes in facts:
        if codes:
            rows = model.objects.filter(organisation=OuterRef("pk"), **{f"{term}__code__in": codes})
            found = found.filter(Exists(rows))
    if criteria.about_sites:
        sites = Facility.objects.filter(site_condition(criteria, timezone.localdate()))
        found = found.filter(Exists(sites.filter(organisation=OuterRef("pk"))))
    return found.filter(finding.holds(criteria.text)) if criteria.text else found


def _latest(model: type[Model], owner: str) -> Subquery:
    """The last day on which a row of the model about the partner was retrieved; null when there is none."""
    rows = model.objects.filter(**{owner: OuterRef("pk")}).order_by().values(owner)  # type: ignore[attr-defined]
    return Subquery(rows.annotate(last=Max("retrieved_on")).values("last"))


def with_figures(queryset: QuerySet[Organisation]) -> QuerySet[Organisation]:
    """Adds `site_count` (active sites) and `checked_on`, when one of the main facts was last retrieved."""
    sites = (
        Facility.objects.filter(organisation=OuterRef("pk"), active=True).order_by().values("organisation")
    )
    return queryset.annotate(
        site_count=Coalesce(
            Subquery(sites.annotate(n=Count("pk")).values("n")), 0, output_field=IntegerField()
        ),
        checked_on=Greatest(
            "retrieved_on",
            _latest(Facility, "organisation"),
            _latest(Capability, "facility__organisation"),
            _latest(Certificate, "facility__organisation"),
            _latest(CommercialTerms, "organisation"),
        ),
    )


def sorted_by(queryset: QuerySet[Organisation], sort: str, text: str = "") -> QuerySet[Organisation]:
    """In the order of one of `SORTS`; always the same order for the same rows. By name, best match comes first."""
    found, order = with_figures(queryset), SORTS[sort][1]
    if text and sort == "name":
        return finding.with_match(found, text).order_by(F("match").desc(), *order)
    return found.order_by(*order)


def cards(queryset: QuerySet[Organisation], criteria: Criteria) -> QuerySet[Organisation]:
    """The partners with what a result card shows: five more queries, whatever their number.

    Each site has `matches`: whether it alone fulfils what the search asks of a site.
    """
    on = timezone.localdate()
    matches = Case(
        When(site_condition(criteria, on), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    sites = Facility.objects.filter(active=True).annotate(matches=matches).order_by("name", "pk")
    return queryset.prefetch_related(
        Prefetch("type_facts", OrganisationTypeFact.objects.select_related("type")),
        Prefetch("facilities", sites, to_attr="sites"),
        Prefetch("sites__capabilities", Capability.objects.select_related("service", "modality")),
        Prefetch("sites__certificates", valid_certificates(on).select_related("type"), to_attr="valid_now"),
    )


# -- one partner ---------------------------------------------------------------------------------


def partner_profile(slug: str, *, prices: bool) -> Organisation | None:
    """One partner, active or not, with everything its page shows; None when there is no such partner."""
    return partner_records([slug], prices=prices).first()


def partner_records(slugs: Iterable[str], *, prices: bool) -> QuerySet[Organisation]:
    """Partners, active or not, with everything known about them: as many queries for six as for one.

    Terms and prices are not even read unless `prices`.
    """
    partners = (
        Organisation.objects.filter(slug__in=list(slugs))
        .select_related("source")
        .prefetch_related(
            _facts("type_facts", OrganisationTypeFact, "type"),
            _facts("structure_facts", ContractStructureFact, "structure"),
            _facts("industry_facts", IndustryFact, "industry"),
            _facts("aliases", Alias),
            _facts("identifiers", Identifier),
            _facts("restrictions", RestrictedPartyEntry, "list"),
            _facts(
                "track_record", TrackRecord, "modality", "service", "dosage_form", "regulator", "facility"
            ),
            _facts("metric_values", MetricValue, "metric", "facility"),
            _facts("documents", Document, "type", "facility"),
            Prefetch("facilities", _sites()),
        )
    )
    if prices:
        partners = partners.prefetch_related(
            _facts("terms", CommercialTerms), _facts("prices", IndicativePrice, "service", "modality")
        )
    return partners


def _facts(name: str, model: type[Model], *related: str) -> Prefetch:
    """Rows of a fact model with their source and what they refer to."""
    return Prefetch(name, model.objects.select_related("source", *related))  # type: ignore[attr-defined]


def _sites() -> QuerySet[Facility]:
    """Active sites with everything known about them."""
    terms = ("service", "service__parent", "modality", "dosage_form", "production_system", "scale_unit")
    certificates = Certificate.objects.select_related("source", "type", "regulator").prefetch_related(
        "scope_services", "scope_dosage_forms"
    )
    return (
        Facility.objects.filter(active=True)
        .select_related("source")
        .order_by("name", "pk")
        .prefetch_related(
            _facts("identifiers", Identifier),
            _facts("capabilities", Capability, *terms),
            _facts("equipment", Equipment, "size_unit"),
            Prefetch("certificates", certificates),
            _facts("inspections", Inspection, "regulator"),
            _facts("actions", RegulatoryAction, "regulator"),
            _facts("slots", CapacitySlot, "service", "modality", "unit"),
            Prefetch("register_establishments", RegisterEstablishment.objects.select_related("source")),
        )
    )


def metrics_to_ask() -> list[Metric]:
    """Measures that are offered and have a question to ask when unknown, in their order."""
    return list(Metric.objects.filter(active=True).exclude(question=""))
