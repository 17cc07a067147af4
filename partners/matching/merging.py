"""Making one partner, or one site, of two, and two of one again. Nothing is lost: what cannot move stays, kept."""

from django.db import transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.enums import AliasKind
from partners.history.services import HistoryError, collecting, revert_changes
from partners.models import Alias, Facility, Merge, NotTheSame, Organisation

from . import references
from .signals import partners_merging, partners_split

FILLED = ("summary", "website", "founded_year", "employees")
FILLED_OF_SITE = (
    *("street", "city", "region", "postal_code", "latitude", "longitude", "located_by", "opened_year"),
    "capabilities_complete_on",
)


class MergeError(ValueError):
    """Two records that cannot be merged or split; the message says why and what to do."""


@transaction.atomic
def merge_partners(*, actor: User, keep: Organisation, merged: Organisation, why: str) -> Merge:
    """Everything about `merged` becomes `keep`'s; `merged` stays as an inactive record that leads to it.

    Sites, facts, links and other apps' rows move. What `keep` has already (the same type, the same name) stays with
    the merged record. Fields that `keep` does not know are taken over, those it knows are not touched; the
    merged name becomes an alias. Raises MergeError.
    """
    keep, merged = _locked(Organisation, keep, merged, why)
    if keep.illustrative != merged.illustrative:
        raise MergeError("A real company and an illustrative one are never the same.")
    merge = Merge(kept_partner=keep, merged_partner=merged, why=why.strip()[:300], merged_by=actor)
    merge.save()
    answers = partners_merging.send(sender=Merge, keep=keep, merged=merged, merge=merge)
    stay = {name: keys for _, answer in answers for name, keys in (answer or {}).items()}
    with collecting(actor=actor, why=f"Merged “{merged}” into “{keep}”: {why}") as numbers:
        _free_slugs(keep, merged)
        moved = references.move(merged, keep, stay=stay)
        _fill(keep, merged, FILLED)
        _name_as_alias(keep, merged)
        merged.active, merged.merged_into = False, keep
        merged.save(update_fields=["active", "merged_into", "updated_at"])
        Organisation.objects.filter(merged_into=merged).update(merged_into=keep)
    return _recorded(actor, merge, moved, numbers)


@transaction.atomic
def merge_sites(*, actor: User, keep: Facility, merged: Facility, why: str) -> Merge:
    """The same for two sites of one partner. Raises MergeError."""
    keep, merged = _locked(Facility, keep, merged, why)
    if keep.organisation_id != merged.organisation_id:
        raise MergeError(
            f"“{keep}” and “{merged}” belong to different partners: merge the partners first, or move the site."
        )
    merge = Merge(kept_site=keep, merged_site=merged, why=why.strip()[:300], merged_by=actor)
    merge.save()
    with collecting(actor=actor, why=f"Merged “{merged}” into “{keep}”: {why}") as numbers:
        moved = references.move(merged, keep)
        _fill(keep, merged, FILLED_OF_SITE)
        merged.active, merged.merged_into = False, keep
        merged.save(update_fields=["active", "merged_into", "updated_at"])
        Facility.objects.filter(merged_into=merged).update(merged_into=keep)
    return _recorded(actor, merge, moved, numbers)


@transaction.atomic
def split(*, actor: User, merge: Merge, why: str) -> Merge:
    """Take a merge back: both records are as they were. Raises MergeError when something was changed again since."""
    merge = Merge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.split_at:
        raise MergeError("This merge has been taken back already.")
    if not why.strip():
        raise MergeError("Say why they are two after all.")
    type(merge.kept)._default_manager.select_for_update(no_key=True).filter(
        pk__in=[merge.kept.pk, merge.merged.pk]
    ).order_by("pk").first()
    try:
        revert_changes(
            actor=actor, numbers=merge.changes, why=f"Split “{merge.merged}” from “{merge.kept}”: {why}"
        )
    except HistoryError as error:
        raise MergeError(
            f"The merge cannot be taken back as a whole: {error} The history shows what changed since."
        ) from error
    outside = {name: keys for name, keys in merge.moved.items() if not references.in_catalogue(name)}
    references.move_back(outside, merge.merged, merge.kept)
    partners_split.send(sender=Merge, merge=merge)
    merge.split_by, merge.split_at = actor, timezone.now()
    merge.save(update_fields=["split_by", "split_at"])
    record(actor=actor, verb="catalogue.split", obj=merge, data={"why": why.strip()})
    return merge


@transaction.atomic
def tell_apart(*, actor: User, one: Organisation, other: Organisation) -> NotTheSame:
    """Two partners that look alike are two; they are not proposed as duplicates again."""
    first, second = sorted((one, other), key=lambda o: o.pk)
    if first.pk == second.pk:
        raise MergeError("That is one and the same record.")
    apart, made = NotTheSame.objects.get_or_create(first=first, second=second, defaults={"decided_by": actor})
    if made:
        record(actor=actor, verb="catalogue.told_apart", obj=apart)
    return apart


def _locked(model, keep, merged, why: str):
    """Both rows, locked in the order of their numbers, so that two merges at once cannot wait for each other."""
    if keep.pk == merged.pk:
        raise MergeError("A record cannot be merged with itself.")
    if not why.strip():
        raise MergeError("Say why they are one.")
    ordered = model._default_manager.select_for_update(no_key=True, of=("self",)).order_by("pk")
    rows = {row.pk: row for row in ordered.filter(pk__in=[keep.pk, merged.pk])}
    if len(rows) < 2:
        raise MergeError("One of the two has been deleted in the meantime.")
    for row in rows.values():
        if row.merged_into_id:
            raise MergeError(f"“{row}” has been merged into “{row.merged_into}” already.")
    return rows[keep.pk], rows[merged.pk]


def _free_slugs(keep: Organisation, merged: Organisation) -> None:
    """Sites of both may have the same short name; those of the merged partner get a number."""
    taken = set(keep.facilities.values_list("slug", flat=True))
    for site in merged.facilities.filter(slug__in=taken):
        number = 2
        while f"{site.slug[:110]}-{number}" in taken:
            number += 1
        slug = f"{site.slug[:110]}-{number}"
        taken.add(slug)
        Facility.objects.filter(pk=site.pk).update(slug=slug)


def _fill(keep, merged, names: tuple[str, ...]) -> None:
    taken = [
        name
        for name in names
        if getattr(keep, name) in (None, "") and getattr(merged, name) not in (None, "")
    ]
    for name in taken:
        setattr(keep, name, getattr(merged, name))
    if taken:
        keep.save(update_fields=[*taken, "updated_at"])


def _name_as_alias(keep: Organisation, merged: Organisation) -> None:
    if merged.name != keep.name and not keep.aliases.filter(name=merged.name).exists():
        Alias.objects.create(
            organisation=keep,
            name=merged.name,
            kind=AliasKind.ALIAS,
            source=merged.source,
            source_reference=merged.source_reference,
            retrieved_on=merged.retrieved_on,
            evidence_level=merged.evidence_level,
        )


def _recorded(actor: User, merge: Merge, moved: dict, numbers: list[int]) -> Merge:
    merge.moved, merge.changes = moved, numbers
    merge.save(update_fields=["moved", "changes", "kept_copies"])
    data = {name: len(keys) for name, keys in moved.items()}
    record(actor=actor, verb="catalogue.merged", obj=merge, data={"moved": data, "why": merge.why})
    return merge
