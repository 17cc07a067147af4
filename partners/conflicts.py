"""Facts that contradict each other: rows about one thing whose values differ. Shown side by side, never overwritten."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import BooleanField, Count, F, IntegerField, Max, Min, Q, QuerySet
from django.db.models.functions import Cast

from partners.models import (
    Capability,
    Certificate,
    CommercialTerms,
    Evidenced,
    IndicativePrice,
    Inspection,
    MetricValue,
    Organisation,
)

SHOWN = 50  # conflicts of one kind that are spelt out
MOST_COUNTED = 1_000  # of one kind


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `model` with equal `same` fields speak of one thing; they conflict when a `compared` field differs.

    A row that does not know a compared field contradicts nobody. `known` picks rows that say enough to be compared.
    """

    model: type[Evidenced]
    owner: str  # lookup of the partner
    same: tuple[str, ...]
    compared: tuple[str, ...]
    known: Q = Q()  # noqa: RUF009  never changed


RULES = (
    Rule(
        MetricValue, "organisation", ("organisation", "facility", "metric", "period_end"), ("number", "flag")
    ),
    Rule(
        CommercialTerms,
        "organisation",
        ("organisation", "currency"),
        ("minimum_project", "payment_days", "cancellation_share"),
    ),
    Rule(
        IndicativePrice,
        "organisation",
        ("organisation", "service", "modality", "basis", "currency"),
        ("low", "high"),
    ),
    Rule(
        Certificate,
        "facility__organisation",
        ("facility", "type", "number"),
        ("issued_on", "expires_on"),
        ~Q(number=""),
    ),
    Rule(
        Inspection,
        "facility__organisation",
        ("facility", "regulator", "ended_on"),
        ("outcome", "observations"),
        Q(ended_on__isnull=False),
    ),
    Rule(
        Capability,
        "facility__organisation",
        ("facility", "service", "modality", "dosage_form", "production_system", "scale_unit"),
        ("gmp", "biosafety_level"),
    ),
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Rows that say different things about one thing, newest first, and the fields in which they differ."""

    rule: Rule
    rows: tuple[Evidenced, ...]
    fields: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(str(self.rule.model._meta.get_field(name).verbose_name) for name in self.fields)


def groups(rule: Rule, organisation: Organisation | None = None) -> QuerySet:
    """The things about which rows of one rule differ, as values of its `same` fields."""
    rows = rule.model._default_manager.filter(rule.known).order_by()
    if organisation is not None:
        rows = rows.filter(**{rule.owner: organisation})
    # the least and the greatest value differ: cheaper to find than how many values there are
    extremes, several = {}, Q()
    for name in rule.compared:
        value = _ordered(rule.model, name)
        extremes |= {f"least_{name}": Min(value), f"most_{name}": Max(value)}
        several |= Q(**{f"least_{name}__lt": F(f"most_{name}")})
    return rows.values(*rule.same).annotate(n=Count("pk"), **extremes).filter(n__gt=1).filter(several)


def _ordered(model: type[Evidenced], name: str) -> Any:
    """The field as something that has a least and a greatest value; yes and no have none in SQL."""
    flag = isinstance(model._meta.get_field(name), BooleanField)
    return Cast(name, IntegerField()) if flag else F(name)


def conflicts(
    *, organisation: Organisation | None = None, prices: bool = True, limit: int = SHOWN
) -> list[Conflict]:
    """Conflicts of one partner or of the whole catalogue, at most `limit` of each kind; two queries for each kind."""
    found: list[Conflict] = []
    for rule in RULES:
        if prices or rule.model not in (CommercialTerms, IndicativePrice):
            found.extend(_spelt_out(rule, list(groups(rule, organisation)[:limit])))
    return found


@dataclass(frozen=True, slots=True)
class Overview:
    """How many things the catalogue contradicts itself about, and the first of each kind, as their `same` fields."""

    number: int
    more: bool  # counting stopped at MOST_COUNTED of a kind
    things: tuple[tuple[dict[str, Any], ...], ...]  # in the order of RULES


def overview() -> Overview:
    """One query for each kind of fact, over all of its rows."""
    number, more, things = 0, False, []
    for rule in RULES:
        found = list(groups(rule).values(*rule.same)[: MOST_COUNTED + 1])
        number += min(len(found), MOST_COUNTED)
        more |= len(found) > MOST_COUNTED
        things.append(tuple(found[:SHOWN]))
    return Overview(number, more, tuple(things))


def still_conflicting(found: Overview) -> list[Conflict]:
    """Those of an overview that are conflicts now; one query for each kind of fact that has some."""
    return [
        conflict
        for rule, things in zip(RULES, found.things, strict=True)
        for conflict in _spelt_out(rule, list(things))
    ]


def conflict_of(fact: Evidenced) -> Conflict | None:
    """The conflict one fact takes part in, if any."""
    for rule in RULES:
        if isinstance(fact, rule.model):
            thing = {name: fact.serializable_value(name) for name in rule.same}
            found = _rows_of(rule, [thing])
            return next((c for c in _conflicting(rule, found) if fact in c.rows), None)
    return None


def _spelt_out(rule: Rule, things: list[dict[str, Any]]) -> list[Conflict]:
    return _conflicting(rule, _rows_of(rule, things)) if things else []


def _rows_of(rule: Rule, things: list[dict[str, Any]]) -> Iterable[Evidenced]:
    def thing(group: dict[str, Any]) -> Q:
        values = {name: group[name] for name in rule.same}
        return Q(**{(f"{name}__isnull" if v is None else name): v is None or v for name, v in values.items()})

    related = [f.name for f in rule.model._meta.fields if f.is_relation]
    if "facility" in related:
        related.append("facility__organisation")
    return (
        rule.model._default_manager.filter(rule.known)
        .filter(reduce(or_, map(thing, things)))
        .select_related(*related)
        .order_by("-retrieved_on", "-pk")
    )


def _conflicting(rule: Rule, rows: Iterable[Evidenced]) -> list[Conflict]:
    by_thing: dict[tuple, list[Evidenced]] = defaultdict(list)
    for row in rows:
        by_thing[tuple(row.serializable_value(name) for name in rule.same)].append(row)
    found = []
    for same in by_thing.values():
        differing = tuple(
            name
            for name in rule.compared
            if len({v for row in same if (v := getattr(row, name)) is not None}) > 1
        )
        if differing:
            found.append(Conflict(rule, tuple(same), differing))
    return found
