"""Builds columns from the rows of the catalogue, of all partners or of some."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from partners.facets import reading
from partners.facets.columns import NEVER, CertificateRows, Columns, Ints, Lookup, Pairs, day_number
from partners.selectors import Terms, facet_terms


def load(
    today: datetime.date, terms: Terms | None = None, partners_only: Collection[int] | None = None
) -> Columns:
    """Reads the whole catalogue, or what belongs to the partners with these ids. Slots that ended before
    `today` and facts whose validity did are left out. `terms` are read too unless they are given."""
    terms = terms or facet_terms()

    def read(table: str) -> Any:
        return reading.read(table, today, partners_only)

    partners, sites = read("partners"), read("sites")
    partner_of = Lookup(partners["id"])
    checked = np.maximum(partners["retrieved"], partners["terms_retrieved"])
    site_owner = partner_of.find(sites["owner"])
    site_of = Lookup(sites["id"])
    _raise_to(checked, site_owner, sites["retrieved"])

    kept = np.flatnonzero((sites["active"] == 1) & (site_owner >= 0))
    kept = kept[np.argsort(site_owner[kept], kind="stable")]
    place = np.full(len(sites) + 1, -1, dtype=np.int64)  # of all sites, among the active ones
    place[kept] = np.arange(len(kept))
    site_partner = site_owner[kept]
    countries = {
        ord(code[0]) * 256 + ord(code[1]): at
        for at, code in enumerate(terms.by_facet["country"])
        if len(code) == 2
    }
    country = np.array(
        [countries.get(number, -1) for number in sites["country"][kept].tolist()], dtype=np.int64
    )

    def sited(rows: Any) -> Ints:
        """The place among active sites of each row's owner; dates are noted for the partner on the way."""
        found = site_of.find(rows["owner"])
        if "retrieved" in rows.dtype.names:
            _raise_to(
                checked,
                np.where(found >= 0, site_owner[found], -1) if len(sites) else found,
                rows["retrieved"],
            )
        return place[found]

    open_action = np.zeros(len(kept), dtype=bool)
    acted = sited(read("actions"))
    open_action[acted[acted >= 0]] = True
    inspected = np.full(len(kept), -1, dtype=np.int64)
    inspections = read("inspections")
    _raise_to(inspected, sited(inspections), inspections["ended"])
    certificates = read("certificates")
    held = sited(certificates)
    at_site = np.flatnonzero(held >= 0)
    at_site = at_site[np.argsort(held[at_site], kind="stable")]

    processes, slots = read("processes"), read("slots")
    row_site = sited(processes)
    known = np.flatnonzero(row_site >= 0)
    order = known[np.argsort(row_site[known], kind="stable")]
    modality = _positions(terms, "modality", processes["modality"])
    service = _positions(terms, "service", processes["service"])
    slots = slots[(slots["ends"] < 0) | (slots["ends"] >= day_number(today))]
    open_from, others = _open_from(
        terms,
        _Process(row_site[order], modality[order], service[order]),
        _Process(
            sited(slots),
            _positions(terms, "modality", slots["modality"]),
            _positions(terms, "service", slots["service"]),
        ),
        slots["starts"],
    )
    silent = np.setdiff1d(np.arange(len(kept)), row_site)
    bare = np.union1d(silent, others.owner)
    bare_from = np.full(bare.size, NEVER, dtype=np.int64)
    np.minimum.at(bare_from, np.searchsorted(bare, others.owner), others.value)
    rows = _Rows(order, np.concatenate([row_site[order], bare]))
    return Columns(
        terms=terms,
        partner_id=partners["id"],
        illustrative=partners["illustrative"] == 1,
        checked=checked,
        site_count=np.bincount(site_partner, minlength=len(partners)),
        minimum=partners["minimum"],
        currency=np.maximum(partners["currency"], 0),
        types=_pairs(partner_of, terms, "type", read("types")),
        structures=_pairs(partner_of, terms, "structure", read("structures")),
        industries=_pairs(partner_of, terms, "industry", read("industries")),
        sponsor_sizes=_pairs(partner_of, terms, "", read("sponsor_sizes")),
        site_id=sites["id"][kept],
        site_partner=site_partner,
        country=country,
        open_action=open_action,
        inspected=inspected,
        latitude=sites["latitude"][kept],
        longitude=sites["longitude"][kept],
        city=sites["city"][kept],
        certificates=CertificateRows(
            held[at_site],
            _positions(terms, "certificate", certificates["type"])[at_site],
            certificates["issued"][at_site],
            certificates["expires"][at_site],
        ),
        row_site=rows.site,
        modality=rows.of(modality),
        service=rows.of(service),
        dosage_form=rows.of(_positions(terms, "dosage_form", processes["dosage_form"])),
        gmp=rows.of(processes["gmp"]),
        evidence=rows.of(processes["evidence"]),
        biosafety=rows.of(processes["biosafety"]),
        scale_unit=rows.of(_positions(terms, "scale_unit", processes["scale_unit"])),
        scale_low=rows.of(processes["scale_low"]),
        scale_high=rows.of(processes["scale_high"]),
        oel=rows.of(processes["oel"]),
        earliest=np.concatenate([open_from, bare_from])[rows.sorting],
    )


