"""Loads the illustrative partners of the demo (partners/data/illustrative/*.json).

They are invented, and flagged so on the partner and on every source. Partners that are there already are left
alone, unless `refresh` asks to replace all their facts, with dates counted from today again.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.db import models, transaction
from django.utils import timezone

from partners import models as m
from partners.demo_items import DemoDataError, Rows
from partners.demo_reader import Reader
from partners.enums import EvidenceLevel

FOLDER = Path(__file__).parent / "data" / "illustrative"
PUBLISHER = "Invented for demonstration"

# Evidence level → the source that a fact of that level names.
SOURCES: dict[str, tuple[str, str]] = {
    EvidenceLevel.SELF_DECLARED: ("illustrative-statement", "Illustrative vendor statement"),
    EvidenceLevel.DOCUMENT_CHECKED: ("illustrative-questionnaire", "Illustrative answered questionnaire"),
    EvidenceLevel.AUDITED: ("illustrative-audit", "Illustrative audit report"),
    EvidenceLevel.PUBLIC_REGISTER: ("illustrative-register", "Illustrative register extract"),
}
PARTY_LIST = "illustrative-restricted-parties"
# Facts that hang on the partner itself; those of a site go when the site goes.
OWN_FACTS: tuple[type[models.Model], ...] = (
    m.OrganisationTypeFact,
    m.ContractStructureFact,
    m.IndustryFact,
    m.Ownership,
    m.Alias,
    m.RestrictedPartyEntry,
    m.CommercialTerms,
    m.IndicativePrice,
    m.TrackRecord,
    m.MetricValue,
    m.Document,
)

__all__ = ["DemoDataError", "LoadedPartners", "load_illustrative_partners"]


@dataclass(frozen=True, slots=True)
class LoadedPartners:
    """How many partners were created, had their facts replaced, or were left alone."""

    created: int
    refreshed: int
    unchanged: int


@transaction.atomic
def load_illustrative_partners(
    *, today: dt.date | None = None, folder: Path | None = None, refresh: bool = False
) -> LoadedPartners:
    """Create the partners of every file in `folder`, in one transaction.

    Needs the vocabularies. Raises DemoDataError, naming file, partner and key, and changes nothing when
    something is wrong with the data.
    """
    reader = Reader(today or timezone.localdate(), _sources(), _party_lists())
    read = [pair for file in sorted((folder or FOLDER).glob("*.json")) for pair in reader.partners(file)]
    _unique(organisation for organisation, _ in read)
    existing = m.Organisation.objects.in_bulk([o.slug for o, _ in read], field_name="slug")
    for organisation in existing.values():
        if not organisation.illustrative:
            raise DemoDataError(f"“{organisation.name}” is the name of a real partner in the catalogue.")

    new = [(o, rows) for o, rows in read if o.slug not in existing]
    replaced = [(o, rows) for o, rows in read if o.slug in existing] if refresh else []
    m.Organisation.objects.bulk_create([o for o, _ in new])
    _replace([o for o, _ in replaced], existing)
    _save([rows for _, rows in (*new, *replaced)])
    return LoadedPartners(len(new), len(replaced), len(existing) - len(replaced))


def _sources() -> dict[str, m.Source]:
    note = "Facts of invented partners; they say nothing about any real company."
    wanted = {
        level: m.Source.objects.get_or_create(
            code=code,
            defaults={"title": title, "publisher": PUBLISHER, "note": note, "illustrative": True},
        )[0]
        for level, (code, title) in SOURCES.items()
    }
    return {str(level): source for level, source in wanted.items()}


def _party_lists() -> dict[str, m.RestrictedPartyList]:
    party_list, _ = m.RestrictedPartyList.objects.get_or_create(
        code=PARTY_LIST,
        defaults={
            "name": "Illustrative restricted-party list",
            "publisher": PUBLISHER,
            "effect": "Federal money may not buy equipment or services from a listed party.",
            "illustrative": True,
        },
    )
    return {PARTY_LIST: party_list}


def _unique(organisations: Iterable[m.Organisation]) -> None:
    seen: set[str] = set()
    for organisation in organisations:
        if organisation.slug in seen:
            raise DemoDataError(f"“{organisation.name}” is there twice.")
        seen.add(organisation.slug)


def _replace(organisations: list[m.Organisation], existing: dict[str, m.Organisation]) -> None:
    """Take over the rows of existing partners and clear their facts."""
    for organisation in organisations:
        old = existing[organisation.slug]
        organisation.pk, organisation.active, organisation.created_at = old.pk, old.active, old.created_at
        organisation.save(force_update=True)
    for model in OWN_FACTS:
        model.objects.filter(organisation__in=organisations).delete()
    m.Facility.objects.filter(organisation__in=organisations).delete()


def _save(partners: list[Rows]) -> None:
    """Insert all rows, one statement per table; sites come before what hangs on them."""
    tables: dict[type[models.Model], list[models.Model]] = {m.Facility: []}
    for rows in partners:
        for model, instances in rows.by_model.items():
            tables.setdefault(model, []).extend(instances)
    for model, instances in tables.items():
        model.objects.bulk_create(instances)
    services, forms = m.Certificate.scope_services.through, m.Certificate.scope_dosage_forms.through
    services.objects.bulk_create(
        services(certificate=certificate, service=service)
        for rows in partners
        for certificate, scope in rows.scope_services
        for service in scope
    )
    forms.objects.bulk_create(
        forms(certificate=certificate, dosageform=form)
        for rows in partners
        for certificate, scope in rows.scope_forms
        for form in scope
    )
