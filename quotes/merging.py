"""What happens to a sponsor's own rows when two partners of the catalogue become one, and two again.

Rows about the merged partner move by themselves. Where a sponsor keeps notes on both, they are put together here:
nothing that anybody wrote is lost. Where both stand on one shortlist, all that the project says about the merged one
(entry, scores, agreed scores, musts let pass) stays under its own name, and where both were asked for one quote, its
invitation and quote do: two answers are never mixed into one. Pages say that the two are one, people decide.
"""

from typing import Any

from partners.matching.signals import partners_merging, partners_split
from partners.models import Merge, Organisation
from quotes.enums import PartnerStanding
from quotes.models import (
    AgreedScore,
    ConflictCheck,
    EvaluationScore,
    Invitation,
    MustOverride,
    PartnerRelation,
    Quote,
    ShortlistEntry,
)
from quotes.models.relation import MOST_TAGS

KEY = "quotes.partner_notes"
NOTES_LENGTH = PartnerRelation._meta.get_field("notes").max_length
OWN = ("standing", "standing_reason", "tags", "notes")
AGREEMENTS = ("nda", "msa", "qualification")
FIELDS = (*OWN, *(f"{kind}_{part}" for kind in AGREEMENTS for part in ("status", "on", "expires_on")))


def connect() -> None:
    partners_merging.connect(put_notes_together, dispatch_uid="partner-notes")
    partners_merging.connect(double_rows, dispatch_uid="double-rows")
    partners_split.connect(take_notes_apart, dispatch_uid="partner-notes")


def double_rows(*, keep: Organisation, merged: Organisation, **kwargs: Any) -> dict[str, list[int]]:
    """Rows of the merged partner that stay its own: "app.model.field" → keys."""
    answered = {*ConflictCheck.objects.filter(organisation=keep).values_list("project", flat=True)}
    both_listed = ShortlistEntry.objects.filter(organisation=keep).values("project")
    projects = ShortlistEntry.objects.filter(organisation=merged, project__in=both_listed).values("project")
    asked = {
        partner: {
            *Invitation.objects.filter(organisation=partner).values_list("rfq", flat=True),
            *Quote.objects.filter(organisation=partner).values_list("rfq", flat=True),
        }
        for partner in (keep, merged)
    }
    rfqs = asked[keep] & asked[merged]
    found = {}
    for model, where in (
        (ShortlistEntry, {"project__in": projects}),
        (MustOverride, {"project__in": projects}),
        (ConflictCheck, {"project__in": answered | {*projects.values_list("project", flat=True)}}),
        (EvaluationScore, {"evaluation__project__in": projects}),
        (AgreedScore, {"evaluation__project__in": projects}),
        (Invitation, {"rfq__in": rfqs}),
        (Quote, {"rfq__in": rfqs}),
    ):
        rows = model._base_manager.filter(organisation=merged, **where)
        found[f"quotes.{model._meta.model_name}.organisation"] = list(rows.values_list("pk", flat=True))
    return found


def put_notes_together(*, keep: Organisation, merged: Organisation, merge: Merge, **kwargs: Any) -> None:
    """Sponsors with notes on both partners get them in one row; what it was before is kept with the merge."""
    others = {
        r.sponsor_id: r for r in PartnerRelation.objects.select_for_update().filter(organisation=merged)
    }
    copies = {}
    for own in PartnerRelation.objects.select_for_update().filter(organisation=keep, sponsor__in=others):
        copies[str(own.pk)] = {name: getattr(own, name) for name in FIELDS}
        _take_over(own, others[own.sponsor_id], merged)
        own.version += 1
        copies[str(own.pk)]["version"] = own.version
        own.save(update_fields=[*FIELDS, "version"])
    if copies:
        merge.kept_copies[KEY] = copies


def _take_over(own: PartnerRelation, other: PartnerRelation, merged: Organisation) -> None:
    if other.notes:
        own.notes = "\n\n".join(filter(None, (own.notes, f"From {merged}: {other.notes}")))[:NOTES_LENGTH]
    own.tags = list(dict.fromkeys([*own.tags, *other.tags]))[:MOST_TAGS]
    if not own.standing or (other.standing == PartnerStanding.BLOCKED and own.standing != other.standing):
        own.standing, own.standing_reason = other.standing, other.standing_reason
    for kind in AGREEMENTS:
        if not getattr(own, f"{kind}_status"):
            for part in ("status", "on", "expires_on"):
                setattr(own, f"{kind}_{part}", getattr(other, f"{kind}_{part}"))


def take_notes_apart(*, merge: Merge, **kwargs: Any) -> None:
    """Rows nobody has saved since get back what they said before; the others keep what was put together."""
    copies = merge.kept_copies.get(KEY, {})
    for own in PartnerRelation.objects.select_for_update().filter(pk__in=copies):
        before = copies[str(own.pk)]
        if own.version == before["version"]:
            for name in before.keys() & set(FIELDS):  # a merge of before may not know a newer field
                setattr(own, name, before[name])
            own.version += 1
            own.save(update_fields=[*FIELDS, "version"])