@dataclass(frozen=True, slots=True)
class _Process:
    """What rows or slots say: the site, and the process as positions, -1 for any."""

    site: Ints
    modality: Ints
    service: Ints


class _Rows:
    """Processes in the order of their sites, with one empty row for each site that has none."""

    def __init__(self, order: Ints, site: Ints):
        self.order = order
        self.sorting = np.argsort(site, kind="stable")
        self.site = site[self.sorting]

    def of(self, values: Any) -> Any:
        unknown = np.nan if values.dtype.kind == "f" else -1
        empty = np.full(self.site.size - self.order.size, unknown, dtype=values.dtype)
        return np.concatenate([values[self.order], empty])[self.sorting]


def _raise_to(days: Ints, owner: Ints, values: Ints) -> None:
    """Raises the days of the owners to the values, where an owner is known."""
    np.maximum.at(days, owner[owner >= 0], values[owner >= 0])


def _positions(terms: Terms, facet: str, keys: Ints) -> Ints:
    """Rows of a vocabulary as positions among the facet's terms."""
    return Lookup(np.array([term.pk for term in terms.by_facet[facet].values()], dtype=np.int64)).find(keys)


def _pairs(partners: Lookup, terms: Terms, facet: str, rows: Any) -> Pairs:
    """Facts of active partners; without a facet the values are positions already."""
    owner = partners.find(rows["owner"])
    value = _positions(terms, facet, rows["value"]) if facet else rows["value"]
    kept = np.flatnonzero((owner >= 0) & (value >= 0))
    kept = kept[np.argsort(owner[kept], kind="stable")]
    return Pairs(owner[kept], value[kept])


def _open_from(terms: Terms, rows: _Process, slots: _Process, starts: Ints) -> tuple[Ints, Pairs]:
    """The first open day of each row, and the days of slots that fit no row of their site.

    A slot fits the rows of its site that have its process; one that names no process fits all of them. A slot for
    a branch of services is one for all below it, and the other way round. `rows` are sorted by site.
    """
    open_from = np.full(rows.site.size, NEVER, dtype=np.int64)
    first = np.searchsorted(rows.site, slots.site)
    count = np.searchsorted(rows.site, slots.site, side="right") - first
    slot = np.repeat(np.arange(slots.site.size), count)
    row = np.arange(slot.size) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    modality, service = slots.modality[slot], slots.service[slot]
    fits = (modality < 0) | (rows.modality[row] < 0) | (modality == rows.modality[row])
    fits &= (service < 0) | (rows.service[row] < 0) | _related(terms)[service, rows.service[row]]
    np.minimum.at(open_from, row[fits], starts[slot[fits]])
    other = slots.site >= 0
    other[slot[fits]] = False
    return open_from, Pairs(slots.site[other], starts[other])


def _related(terms: Terms) -> Any:
    """Whether one service is the other, or lies above or below it."""
    services = list(terms.by_facet["service"])
    place = {code: at for at, code in enumerate(services)}
    below = np.zeros((len(services) + 1, len(services) + 1), dtype=bool)
    for at, code in enumerate(services):
        for other in terms.with_descendants("service", [code]):
            below[at, place[other]] = True
    return below | below.T
