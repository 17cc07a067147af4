"""What the evaluation pages show: a person's own progress while scoring is open, means and spread once it is closed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean, pstdev

from cmo_selector.accounts.models import User
from partners.scoring.types import CRITERIA
from quotes.models import AgreedScore, Evaluation, EvaluationScore, Project
from quotes.prices import HIDDEN, PRICE_CRITERIA

WIDE = 25  # points between the lowest and the highest score from which the group should talk


@dataclass(frozen=True)
class Cell:
    """One criterion of one partner. `counts` is the agreed score, else the mean; None when nobody scored it."""

    code: str
    label: str
    mean: float | None
    low: int | None
    high: int | None
    deviation: float | None
    voices: int
    agreed: AgreedScore | None

    @property
    def counts(self) -> float | None:
        return float(self.agreed.points) if self.agreed else self.mean

    @property
    def wide(self) -> bool:
        return self.low is not None and self.high is not None and self.high - self.low >= WIDE


@dataclass(frozen=True)
class PartnerCells:
    """One partner's cells. `total` is the weighted sum of what counts, None while a weighted criterion is unscored."""

    slug: str
    name: str
    illustrative: bool
    cells: list[Cell]
    total: float | None
    rank: int | None
    active: bool = True  # still in the catalogue


def criteria_for(prices: bool) -> list[str]:
    """The criteria a person scores: whoever does not see prices is not asked about them."""
    return [code for code in CRITERIA if prices or code not in PRICE_CRITERIA]


def own_progress(evaluation: Evaluation, user: User, codes: list[str]) -> dict[int, int]:
    """Partner id → how many of `codes` the person has scored. One query."""
    done: dict[int, int] = defaultdict(int)
    rows = EvaluationScore.objects.filter(evaluation=evaluation, evaluator=user, criterion__in=codes)
    for organisation_id in rows.values_list("organisation_id", flat=True):
        done[organisation_id] += 1
    return done


def voices(evaluation: Evaluation) -> int:
    """How many people have scored anything."""
    return EvaluationScore.objects.filter(evaluation=evaluation).values("evaluator").distinct().count()


def results(
    evaluation: Evaluation, project: Project, labels: dict[str, str], *, prices: bool = True
) -> list[PartnerCells]:
    """Means and spread of every shortlisted partner, the best total first. Three queries.

    Without `prices` the reasons of agreed scores for cost and terms are taken out.
    """
    points: dict[tuple[int, str], list[int]] = defaultdict(list)
    for organisation_id, code, value in EvaluationScore.objects.filter(evaluation=evaluation).values_list(
        "organisation_id", "criterion", "points"
    ):
        points[organisation_id, code].append(value)
    agreed = {
        (a.organisation_id, a.criterion): a
        for a in AgreedScore.objects.filter(evaluation=evaluation).select_related("by")
    }
    if not prices:
        for row in agreed.values():
            if row.criterion in PRICE_CRITERIA:
                row.reason = HIDDEN
    weights = evaluation.weights or project.weights.as_dict()
    partners = [entry.organisation for entry in project.shortlist.select_related("organisation")]
    made = []
    for partner in partners:
        cells = [
            _cell(code, labels[code], points[partner.pk, code], agreed.get((partner.pk, code)))
            for code in CRITERIA
        ]
        made.append((partner, cells, _total(cells, weights)))
    totals = sorted((total for _, _, total in made if total is not None), reverse=True)
    rows = [
        PartnerCells(
            p.slug,
            p.name,
            p.illustrative,
            cells,
            total,
            totals.index(total) + 1 if total is not None else None,
            p.active,
        )
        for p, cells, total in made
    ]
    return sorted(rows, key=lambda r: (r.total is None, -(r.total or 0), r.name))


def _cell(code: str, label: str, values: list[int], agreed: AgreedScore | None) -> Cell:
    if not values:
        return Cell(code, label, None, None, None, None, 0, agreed)
    return Cell(code, label, fmean(values), min(values), max(values), pstdev(values), len(values), agreed)


def _total(cells: list[Cell], weights: dict[str, float]) -> float | None:
    """Σ weight × points / 100 over the criteria with weight; None when one of them has no points."""
    weighted = [(weights[c.code], c.counts) for c in cells if weights[c.code] > 0]
    if any(value is None for _, value in weighted):
        return None
    return round(sum(weight * (value or 0) for weight, value in weighted) / 100, 9)
