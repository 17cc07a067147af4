"""What the catalogue's pages read: search terms, the partners that match, one partner's whole record."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, IntegerField, Max, Model, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Greatest
from django.utils import timezone
from django_countries import countries

from partners.enums import EvidenceLevel
from partners.facets.criteria import BIOSAFETY, CHECKED_MONTHS, INSPECTED_YEARS, NOT_CHECKED
from partners.facets.regions import REGIONS, region_of
from partners.models import (
    Alias,
    Audit,
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
    Ownership,
    RegisterEstablishment,
    RegulatoryAction,
    RestrictedPartyEntry,
    ScaleUnit,
    Service,
    TrackRecord,
)
from partners.models.evidence import in_force

ILLUSTRATIVE, REAL = "illustrative", "real"

SORTS = {
    "name": "Best match, then name",
    "sites": "Most sites",
    "checked": "Last checked, newest",
    "unchecked": "Last checked, oldest",
}


# -- terms a search may use ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """One value a facet offers. `parent` is the code of the branch it belongs to, `group` a mere heading.

    `pk` is the row of the vocabulary, 0 where there is none.
    """

    code: str
    label: str
    group: str = ""
    parent: str = ""
    active: bool = True
    pk: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """The values every facet may take, by facet and code, in the order in which they are shown."""

    by_facet: dict[str, dict[str, Term]]

    def with_descendants(self, facet: str, codes: Iterable[str]) -> frozenset[str]:
        """Codes of a facet with everything below them in its tree."""
        children: dict[str, list[str]] = {}
        for term in self.by_facet[facet].values():
            children.setdefault(term.parent, []).append(term.code)
        found: set[str] = set()
        waiting = list(codes)
        while waiting:
            code = waiting.pop()
            if code not in found:
                found.add(code)
                waiting.extend(children.get(code, ()))
        return frozenset(found)

    def searched_labels(self) -> list[str]:
        """Labels whose words the text search knows."""
        return [term.label for facet in SEARCHED for term in self.by_facet[facet].values()]


SEARCHED = ("service", "modality", "dosage_form", "certificate")  # facets whose labels the text search reads


def facet_terms() -> Terms:
    """Every vocabulary a partner can be filtered by (eight queries, whatever the size of the catalogue)."""

    def load(model: type[Model], group: str = "") -> dict[str, Term]:
        fields = ["pk", "code", "label", "active", *([group] if group else [])]
        rows = model.objects.order_by("order", "label", "pk").values(*fields)  # type: ignore[attr-defined]
        return {
            row["code"]: Term(
                row["code"], row["label"], group=row.get(group, ""), active=row["active"], pk=row["pk"]
            )
            for row in rows
        }

    def fixed(**labels: str) -> dict[str, Term]:
        return {code: Term(code, label) for code, label in labels.items()}

    services = {
        code: Term(code, label, parent=parent or "", active=active, pk=pk)
        for pk, code, label, parent, active in Service.objects.order_by("order", "label", "pk").values_list(
            "pk", "code", "label", "parent__code", "active"
        )
    }
    units = {
        code: Term(code, symbol, active=active, pk=pk)
        for pk, code, symbol, active in ScaleUnit.objects.order_by("order", "label", "pk").values_list(
            "pk", "code", "symbol", "active"
        )
    }
    return Terms(
        {
            "type": load(OrganisationType, "family"),
            "modality": load(Modality, "group"),
            "service": services,
            "dosage_form": load(DosageForm),
            "scale_unit": units,
            "country": _countries(),
            "certificate": load(CertificateType),
            "structure": load(ContractStructure),
            "industry": load(Industry),
            "gmp": fixed(yes="For human use", no="No", unknown="Unknown"),
            "bsl": {code: Term(code, f"BSL-{code} or higher") for code in BIOSAFETY},
            "evidence": fixed(**dict(EvidenceLevel.choices)),
            "actions": fixed(none="None open or of unknown close-out"),
            "inspected": {
                code: Term(code, f"Within {years} year{'s' if years > 1 else ''}")
                for code, years in INSPECTED_YEARS.items()
            },
            "checked": {
                **{code: Term(code, f"Within {months} months") for code, months in CHECKED_MONTHS.items()},
                NOT_CHECKED: Term(NOT_CHECKED, "Longer ago"),
            },
            "sponsor_size": fixed(virtual="Virtual", small="Small", mid="Mid-size", large="Large"),
            "record": {
                REAL: Term(REAL, "Real companies (public registers)"),
                ILLUSTRATIVE: Term(ILLUSTRATIVE, "Illustrative companies (fictional)"),
            },
        }
    )


def _countries() -> dict[str, Term]:
    """Regions, and below them their countries by name. Countries without a site may be asked for as well."""
    regions = region_of()
    return {
        **{code: Term(code, name) for code, name in REGIONS.items()},
        **{code: Term(code, name, parent=regions.get(code, "")) for code, name in countries},
    }


# -- search --------------------------------------------------------------------------------------


def valid_certificates(on: datetime.date) -> QuerySet[Certificate]:
    """Certificates known to be valid on a day; one without an expiry date is not known to be valid."""
    stated = Certificate.objects.filter(in_force(timezone.localdate()))
    return stated.filter(Q(issued_on=None) | Q(issued_on__lte=on), expires_on__gte=on)


def _latest(model: type[Model], owner: str) -> Subquery:
    """The last day on which a row of the model about the partner was retrieved; null when there is none."""
    rows = model.objects.filter(**{owner: OuterRef("pk")})  # type: ignore[attr-defined]
    if model is not Facility:
        rows = rows.filter(in_force(timezone.localdate()))
    return Subquery(rows.order_by().values(owner).annotate(last=Max("retrieved_on")).values("last"))


def with_figures(queryset: QuerySet[Organisation]) -> QuerySet[Organisation]:
    """Adds `site_count` (active sites; None where none is on record, which is no known 0) and `checked_on`."""
    sites = (
        Facility.objects.filter(organisation=OuterRef("pk"), active=True).order_by().values("organisation")
    )
    return with_checked_on(queryset).annotate(
        site_count=Subquery(sites.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    )


def with_checked_on(queryset: QuerySet[Organisation]) -> QuerySet[Organisation]:
    """Adds `checked_on`, the day on which the newest of the main facts was retrieved: partner, sites, and what is
    still stated of capabilities, certificates and terms."""
    return queryset.annotate(
        checked_on=Greatest(
            "retrieved_on",
            _latest(Facility, "organisation"),
            _latest(Capability, "facility__organisation"),
            _latest(Certificate, "facility__organisation"),
            _latest(CommercialTerms, "organisation"),
        ),
    )


def cards(ids: Sequence[int], on: datetime.date) -> list[Organisation]:
    """Partners in the order of their ids with what a result card shows: five queries, whatever their number."""
    sites = Facility.objects.filter(active=True).order_by("name", "pk")
    stated = in_force(timezone.localdate())
    partners = (
        with_figures(Organisation.objects.filter(pk__in=ids))
        .prefetch_related(
            Prefetch("type_facts", OrganisationTypeFact.objects.filter(stated).select_related("type")),
            Prefetch("facilities", sites, to_attr="sites"),
            Prefetch(
                "sites__capabilities", Capability.objects.filter(stated).select_related("service", "modality")
            ),
            Prefetch(
                "sites__certificates", valid_certificates(on).select_related("type"), to_attr="valid_now"
            ),
        )
        .in_bulk()
    )
    return [partners[pk] for pk in ids if pk in partners]


# -- one partner ---------------------------------------------------------------------------------


def partner_profile(slug: str, *, prices: bool) -> Organisation | None:
    """One partner, active or not, with everything its page shows; None when there is no such partner."""
    return partner_records([slug], prices=prices).first()


def partner_records(slugs: Iterable[str], *, prices: bool) -> QuerySet[Organisation]:
    """Partners, active or not, with everything known about them: as many queries for six as for one.

    Terms and prices are not even read unless `prices`.
    """
    partners = (
        with_checked_on(Organisation.objects.filter(slug__in=list(slugs)))
        .select_related("source")
        .prefetch_related(
            _facts("type_facts", OrganisationTypeFact, "type"),
            _facts("structure_facts", ContractStructureFact, "structure"),
            _facts("industry_facts", IndustryFact, "industry"),
            _facts("owners", Ownership),
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
            _facts("audits", Audit),
            _facts("actions", RegulatoryAction, "regulator"),
            _facts("slots", CapacitySlot, "service", "modality", "unit"),
            Prefetch("register_establishments", RegisterEstablishment.objects.select_related("source")),
        )
    )


def metrics_to_ask() -> list[Metric]:
    """Measures that are offered and have a question to ask when unknown, in their order."""
    return list(Metric.objects.filter(active=True).exclude(question=""))
