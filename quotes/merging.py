"""What happens to a sponsor's own rows when two partners of the catalogue become one, and two again.

Rows about the merged partner move by themselves. Where a sponsor keeps notes on both, they are put together here:
nothing that anybody wrote is lost. Other double rows (both partners on one shortlist, both invited to one RFQ) stay as
they are, under their own names.
"""

from typing import Any

from partners.matching.signals import partners_merging, partners_split
from partners.models import Merge, Organisation
from quotes.enums import PartnerStanding
from quotes.models import PartnerRelation
from quotes.models.relation import MOST_TAGS

KEY = "quotes.partner_notes"
NOTES_LENGTH = PartnerRelation._meta.get_field("notes").max_length
OWN = ("standing", "standing_reason", "tags", "notes")
AGREEMENTS = ("nda", "msa")
FIELDS = (*OWN, *(f"{kind}_{part}" for kind in AGREEMENTS for part in ("status", "on", "expires_on")))


def connect() -> None:
    partners_merging.connect(put_notes_together, dispatch_uid="partner-notes")
    partners_split.connect(take_notes_apart, dispatch_uid="partner-notes")


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
            for name in FIELDS:
                setattr(own, name, before[name])
            own.version += 1
            own.save(update_fields=[*FIELDS, "version"])
