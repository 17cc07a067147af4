"""Real contract partners for the demo: what the register snapshot states about them, and nothing else.

The snapshot is applied through the same importer as any file. Then every group of `cdmo_core_sites.csv`
becomes a partner, and every D-U-N-S row of it a site with name, address, registered operations, the
registration with its expiry, and identifiers. The register says nothing of organisation types, modalities,
scales or GMP, so those stay unknown. Two things are this project's own work, and say so where they stand:
which sites belong together, and the position of a site (the centre of its city, from GeoNames).
"""

import csv
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from cmo_selector.audit.services import record
from partners.enums import AliasKind, EvidenceLevel, IdentifierScheme
from partners.models import (
    Alias,
    Capability,
    Certificate,
    Facility,
    Identifier,
    Organisation,
    RegisterEstablishment,
)
from partners.models.organisation import RESERVED_SLUGS

from .addresses import parse_address
from .drls import DRLS
from .evidence import refresh_evidence
from .facts import Vocabulary
from .geography import Place, Position, city_centres
from .linking import link_establishments
from .snapshots import ESTABLISHMENTS, FOLDER, RECORDS, apply_snapshot

CORE_SITES = FOLDER / "cdmo_core_sites.csv"

# Named in the data's README as only partly contract manufacturers, so not presented as contract partners.
LEFT_OUT = frozenset({"Evonik", "Laurus", "Sterigenics"})

GROUPING_NOTE = (
    "This project grouped the sites under this name from firm and registrant names. "
    "The register does not state that they belong together."
)


class DemoError(RuntimeError):
    """The demo cannot be loaded yet; the message says what to do first."""


@dataclass
class DemoResult:
    """What loading created; all zero on a second run."""

    establishments: int = 0
    organisations: int = 0
    facilities: int = 0
    located: int = 0
    capabilities: int = 0
    certificates: int = 0
    identifiers: int = 0
    aliases: int = 0
    linked: int = 0
    records: int = 0  # Form 483s, letters, actions and drug listings
    records_linked: int = 0
    facts_from_records: int = 0


@transaction.atomic
def load_register_demo() -> DemoResult:
    """Apply the snapshot, then create the partners and sites that are not there yet.

    Needs the vocabularies; raises DemoError without them. What exists is never changed: a site is known by
    its D-U-N-S number, a partner by its name.
    """
    result = DemoResult()
    if not Vocabulary().complete:
        raise DemoError("The vocabularies are missing; run `manage.py load_vocabularies` first.")
    if report := apply_snapshot(ESTABLISHMENTS):
        result.establishments = report.created
    groups = _groups()
    positions = _positions([row for rows in groups.values() for row in rows])
    for name, rows in groups.items():
        _add_group(name, rows, positions, result)
    result.linked = link_establishments()
    before = _counted()
    refresh_evidence(register=DRLS.kind)
    result.certificates, result.capabilities = (
        now - then for now, then in zip(_counted(), before, strict=True)
    )
    for snapshot in RECORDS:
        if report := apply_snapshot(snapshot):
            result.records += report.created
            result.records_linked += report.linked
            result.facts_from_records += report.facts["added"]
    if result.organisations or result.facilities:
        source = next(iter(groups.values()))[0].source
        record(actor=None, verb="catalogue.register_demo_loaded", obj=source, data=vars(result))
    return result


def _counted() -> tuple[int, int]:
    return Certificate.objects.count(), Capability.objects.count()


def _groups() -> dict[str, list[RegisterEstablishment]]:
    """Partner name → its establishments that are in the register now."""
    with CORE_SITES.open(encoding="utf-8", newline="") as file:
        group_of = {
            row["DUNS_NUMBER"]: row["PARENT_GROUP_DERIVED"]
            for row in csv.DictReader(file)
            if row["PARENT_GROUP_DERIVED"] not in LEFT_OUT
        }
    groups: dict[str, list[RegisterEstablishment]] = defaultdict(list)
    rows = RegisterEstablishment.objects.filter(duns__in=group_of, left_on__isnull=True).exclude(country="")
    for row in rows.select_related("source").order_by("duns"):
        groups[_without_remark(group_of[row.duns])].append(row)
    return dict(sorted(groups.items()))


