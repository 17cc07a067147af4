"""Rankings made by hand: points per criterion, without a catalogue behind them."""

import datetime as dt

from partners.scoring import rank_assessed
from partners.scoring.types import CRITERIA, Assessment, CriterionScore, Ranking, SubScore

EQUAL = dict.fromkeys(CRITERIA, 10.0)


def assessment(number: int, name: str, points: dict[str, float | tuple[float, float]], base: float = 50.0):
    """A partner with `base` points everywhere but where `points` says otherwise; a pair is an interval."""
    criteria = []
    for code in CRITERIA:
        value = points.get(code, base)
        low, high = value if isinstance(value, tuple) else (value, value)
        known = 1 - (high - low) / 100
        ask = f"How good is {code} of {name}?" if high > low else ""
        sub = SubScore(f"{code}.all", f"Measure {code}", 1.0, low, high, known, f"{name} on {code}.", (), ask)
        criteria.append(CriterionScore(code, low, high, known, (sub,)))
    slug = name.lower().replace(" ", "-")
    return Assessment(number, slug, name, True, number, f"{name} site", (), tuple(criteria))


def ranking_of(partners: dict[str, dict], weights: dict[str, float] | None = None, **options) -> Ranking:
    """`partners`: name → points by criterion."""
    made = [assessment(i, name, points) for i, (name, points) in enumerate(partners.items(), 1)]
    return rank_assessed(made, weights or EQUAL, as_of=dt.date(2026, 1, 1), **options)
