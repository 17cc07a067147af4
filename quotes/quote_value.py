"""Value for money: what a partner scores without the cost criterion, beside its normalised programme cost."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from partners.scoring.types import Group, PartnerResult
from quotes.brief import NothingToRank
from quotes.comparison import Column, Comparison
from quotes.models import Project
from quotes.quote_charts import millions, value_spec
from quotes.ranking import rank_project

COST = "C7"


def benefit(result: PartnerResult, weights: dict[str, float]) -> float:
    """Points out of 100 without cost: the middle of the interval, the other weights scaled up to 100."""
    others = [c for c in result.criteria if c.code != COST]
    total = sum(weights[c.code] for c in others)
    if not total:
        return 0.0
    return sum(weights[c.code] / total * (c.low + c.high) / 2 for c in others)


def value_points(project: Project, found: Comparison, columns: Sequence[Column]) -> dict[str, Any]:
    """Rows and chart. A partner that the ranking does not score (knocked out) is named with the reason."""
    try:
        ranking = rank_project(project)
    except NothingToRank as error:
        return {"points": [], "outside": [], "spec": None, "preference": None, "problem": str(error)}
    results = {result.partner_id: result for result in ranking.results}
    weights = dict(ranking.weights)
    points, outside = [], []
    for column in columns:
        result = results.get(column.quote.organisation_id)
        if result is None or result.group is Group.KNOCKED_OUT:
            outside.append((column.quote, "knocked out by a must-have" if result else "not in the ranking"))
            continue
        points.append(
            {
                "partner": str(column.quote.organisation),
                "benefit": round(benefit(result, weights), 2),
                "cost": millions(column.figures.npv),
                "npv": column.figures.npv,
                "comparable": column.figures.comparable,
                "quote": column.quote,
            }
        )
    for point in points:
        point["kind"] = _kind(point, points)
    plain = [{k: p[k] for k in ("partner", "benefit", "cost", "kind")} for p in points]
    spec = value_spec(plain, found.rates.base) if points else None
    preference = price_of_preference(points)
    return {"points": points, "outside": outside, "spec": spec, "preference": preference, "problem": ""}


def knocked_out(project: Project, columns: Sequence[Column]) -> list[tuple[PartnerResult, list[str]]]:
    """Bidders that fail a must-have, with the reasons; none before the project has needs."""
    bidders = {column.quote.organisation_id for column in columns}
    try:
        ranking = rank_project(project)
    except NothingToRank:
        return []
    out = [r for r in ranking.group(Group.KNOCKED_OUT) if r.partner_id in bidders]
    return [(result, [rule.reason for rule in result.fails]) for result in out]


def _kind(point: dict[str, Any], points: Sequence[dict[str, Any]]) -> str:
    if not point["comparable"]:
        return "not comparable"
    beaten = any(
        other["comparable"]
        and other["benefit"] >= point["benefit"]
        and other["npv"] <= point["npv"]
        and (other["benefit"] > point["benefit"] or other["npv"] < point["npv"])
        for other in points
    )
    return "not efficient" if beaten else "efficient"


def price_of_preference(points: Sequence[dict[str, Any]]) -> Decimal | None:
    """What the best-scoring comparable partner costs more than the cheapest comparable one."""
    able = [p for p in points if p["comparable"]]
    if not able:
        return None
    best = max(able, key=lambda p: p["benefit"])
    return best["npv"] - min(p["npv"] for p in able)
