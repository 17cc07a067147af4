"""Verifying facts again, and settling conflicts. Every write is recorded in the history with its reason."""

import datetime
from collections.abc import Iterable
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners import conflicts
from partners.enums import EvidenceLevel, TaskState, VerifyOutcome
from partners.history import recording
from partners.history.selectors import watched_models
from partners.importers.evidence import follows_register
from partners.models import Evidenced, Organisation, Source, VerificationTask

MOST_AT_ONCE = 1_000


class CurationError(ValueError):
    """Something that cannot be done; `field` names the form field, the message says why and what to do."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


def owner_of(fact: Evidenced) -> Organisation | None:
    """The partner a fact is about, through its site if need be."""
    if isinstance(fact, Organisation):
        return fact
    own = getattr(fact, "organisation", None)
    site = getattr(fact, "facility", None)
    return own or (site.organisation if site else None)


def fact_of(task: VerificationTask) -> Evidenced | None:
    """The fact of a task; None when it has been deleted since."""
    model = watched_models().get(task.table)
    return model._default_manager.filter(pk=task.object_id).first() if model else None  # type: ignore[return-value]


@transaction.atomic
def ask_to_verify(
    *,
    actor: User,
    facts: Iterable[Evidenced],
    reason: str,
    assigned_to: User | None = None,
    due_on: datetime.date | None = None,
) -> int:
    """One open task for each fact that has none. Returns how many are new. Raises CurationError."""
    # one more than may be: a list of a hundred thousand is not read to be refused
    rows = list(facts[: MOST_AT_ONCE + 1] if isinstance(facts, QuerySet) else islice(facts, MOST_AT_ONCE + 1))
    if not reason.strip():
        raise CurationError("Say why the facts shall be verified again.", "reason")
    if len(rows) > MOST_AT_ONCE:
        raise CurationError(f"Choose at most {MOST_AT_ONCE:,} facts at a time.")
    made = VerificationTask.objects.bulk_create(
        [
            VerificationTask(
                table=fact._meta.db_table,
                object_id=fact.pk,
                title=f"{fact._meta.verbose_name}: {fact}"[:240],
                organisation=owner_of(fact),
                reason=reason.strip()[:300],
                assigned_to=assigned_to,
                due_on=due_on,
                created_by=actor,
            )
            for fact in rows
            if not VerificationTask.objects.filter(
                table=fact._meta.db_table, object_id=fact.pk, state=TaskState.OPEN
            ).exists()
        ],
        ignore_conflicts=True,  # somebody asked at the same moment
    )
    for task in made[:1]:
        open_task = VerificationTask.objects.filter(
            table=task.table, object_id=task.object_id, state=TaskState.OPEN
        ).get()
        record(actor=actor, verb="verification.asked", obj=open_task, data={"tasks": len(made)})
    return len(made)


@transaction.atomic
def assign_tasks(*, actor: User, tasks: Iterable[VerificationTask], to: User) -> int:
    """Give open tasks to somebody; closed ones are left alone. Returns how many have another assignee now."""
    rows = VerificationTask.objects.select_for_update(of=("self",)).filter(
        pk__in=[task.pk for task in tasks], state=TaskState.OPEN
    )
    changed = [task for task in rows if task.assigned_to_id != to.pk]
    for task in changed:
        task.assigned_to = to
    VerificationTask.objects.bulk_update(changed, ["assigned_to"])
    for task in changed:
        record(actor=actor, verb="verification.assigned", obj=task, data={"to": str(to)})
    return len(changed)


@transaction.atomic
def verify_fact(
    *,
    actor: User,
    fact: Evidenced,
    source: Source,
    retrieved_on: datetime.date,
    evidence_level: EvidenceLevel | str,
    valid_until: datetime.date | None = None,
    source_reference: str = "",
    why: str = "",
) -> None:
    """The fact was looked up again and is true: it gets the new evidence. Raises CurationError."""
    if retrieved_on > timezone.localdate():
        raise CurationError("The day of retrieval is in the future.", "retrieved_on")
    if valid_until and valid_until < retrieved_on:
        raise CurationError("The fact would have expired before it was retrieved.", "valid_until")
    if follows_register(type(fact), source, evidence_level):
        raise CurationError(
            f"This fact follows the register: a newer file of it verifies it, and would undo this. Import one, or name "
            f"another source than “{source}” that says so.",
            "source",
        )
    locked = (
        type(fact)._default_manager.select_for_update(no_key=True, of=("self",)).filter(pk=fact.pk).first()
    )
    if locked is None:
        raise CurationError("The fact has been deleted in the meantime.")
    if retrieved_on < locked.retrieved_on:
        raise CurationError(
            f"The catalogue already holds evidence of {locked.retrieved_on}; give a day that is not earlier.",
            "retrieved_on",
        )
    locked.source, locked.retrieved_on, locked.evidence_level = source, retrieved_on, str(evidence_level)
    locked.valid_until, locked.source_reference = valid_until, source_reference[:160]
    with recording(actor=actor, why=why or "Verified again"):
        locked.save(
            update_fields=["source", "retrieved_on", "evidence_level", "valid_until", "source_reference"]
        )
    record(
        actor=actor, verb="fact.verified", obj=locked, data={"source": source.code, "on": str(retrieved_on)}
    )


@transaction.atomic
def finish_task(
    *,
    actor: User,
    task: VerificationTask,
    outcome: VerifyOutcome | str,
    source: Source | None = None,
    retrieved_on: datetime.date | None = None,
    evidence_level: EvidenceLevel | str = "",
    valid_until: datetime.date | None = None,
    note: str = "",
) -> VerificationTask:
    """Close a task. Confirmed and changed facts need the new evidence; one that is gone is deleted by this.

    A changed fact's values are edited on its own page, before or after. Raises CurationError.
    """
    current = VerificationTask.objects.select_for_update(of=("self",)).get(pk=task.pk)
    if current.state != TaskState.OPEN:
        raise CurationError(f"This task is {current.get_state_display().lower()} already.")
    outcome = VerifyOutcome(outcome)
    fact = fact_of(current)
    why = f"Verification task {current.pk}: {outcome.label.lower()}" + (f", {note}" if note else "")
    if outcome in (VerifyOutcome.CONFIRMED, VerifyOutcome.CHANGED):
        if fact is None:
            raise CurationError("The fact has been deleted; finish the task as not true any more.", "outcome")
        if not (source and retrieved_on and evidence_level):
            raise CurationError(
                "Give the new evidence: its source, the day and how far it was checked.", "source"
            )
        verify_fact(
            actor=actor,
            fact=fact,
            source=source,
            retrieved_on=retrieved_on,
            evidence_level=evidence_level,
            valid_until=valid_until,
            why=why,
        )
    elif outcome is VerifyOutcome.GONE and fact is not None:
        if not note.strip():
            raise CurationError("Say in the note how you know that it is not true any more.", "note")
        _delete(actor, fact, why)
    elif outcome is VerifyOutcome.DROPPED and not note.strip():
        raise CurationError("Say in the note why it is not verified.", "note")
    current.state = TaskState.DROPPED if outcome is VerifyOutcome.DROPPED else TaskState.DONE
    current.outcome, current.note = outcome, note.strip()[:300]
    current.done_by, current.done_at = actor, timezone.now()
    current.save()
    record(
        actor=actor, verb=f"verification.{outcome.value}", obj=current, data={"note": note} if note else {}
    )
    return current


@transaction.atomic
def settle_conflict(*, actor: User, keep: Evidenced, why: str) -> int:
    """Keep one of the facts that contradict each other and delete the others; the history can bring them back.

    Returns how many were deleted. Raises CurationError.
    """
    if not why.strip():
        raise CurationError("Say why this is the right one.", "why")
    found = conflicts.conflict_of(keep)
    if found is not None:  # whoever settles it at the same moment waits here, and then looks again
        rows = type(keep)._default_manager.select_for_update(of=("self",)).order_by("pk")
        locked = {row.pk: row for row in rows.filter(pk__in=[row.pk for row in found.rows])}
        if keep.pk not in locked:
            raise CurationError(
                "This fact was deleted in the meantime, perhaps by settling it the other way."
            )
        found = conflicts.conflict_of(locked[keep.pk])
    if found is None:
        raise CurationError("Nothing contradicts this fact any more.")
    others = [row for row in found.rows if row.pk != keep.pk]
    for row in others:
        _delete(actor, row, why.strip())
    record(
        actor=actor,
        verb="conflict.settled",
        obj=keep,
        data={"deleted": [row.pk for row in others], "why": why},
    )
    return len(others)


def _delete(actor: User, fact: Evidenced, why: str) -> None:
    if isinstance(fact, Organisation) or fact._meta.model_name == "facility":
        raise CurationError(
            f"“{fact}” is not deleted: clear “active” on its page, or merge it with the right one."
        )
    try:
        with transaction.atomic(), recording(actor=actor, why=why):
            fact.delete()
    except IntegrityError as error:
        raise CurationError(f"“{fact}” is needed by other rows.") from error
