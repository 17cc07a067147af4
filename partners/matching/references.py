"""Moving everything that refers to one record to another, whatever app it is in, and back again."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction

# Workings of the desk itself, and what is derived by triggers: they stay where they are.
STAY = frozenset(
    {"matchproposal", "merge", "notthesame", "searchdocument", "linksuggestion", "verificationtask"}
)


def references(model: type[models.Model]) -> list[models.Field]:
    """Foreign keys of any app that point to the model, except the desk's own workings and its own merge mark."""
    found = []
    for other in apps.get_models(include_auto_created=True):
        if other._meta.model_name in STAY or other._meta.proxy:
            continue
        for field in other._meta.concrete_fields:
            if field.remote_field and field.related_model is model and field.name != "merged_into":
                found.append(field)
    return found


def move(
    old: models.Model, new: models.Model, *, stay: Mapping[str, Collection[Any]] | None = None
) -> dict[str, list[Any]]:
    """Point every reference to `old` at `new`, except the rows of `stay`. Returns what was moved.

    Both name rows as "app.model.field" → primary keys. A row that may not be moved because `new` has an equal one
    already (a constraint says so) stays as it is.
    """
    moved: dict[str, list[Any]] = defaultdict(list)
    for field in references(type(old)):
        rows = field.model._base_manager.filter(**{field.name: old})
        rows = rows.exclude(pk__in=(stay or {}).get(_name(field), ()))
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        if keys:
            moved[_name(field)].extend(_point(field, keys, new))
    return {name: keys for name, keys in moved.items() if keys}


def move_back(moved: dict[str, list[Any]], old: models.Model, new: models.Model) -> int:
    """Point rows that `move` moved from `old` to `new` at `old` again, unless they were moved on since; how many."""
    done = 0
    for name, keys in moved.items():
        app, model, field_name = name.split(".")
        field = apps.get_model(app, model)._meta.get_field(field_name)
        still = field.model._base_manager.filter(pk__in=keys, **{field.name: new})
        done += len(_point(field, list(still.order_by("pk").values_list("pk", flat=True)), old))
    return done


def in_catalogue(name: str) -> bool:
    return name.startswith("partners.")


def _name(field: models.Field) -> str:
    return f"{field.model._meta.app_label}.{field.model._meta.model_name}.{field.name}"


def _point(field: models.Field, keys: list[Any], target: models.Model) -> list[Any]:
    """All at once; where a constraint forbids that, by halves, leaving out the rows that it forbids."""
    if not keys:
        return []
    try:
        with transaction.atomic():
            field.model._base_manager.filter(pk__in=keys).update(**{field.name: target})
    except IntegrityError:
        if len(keys) == 1:
            return []
        middle = len(keys) // 2
        return [*_point(field, keys[:middle], target), *_point(field, keys[middle:], target)]
    return keys
