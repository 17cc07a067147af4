"""Loads the controlled vocabularies that ship with the project (partners/data/vocabularies/*.json).

Terms are found by code. Loading creates what is missing and rewrites what differs; it never deletes, and it
never changes `active`, so that a term a curator retired stays retired.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from partners.models import (
    CertificateType,
    ContractStructure,
    DocumentType,
    DosageForm,
    Industry,
    Metric,
    Modality,
    OrganisationType,
    ProductionSystem,
    Regulator,
    ScaleUnit,
    SearchSynonym,
    Service,
    ServiceCrosswalk,
    Vocabulary,
)

FOLDER = Path(__file__).parent / "data" / "vocabularies"

# File name without ".json" → model, in the order of loading.
TABLES: dict[str, type[Vocabulary]] = {
    "organisation_types": OrganisationType,
    "modalities": Modality,
    "services": Service,
    "dosage_forms": DosageForm,
    "scale_units": ScaleUnit,
    "production_systems": ProductionSystem,
    "industries": Industry,
    "contract_structures": ContractStructure,
    "regulators": Regulator,
    "certificate_types": CertificateType,
    "document_types": DocumentType,
    "metrics": Metric,
}
CROSSWALKS = "crosswalks"
SYNONYMS = "synonyms"
ORDER_STEP = 10  # leaves room for a curator's term between two of ours


class VocabularyError(ValueError):
    """A vocabulary file cannot be loaded; the message names the file, the term and the key."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading did to one vocabulary."""

    name: str
    created: int
    updated: int
    unchanged: int


@transaction.atomic
def load_vocabularies(*, folder: Path | None = None, missing_only: bool = False) -> list[Loaded]:
    """Upsert every vocabulary by code, then the crosswalks and synonyms, in one transaction.

    `missing_only` leaves existing terms as curators worded them. Raises VocabularyError and changes nothing
    when a file is missing, is not JSON, or holds a bad term.
    """
    folder = folder or FOLDER
    results = [_load_terms(name, model, folder, missing_only) for name, model in TABLES.items()]
    results.append(_load_crosswalks(folder, missing_only))
    results.append(_load_synonyms(folder))
    return results


def _load_terms(name: str, model: type[Vocabulary], folder: Path, missing_only: bool) -> Loaded:
    file = folder / f"{name}.json"
    rows = _rows(file, "terms")
    parents = {row.get("code"): row.pop("parent", None) for row in rows}
    allowed = {f.name for f in model._meta.concrete_fields} - {"id", "order", "active", "parent"}
    terms = []
    for position, row in enumerate(rows, start=1):
        label = f"term {row.get('code', position)}"
        _known_keys(file, label, row, allowed)
        terms.append(_checked(file, label, model(order=position * ORDER_STEP, **row), exclude=("parent",)))
    _once(file, [term.code for term in terms])

    fields = sorted(allowed | {"order"})
    result = _upsert(name, model.objects.all(), terms, key=lambda t: t.code, fields=fields, keep=missing_only)
    if model is Service:
        _set_parents(file, parents, only_new=missing_only)
    return result


def _set_parents(file: Path, parents: dict[str, str | None], *, only_new: bool) -> None:
    services = {s.code: s for s in Service.objects.filter(code__in=parents)}
    moved = []
    seen: set[str] = set()
    for code, parent in parents.items():
        if parent is not None and parent not in seen:
            raise VocabularyError(
                f"{file.name}: term {code}: parent: “{parent}” is not a term above this one."
            )
        seen.add(code)
        service, wanted = services[code], services[parent].pk if parent else None
        if service.parent_id != wanted and not (only_new and service.parent_id):
            service.parent_id = wanted
            moved.append(service)
    Service.objects.bulk_update(moved, ["parent"])


