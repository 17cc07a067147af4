"""How long facts stay fresh (domain.md 4.4): half-lives, the credit an old fact keeps, and what counts as stale.

A fact is stale when its last day of validity has passed, or when it is older than the half-life of its kind.
Kinds without a half-life only go stale by their own date.
"""

import datetime
from dataclasses import dataclass

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from partners.models import (
    Audit,
    CapacitySlot,
    Certificate,
    CommercialTerms,
    Evidenced,
    IndicativePrice,
    Inspection,
    MetricValue,
)

# Kind of fact → half-life in days: capacity 90 days, prices and terms 180 days, ratings and measures 24 months,
# audits 3 years, inspections 5 years. A certificate has its date of expiry instead.
HALF_LIVES: dict[type[Evidenced], int] = {
    CapacitySlot: 90,
    IndicativePrice: 180,
    CommercialTerms: 180,
    MetricValue: 730,
    Inspection: 1826,
    Audit: 1096,
}
# Kinds that are as old as the event itself; all others are as old as their retrieval.
HAPPENED: dict[type[Evidenced], str] = {Inspection: "ended_on", Audit: "audited_on"}
LEAST_CREDIT = 0.5
SOON_DAYS = 90  # what expires within these days is worth asking for now


@dataclass(frozen=True, slots=True)
class Freshness:
    """`credit` is 0.5-1 of full confidence; `age` in days; `why` says in words what makes a fact stale."""

    age: int
    credit: float
    half_life: int | None
    expires_on: datetime.date | None
    why: str

    @property
    def stale(self) -> bool:
        return bool(self.why)


def fact_models() -> list[type[Evidenced]]:
    """Every kind of fact, partners and sites included."""
    found: list[type[Evidenced]] = []
    waiting = list(Evidenced.__subclasses__())
    while waiting:
        model = waiting.pop(0)
        waiting.extend(model.__subclasses__())
        if not model._meta.abstract:
            found.append(model)
    return sorted(found, key=lambda m: str(m._meta.verbose_name))


def credit(age: int, half_life: int | None) -> float:
    """max(0.5, 0.5^(age / half-life)); full credit without a half-life."""
    if half_life is None or age <= 0:
        return 1.0
    return max(LEAST_CREDIT, 0.5 ** (age / half_life))


def of(fact: Evidenced, on: datetime.date) -> Freshness:
    """The freshness of one fact on a day."""
    half_life = HALF_LIVES.get(type(fact))
    age = max(0, (on - _dated(fact)).days)
    ends = [d for d in (fact.valid_until, getattr(fact, "expires_on", None)) if d]
    expires = min(ends) if ends else None
    why = ""
    if expires and expires < on:
        why = f"Its last day was {expires.isoformat()}"
    elif half_life is not None and age > half_life:
        why = f"{age:,} days old; the half-life of {fact._meta.verbose_name_plural} is {half_life:,} days"
    return Freshness(age, credit(age, half_life), half_life, expires, why)


def _dated(fact: Evidenced) -> datetime.date:
    """An inspection is as old as the inspection itself, an audit too, everything else as old as its retrieval."""
    field = HAPPENED.get(type(fact))
    return (getattr(fact, field) if field else None) or fact.retrieved_on


def stale(model: type[Evidenced], on: datetime.date) -> Q:
    """The condition that picks a kind's stale rows; the same rule as `of`."""
    condition = Q(valid_until__lt=on)
    if model is Certificate:
        condition |= Q(expires_on__lt=on)
    half_life = HALF_LIVES.get(model)
    if half_life is not None:
        oldest = on - datetime.timedelta(days=half_life)
        if field := HAPPENED.get(model):
            condition |= Q(**{f"{field}__lt": oldest}) | Q(**{field: None}, retrieved_on__lt=oldest)
        else:
            condition |= Q(retrieved_on__lt=oldest)
    return condition


def expiring(model: type[Evidenced], on: datetime.date, days: int = SOON_DAYS) -> Q:
    """Rows that are valid still, but not in `days` days."""
    window = (on, on + datetime.timedelta(days=days))
    condition = Q(valid_until__range=window)
    return condition | Q(expires_on__range=window) if model is Certificate else condition


def oldest_first(model: type[Evidenced]) -> tuple[models.expressions.OrderBy, str]:
    """The order of the stale queue: what was looked at longest ago comes first."""
    field = HAPPENED.get(model)
    dated = Coalesce(field, "retrieved_on") if field else F("retrieved_on")
    return dated.asc(), "pk"
