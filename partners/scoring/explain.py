"""A ranking in plain words: rounded figures that still add up, why one partner beats another, what to ask.

Everything here only reads a `Ranking`; screen, PDF and spreadsheet call the same functions and so show the
same figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from .aggregate import TIE_DECIMALS, separable
from .types import CRITERIA, Group, Level, Outcome, PartnerResult, Ranking
from .words import counted, listing

TENTH = Decimal("0.1")


@dataclass(frozen=True, slots=True)
class Shown:
    """A partner's figures as they are printed; `contributions` add up to `score` exactly."""

    score: Decimal
    low: Decimal
    high: Decimal
    coverage: Decimal
    contributions: dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class Difference:
    """What one criterion adds to (or takes from) the lead of A over B, in printed points."""

    code: str
    label: str
    points: Decimal
    reason_a: str
    reason_b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Why A stands where it does against B; the differences add up to `gap`."""

    gap: Decimal
    separable: bool
    differences: tuple[Difference, ...]  # largest first, whichever side it favours
    sentence: str


@dataclass(frozen=True, slots=True)
class Question:
    """An open question to a partner and how many points of the score hang on the answer."""

    code: str
    label: str
    ask: str
    stake: float


def _exact(value: float) -> Decimal:
    """The number without the noise of its last bits, so that 77.94999999999999 is rounded as 77.95."""
    return Decimal(repr(round(float(value), TIE_DECIMALS)))


def rounded(value: float, step: Decimal = TENTH) -> Decimal:
    """To one decimal, halves up, as printed."""
    return _exact(value).quantize(step, rounding=ROUND_HALF_UP)


def largest_remainder(
    values: Mapping[str, float], total: Decimal, step: Decimal = TENTH
) -> dict[str, Decimal]:
    """Round each value down, then hand the missing steps to the largest remainders, so they add up to total.

    Raises ValueError when no rounding of the values to neighbouring steps can reach the total.
    """
    exact = {key: _exact(value) for key, value in values.items()}
    floors = {key: value.quantize(step, rounding=ROUND_DOWN) for key, value in exact.items()}
    missing = int((total - sum(floors.values(), Decimal(0))) / step)
    if not 0 <= missing <= len(floors):
        raise ValueError(f"The values do not add up to {total}.")
    by_remainder = sorted(floors, key=lambda key: floors[key] - exact[key])  # stable: ties in the given order
    return {key: floors[key] + (step if key in by_remainder[:missing] else Decimal(0)) for key in floors}


def shown(result: PartnerResult) -> Shown:
    """The partner's figures rounded to one decimal so that they still add up."""
    score = rounded(result.point)
    return Shown(
        score=score,
        low=rounded(result.low),
        high=rounded(result.high),
        coverage=rounded(result.coverage),
        contributions=largest_remainder(result.contributions, score),
    )


def compare(a: PartnerResult, b: PartnerResult, labels: Mapping[str, str] = CRITERIA) -> Comparison:
    """Why A is above (or below) B, criterion by criterion, in printed points."""
    shown_a, shown_b = shown(a), shown(b)
    reasons_a, reasons_b = _reasons(a), _reasons(b)
    differences = sorted(
        (
            Difference(
                code, labels[code], points - shown_b.contributions[code], reasons_a[code], reasons_b[code]
            )
            for code, points in shown_a.contributions.items()
        ),
        key=lambda d: -abs(d.points),
    )
    apart = separable(a.low, a.high, b.low, b.high)
    return Comparison(
        gap=shown_a.score - shown_b.score,
        separable=apart,
        differences=tuple(differences),
        sentence=_comparison_sentence(a, b, shown_a.score - shown_b.score, differences, apart),
    )


def _reasons(result: PartnerResult) -> dict[str, str]:
    return {c.code: " ".join(s.reason for s in c.subs) for c in result.criteria}


