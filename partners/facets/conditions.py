"""Every single filter as a condition on rows, sites or partners. What is unknown never fulfils one."""

from collections.abc import Iterable

import numpy as np

from partners.facets.columns import NEVER, Columns, Ints, Mask, Pairs, day_number
from partners.facets.criteria import (
    BIOSAFETY,
    CHECKED_MONTHS,
    INSPECTED_YEARS,
    NOT_CHECKED,
    Criteria,
    Scale,
    months_before,
)
from partners.facets.money import minimum_in
from partners.selectors import ILLUSTRATIVE, REAL


def row_conditions(columns: Columns, criteria: Criteria) -> dict[str, Mask]:
    """What is asked of one process of a site."""
    plain = {
        "modality": columns.modality,
        "service": columns.service,
        "dosage_form": columns.dosage_form,
        "gmp": columns.gmp,
        "evidence": columns.evidence,
    }
    found = {
        name: one_of(columns, name, values, criteria.chosen(name))
        for name, values in plain.items()
        if criteria.chosen(name)
    }
    if levels := criteria.chosen("bsl"):
        found["bsl"] = columns.biosafety >= min(BIOSAFETY[code] for code in levels)
    if criteria.scale:
        found["scale"] = in_scale(columns, criteria.scale)
    if criteria.oel is not None:
        found["oel"] = columns.oel <= float(criteria.oel)
    if criteria.slot_by:
        found["slot_by"] = columns.earliest <= min(day_number(criteria.slot_by), NEVER - 1)
    return found


def site_conditions(columns: Columns, criteria: Criteria) -> dict[str, Mask]:
    """What is asked of one site."""
    found = {}
    if codes := criteria.chosen("country"):
        found["country"] = one_of(columns, "country", columns.country, codes)
    if codes := criteria.chosen("certificate"):
        held = columns.certificates
        chosen = one_of(columns, "certificate", held.type, codes) & valid_on(columns, criteria)
        found["certificate"] = np.zeros(columns.site_id.size, dtype=bool)
        found["certificate"][held.site[chosen]] = True
    if criteria.chosen("actions"):
        found["actions"] = ~columns.open_action
    if codes := criteria.chosen("inspected"):
        found["inspected"] = columns.inspected >= inspected_since(criteria, codes)
    return found


def partner_conditions(columns: Columns, criteria: Criteria) -> dict[str, Mask]:
    """What is asked of the partner as a whole."""
    pairs = {
        "type": columns.types,
        "structure": columns.structures,
        "industry": columns.industries,
        "sponsor_size": columns.sponsor_sizes,
    }
    found = {
        name: _owners(columns, name, facts, criteria.chosen(name))
        for name, facts in pairs.items()
        if criteria.chosen(name)
    }
    if codes := criteria.chosen("checked"):
        found["checked"] = np.zeros(columns.partner_id.size, dtype=bool)
        for code in codes:
            found["checked"] |= checked_within(columns, criteria, code)
    if codes := criteria.chosen("record"):
        found["record"] = (columns.illustrative & (ILLUSTRATIVE in codes)) | (
            ~columns.illustrative & (REAL in codes)
        )
    if criteria.min_project:
        found["min_project"] = minimum_in(columns, criteria.min_project.currency) <= float(
            criteria.min_project.amount
        )
    return found


def one_of(columns: Columns, facet: str, values: Ints, codes: Iterable[str]) -> Mask:
    """Whether each value is one of the codes; -1 is none of them."""
    wanted = np.zeros(columns.size(facet) + 1, dtype=bool)
    for code in codes:
        wanted[columns.position(facet, code)] = True
    return wanted[values]


def _owners(columns: Columns, facet: str, facts: Pairs, codes: Iterable[str]) -> Mask:
    found = np.zeros(columns.partner_id.size, dtype=bool)
    found[facts.owner[one_of(columns, facet, facts.value, codes)]] = True
    return found


def in_scale(columns: Columns, scale: Scale) -> Mask:
    """Whether the known range of each row overlaps the one asked for, in its unit."""
    fits = columns.scale_unit == columns.position("scale_unit", scale.unit)
    if scale.low is not None:
        fits = fits & (columns.scale_high >= float(scale.low))
    if scale.high is not None:
        fits = fits & (columns.scale_low <= float(scale.high))
    return fits


def valid_on(columns: Columns, criteria: Criteria) -> Mask:
    """Certificates known to be valid on the day asked for."""
    on, held = day_number(criteria.certificate_on), columns.certificates
    return (held.issued <= on) & (held.expires >= on)  # no issue date is -1; no expiry is never valid


def inspected_since(criteria: Criteria, codes: Iterable[str]) -> int:
    """The day on or after which the last inspection must have ended: of several spans, the longest."""
    years = max(INSPECTED_YEARS[code] for code in codes)
    return day_number(months_before(criteria.today, 12 * years))


def checked_within(columns: Columns, criteria: Criteria, code: str) -> Mask:
    """Partners of which a main fact was checked within one of CHECKED_MONTHS, or not within any."""
    if code == NOT_CHECKED:
        return ~checked_within(columns, criteria, max(CHECKED_MONTHS, key=lambda code: CHECKED_MONTHS[code]))
    return columns.checked >= day_number(months_before(criteria.today, CHECKED_MONTHS[code]))
