"""The partners that a search finds, as rows of a table: one per process of a site, with what each rests on.

Rows are read as plain values, some hundred partners at a time, so that a file of the whole catalogue costs no more
memory than one of a page, and time in proportion to its rows.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cmo_selector.templatetags.fmt import format_country
from partners.browse import Result
from partners.enums import EvidenceLevel, Stage
from partners.models import (
    Capability,
    Certificate,
    CommercialTerms,
    Facility,
    Organisation,
    OrganisationTypeFact,
)
from partners.spreadsheets import Value

PARTNERS_PER_CHUNK = 500

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


STAGES = {stage.value: stage.label for stage in Stage}
LEVELS = dict(EvidenceLevel.choices)
EVIDENCE = (
    *("source__title", "source__illustrative", "source__url", "source_reference"),
    *("retrieved_on", "evidence_level", "valid_until"),
)
TERMS = ("service__label", "modality__label", "dosage_form__label", "production_system__label")
PROCESS = (
    *("scale_min", "scale_max", "scale_unit__symbol", "gmp", "oel_ug_m3"),
    *("band_name", "biosafety_level", "programmes"),
)


@dataclass(slots=True)
class SiteRows:
    """A site's cells, whether it fulfils what the search asks of a site, what it rests on, and its facts."""

    cells: list[Value]
    fulfils: bool
    rests_on: list[Value]
    facts: list[list[Value]] = field(default_factory=list)


@dataclass(slots=True)
class PartnerRows:
    """A partner's cells, its newest stated minimum project and its sites."""

    cells: list[Value]
    rests_on: list[Value]
    terms: list[Value]
    sites: list[SiteRows] = field(default_factory=list)


def processes_of(result: Result, *, prices: bool) -> Iterator[PartnerRows]:
    """The partners of a search in its order, with the processes of their sites: five queries for each chunk."""
    for ids in _chunks(result):
        partners, sites = _partners(result, ids, prices=prices)
        rows = Capability.objects.filter(facility__in=sites).order_by(
            "service__order", "modality__order", "pk"
        )
        names = ("facility_id", *TERMS, "stage_from", "stage_to", *PROCESS, *EVIDENCE)
        for owner, *cells in rows.values_list(*names):
            cells[4:6] = [STAGES.get(stage) for stage in cells[4:6]]
            sites[owner].facts.append([*cells[:14], *_evidence("process", cells[14:])])
        yield from partners


def certificates_of(result: Result) -> Iterator[PartnerRows]:
    """The same partners with the certificates of their sites, valid or not."""
    for ids in _chunks(result):
        partners, sites = _partners(result, ids, prices=False)
        rows = Certificate.objects.filter(facility__in=sites).order_by("type__order", "-expires_on", "pk")
        names = (
            "facility_id",
            "type__label",
            "number",
            "body",
            "regulator__label",
            "scope",
            "issued_on",
            "expires_on",
        )
        for owner, label, number, body, regulator, *cells in rows.values_list(*names, *EVIDENCE):
            held = [label, number, body or regulator, *cells[:3]]
            sites[owner].facts.append([*held, *_evidence("fact", cells[3:])[1:]])
        yield from partners


def _chunks(result: Result) -> Iterator[Sequence[int]]:
    for start in range(0, len(result.ids), PARTNERS_PER_CHUNK):
        yield result.ids[start : start + PARTNERS_PER_CHUNK]


