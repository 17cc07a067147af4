"""Overrides end with the need they were given for: nobody has accepted the need as it is now."""

from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.models import MustOverride, Need


def lift(*, actor: User, override: MustOverride, **more: str) -> None:
    """Take one override out of force, under the project's row lock; the log keeps its reason and `more`."""
    override.lifted_at, override.lifted_by = timezone.now(), actor
    override.save(update_fields=["lifted_at", "lifted_by"])
    record(
        actor=actor,
        verb="must_override.lifted",
        obj=override,
        sponsor=override.project.sponsor,
        data={
            "organisation": override.organisation.slug,
            "rule": override.rule or override.need.rule,
            "reason": override.reason,
            **more,
        },
    )


def lift_overrides_of(*, actor: User, need: Need, because: str) -> int:
    """Lift what is in force for a need, under the project's row lock; how many. The log keeps each and why."""
    rows = MustOverride.objects.filter(need=need, lifted_at=None).select_related(
        "organisation", "need", "project__sponsor"
    )
    for row in rows:
        lift(actor=actor, override=row, because=because)
    return len(rows)
