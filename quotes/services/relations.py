"""Writes to what a sponsor keeps about a partner: one row, one version, refused when somebody was faster."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from cmo_selector.accounts.models import Sponsor, User
from cmo_selector.audit.services import record
from partners.models import Organisation
from quotes.models import PartnerRelation
from quotes.versions import StaleVersion, shown

RELATION_FIELDS = (
    "standing",
    "standing_reason",
    "tags",
    "notes",
    "nda_status",
    "nda_on",
    "nda_expires_on",
    "msa_status",
    "msa_on",
    "msa_expires_on",
    "qualification_status",
    "qualification_on",
    "qualification_expires_on",
)


@transaction.atomic
def save_relation(
    *, actor: User, sponsor: Sponsor, organisation: Organisation, values: Mapping[str, Any], seen: int
) -> PartnerRelation | None:
    """Set some of `RELATION_FIELDS`. `seen` is the version on the screen, 0 when there was no row yet.

    Returns the row, None when there is none and nothing to keep. Raises StaleVersion when it was saved since.
    """
    unknown = set(values) - set(RELATION_FIELDS)
    if unknown:
        raise TypeError(f"not kept about a partner: {', '.join(sorted(unknown))}")
    blank = PartnerRelation(sponsor=sponsor, organisation=organisation, updated_by=actor)
    # Two first saves at once: the second waits here for the first, then finds a version it has not seen.
    PartnerRelation.objects.bulk_create([blank], ignore_conflicts=True)
    row = PartnerRelation.objects.select_for_update(no_key=True).get(
        sponsor=sponsor, organisation=organisation
    )
    if row.version != seen:
        raise StaleVersion(row)
    before = {name: (getattr(row, name), _words(row, name)) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    changed = [name for name in values if getattr(row, name) != before[name][0]]
    if not changed:
        if row.version == 0:
            row.delete()
            return None
        return row
    row.clean_fields(exclude=["sponsor", "organisation", "updated_by"])
    row.version, row.updated_by = row.version + 1, actor
    row.save(update_fields=[*changed, "version", "updated_by", "updated_at"])
    record(
        actor=actor,
        verb="partner_relation.changed",
        obj=row,
        sponsor=sponsor,
        data={name: [before[name][1], _words(row, name)] for name in changed},
    )
    return row


def _words(row: PartnerRelation, name: str) -> str:
    return ", ".join(row.tags) if name == "tags" else shown(row, name)
