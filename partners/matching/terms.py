"""Vocabulary terms: how often each is used, its synonyms, and making one term of two."""

from collections import Counter
from collections.abc import Iterable

from django.apps import apps
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.history import recording
from partners.history.services import HistoryError, collecting, revert_changes
from partners.models import SearchSynonym, Service, TermMerge, Vocabulary

from . import references

GROUP_LENGTH = SearchSynonym._meta.get_field("group").max_length


class TermError(ValueError):
    """Two terms that cannot be made one; the message says why and what to do."""


def usage(model: type[Vocabulary], keys: Iterable[int]) -> Counter[int]:
    """How many rows refer to each of these terms, sponsors' needs included: one query per kind of reference."""
    found: Counter[int] = Counter()
    ids = list(keys)
    for field in references.references(model):
        rows = field.model._base_manager.filter(**{f"{field.name}__in": ids}).order_by()
        for key, number in rows.values_list(field.attname).annotate(n=Count("*")):
            found[key] += number
    return found


def group_of(term: Vocabulary) -> str:
    return f"{term._meta.model_name}-{term.code}"[:GROUP_LENGTH]


def synonyms(term: Vocabulary) -> list[str]:
    """Other words that the search takes for the term; its label is always one of the group."""
    rows = SearchSynonym.objects.filter(group=group_of(term)).exclude(phrase=term.label[:80])
    return list(rows.order_by("phrase").values_list("phrase", flat=True))


@transaction.atomic
def set_synonyms(*, actor: User, term: Vocabulary, phrases: Iterable[str]) -> None:
    """The search takes exactly these words, and the label, for one another."""
    wanted = {p.strip()[:80] for p in phrases if p.strip()} - {term.label[:80]}
    if wanted == set(synonyms(term)):
        return
    group = SearchSynonym.objects.filter(group=group_of(term))
    with recording(actor=actor):
        group.exclude(phrase__in=[*wanted, term.label[:80]]).delete()
        if wanted:
            have = set(group.values_list("phrase", flat=True))
            new = {*wanted, term.label[:80]} - have
            SearchSynonym.objects.bulk_create(
                [SearchSynonym(group=group_of(term), phrase=p) for p in sorted(new)]
            )
        else:
            group.delete()
    record(actor=actor, verb=f"{term._meta.model_name}.synonyms", obj=term, data={"synonyms": sorted(wanted)})


@transaction.atomic
def merge_terms(*, actor: User, keep: Vocabulary, merged: Vocabulary, why: str) -> TermMerge:
    """Everything that refers to `merged` refers to `keep`, which takes its synonyms and its name; `merged` is retired.

    A row that would say the same twice (a partner that had both types) is dropped; the history keeps it, and
    `undo_term_merge` puts it back. Raises TermError and changes nothing.
    """
    if type(keep) is not type(merged) or keep.pk == merged.pk:
        raise TermError("Choose two different terms of one vocabulary.")
    if not why.strip():
        raise TermError("Say why the two are one.")
    model = type(keep)
    keep, merged = _locked(model, keep.pk, merged.pk)
    reason = f"Merged “{merged}” into “{keep}”: {why.strip()}"
    with recording(actor=actor, why=reason):
        with collecting(actor=actor, why=reason) as numbers:
            # what stands below the merged one will stand below the one that stays, so that one takes its place
            if isinstance(keep, Service) and merged.pk in Service.and_above(keep.parent_id):
                keep.parent_id = merged.parent_id
                keep.save(update_fields=["parent"])
        moved = references.move(merged, keep)
        with collecting(actor=actor, why=reason) as more:
            _drop_what_is_double(model, merged)
            merged.active = False
            merged.save(update_fields=["active"])
            both = {*synonyms(keep), *synonyms(merged), merged.label}
            SearchSynonym.objects.filter(group=group_of(merged)).delete()
            set_synonyms(actor=actor, term=keep, phrases=both)
    merge = TermMerge.objects.create(
        vocabulary=model._meta.model_name,
        kept_id=keep.pk,
        merged_id=merged.pk,
        kept_label=keep.label,
        merged_label=merged.label,
        why=why.strip()[:300],
        moved=moved,
        changes=[*numbers, *more],
        merged_by=actor,
    )
    record(
        actor=actor,
        verb=f"{model._meta.model_name}.merged",
        obj=keep,
        data={
            "merged": merged.code,
            "why": why.strip(),
            "moved": {name: len(keys) for name, keys in moved.items()},
        },
    )
    return merge


def _locked(model: type[Vocabulary], keep: int, merged: int) -> tuple[Vocabulary, Vocabulary]:
    """Both terms, locked in the order of their numbers."""
    locked = model._default_manager.select_for_update(of=("self",)).order_by("pk")
    rows = {term.pk: term for term in locked.filter(pk__in=[keep, merged])}
    if len(rows) < 2:
        raise TermError("One of the two has been deleted in the meantime.")
    return rows[keep], rows[merged]


def _drop_what_is_double(model: type[Vocabulary], merged: Vocabulary) -> None:
    """What could not move says the same as a row that is there; sponsors' rows are theirs to change."""
    for field in references.references(model):
        left = field.model._base_manager.filter(**{field.name: merged})
        if field.model._meta.app_label == "partners":
            left.delete()
        elif left.exists():
            raise TermError(
                f"{left.count()} rows of sponsors ({field.model._meta.verbose_name_plural}) use both terms where "
                "only one may stand; they must be changed there first."
            )


@transaction.atomic
def undo_term_merge(*, actor: User, merge: TermMerge, why: str) -> int:
    """Two terms again: rows that moved and were not changed since use the one that was retired, as before.

    Returns how many rows moved back. Raises TermError and changes nothing.
    """
    merge = TermMerge.objects.select_for_update(of=("self",)).get(pk=merge.pk)
    if merge.undone_at:
        raise TermError("This merge has been taken back already.")
    if not why.strip():
        raise TermError("Say why they are two after all.")
    keep, merged = _locked(model_of(merge), merge.kept_id, merge.merged_id)
    onward = TermMerge.objects.filter(
        vocabulary=merge.vocabulary, merged_id__in=[keep.pk, merged.pk], undone_at=None, pk__gt=merge.pk
    ).first()
    if onward:
        raise TermError(
            f"“{onward.merged_label}” became “{onward.kept_label}” since: take that merge back first."
        )
    reason = f"Split “{merged}” from “{keep}”: {why.strip()}"
    with recording(actor=actor, why=reason):
        try:
            revert_changes(actor=actor, numbers=merge.changes, why=reason)
        except HistoryError as error:
            raise TermError(f"The merge cannot be taken back: {error}") from error
        back = references.move_back(merge.moved, merged, keep)
    merge.undone_by, merge.undone_at = actor, timezone.now()
    merge.save(update_fields=["undone_by", "undone_at"])
    record(
        actor=actor,
        verb=f"{merge.vocabulary}.split",
        obj=merged,
        data={"kept": keep.code, "why": why.strip(), "moved": back},
    )
    return back


def model_of(merge: TermMerge) -> type[Vocabulary]:
    """The vocabulary a merge is of."""
    return apps.get_model("partners", merge.vocabulary)