def _without_remark(name: str) -> str:
    """ "Simtra (ex Baxter BioPharma)" → "Simtra": the register states no former names or parents."""
    return re.sub(r"\s*\([^)]*\)", "", name).strip()


def _place(row: RegisterEstablishment) -> Place:
    return Place(row.country, row.city, parse_address(row.address).region_code)


def _positions(rows: list[RegisterEstablishment]) -> dict[Place, Position]:
    known = set(
        Identifier.objects.filter(
            scheme=IdentifierScheme.DUNS, value__in=[row.duns for row in rows]
        ).values_list("value", flat=True)
    )
    return city_centres({_place(row) for row in rows if row.duns not in known})


def _evidence(row: RegisterEstablishment, *, reference: str | None = None) -> dict[str, Any]:
    return {
        "source": row.source,
        "source_reference": row.duns if reference is None else reference,
        "retrieved_on": row.last_seen_on,
        "evidence_level": EvidenceLevel.PUBLIC_REGISTER,
    }


def _add_group(
    name: str,
    rows: list[RegisterEstablishment],
    positions: dict[Place, Position],
    result: DemoResult,
) -> None:
    known = set(
        Identifier.objects.filter(
            scheme=IdentifierScheme.DUNS, value__in=[row.duns for row in rows]
        ).values_list("value", flat=True)
    )
    new = [row for row in rows if row.duns not in known]
    if not new:
        return
    organisation = Organisation.objects.filter(name=name, illustrative=False).first()
    if organisation is None:
        reference = rows[0].duns if len(rows) == 1 else f"{len(rows)} rows, see the sites"
        organisation = Organisation.objects.create(
            name=name,
            slug=_free_slug(name),
            grouping_note=GROUPING_NOTE,
            **_evidence(rows[0], reference=reference),
        )
        result.organisations += 1
    _add_aliases(organisation, new, result)
    _add_sites(organisation, new, positions, result)


def _free_slug(name: str) -> str:
    slug = slugify(name)[:100]
    taken = slug in RESERVED_SLUGS or Organisation.objects.filter(slug=slug).exists()
    return f"{slug}-fda" if taken else slug


def _add_aliases(organisation: Organisation, rows: list[RegisterEstablishment], result: DemoResult) -> None:
    known = set(organisation.aliases.values_list("name", flat=True))
    first: dict[str, RegisterEstablishment] = {}
    for row in rows:
        first.setdefault(row.firm_name[:200], row)
    aliases = [
        Alias(organisation=organisation, name=name, kind=AliasKind.LEGAL, **_evidence(row))
        for name, row in first.items()
        if name not in known
    ]
    result.aliases += len(Alias.objects.bulk_create(aliases))


def _add_sites(
    organisation: Organisation,
    rows: list[RegisterEstablishment],
    positions: dict[Place, Position],
    result: DemoResult,
) -> None:
    taken = Counter(organisation.facilities.values_list("slug", flat=True))
    sites = [_site(organisation, row, positions.get(_place(row)), taken) for row in rows]
    Facility.objects.bulk_create(sites)
    pairs = list(zip(sites, rows, strict=True))
    identifiers = [
        Identifier(facility=site, scheme=scheme, value=value, **_evidence(row))
        for site, row in pairs
        for scheme, value in ((IdentifierScheme.DUNS, row.duns), (IdentifierScheme.FEI, row.fei))
        if value
    ]
    result.facilities += len(sites)
    result.located += sum(site.latitude is not None for site in sites)
    result.identifiers += len(Identifier.objects.bulk_create(identifiers))


def _site(
    organisation: Organisation, row: RegisterEstablishment, position: Position | None, taken: Counter[str]
) -> Facility:
    base = slugify(f"{row.city} {row.firm_name}")[:110].strip("-") or row.duns
    taken[base] += 1
    slug = base if taken[base] == 1 else f"{base}-{taken[base]}"
    reference = f"{row.duns}; position: city centre from GeoNames" if position else row.duns
    return Facility(
        organisation=organisation,
        slug=slug,
        name=row.firm_name[:200],
        street=row.street[:300],
        city=row.city[:120],
        region=row.region[:120],
        postal_code=row.postal_code[:40],
        country=row.country,
        latitude=position.latitude if position else None,
        longitude=position.longitude if position else None,
        located_by="city" if position else "",
        **_evidence(row, reference=reference),
    )
