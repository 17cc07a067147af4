"""Rows of public registers for a synthetic catalogue: as many establishments as partners, and records of the others.

They are invented as everything in it is: firms are called synthetic, numbers begin with digits that FDA does not give.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from partners.synthetic import Maker

COUNTRIES = ("US", "CN", "IN", "DE", "CH", "GB", "FR", "IT", "IE", "KR", "JP", "ES", "CA", "NL", "BE", "AT")
OPERATIONS = ("MANUFACTURE", "API MANUFACTURE", "PACK", "LABEL", "ANALYSIS", "REPACK", "STERILIZE")
OUTCOMES = ("nai", "vai", "oai")
KINDS = ("warning_letter", "injunction", "seizure")
SUBSTANCES = (
    "IBUPROFEN",
    "METFORMIN",
    "AMLODIPINE",
    "HEPARIN",
    "LEVOTHYROXINE",
    "OMEPRAZOLE",
    "ATORVASTATIN",
)
SEEN = ("2026-08-01", "2026-09-01")  # first and last file


def write_registers(maker: Maker, sites: range) -> None:
    """About one row per partner in each register; every other establishment is linked to a site."""
    linked = maker.pick(sites, maker.count, even=True)
    names = maker.names(maker.count)
    maker.write("registerestablishment", ESTABLISHMENT, _establishments(maker, names, linked))
    maker.write("registerform483", FORM_483, _forms(maker, names, linked))
    maker.write("registeraction", ACTION, _actions(maker, names, linked))
    maker.write("registerinspection", INSPECTION, _inspections(maker, names, linked))
    maker.write("registerlisting", LISTING, _listings(maker, names))


ROW = ("key", "source_id", "first_seen_on", "last_seen_on")
ESTABLISHMENT = (
    *(
        "duns",
        "fei",
        "firm_name",
        "address",
        "street",
        "city",
        "region",
        "postal_code",
        "country",
        "operations",
    ),
    *("expires_on", "registrant_name", "registrant_duns", "excluded", "facility_id", "source_id"),
    *("first_seen_on", "last_seen_on"),
)
FORM_483 = (
    *ROW,
    "document",
    "fei",
    "firm_name",
    "record_type",
    "recorded_on",
    "posted_on",
    "url",
    "facility_id",
)
ACTION = (
    *(*ROW, "listing", "fei", "firm_name", "state", "country", "country_name", "product_type", "action_type"),
    *("kind", "issued_on", "case_id", "url", "issuing_office", "subject", "facility_id"),
)
INSPECTION = (
    *(*ROW, "inspection_id", "fei", "firm_name", "city", "state", "postal_code", "country", "country_name"),
    *("fiscal_year", "ended_on", "outcome", "project_area", "product_type", "details", "facility_id"),
)
LISTING = (
    *(*ROW, "product_ndc", "product_type", "name", "dosage_form", "category", "labeler", "substances"),
    *("strengths", "units", "schedule"),
)


def _row(maker: Maker, number: int) -> str:
    return f"synthetic-{number}\t{maker.source}\t{SEEN[0]}\t{SEEN[1]}"


def _establishments(maker: Maker, names: list[str], linked: list[int]) -> Iterator[str]:
    size = len(names)
    rows = zip(names, linked, maker.pick(COUNTRIES, size), maker.pick(OPERATIONS, size),
               maker.days(-100, 400, size), strict=True)  # fmt: skip
    for number, (name, site, country, operation, expires) in enumerate(rows, 1):
        facility = site if number % 2 else r"\N"
        yield (
            f"{number:09}\t9{number:09}\t{name}\tSynthetic street\tSynthetic street\tSynthetic city {number % 900}\t\t"
            f"\t{country}\t{{{operation}}}\t{expires}\t{name}\t{number:09}\tf\t{facility}\t{maker.source}"
            f"\t{SEEN[0]}\t{SEEN[1]}"
        )


def _forms(maker: Maker, names: list[str], linked: list[int]) -> Iterator[str]:
    for number, (name, site, day) in enumerate(
        zip(names, linked, maker.days(-3000, 0, len(names)), strict=True), 1
    ):
        facility = site if number % 2 else r"\N"
        yield (
            f"{_row(maker, number)}\tsynthetic-{number}\t9{number:09}\t{name}\t483\t{day}\t{day}\thttps://example.org/"
            f"\t{facility}"
        )


def _actions(maker: Maker, names: list[str], linked: list[int]) -> Iterator[str]:
    size = len(names)
    rows = zip(names, linked, maker.days(-3000, 0, size), maker.pick(KINDS, size),
               maker.pick(COUNTRIES, size), strict=True)  # fmt: skip
    for number, (name, site, day, kind, country) in enumerate(rows, 1):
        facility = site if number % 2 else r"\N"
        yield (
            f"{_row(maker, number)}\tletters-as-posted\t9{number:09}\t{name}\t\t{country}\t{country}\tDrugs"
            f"\tSynthetic letter\t{kind}\t{day}\tSYN-{number}\t\tSynthetic office\tSynthetic subject\t{facility}"
        )


def _inspections(maker: Maker, names: list[str], linked: list[int]) -> Iterator[str]:
    size = len(names)
    rows = zip(names, linked, maker.days(-3000, 0, size), maker.pick(OUTCOMES, size),
               maker.pick(COUNTRIES, size), strict=True)  # fmt: skip
    for number, (name, site, day, outcome, country) in enumerate(rows, 1):
        facility = site if number % 2 else r"\N"
        yield (
            f"{_row(maker, number)}\tSYN-{number}\t9{number:09}\t{name}\tSynthetic city {number % 900}\t\t\t{country}"
            f"\t{country}\t{day[:4]}\t{day}\t{outcome}\tDrug Quality Assurance\tDrugs\t\t{facility}"
        )


def _listings(maker: Maker, names: list[str]) -> Iterator[str]:
    substances = maker.pick(SUBSTANCES, len(names))
    for number, (name, substance) in enumerate(zip(names, substances, strict=True), 1):
        yield (
            f"{_row(maker, number)}\t99{number:06}-1\tBULK INGREDIENT\tSynthetic {substance.lower()} {number}\tPOWDER"
            f"\tBULK INGREDIENT\t{name}\t{{{substance}}}\t{{1}}\t{{kg/kg}}\t"
        )
