"""What people added to a ranking as plain data: the group's evaluation, kept scenarios, and why one is above another.

Frozen by the report and answered by the API, in the words and figures of the pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from partners.scoring.types import Group, PartnerResult, Ranking
from quotes.evaluation_page import results, voices
from quotes.models import Evaluation, Project
from quotes.ranking import inputs_of
from quotes.scenario_page import compared, kept_scenarios, touched, with_all_leaders
from quotes.why_page import why_page

RIVALS = 3  # the first partner is compared with so many behind it


def frozen_evaluation(
    project: Project, labels: Mapping[str, str], *, include_prices: bool
) -> dict[str, Any] | None:
    """Where the group's evaluation stands; points only once scoring is closed, as on the page. None without one."""
    evaluation = Evaluation.objects.filter(project=project).first()
    if evaluation is None:
        return None
    closed = evaluation.closed_at is not None
    rows = results(evaluation, project, dict(labels), prices=include_prices) if closed else []
    return {
        "closed_at": evaluation.closed_at.replace(microsecond=0) if evaluation.closed_at else None,
        "voices": voices(evaluation),
        "partners": [
            {
                "slug": row.slug,
                "name": row.name,
                "illustrative": row.illustrative,
                "total": row.total,
                "rank": row.rank,
                "criteria": [
                    {
                        "code": cell.code,
                        "mean": cell.mean,
                        "low": cell.low,
                        "high": cell.high,
                        "deviation": cell.deviation,
                        "voices": cell.voices,
                        "agreed": cell.agreed.points if cell.agreed else None,
                        "reason": cell.agreed.reason if cell.agreed else "",
                    }
                    for cell in row.cells
                ],
            }
            for row in rows
        ],
    }


def frozen_scenarios(project: Project, ranking: Ranking, *, include_prices: bool) -> list[dict[str, Any]]:
    """Kept scenarios applied to the ranking's day; nothing is read when there are none."""
    rows = list(project.whatif_scenarios.select_related("created_by"))
    if not rows:
        return []
    changed = touched((row.changes for row in rows), prices=include_prices)
    given = inputs_of(project, weights=ranking.weights, as_of=ranking.as_of, also=changed)
    given = with_all_leaders(rows, given, prices=include_prices)
    base = ranking if given.everybody is None else given.ranking()
    kept = kept_scenarios(rows, given, base, prices=include_prices)
    beside = compared(base, kept)
    usable = [k for k in kept if k.ranking is not None]
    return [
        {
            "id": k.row.pk,
            "name": k.row.name,
            "by": str(k.row.created_by),
            "on": k.row.created_at.date(),
            "changes": k.words,
            "sentence": k.sentence,
            "problem": k.problem,
            "places": [
                {
                    "partner_id": row["partner_id"],
                    "name": row["name"],
                    "illustrative": row["illustrative"],
                    "base": row["cells"][0]["rank"],
                    **{
                        key: row["cells"][usable.index(k) + 1][key]
                        for key in ("rank", "group", "point", "moved")
                    },
                }
                for row in beside.rows
            ]
            if k.ranking is not None
            else [],
            "places_left_out": beside.left_out,
        }
        for k in kept
    ]


def frozen_pair(
    ranking: Ranking,
    pair: tuple[PartnerResult, PartnerResult],
    labels: Mapping[str, str],
    space: str = "near",
) -> dict[str, Any]:
    """Why one partner is above another, as the page says it."""
    page = why_page(ranking, pair, labels, space)
    return {
        "above": page.a.slug,
        "below": page.b.slug,
        "gap": page.gap,
        "sentence": page.sentence,
        "standing": page.standing,
        "frequency": page.frequency,
        "differences": [{"code": row.difference.code, "points": row.difference.points} for row in page.rows],
        "for": [row.difference.code for row in page.plus],
        "against": [row.difference.code for row in page.minus],
        "weights_that_would_turn_it": page.weight_flips,
        "facts_that_would_turn_it": page.fact_flips,
    }


def frozen_why(ranking: Ranking, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """The first ranked partner against the next ones."""
    ranked = ranking.group(Group.RANKED)
    return [frozen_pair(ranking, (ranked[0], rival), labels) for rival in ranked[1 : RIVALS + 1]]
