"""The partners that a search finds, as rows of a table: one per process of a site, with what each rests on."""

import datetime
from collections.abc import Iterable, Iterator

from django.db.models import Prefetch

from cmo_selector.templatetags.fmt import format_country
from partners.browse import Result
from partners.enums import Stage
from partners.models import (
    Capability,
    Certificate,
    CommercialTerms,
    Evidenced,
    Facility,
    Organisation,
    OrganisationTypeFact,
)
from partners.spreadsheets import Value

PARTNERS_PER_CHUNK = 200

PARTNER_COLUMNS = ("Partner", "Short name", "Illustrative", "Organisation types")
SITE_COLUMNS = ("Site", "City", "Country code", "Country", "Site fulfils the search")
PROCESS_COLUMNS = (
    *("Service", "Modality", "Dosage form", "Production system", "Stage from", "Stage to"),
    *("Scale from", "Scale to", "Scale unit", "GMP for human use", "Lowest OEL (µg/m³, 8 h TWA)"),
    *("Containment band", "Biosafety level", "Programmes run"),
)
PRICE_COLUMNS = ("Minimum project", "Currency", "Terms retrieved on")
EVIDENCE_COLUMNS = (
    *("Row rests on", "Source", "Source illustrative", "Source link", "Reference in the source"),
    *("Retrieved on", "Evidence level", "Valid until"),
)
CERTIFICATE_COLUMNS = (
    *("Partner", "Short name", "Illustrative", "Site", "Certificate", "Number", "Issued by", "Scope"),
    *("Issued on", "Expires on"),
)


def export_partners(result: Result, *, prices: bool) -> Iterator[Organisation]:
    """Partners in the order of the search with all that the rows need, read in chunks.

    Each site has `matches`: whether it fulfils what the search asks of a site.
    """
    capability = Capability.objects.select_related(
        "source", "service", "modality", "dosage_form", "production_system", "scale_unit"
    )
    certificates = Certificate.objects.select_related("source", "type", "regulator")
    sites = Facility.objects.filter(active=True).select_related("source").order_by("name", "pk")
    partners = Organisation.objects.select_related("source").prefetch_related(
        Prefetch("type_facts", OrganisationTypeFact.objects.select_related("type")),
        Prefetch("facilities", sites, to_attr="sites"),
        Prefetch("sites__capabilities", capability),
        Prefetch("sites__certificates", certificates),
    )
    if prices:
        partners = partners.prefetch_related(Prefetch("terms", CommercialTerms.objects.all()))
    for start in range(0, len(result.ids), PARTNERS_PER_CHUNK):
        ids = result.ids[start : start + PARTNERS_PER_CHUNK]
        fulfilling = {site.id for found in result.sites_of(ids).values() for site in found}
        chunk = partners.in_bulk(ids)
        for partner in (chunk[pk] for pk in ids if pk in chunk):
            for site in partner.sites:  # type: ignore[attr-defined]
                site.matches = site.pk in fulfilling
            yield partner


def process_header(*, prices: bool) -> tuple[str, ...]:
    """Headings of `process_rows`; terms only for those who may see them."""
    terms = PRICE_COLUMNS if prices else ()
    return (*PARTNER_COLUMNS, *SITE_COLUMNS, *PROCESS_COLUMNS, *terms, *EVIDENCE_COLUMNS)


def process_rows(
    partners: Iterable[Organisation], *, about_sites: bool, prices: bool
) -> Iterator[list[Value]]:
    """A row per process of a site; a site without any, and a partner without a site, still have one row."""
    for partner in partners:
        terms = _terms(partner) if prices else []
        start = _partner_cells(partner)
        for site in partner.sites or [None]:  # type: ignore[attr-defined]
            place = [*start, *_site_cells(site, about_sites)]
            for process in (site.capabilities.all() if site else ()) or [None]:
                fact = process or site or partner
                yield [*place, *_process_cells(process), *terms, *_evidence_cells(fact)]


def certificate_header() -> tuple[str, ...]:
    """Headings of `certificate_rows`."""
    return (*CERTIFICATE_COLUMNS, *EVIDENCE_COLUMNS[1:])


def certificate_rows(partners: Iterable[Organisation]) -> Iterator[list[Value]]:
    """A row per certificate of a site, whether it is valid or not."""
    for partner in partners:
        for site in partner.sites:  # type: ignore[attr-defined]
            for held in site.certificates.all():
                issuer = held.body or (held.regulator.label if held.regulator else "")
                yield [
                    *(partner.name, partner.slug, partner.illustrative, site.name, held.type.label),
                    *(held.number, issuer, held.scope, held.issued_on, held.expires_on),
                    *_evidence_cells(held)[1:],
                ]


def _partner_cells(partner: Organisation) -> list[Value]:
    types = ", ".join(fact.type.label for fact in partner.type_facts.all())
    return [partner.name, partner.slug, partner.illustrative, types]


def _site_cells(site: Facility | None, about_sites: bool) -> list[Value]:
    if site is None:
        return [None] * len(SITE_COLUMNS)
    fulfils: Value = site.matches if about_sites else "nothing asked of a site"  # type: ignore[attr-defined]
    country = str(site.country or "")
    return [site.name, site.city, country, format_country(country), fulfils]


def _process_cells(process: Capability | None) -> list[Value]:
    if process is None:
        return [None] * len(PROCESS_COLUMNS)
    terms = (process.service, process.modality, process.dosage_form, process.production_system)
    stages = (Stage(stage).label if stage else None for stage in (process.stage_from, process.stage_to))
    unit = process.scale_unit.symbol if process.scale_unit else None
    return [
        *(term.label if term else None for term in terms),
        *stages,
        *(process.scale_min, process.scale_max, unit, process.gmp, process.oel_ug_m3),
        *(process.band_name, process.biosafety_level, process.programmes),
    ]


def _terms(partner: Organisation) -> list[Value]:
    """The newest stated minimum project, with its currency and date."""
    stated = (terms for terms in partner.terms.all() if terms.minimum_project is not None)
    newest = max(stated, key=lambda terms: (terms.retrieved_on, terms.pk), default=None)
    if newest is None:
        return [None] * len(PRICE_COLUMNS)
    return [newest.minimum_project, newest.currency, newest.retrieved_on]


def _evidence_cells(fact: Evidenced) -> list[Value]:
    kind = {Capability: "process", Facility: "site", Organisation: "partner"}.get(type(fact), "fact")
    valid_until: Value = fact.valid_until or "no end stated"
    return [
        *(kind, fact.source.title, fact.source.illustrative, fact.source.url or "none"),
        *(fact.source_reference or "none", fact.retrieved_on, fact.get_evidence_level_display(), valid_until),
    ]


def about_rows(
    *, asked: Iterable[tuple[str, str]], remarks: Iterable[str], count: int, on: datetime.date, prices: bool
) -> Iterator[list[Value]]:
    """What the file holds, how it was asked for, and how to read it."""
    yield ["Made on", on]
    yield ["Partners found", count]
    yield from ([f"Filter: {name}", label] for name, label in asked)
    yield from (["Left out of the search", remark] for remark in remarks)
    yield ["Unknown", "Nobody has stated it. It does not mean no, none or zero."]
    yield ["Illustrative", "yes: an invented company, which says nothing about any real one."]
    if not prices:
        yield ["Terms and prices", "Hidden for your role."]
