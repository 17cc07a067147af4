"""Overrides end with the need they were given for: nobody has accepted the need as it is now."""

from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.models import MustOverride, Need


def lift_overrides_of(*, actor: User, need: Need, because: str) -> int:
    """Lift what is in force for a need, under the project's row lock; how many. The log keeps each and why."""
    rows = list(MustOverride.objects.filter(need=need, lifted_at=None).select_related("organisation"))
    for row in rows:
        row.lifted_at, row.lifted_by = timezone.now(), actor
        row.save(update_fields=["lifted_at", "lifted_by"])
        record(
            actor=actor,
            verb="must_override.lifted",
            obj=row,
            sponsor=need.project.sponsor,
            data={
                "organisation": row.organisation.slug,
                "rule": need.rule,
                "reason": row.reason,
                "because": because,
            },
        )
    return len(rows)
