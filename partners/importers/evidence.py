"""Facts of the catalogue that rest on public registers, kept equal to what the registers say.

After an import, and after a curator linked or unlinked a row, the facts of the register are written anew: added,
changed, ended (their row left the register) or removed (their row is no longer linked). A fact is the register's
as long as its source is a file of that register and its level is "public register"; facts from anywhere else are
never touched. What a curator found out about an action's close-out is kept.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction

from partners.enums import EvidenceLevel, RegisterKind
from partners.models import (
    Capability,
    Certificate,
    Inspection,
    RegisterImport,
    RegulatoryAction,
    Source,
    TrackRecord,
)

from . import facts
from .facts import Sites, Vocabulary

LOCK = "register-evidence"
BATCH = 1000
EVIDENCE = ("source_id", "retrieved_on", "valid_until")


@dataclass(frozen=True)
class FactKind:
    """One model of facts: the registers it comes from, what identifies a fact, and what is kept up to date."""

    model: type[models.Model]
    registers: tuple[RegisterKind, ...]
    make: Callable[[Vocabulary, Sites], Iterator[Any]]
    identity: tuple[str, ...]  # besides `source_reference`
    kept_equal: tuple[str, ...]


FACT_KINDS = (
    FactKind(
        Certificate,
        (RegisterKind.DRLS,),
        facts.registrations,
        ("facility_id",),
        ("type_id", "regulator_id", "scope", "expires_on"),
    ),
    FactKind(Capability, (RegisterKind.DRLS,), facts.capabilities, ("facility_id", "service_id"), ("note",)),
    FactKind(
        Inspection,
        (RegisterKind.INSPECTIONS, RegisterKind.FORM_483S),
        facts.inspections,
        ("facility_id",),
        ("regulator_id", "ended_on", "outcome", "product_area", "note", "url"),
    ),
    FactKind(
        RegulatoryAction,
        (RegisterKind.WARNING_LETTERS, RegisterKind.COMPLIANCE_ACTIONS),
        facts.actions,
        ("facility_id",),
        ("regulator_id", "kind", "issued_on", "reference", "summary", "url"),
    ),
    FactKind(
        TrackRecord,
        (RegisterKind.NDC,),
        facts.listings,
        ("organisation_id",),
        ("kind", "count", "dosage_form_id", "regulator_id", "first_year", "description"),
    ),
)


@dataclass
class FactChanges:
    """How many facts of the catalogue a refresh added, changed, ended and removed."""

    added: int = 0
    changed: int = 0
    ended: int = 0
    removed: int = 0

    def __iadd__(self, other: "FactChanges") -> "FactChanges":
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self


@transaction.atomic
def refresh_evidence(*, register: RegisterKind | None = None, owners: Sites = None) -> FactChanges:
    """Make the facts of one register (or of all) equal to its linked rows.

    `owners` are ids of the sites whose facts may have changed (for drug listings: of the partners), so that a
    single link costs little; the site a row was taken from is one of them, too. Needs `register`.
    Two refreshes at once wait for each other. Without vocabularies there is nothing to write facts with, and
    nothing is done.
    """
    done = FactChanges()
    lock_evidence()
    vocabulary = Vocabulary()
    if not vocabulary.complete:
        return done
    for kind in FACT_KINDS:
        if register is None or register in kind.registers:
            done += _refresh(kind, vocabulary, owners)
    return done


def lock_evidence() -> None:
    """Whoever locks rows of a register and refreshes its facts afterwards takes this lock first, before any row: two
    that take them in different orders would wait for each other. Released when the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])


def follows_register(model: type[models.Model], source: Source, level: EvidenceLevel | str) -> bool:
    """Whether a fact with this source and level is a register's: the next refresh makes it equal to its row."""
    registers = {register for kind in FACT_KINDS if kind.model is model for register in kind.registers}
    if level != EvidenceLevel.PUBLIC_REGISTER or not registers:
        return False
    return RegisterImport.objects.filter(source=source, kind__in=registers).exists()


def _refresh(kind: FactKind, vocabulary: Vocabulary, owners: Sites) -> FactChanges:
    wanted = {_identity(kind, fact): fact for fact in list(kind.make(vocabulary, owners))}
    stored = {_identity(kind, fact): fact for fact in _stored(kind, owners)}
    compared = (*kind.kept_equal, *EVIDENCE)
    done, changed = FactChanges(), []
    for identity, fact in stored.items():
        new = wanted.get(identity)
        if new is None or all(getattr(fact, name) == getattr(new, name) for name in compared):
            continue
        if fact.valid_until is None and new.valid_until is not None:
            done.ended += 1
        elif any(getattr(fact, name) != getattr(new, name) for name in (*kind.kept_equal, "valid_until")):
            done.changed += 1
        for name in compared:
            setattr(fact, name, getattr(new, name))
        changed.append(fact)
    added = [fact for identity, fact in wanted.items() if identity not in stored]
    removed = [fact.pk for identity, fact in stored.items() if identity not in wanted]
    manager = kind.model._default_manager
    manager.bulk_create(added, batch_size=BATCH)
    manager.bulk_update(changed, [name.removesuffix("_id") for name in compared], batch_size=BATCH)
    manager.filter(pk__in=removed).delete()
    done.added, done.removed = len(added), len(removed)
    return done


def _identity(kind: FactKind, fact: Any) -> tuple[Any, ...]:
    return (*(getattr(fact, name) for name in kind.identity), fact.source_reference)


def _stored(kind: FactKind, owners: Sites) -> Iterable[Any]:
    """The facts that rest on the kind's registers now."""
    rows = kind.model._default_manager.filter(
        source__imports__kind__in=kind.registers, evidence_level=EvidenceLevel.PUBLIC_REGISTER
    )
    if owners is not None:
        rows = rows.filter(**{f"{kind.identity[0]}__in": owners})
    return rows.distinct()
