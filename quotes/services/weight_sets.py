"""Writes to a sponsor's named weight sets."""

from collections.abc import Mapping
from decimal import Decimal

from django.db import transaction

from cmo_selector.accounts.models import Sponsor, User
from cmo_selector.audit.services import record
from partners.scoring.types import CRITERIA
from quotes.models import WeightSet

MOST = 12  # sets of one sponsor: more columns than that nobody compares


class TooManySets(ValueError):
    def __init__(self) -> None:
        super().__init__(f"There are {MOST} weight sets already. Remove one before keeping another.")


@transaction.atomic
def add_weight_set(
    *, actor: User, sponsor: Sponsor, name: str, function: str, weights: Mapping[str, Decimal]
) -> WeightSet:
    """Keep ten points with two decimals that sum to exactly 100 under a name. The same sent twice is kept once.

    Raises TooManySets, ValidationError for a name or function that does not fit, IntegrityError when it is taken.
    """
    Sponsor.objects.select_for_update(no_key=True).get(pk=sponsor.pk)  # so that the count below holds
    name = " ".join(name.split())
    points = {WeightSet.FIELDS[code]: weights[code] for code in CRITERIA}
    kept = WeightSet.objects.for_sponsor(sponsor)
    same = kept.filter(name=name, function=function, **points).first()
    if same is not None:
        return same
    if kept.count() >= MOST:
        raise TooManySets
    row = WeightSet(sponsor=sponsor, name=name, function=function, created_by=actor, **points)
    row.clean_fields(exclude=["sponsor", "created_by"])
    row.save()
    record(
        actor=actor,
        verb="weight_set.added",
        obj=row,
        sponsor=sponsor,
        data={"function": row.get_function_display(), "points": {c: str(weights[c]) for c in CRITERIA}},
    )
    return row


@transaction.atomic
def remove_weight_set(*, actor: User, weight_set: WeightSet) -> None:
    """Delete a set; the log keeps its name and points. One that is gone already is no error."""
    Sponsor.objects.select_for_update(no_key=True).get(pk=weight_set.sponsor_id)
    if not WeightSet.objects.filter(pk=weight_set.pk).exists():
        return
    points = {code: str(getattr(weight_set, name)) for code, name in WeightSet.FIELDS.items()}
    record(
        actor=actor,
        verb="weight_set.removed",
        obj=weight_set,
        sponsor=weight_set.sponsor,
        data={"function": weight_set.get_function_display(), "points": points},
    )
    weight_set.delete()