def _load_crosswalks(folder: Path, missing_only: bool) -> Loaded:
    file = folder / f"{CROSSWALKS}.json"
    terms = {
        "service": dict(Service.objects.values_list("code", "pk")),
        "dosage_form": dict(DosageForm.objects.values_list("code", "pk")),
    }
    entries = []
    for position, row in enumerate(_rows(file, "entries"), start=1):
        label = f"entry {row.get('register', '')} {row.get('code', position)}".replace("  ", " ")
        _known_keys(file, label, row, {"register", "code", "label", *terms})
        meant = {}
        for kind, known in terms.items():
            code = row.pop(kind, None)
            if code is not None and code not in known:
                what = kind.replace("_", " ")
                raise VocabularyError(f"{file.name}: {label}: {kind}: “{code}” is not a {what}.")
            meant[f"{kind}_id"] = known.get(code)
        entry = ServiceCrosswalk(**meant, **row)
        entries.append(_checked(file, label, entry, exclude=tuple(terms)))
    _once(file, [f"{e.register} {e.code}" for e in entries])
    return _upsert(
        CROSSWALKS,
        ServiceCrosswalk.objects.all(),
        entries,
        key=lambda e: (e.register, e.code),
        fields=["label", "service_id", "dosage_form_id"],
        keep=missing_only,
    )


def _load_synonyms(folder: Path) -> Loaded:
    """Groups of phrases that mean the same in a search."""
    file = folder / f"{SYNONYMS}.json"
    phrases = []
    for position, row in enumerate(_rows(file, "groups"), start=1):
        label = f"group {row.get('code', position)}"
        _known_keys(file, label, row, {"code", "phrases"})
        if not isinstance(row.get("phrases"), list) or len(row["phrases"]) < 2:
            raise VocabularyError(f"{file.name}: {label}: phrases: must be a list of two or more.")
        for phrase in row["phrases"]:
            phrases.append(
                _checked(file, label, SearchSynonym(group=row.get("code", ""), phrase=phrase), exclude=())
            )
    _once(file, [f"{p.group}: {p.phrase}" for p in phrases])
    existing = SearchSynonym.objects.all()
    return _upsert(SYNONYMS, existing, phrases, key=lambda p: (p.group, p.phrase), fields=[], keep=True)


def _upsert(name: str, existing: QuerySet, wanted: list, *, key, fields: list[str], keep: bool) -> Loaded:
    """Create the rows whose key is new, update those that differ in `fields` (not with `keep`)."""
    have = {key(row): row for row in existing}
    new, changed = [], []
    for row in wanted:
        old = have.get(key(row))
        if old is None:
            new.append(row)
        elif not keep and any(getattr(old, f) != getattr(row, f) for f in fields):
            for f in fields:
                setattr(old, f, getattr(row, f))
            changed.append(old)
    existing.model.objects.bulk_create(new)
    if changed:
        existing.model.objects.bulk_update(changed, [f.removesuffix("_id") for f in fields])
    return Loaded(name, len(new), len(changed), len(wanted) - len(new) - len(changed))


def _rows(file: Path, key: str) -> list[dict[str, Any]]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise VocabularyError(f"{file.name}: cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise VocabularyError(f"{file.name}: is not JSON ({error}).") from error
    rows = content.get(key) if isinstance(content, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise VocabularyError(f"{file.name}: “{key}” must be a list of objects.")
    return rows


def _known_keys(file: Path, label: str, row: dict[str, Any], allowed: Iterable[str]) -> None:
    for key in row:
        if key not in allowed:
            raise VocabularyError(f"{file.name}: {label}: {key}: is not a key of this list.")


def _checked(file: Path, label: str, row, *, exclude: tuple[str, ...]):
    try:
        row.clean_fields(exclude=exclude)
    except ValidationError as error:
        key, messages = next(iter(error.message_dict.items()))
        raise VocabularyError(f"{file.name}: {label}: {key}: {messages[0]}") from error
    return row


def _once(file: Path, codes: list[str]) -> None:
    seen: set[str] = set()
    for code in codes:
        if code in seen:
            raise VocabularyError(f"{file.name}: “{code}” is there twice.")
        seen.add(code)