def _partners(
    result: Result, ids: Sequence[int], *, prices: bool
) -> tuple[list[PartnerRows], dict[int, SiteRows]]:
    """The partners with these ids in their order, without what their sites do, and their sites by id."""
    types: dict[int, list[str]] = defaultdict(list)
    facts = OrganisationTypeFact.objects.filter(organisation__in=ids).order_by("type__order", "pk")
    for owner, label in facts.values_list("organisation_id", "type__label"):
        types[owner].append(label)
    terms = _newest_terms(ids) if prices else {}
    unknown: list[Value] = [None] * len(PRICE_COLUMNS) if prices else []
    found: dict[int, PartnerRows] = {}
    rows = Organisation.objects.filter(pk__in=ids).order_by()
    for pk, name, slug, illustrative, *rests_on in rows.values_list(
        "pk", "name", "slug", "illustrative", *EVIDENCE
    ):
        cells = [name, slug, illustrative, ", ".join(types[pk])]
        found[pk] = PartnerRows(cells, _evidence("partner", rests_on), terms.get(pk, unknown))
    fulfilling = {site.id for sites in result.sites_of(ids).values() for site in sites}
    sites: dict[int, SiteRows] = {}
    places = Facility.objects.filter(organisation__in=ids, active=True).order_by("name", "pk")
    for pk, owner, name, city, country, *rests_on in places.values_list(
        "pk", "organisation_id", "name", "city", "country", *EVIDENCE
    ):
        cells = [name, city, country, format_country(country)]
        sites[pk] = SiteRows(cells, pk in fulfilling, _evidence("site", rests_on))
        found[owner].sites.append(sites[pk])
    return [found[pk] for pk in ids if pk in found], sites


def _newest_terms(ids: Sequence[int]) -> dict[int, list[Value]]:
    """Partner → the newest stated minimum project, with its currency and date."""
    stated = CommercialTerms.objects.filter(organisation__in=ids, minimum_project__isnull=False)
    newest = stated.order_by("organisation_id", "-retrieved_on", "-pk").distinct("organisation_id")
    rows = newest.values_list("organisation_id", "minimum_project", "currency", "retrieved_on")
    return {owner: cells for owner, *cells in rows}


def _evidence(kind: str, stated: Sequence[Any]) -> list[Value]:
    """The values of EVIDENCE as cells."""
    title, illustrative, url, reference, retrieved_on, level, valid_until = stated
    return [
        *(kind, title, illustrative, url or "none", reference or "none", retrieved_on),
        *(LEVELS.get(level, level), valid_until or "no end stated"),
    ]


def process_header(*, prices: bool) -> tuple[str, ...]:
    """Headings of `process_rows`; terms only for those who may see them."""
    terms = PRICE_COLUMNS if prices else ()
    return (*PARTNER_COLUMNS, *SITE_COLUMNS, *PROCESS_COLUMNS, *terms, *EVIDENCE_COLUMNS)


def process_rows(partners: Iterable[PartnerRows], *, about_sites: bool) -> Iterator[list[Value]]:
    """A row per process of a site; a site without any, and a partner without a site, still have one row."""
    nowhere: list[Value] = [None] * len(SITE_COLUMNS)
    nothing: list[Value] = [None] * len(PROCESS_COLUMNS)
    size = len(PROCESS_COLUMNS)
    for partner in partners:
        if not partner.sites:
            yield [*partner.cells, *nowhere, *nothing, *partner.terms, *partner.rests_on]
        for site in partner.sites:
            fulfils: Value = site.fulfils if about_sites else "nothing asked of a site"
            start = [*partner.cells, *site.cells, fulfils]
            for fact in site.facts or [[*nothing, *site.rests_on]]:
                yield [*start, *fact[:size], *partner.terms, *fact[size:]]


def certificate_header() -> tuple[str, ...]:
    """Headings of `certificate_rows`."""
    return (*CERTIFICATE_COLUMNS, *EVIDENCE_COLUMNS[1:])


def certificate_rows(partners: Iterable[PartnerRows]) -> Iterator[list[Value]]:
    """A row per certificate of a site, whether it is valid or not."""
    for partner in partners:
        for site in partner.sites:
            yield from ([*partner.cells[:3], site.cells[0], *fact] for fact in site.facts)


def about_rows(
    *,
    asked: Iterable[tuple[str, str]],
    remarks: Iterable[str],
    spelling: str,
    count: int,
    on: datetime.date,
    prices: bool,
) -> Iterator[list[Value]]:
    """What the file holds, how it was asked for, and how to read it."""
    yield ["Made on", on]
    yield ["Partners found", count]
    yield from ([f"Filter: {name}", label] for name, label in asked)
    if spelling:
        yield ["Spelling", spelling]
    yield from (["Left out of the search", remark] for remark in remarks)
    yield ["Unknown", "Nobody has stated it. It does not mean no, none or zero."]
    yield ["Illustrative", "yes: an invented company, which says nothing about any real one."]
    if not prices:
        yield ["Terms and prices", "Hidden for your role."]