def _comparison_sentence(
    a: PartnerResult, b: PartnerResult, gap: Decimal, differences: list[Difference], apart: bool
) -> str:
    if gap < 0:
        return _comparison_sentence(b, a, -gap, [_turned(d) for d in differences], apart)
    plus = [d for d in differences if d.points > 0][:3]
    minus = [d for d in differences if d.points < 0][:3]
    text = f"{a.name} and {b.name} score the same"
    if gap > 0:
        text = f"{a.name} is {gap} points above {b.name}"
    if plus:
        text += f", ahead on {listing(_named(d) for d in plus)}"
    if minus:
        text += f", behind on {listing(_named(d) for d in minus)}"
    doubt = "" if apart else " Their intervals overlap, so what is still unknown could turn the order around."
    return f"{text}.{doubt}"


def _turned(d: Difference) -> Difference:
    return Difference(d.code, d.label, -d.points, d.reason_b, d.reason_a)


def _named(d: Difference) -> str:
    return f"{d.code} {d.label} ({'+' if d.points > 0 else '−'}{abs(d.points)})"


def separation(result: PartnerResult) -> str:
    """Whether the partner's place above the next one holds whatever the unknowns turn out to be."""
    if result.separable_from_next is None:
        return ""
    return "separable from the next" if result.separable_from_next else "not separable from the next"


def questions(
    result: PartnerResult, weights: Mapping[str, float], limit: int | None = None
) -> tuple[Question, ...]:
    """What to ask the partner, unverified musts first, then by the points that hang on the answer."""
    asked: dict[str, Question] = {}
    for rule in result.rules:
        if rule.level is Level.MUST and rule.outcome in (Outcome.UNKNOWN, Outcome.CONDITIONAL) and rule.ask:
            asked.setdefault(rule.ask, Question(rule.need_id, rule.label, rule.ask, 0.0))
    open_subs = sorted(
        (
            Question(s.code, s.label, s.ask, weights[c.code] / 100 * s.weight * (s.high - s.low))
            for c in result.criteria
            for s in c.subs
            if s.ask and s.high > s.low
        ),
        key=lambda q: (-q.stake, q.code),
    )
    for question in open_subs:
        if question.stake > 0:
            asked.setdefault(question.ask, question)
    return tuple(asked.values())[:limit]


def summary(result: PartnerResult, ranking: Ranking) -> str:
    """One or two sentences on where the partner stands and how firmly."""
    if result.group is Group.KNOCKED_OUT:
        reasons = " ".join(f"{r.label}: {r.reason}" for r in result.fails)
        fails = "only one must" if len(result.fails) == 1 else f"{len(result.fails)} musts"
        return f"Fails {fails}. {reasons}{_unverified(result)}"
    figures = shown(result)
    if result.group is Group.INSUFFICIENT:
        return (
            f"Facts cover {figures.coverage} % of the weight; {rounded(ranking.min_coverage)} % are needed to "
            f"be ranked. The score lies somewhere between {figures.low} and {figures.high}."
        )
    place = f"Rank {result.rank}"
    if result.best_rank != result.worst_rank:
        place += f", could be {result.best_rank} to {result.worst_rank}"
    text = (
        f"{place}: {figures.score} points, between {figures.low} and {figures.high}, "
        f"with facts for {figures.coverage} % of the weight."
    )
    return text + _unverified(result)


def _unverified(result: PartnerResult) -> str:
    if not result.unverified:
        return ""
    return f" {counted(len(result.unverified), 'must')} {'is' if len(result.unverified) == 1 else 'are'} unverified."


def group_summary(ranking: Ranking, group: Group) -> str:
    """One sentence on a whole group, for the head of its list."""
    n = len(ranking.group(group))
    if group is Group.RANKED:
        if n == 0:
            return "No partner can be ranked yet."
        return f"{counted(n, 'partner')} ranked by score; a must that nobody has verified is marked."
    if group is Group.INSUFFICIENT:
        share = rounded(ranking.min_coverage)
        return f"{counted(n, 'partner')} with facts for less than {share} % of the weight, not ranked."
    near = sum(r.near_miss for r in ranking.group(group))
    return f"{counted(n, 'partner')} knocked out by a must, {near} of them a near miss."
