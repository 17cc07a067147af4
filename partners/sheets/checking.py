"""The checks of a form, for one row of a spreadsheet: fields, the model's own rules, and named constraints.

Only what the change touches is asked of the database: one query for each constraint that speaks of a changed field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import Q


def problems(
    instance: models.Model, changed: set[str], *, related: set[str], unique: bool = True
) -> dict[str, list[str]]:
    """Field → what is wrong with it, in words; rules about several fields stand at one that was changed.

    `changed` are the fields that are new; `related` those whose rows are known to exist. Without `unique` it is not
    asked whether another row has a value that only one may have.
    """
    found: dict[str, list[str]] = {}

    def keep(error: ValidationError, name: str = "") -> None:
        by_field = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        for field, texts in by_field.items():
            at = name if name and field == NON_FIELD_ERRORS else field
            found.setdefault(at, []).extend(texts)

    fields = {f.name for f in instance._meta.fields}
    try:
        instance.clean_fields(exclude=(fields - changed) | related)
    except ValidationError as error:
        keep(error)
    try:
        instance.clean()
    except ValidationError as error:
        keep(error)
    if found:
        return found
    if unique and any(f.unique and f.name in changed and not f.primary_key for f in instance._meta.fields):
        try:
            instance.validate_unique(exclude=fields - changed)
        except ValidationError as error:
            keep(error)
    touched = [(c, [name for name in names_of(c) if name in changed]) for c in instance._meta.constraints]
    touched = [(constraint, names) for constraint, names in touched if names]
    if not unique:
        touched = [(c, names) for c, names in touched if not isinstance(c, models.UniqueConstraint)]
    checks = [c for c, _ in touched if isinstance(c, models.CheckConstraint)]
    if len(checks) > 1 and _all_hold(checks, instance):
        touched = [(c, names) for c, names in touched if not isinstance(c, models.CheckConstraint)]
    for constraint, names in touched:
        try:
            constraint.validate(type(instance), instance)
        except ValidationError as error:
            keep(error, names[0])
    return found


def holders(instance: models.Model, changed: set[str]) -> list[tuple[int, list[str]]]:
    """The rows that have what this one must be the only one to have, each with the fields it is about."""
    found = []
    for names, condition in _unique_values(instance, changed):
        values = {name: getattr(instance, name) for name in names}
        same = Q(*(Q(**({f"{n}__isnull": True} if v is None else {n: v})) for n, v in values.items()))
        rows = type(instance)._base_manager.filter(same, condition or Q()).exclude(pk=instance.pk)
        found += [(pk, names) for pk in rows.values_list("pk", flat=True)]
    return found


def _unique_values(instance: models.Model, changed: set[str]) -> Iterator[tuple[list[str], Q | None]]:
    """The groups of fields with something new in them whose values only one row may have, and for which rows."""
    groups = [([f.name], None, True) for f in instance._meta.fields if f.unique and not f.primary_key]
    groups += [
        (list(c.fields), c.condition, c.nulls_distinct is not False)
        for c in instance._meta.constraints
        if isinstance(c, models.UniqueConstraint)
    ]
    for names, condition, unknowns_differ in groups:
        values = [getattr(instance, instance._meta.get_field(name).attname) for name in names]
        if not changed & set(names) or (unknowns_differ and None in values):
            continue
        if condition is None or condition.check(instance._get_field_expression_map(instance._meta)):
            yield names, condition


def _all_hold(checks: Sequence[models.CheckConstraint], instance: models.Model) -> bool:
    """Whether the row keeps all of these, asked in one query; which one it breaks is asked only when it does not."""
    values = instance._get_field_expression_map(instance._meta)
    return Q(*(Q(check.condition) for check in checks)).check(values)


def names_of(constraint: models.BaseConstraint) -> list[str]:
    """The fields that a constraint speaks of, in its order."""
    names = list(getattr(constraint, "fields", ()))
    condition = getattr(constraint, "condition", None)
    if condition is not None:
        names += _names_in(condition)
    return list(dict.fromkeys(names))


def _names_in(condition: Q) -> Iterator[str]:
    for child in condition.children:
        if isinstance(child, Q):
            yield from _names_in(child)
        elif isinstance(child, tuple):
            path, value = child
            yield path.split("__")[0]
            if isinstance(value, models.F):
                yield value.name.split("__")[0]


def constraint_claims(instance: models.Model, changed: set[str]) -> Iterator[tuple[Any, ...]]:
    """What no other row of the file may say too: the values of unique fields and constraints that are new here."""
    for names, _ in _unique_values(instance, changed):
        yield (
            "unique",
            *names,
            *(f.value_from_object(instance) for f in map(instance._meta.get_field, names)),
        )
