"""Writes to a project's shortlist. Each takes the project's row lock, so positions stay 1, 2, 3 … under load."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction
from django.db.models import F, Max, QuerySet

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.models import Organisation
from partners.scoring import assess
from partners.scoring.overrides import with_overrides
from partners.scoring.types import Level, Outcome, RuleResult
from partners.scoring_inputs import load_partner_facts
from quotes.brief import NothingToRank, brief_for
from quotes.enums import ShortlistStatus
from quotes.models import Project, ShortlistEntry
from quotes.overrides import overrides_for_engine
from quotes.quote_facts import from_quotes
from quotes.services.projects import ProjectArchived


class ShortlistError(ValueError):
    """A change the shortlist does not allow; `field` names the form field, the message says what to do."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


class EntryGone(ValueError):
    """The entry was taken off the shortlist meanwhile; the message says so."""


def _lock(project: Project) -> None:
    """Every write waits here for its turn. Raises ProjectArchived."""
    current = Project.objects.select_for_update(no_key=True).only("archived_at").get(pk=project.pk)
    if current.archived_at is not None:
        raise ProjectArchived


@transaction.atomic
def add_to_shortlist(
    *, actor: User, project: Project, organisation: Organisation
) -> tuple[ShortlistEntry, bool]:
    """Put a partner at the end of the shortlist. Returns the entry and whether it is new."""
    _lock(project)
    existing = ShortlistEntry.objects.filter(project=project, organisation=organisation).first()
    if existing:
        return existing, False
    last = project.shortlist.aggregate(last=Max("position"))["last"] or 0
    entry = ShortlistEntry.objects.create(
        project=project, organisation=organisation, position=last + 1, added_by=actor
    )
    record(
        actor=actor,
        verb="shortlist.added",
        obj=entry,
        sponsor=project.sponsor,
        data={"organisation": organisation.slug, "position": entry.position},
    )
    return entry, True


@transaction.atomic
def add_several_to_shortlist(
    *, actor: User, project: Project, organisations: Iterable[Organisation]
) -> list[Organisation]:
    """Put partners at the end of the shortlist, all or none. Returns those that were not on it yet."""
    added = []
    for organisation in organisations:
        _, new = add_to_shortlist(actor=actor, project=project, organisation=organisation)
        if new:
            added.append(organisation)
    return added


@transaction.atomic
def change_entry(
    *, actor: User, entry: ShortlistEntry, status: str, reason: str, comment: str, seen: dt.datetime
) -> ShortlistEntry:
    """Set status, reason and comment. `seen` is the version the person was looking at.

    Raises ShortlistError when somebody changed the entry since, when a rejection has no reason, and when a
    partner is to be selected although a must-have failed or is unverified.
    """
    _lock(entry.project)
    current = _still_listed(ShortlistEntry.objects.select_for_update(no_key=True), entry)
    if current.updated_at != seen:
        raise ShortlistError(
            "Somebody else changed this entry while you were editing. Their version is shown beside yours: "
            "compare, then save again."
        )
    if status == ShortlistStatus.REJECTED and not reason.strip():
        raise ShortlistError("Say why the partner is rejected.", "reason")
    if status == ShortlistStatus.SELECTED and current.status != ShortlistStatus.SELECTED:
        _refuse_unverified(entry)
    before = {"status": current.status, "reason": current.reason, "comment": current.comment}
    after = {"status": status, "reason": reason, "comment": comment}
    changed = {key: [before[key], after[key]] for key in after if before[key] != after[key]}
    if not changed:
        return current
    current.status, current.reason, current.comment = status, reason, comment
    current.save(update_fields=["status", "reason", "comment", "updated_at"])
    record(actor=actor, verb="shortlist.changed", obj=current, sponsor=entry.project.sponsor, data=changed)
    return current


@transaction.atomic
def comment_on_entry(
    *, actor: User, entry: ShortlistEntry, comment: str, seen: dt.datetime
) -> ShortlistEntry:
    """Set the comment only: what an evaluator may do."""
    return change_entry(
        actor=actor, entry=entry, status=entry.status, reason=entry.reason, comment=comment, seen=seen
    )


@transaction.atomic
def move_entry(*, actor: User, entry: ShortlistEntry, up: bool) -> bool:
    """Swap the entry with its neighbour. False when it already stands at that end."""
    _lock(entry.project)
    entry.position = _still_listed(ShortlistEntry.objects.all(), entry).position
    others = ShortlistEntry.objects.filter(project=entry.project)
    if up:
        neighbour = others.filter(position__lt=entry.position).order_by("-position").first()
    else:
        neighbour = others.filter(position__gt=entry.position).order_by("position").first()
    if neighbour is None:
        return False
    old, new = entry.position, neighbour.position
    # The unique constraint on positions is deferred to the commit, so the two rows may cross.
    ShortlistEntry.objects.filter(pk=entry.pk).update(position=new)
    ShortlistEntry.objects.filter(pk=neighbour.pk).update(position=old)
    entry.position = new
    record(
        actor=actor,
        verb="shortlist.moved",
        obj=entry,
        sponsor=entry.project.sponsor,
        data={"position": [old, new]},
    )
    return True


@transaction.atomic
def remove_entry(*, actor: User, entry: ShortlistEntry) -> None:
    """Take a partner off the shortlist and close the gap. The audit log keeps what was written about it."""
    _lock(entry.project)
    _still_listed(ShortlistEntry.objects.all(), entry)
    entry.refresh_from_db()
    record(
        actor=actor,
        verb="shortlist.removed",
        obj=entry,
        sponsor=entry.project.sponsor,
        data={
            "status": entry.status,
            "reason": entry.reason,
            "comment": entry.comment,
            "position": entry.position,
        },
    )
    project, position = entry.project, entry.position
    entry.delete()
    ShortlistEntry.objects.filter(project=project, position__gt=position).update(position=F("position") - 1)


def _still_listed(rows: QuerySet[ShortlistEntry], entry: ShortlistEntry) -> ShortlistEntry:
    """The entry as it is under the lock. Raises EntryGone."""
    current = rows.filter(pk=entry.pk).first()
    if current is None:
        raise EntryGone(f"{entry.organisation} is not on the shortlist any more: somebody else took it off.")
    return current


def _refuse_unverified(entry: ShortlistEntry) -> None:
    try:
        blocking = open_musts(project=entry.project, organisation=entry.organisation)
    except NothingToRank as nothing:
        raise ShortlistError(f"Not selectable yet. {nothing}", "status") from nothing
    if blocking:
        listed = "; ".join(f"{r.label} ({r.outcome})" for r in blocking)
        raise ShortlistError(
            f"Not selectable yet, {len(blocking)} must-have(s) are not verified: {listed}. "
            "Record the missing facts first, or choose another status.",
            "status",
        )


def open_musts(*, project: Project, organisation: Organisation) -> list[RuleResult]:
    """Must-haves of the project that this partner fails or that nobody has verified. Reads only.

    One that was let pass does not count as failed.

    Raises NothingToRank for a project without needs.
    """
    brief = brief_for(project)
    facts = load_partner_facts(Organisation.objects.filter(pk=organisation.pk))
    assessed = assess(from_quotes(project, brief).beside(facts), brief)
    (assessment,) = with_overrides(assessed, overrides_for_engine(project))
    blocking = {Outcome.FAIL, Outcome.UNKNOWN}
    return [r for r in assessment.rules if r.level is Level.MUST and r.outcome in blocking]
