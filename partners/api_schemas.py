"""What the API answers about partners. The schemas of facts are made from the fields that each kind shows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db import models
from ninja import Schema
from pydantic import create_model

from partners import models as m
from partners.models import Evidenced, Facility, Organisation, RestrictedPartyList
from partners.models.vocabulary import Vocabulary


class Term(Schema):
    """A value of a vocabulary or of a closed list."""

    code: str
    label: str


class Source(Schema):
    code: str
    title: str
    publisher: str
    url: str
    dated_on: dt.date | None
    illustrative: bool


class Evidence(Schema):
    """What a fact rests on."""

    source: Source
    reference: str
    retrieved_on: dt.date
    level: Term
    valid_until: dt.date | None


class SiteMatch(Schema):
    """A site that fulfils the search; `meets` names the filters it meets in a network of sites."""

    id: int
    name: str
    city: str
    country: Term
    meets: list[str]


class PartnerSummary(Schema):
    slug: str
    name: str
    illustrative: bool
    url: str
    page: str
    types: list[Term]
    countries: list[Term]
    sites: int | None
    services: list[Term]
    modalities: list[Term]
    valid_certificates: list[Term]
    matching_sites: list[SiteMatch]
    evidence_level: Term
    checked_on: dt.date


class FacetValue(Schema):
    """`count` is how many partners choosing the value would give."""

    code: str
    label: str
    count: int
    chosen: bool
    below: list[FacetValue] = []


class FacetCounts(Schema):
    parameter: str
    label: str
    values: list[FacetValue]


class PartnerList(Schema):
    """One page of a search. `count` partners are found; `facets` are there when asked for; `read_as` says how the text
    was read when no partner holds it as written, e.g. with a mistyped name spelt right."""

    count: int
    read_as: list[str]
    page: int
    pages: int
    per_page: int
    next: str | None
    previous: str | None
    search_page: str
    facets: list[FacetCounts] | None
    results: list[PartnerSummary]


# -- facts ---------------------------------------------------------------------------------------------

#: fields of every kind of fact, as the API shows them
FIELDS: dict[type[Evidenced], tuple[str, ...]] = {
    m.OrganisationTypeFact: ("type",),
    m.ContractStructureFact: ("structure",),
    m.IndustryFact: ("industry",),
    m.Alias: ("name", "kind", "used_from", "used_until"),
    m.Ownership: ("owner", "owned_from", "owned_until", "note"),
    m.Identifier: ("scheme", "value"),
    m.RestrictedPartyEntry: ("list", "name_on_list", "effective_from", "effective_until"),
    m.TrackRecord: (
        *("kind", "count", "facility", "service", "modality", "dosage_form", "regulator"),
        *("first_year", "last_year", "description"),
    ),
    m.MetricValue: ("metric", "number", "flag", "text", "period_end", "facility"),
    m.Document: ("type", "title", "url", "dated_on", "facility"),
    m.Capability: (
        *("service", "modality", "dosage_form", "production_system", "stage_from", "stage_to"),
        *("scale_min", "scale_max", "scale_unit", "gmp", "oel_ug_m3", "band_name", "biosafety_level"),
        *("dedicated_for", "programmes", "note"),
    ),
    m.Equipment: ("name", "quantity", "size", "size_unit"),
    m.Certificate: ("type", "regulator", "body", "number", "scope", "issued_on", "expires_on", "url"),
    m.Inspection: (
        *("regulator", "kind", "started_on", "ended_on", "product_area", "outcome", "observations"),
        *("closed_out_on", "note", "url"),
    ),
    m.Audit: ("auditor", "auditor_name", "standard", "scope", "audited_on", "outcome", "open_actions"),
    m.RegulatoryAction: (
        *("regulator", "kind", "issued_on", "closed_on", "close_out_unknown", "reference", "summary", "url"),
    ),
    m.CapacitySlot: ("service", "modality", "starts_on", "ends_on", "status", "quantity", "unit"),
    m.CommercialTerms: (
        *("minimum_project", "currency", "payment_days", "payment_note", "cancellation_notice_months"),
        *("cancellation_share", "cancellation_note"),
    ),
    m.IndicativePrice: ("service", "modality", "basis", "low", "high", "currency"),
    Facility: (
        *("name", "street", "city", "region", "postal_code", "country", "latitude", "longitude"),
        *("located_by", "opened_year", "capabilities_complete_on"),
    ),
    Organisation: ("slug", "name", "illustrative", "active", "summary", "website", "founded_year",
                   "employees"),
}  # fmt: skip

#: what hangs on a partner and on a site: name in the API → (relation, model)
PARTNER_FACTS: dict[str, tuple[str, type[Evidenced]]] = {
    "types": ("type_facts", m.OrganisationTypeFact),
    "contract_structures": ("structure_facts", m.ContractStructureFact),
    "industries": ("industry_facts", m.IndustryFact),
    "ownership": ("owners", m.Ownership),
    "aliases": ("aliases", m.Alias),
    "identifiers": ("identifiers", m.Identifier),
    "restrictions": ("restrictions", m.RestrictedPartyEntry),
    "track_record": ("track_record", m.TrackRecord),
    "metrics": ("metric_values", m.MetricValue),
    "documents": ("documents", m.Document),
}
PRICE_FACTS: dict[str, tuple[str, type[Evidenced]]] = {
    "terms": ("terms", m.CommercialTerms),
    "prices": ("prices", m.IndicativePrice),
}
SITE_FACTS: dict[str, tuple[str, type[Evidenced]]] = {
    "identifiers": ("identifiers", m.Identifier),
    "capabilities": ("capabilities", m.Capability),
    "equipment": ("equipment", m.Equipment),
    "certificates": ("certificates", m.Certificate),
    "inspections": ("inspections", m.Inspection),
    "audits": ("audits", m.Audit),
    "regulatory_actions": ("actions", m.RegulatoryAction),
    "capacity": ("slots", m.CapacitySlot),
}


class SiteName(Schema):
    id: int
    name: str


class RestrictedList(Schema):
    code: str
    name: str
    publisher: str
    url: str
    effect: str


def _type(field: Any) -> Any:
    """The type under which a field appears."""
    if field.name == "country" or field.choices:
        return Term
    if field.is_relation:
        return {Facility: SiteName, RestrictedPartyList: RestrictedList}.get(field.related_model, Term)
    for kind, shown in (
        (models.DecimalField, Decimal),
        (models.BooleanField, bool),
        (models.IntegerField, int),
        (models.DateField, dt.date),
    ):
        if isinstance(field, kind):
            return shown
    return str


def _schema(model: type[Evidenced], **more: Any) -> type[Schema]:
    fields: dict[str, Any] = {
        name: (_type(model._meta.get_field(name)) | None, None) for name in FIELDS[model]
    }
    return create_model(
        model.__name__, __base__=Schema, __doc__=model.__doc__, **fields, evidence=(Evidence, ...), **more
    )


SCHEMAS = {model: _schema(model) for model in FIELDS if model not in (Facility, Organisation)}


def _lists(facts: dict[str, tuple[str, type[Evidenced]]]) -> dict[str, Any]:
    return {name: (list[SCHEMAS[model]], ...) for name, (_, model) in facts.items()}  # type: ignore[valid-type]


Site = _schema(Facility, id=(int, ...), **_lists(SITE_FACTS))
Partner = _schema(
    Organisation,
    url=(str, ...),
    page=(str, ...),
    **_lists(PARTNER_FACTS),
    **{
        name: (list[SCHEMAS[model]] | None, None)  # type: ignore[valid-type]
        for name, (_, model) in PRICE_FACTS.items()
    },
    hidden=(list[str], ...),
    sites=(list[Site], ...),  # type: ignore[valid-type]
)


# -- rows as the schemas show them ------------------------------------------------------------------------


def term(row: Vocabulary | None) -> dict[str, str] | None:
    return {"code": row.code, "label": row.label} if row else None


def fact(row: Evidenced) -> dict[str, Any]:
    """A row in the fields of its kind, with what it rests on. Unknown is None."""
    return {**{name: _value(row, name) for name in FIELDS[type(row)]}, "evidence": evidence(row)}


def evidence(row: Evidenced) -> dict[str, Any]:
    return {
        "source": {name: getattr(row.source, name) for name in Source.model_fields},
        "reference": row.source_reference,
        "retrieved_on": row.retrieved_on,
        "level": {"code": row.evidence_level, "label": row.get_evidence_level_display()},
        "valid_until": row.valid_until,
    }


def _value(row: Any, name: str) -> Any:
    value = getattr(row, name)
    if value is None or value == "":
        return None
    if name == "country":
        return {"code": str(value), "label": value.name}
    if isinstance(value, Vocabulary):
        return term(value)
    if isinstance(value, Facility):
        return {"id": value.pk, "name": value.name}
    if isinstance(value, RestrictedPartyList):
        return {field: getattr(value, field) for field in RestrictedList.model_fields}
    if row._meta.get_field(name).choices:
        return {"code": str(value), "label": getattr(row, f"get_{name}_display")()}
    return value
