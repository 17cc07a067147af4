"""Vocabulary terms: how often each is used, its synonyms, and making one term of two."""

from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Count

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.history import recording
from partners.models import SearchSynonym, Service, Vocabulary

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
        for key, number in rows.values_list(field.attname).annotate(n=Count("pk")):
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
def merge_terms(*, actor: User, keep: Vocabulary, merged: Vocabulary, why: str) -> dict[str, int]:
    """Everything that refers to `merged` refers to `keep`, which takes its synonyms and its name; `merged` is retired.

    A row that would say the same twice (a partner that had both types) is dropped; the history keeps it. Returns how
    many rows moved, by kind. Raises TermError and changes nothing.
    """
    if type(keep) is not type(merged) or keep.pk == merged.pk:
        raise TermError("Choose two different terms of one vocabulary.")
    if not why.strip():
        raise TermError("Say why the two are one.")
    model = type(keep)
    rows = {
        t.pk: t
        for t in model._default_manager.select_for_update().order_by("pk").filter(pk__in=[keep.pk, merged.pk])
    }
    if len(rows) < 2:
        raise TermError("One of the two has been deleted in the meantime.")
    keep, merged = rows[keep.pk], rows[merged.pk]
    with recording(actor=actor, why=f"Merged “{merged}” into “{keep}”: {why.strip()}"):
        if isinstance(keep, Service) and keep.parent_id == merged.pk:
            keep.parent_id = merged.parent_id
            keep.save(update_fields=["parent"])
        moved = {name: len(keys) for name, keys in references.move(merged, keep).items()}
        for field in references.references(model):
            left = field.model._base_manager.filter(**{field.name: merged})
            if field.model._meta.app_label == "partners":
                left.delete()
            elif left.exists():
                raise TermError(
                    f"{left.count()} rows of sponsors ({field.model._meta.verbose_name_plural}) use both terms where "
                    "only one may stand; they must be changed there first."
                )
        merged.active = False
        merged.save(update_fields=["active"])
        both = {*synonyms(keep), *synonyms(merged), merged.label}
        SearchSynonym.objects.filter(group=group_of(merged)).delete()
        set_synonyms(actor=actor, term=keep, phrases=both)
    record(
        actor=actor,
        verb=f"{model._meta.model_name}.merged",
        obj=keep,
        data={"merged": merged.code, "why": why.strip(), "moved": moved},
    )
    return moved
