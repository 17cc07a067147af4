"""Reading the history: whose changes, and each one in words."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.text import capfirst

from partners.enums import ChangeHow, ChangeKind
from partners.models import Change, CommercialTerms, IndicativePrice, Organisation

NOTHING = "unknown"
PEOPLE = frozenset({ChangeHow.PAGE, ChangeHow.DESK, ChangeHow.API})
PRICE_TABLES = (CommercialTerms._meta.db_table, IndicativePrice._meta.db_table)
# Columns that say nothing to a reader.
SILENT = frozenset({"id", "created_at", "updated_at", "slug"})
# Models of the catalogue without history: runs, proposals, tasks, what is derived, and rates.
UNWATCHED = frozenset(
    {
        *(
            "change",
            "cataloguechange",
            "registerimport",
            "registerupload",
            "rejectedrow",
            "sheetimport",
            "sheetrow",
            "linksuggestion",
            "searchdocument",
            "searchword",
        ),
        *("exchangerate", "exchangerateimport", "verificationtask", "savedfilter"),
        *("matchproposal", "merge", "termmerge", "notthesame", "proposal", "partymatch"),
    }
)


@cache
def watched_models() -> dict[str, type[models.Model]]:
    """Table → model, of every table that has a history; links of many-to-many fields included."""
    found = apps.get_app_config("partners").get_models(include_auto_created=True)
    return {m._meta.db_table: m for m in found if m._meta.model_name not in UNWATCHED}


@dataclass(frozen=True, slots=True)
class Line:
    """One field that changed, in words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One change for readers: of what, when, by whom, by which way, why, and field by field what."""

    change: Change
    kind: str
    thing: str  # "Capability"
    name: str  # "Viral vector · AAV"
    at: datetime.datetime
    who: str
    how: str
    why: str
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        return f"{self.thing} {self.kind.lower()}: {self.name}"


def changes_of_partner(organisation_id: int, *, prices: bool) -> QuerySet[Change]:
    """Changes of a partner, its sites and all facts about them, newest first; terms and prices only if `prices`.

    What was moved to or from the partner counts for it too.
    """
    found = Change.objects.filter(
        Q(organisation_id=organisation_id) | Q(organisation_before_id=organisation_id)
    )
    return found if prices else found.exclude(table__in=PRICE_TABLES)


def partner_changes(
    organisation: Organisation, *, prices: bool, limit: int = 50, offset: int = 0
) -> list[Entry]:
    """A partner's changes for everybody: curators are not named. At most about twenty queries, whatever the limit."""
    found = changes_of_partner(organisation.pk, prices=prices).order_by("-pk")[offset : offset + limit]
    return describe(found, people_named=False)


def changes_of_row(row: models.Model) -> QuerySet[Change]:
    """Changes of one row, newest first."""
    return Change.objects.filter(table=row._meta.db_table, object_id=row.pk).order_by("-pk")


def changes_of_act(act: UUID) -> QuerySet[Change]:
    """Everything one request or command changed, last first."""
    return Change.objects.filter(act=act).order_by("-pk")


# -- in words --------------------------------------------------------------------------------------


def describe(changes: Iterable[Change], *, people_named: bool = True) -> list[Entry]:
    """The changes in words. One query for each kind of row they speak of, whatever their number."""
    rows = list(changes)
    known = _related_rows(rows)
    return [_entry(change, known, people_named) for change in rows]


def _entry(change: Change, known: "Known", people_named: bool) -> Entry:
    model = watched_models().get(change.table)
    if model is None:  # a table that has gone since
        thing, name, lines = change.table, f"no. {change.object_id}", _raw_lines(change)
    elif change.object_id is None:
        number = (change.after or {}).get("rows", 0)
        thing, name, lines = _thing(model), f"{number:,} synthetic rows, without their values", ()
    else:
        thing, name, lines = _thing(model), _name(model, change, known), tuple(_lines(model, change, known))
    # an import or command that somebody started on the desk carries their name too
    by_person = bool(change.actor_id) or change.how in PEOPLE
    person = "A curator" if by_person and not people_named else change.actor_name
    return Entry(
        change,
        change.get_kind_display(),
        thing,
        name,
        change.at,
        person,
        change.get_how_display(),
        change.why,
        lines,
    )


Known = dict[type[models.Model], dict[Any, models.Model]]


def _related_rows(changes: Sequence[Change]) -> Known:
    """Every row the changes speak of or refer to, by model and key."""
    wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
    for change in changes:
        model = watched_models().get(change.table)
        if model is None or change.object_id is None:
            continue
        wanted[model].add(change.object_id)
        for values in (change.before or {}, change.after or {}):
            for field in _fields(model, values):
                if field.is_relation and values[field.column] is not None:
                    wanted[field.related_model].add(values[field.column])
    return {
        model: model._base_manager.select_related(*_foreign_keys(model)).in_bulk(keys)
        for model, keys in wanted.items()
    }


def _foreign_keys(model: type[models.Model]) -> list[str]:
    """What a row's name may be made of, and one step on: the partner of its site."""
    names = [f.name for f in model._meta.fields if f.is_relation]
    return [*names, *(f"{n}__organisation" for n in names if n == "facility")]


def _fields(model: type[models.Model], values: dict[str, Any]) -> list[models.Field]:
    return [f for f in model._meta.concrete_fields if f.column in values]


def _thing(model: type[models.Model]) -> str:
    return capfirst(str(model._meta.verbose_name).replace("-", " ").replace(" relationship", ""))


def _name(model: type[models.Model], change: Change, known: Known) -> str:
    """The row's name today; of a row that has gone, the name its last values make."""
    row = known.get(model, {}).get(change.object_id)
    values = change.after if change.kind == ChangeKind.CREATED else change.before
    if row is None and change.kind != ChangeKind.CHANGED and values:
        row = model()
        for field in _fields(model, values):
            value = values[field.column]
            if field.is_relation:
                target = known.get(field.related_model, {}).get(value)
                if target is None:
                    continue
                setattr(row, field.name, target)
            else:
                setattr(row, field.attname, field.to_python(value))
    try:
        return str(row) if row is not None else f"no. {change.object_id}"
    except models.ObjectDoesNotExist:  # its name needs a row that has gone too
        return f"no. {change.object_id}"


def _lines(model: type[models.Model], change: Change, known: Known) -> Iterable[Line]:
    before, after = change.before or {}, change.after or {}
    for field in _fields(model, {**before, **after}):
        if field.column in SILENT:
            continue
        old, new = (_words(field, values.get(field.column), known) for values in (before, after))
        if old != new:
            yield Line(capfirst(str(field.verbose_name)), old, new)


def _raw_lines(change: Change) -> tuple[Line, ...]:
    before, after = change.before or {}, change.after or {}
    columns = sorted({*before, *after})
    return tuple(Line(c, str(before.get(c, NOTHING)), str(after.get(c, NOTHING))) for c in columns)


def _words(field: models.Field, value: Any, known: Known) -> str:
    """One value as people read it."""
    if value is None or value == "" or value == []:
        return NOTHING
    if field.is_relation:
        return str(known.get(field.related_model, {}).get(value) or f"no. {value} (deleted)")
    if field.flatchoices:
        return str(dict(field.flatchoices).get(value, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(field, models.DecimalField):
        return f"{field.to_python(value).normalize():,f}"
    return str(value)
