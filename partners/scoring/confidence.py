"""How far facts can be trusted: fresh and checked ones fully, stale and self-declared ones less (domain.md 4.4).

Credit = evidence × freshness, freshness = max(0.5, 0.5^(age / half-life)). It decides the confidence that is shown.
Only when a project switches it on does it touch the score: the interval of a measure is then widened, as if the
missing credit were unknown, so a stale fact moves the point towards the middle and the coverage down.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from .types import CriterionScore, FactRef, PartnerResult, SubScore

EVIDENCE: dict[str, float] = {
    "self_declared": 0.8,
    "document_checked": 0.9,
    "public_register": 1.0,
    "audited": 1.0,
}
LEAST_FRESHNESS = 0.5
HALF_LIFE_DAYS: dict[str, float] = {  # by kind of fact; a kind that is not listed does not age
    "capacityslot": 90,
    "indicativeprice": 180,
    "quote": 180,
    "inspection": 5 * 365.25,
    "audit": 3 * 365.25,
}
RATING_HALF_LIFE = 2 * 365.25  # what sponsors say of a partner is kept as metrics among others
RATING_SUBS = frozenset({"C6.rating", "C6.references", "C10.communication"})
# Credits are added up in whole parts of this size: their mean is the same in whatever order facts are read.
CREDIT_PARTS = 2**40


def freshness(ref: FactRef, as_of: dt.date, *, half_life: float | None = None) -> float:
    """0.5 … 1 by age. A fact that does not age, or whose date is in the future, is fresh; one without a date is not."""
    return _freshness(ref.kind, ref.happened_on or ref.as_of, as_of, half_life)


def _freshness(kind: str, since: dt.date | None, as_of: dt.date, half_life: float | None) -> float:
    life = half_life if half_life is not None else HALF_LIFE_DAYS.get(kind)
    if life is None:
        return 1.0
    if since is None:
        return LEAST_FRESHNESS
    age = max(0, (as_of - since).days)
    return float(max(LEAST_FRESHNESS, 0.5 ** (age / life)))


def credit(ref: FactRef, as_of: dt.date, *, half_life: float | None = None) -> float:
    """0.4 … 1: evidence level times freshness."""
    return _credit(ref.kind, ref.evidence, ref.happened_on or ref.as_of, as_of, half_life)


def _credit(
    kind: str, evidence: str, since: dt.date | None, as_of: dt.date, half_life: float | None
) -> float:
    return EVIDENCE.get(evidence, min(EVIDENCE.values())) * _freshness(kind, since, as_of, half_life)


def credit_parts(
    kind: str, evidence: str, since: dt.date | None, as_of: dt.date, half_life: float | None = None
) -> int:
    """The credit of a fact of `kind` that is as old as `since` says, in whole parts of `CREDIT_PARTS`."""
    return round(_credit(kind, evidence, since, as_of, half_life) * CREDIT_PARTS)


def half_life_of(sub_code: str) -> float | None:
    """The half-life, in days, of every fact behind a measure that ages as a whole; None: each kind has its own."""
    return RATING_HALF_LIFE if sub_code in RATING_SUBS else None


def sub_credit(sub: SubScore, as_of: dt.date) -> float:
    """Mean credit of the facts behind a measure; 1 where it rests on none."""
    if not sub.facts:
        return 1.0
    life = half_life_of(sub.code)
    parts = (credit_parts(r.kind, r.evidence, r.happened_on or r.as_of, as_of, life) for r in sub.facts)
    return sum(parts) / (CREDIT_PARTS * len(sub.facts))


def criterion_confidence(criterion: CriterionScore, as_of: dt.date) -> float:
    """Share (0..1) of a criterion that rests on facts, each counted by its credit: once, discounted or not."""
    if not criterion.subs:
        return criterion.known
    return min(1.0, sum(s.weight * _credited(s, as_of) for s in criterion.subs))


def _credited(sub: SubScore, as_of: dt.date) -> float:
    return sub.known if sub.discounted else sub.known * sub_credit(sub, as_of)


def confidence(result: PartnerResult, weights: Mapping[str, float], as_of: dt.date) -> float:
    """As coverage (0-100), but every fact counts by its credit: never above the coverage."""
    return sum(weights[c.code] * criterion_confidence(c, as_of) for c in result.criteria)


def discounted(criterion: CriterionScore, as_of: dt.date) -> CriterionScore:
    """The criterion with the missing credit of its facts turned into the unknown."""
    if not criterion.subs:
        return criterion
    subs = tuple(_discounted(s, as_of) for s in criterion.subs)
    return replace(
        criterion,
        low=_bounded(sum(s.weight * s.low for s in subs)),
        high=_bounded(sum(s.weight * s.high for s in subs)),
        known=min(1.0, sum(s.weight * s.known for s in subs)),
        subs=subs,
    )


def _bounded(points: float) -> float:
    """Sums of shares may leave 0-100 by a rounding error; a score must not."""
    return min(100.0, max(0.0, points))


def _discounted(sub: SubScore, as_of: dt.date) -> SubScore:
    share = sub_credit(sub, as_of)
    if share >= 1:
        return sub
    return replace(
        sub,
        low=sub.low * share,
        high=sub.high * share + 100 * (1 - share),
        known=sub.known * share,
        discounted=True,
    )
