"""Why one partner stands above another: differences that add up, a plain sentence, and what would have to change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from cmo_selector.templatetags.fmt import format_number
from partners.scoring import explain
from partners.scoring.aggregate import TIE, separable
from partners.scoring.robustness import flip_weights
from partners.scoring.types import Group, PartnerResult, Ranking
from quotes.robustness import CODES, SPACES, duel, values_of
from quotes.robustness_page import of_100

NAMED = 3
FLIPS = 4  # weights and facts listed, the nearest first


@dataclass(frozen=True)
class DifferenceRow:
    """One criterion on a drawing of 100 units with its middle at 50."""

    difference: explain.Difference
    points_a: Decimal
    points_b: Decimal
    start: str
    width: str
    middle: str
    ahead: bool

    @property
    def gap(self) -> str:
        return signed(self.difference.points)


@dataclass(frozen=True)
class WhyPage:
    a: PartnerResult  # the one that scores higher
    b: PartnerResult
    gap: Decimal
    rows: list[DifferenceRow]
    sentence: str
    standing: str  # why the score alone does not decide, when a group does
    frequency: str
    plus: list[DifferenceRow]
    minus: list[DifferenceRow]
    weight_flips: list[str]
    fact_flips: list[str]


def signed(points: Decimal) -> str:
    """ "+1.2", "−0.8", "0.0" with a true minus sign"""
    return f"{'+' if points > 0 else '−' if points < 0 else ''}{abs(points)}"


def choose(ranking: Ranking, a: str, b: str) -> tuple[PartnerResult, PartnerResult] | None:
    """The two partners by slug; the first two of the list by default. None where there are no two.

    Raises ValueError for a partner that is not in the ranking, or the same one twice.
    """
    by_slug = {r.slug: r for r in ranking.results}
    for slug in (a, b):
        if slug and slug not in by_slug:
            raise ValueError(f"“{slug[:60]}” is not a partner of this ranking. Choose two from the lists.")
    if len(by_slug) < 2:
        return None
    if a and a == b:
        raise ValueError("Choose two different partners.")
    first = by_slug[a] if a else next(r for r in ranking.results if r.slug != b)
    second = by_slug[b] if b else next(r for r in ranking.results if r.slug != first.slug)
    return first, second


def why_page(
    ranking: Ranking, pair: tuple[PartnerResult, PartnerResult], labels: Mapping[str, str], space: str
) -> WhyPage:
    """The comparison told from the side of the partner with the higher score."""
    a, b = sorted(pair, key=lambda r: (-r.point, ranking.results.index(r)))
    found = explain.compare(a, b, labels)
    shown_a, shown_b = explain.shown(a).contributions, explain.shown(b).contributions
    largest = max((abs(float(d.points)) for d in found.differences), default=0) or 1.0
    rows = [_row(d, shown_a[d.code], shown_b[d.code], largest) for d in found.differences]
    return WhyPage(
        a=a,
        b=b,
        gap=found.gap,
        rows=rows,
        sentence=found.sentence,
        standing=_standing(a, b),
        frequency=_frequency(ranking, a, b, space),
        plus=[row for row in rows if row.difference.points > 0][:NAMED],
        minus=[row for row in rows if row.difference.points < 0][:NAMED],
        weight_flips=_weight_flips(ranking, a, b, labels),
        fact_flips=_fact_flips(ranking, a, b),
    )


def _row(d: explain.Difference, points_a: Decimal, points_b: Decimal, largest: float) -> DifferenceRow:
    width = abs(float(d.points)) / largest * 48
    start = 50.0 if d.points >= 0 else 50 - width
    return DifferenceRow(
        d, points_a, points_b, f"{start:.2f}", f"{width:.2f}", f"{start + width / 2:.2f}", d.points >= 0
    )


def _standing(a: PartnerResult, b: PartnerResult) -> str:
    """What the groups say, which come before any score."""
    said = []
    for r in (a, b):
        if r.group is Group.KNOCKED_OUT:
            said.append(f"{r.name} is knocked out, whatever its score: {r.fails[0].reason}")
        elif r.group is Group.INSUFFICIENT:
            said.append(f"{r.name} is not ranked: too little is known of it for its score to be trusted.")
    return " ".join(said)


def _frequency(ranking: Ranking, a: PartnerResult, b: PartnerResult, space: str) -> str:
    wins, losses = duel(ranking, a, b, space=space)
    text = f"{a.name} scores above {b.name} in {of_100(wins)} weightings"
    if losses and wins + losses < 1 - 1e-9:
        text += f" and below it in {of_100(losses)}"
    return f"{text}: {SPACES[space]}, every unknown fact somewhere in its interval."


def _weight_flips(
    ranking: Ranking, a: PartnerResult, b: PartnerResult, labels: Mapping[str, str]
) -> list[str]:
    """Weights at which the two draw level, the nearest to today's first."""
    values = values_of((a, b), ranking.caution)
    weights = np.array([ranking.weights[code] for code in CODES]) / 100
    roots = flip_weights(values, weights)[1]
    moves = sorted(
        (abs(root - w), code, float(root), float(w))
        for code, root, w in zip(CODES, roots, weights, strict=True)
        if not np.isnan(root) and abs(root - w) > TIE and root < 1 - TIE
    )
    return [
        f"{code} {labels[code]} would have to {'rise' if root > w else 'fall'} from {_points(w * 100)} to "
        f"{_points(root * 100)} of 100, the other weights in proportion."
        for _, code, root, w in moves[:FLIPS]
    ]


def _fact_flips(ranking: Ranking, a: PartnerResult, b: PartnerResult) -> list[str]:
    """Single unknown facts whose answer would draw the two level, the smallest surprise first."""
    gap = a.point - b.point
    found = []
    for partner, way in ((a, -1), (b, +1)):
        for criterion in partner.criteria:
            for sub in criterion.subs:
                worth = ranking.weights[criterion.code] / 100 * sub.weight
                counted = sub.low + (sub.high - sub.low) * (1 - ranking.caution) / 2
                room = counted - sub.low if way < 0 else sub.high - counted
                if worth <= 0 or worth * room < gap - TIE or sub.high <= sub.low:
                    continue
                turn = counted + way * gap / worth
                said = f"{'at most' if way < 0 else 'at least'} {_points(turn)}"
                found.append(
                    (
                        gap / (worth * room) if room else 0.0,
                        f"“{sub.label}” of {partner.name} ({criterion.code}) turns out {said} points; it may lie "
                        f"anywhere from {_points(sub.low)} to {_points(sub.high)} and counts as {_points(counted)}.",
                    )
                )
    if found:
        return [text for _, text in sorted(found)[:FLIPS]]
    if separable(a.low, a.high, b.low, b.high):
        return ["Nothing that is unknown today can turn this order around, not even all of it together."]
    return ["No single unknown fact can turn this order around; several together could."]


def _points(value: float) -> str:
    return format_number(value, decimals=1)
