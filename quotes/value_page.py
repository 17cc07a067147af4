"""Benefit against cost: what a partner scores on everything but cost, beside its points for cost.

Points for cost run from 0 (worst acceptable price) to 100 (target price or better), so right is cheaper. A partner is
efficient when nobody else is at least as good on both and better on one; the efficient ones form the frontier. Partners
of whose price nothing is known have no place in the picture and are named below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from partners.scoring.aggregate import TIE
from partners.scoring.types import Group, PartnerResult, Ranking

COST = "C7"
OTHER = "not efficient"
SHOWN = 40


@dataclass(frozen=True)
class ValueRow:
    """One ranked partner. Benefit and cost points run from 0 to 100; cost is None where no price is known."""

    partner_id: int
    slug: str
    name: str
    illustrative: bool
    rank: int
    benefit: float
    benefit_low: float
    benefit_high: float
    cost: float | None
    cost_low: float
    cost_high: float
    efficient: bool
    beaten_by: str  # a partner that is at least as good on both


@dataclass(frozen=True)
class ValuePage:
    rows: list[ValueRow]
    unknown: list[ValueRow]
    spec: dict[str, Any] | None

    @property
    def sentence(self) -> str:
        efficient = [r.name for r in self.rows if r.efficient]
        if not self.rows:
            return "No ranked partner has a known price yet."
        if len(efficient) == 1:
            return f"{efficient[0]} is both the best and the cheapest of those with a known price."
        names = ", ".join(efficient[:-1]) + f" and {efficient[-1]}"
        return f"{names} are efficient: to get more of one, benefit or a low price, you give up some of the other."


def value_page(ranking: Ranking) -> ValuePage:
    ranked = ranking.group(Group.RANKED)[:SHOWN]
    places = {r.partner_id: _place(r, ranking.weights) for r in ranked}
    priced = [r for r in ranked if places[r.partner_id][1] is not None]
    rows = [_row(r, places, priced) for r in ranked]
    known = [r for r in rows if r.cost is not None]
    return ValuePage(
        rows=known,
        unknown=[r for r in rows if r.cost is None],
        spec=_spec(known) if known else None,
    )


def _criterion(result: PartnerResult, code: str) -> Any:
    return next(c for c in result.criteria if c.code == code)


def _place(result: PartnerResult, weights: dict[str, float]) -> tuple[tuple[float, float, float], Any]:
    """Benefit (low, middle, high) without the cost criterion, and the cost criterion where anything of it is known."""
    others = [c for c in result.criteria if c.code != COST]
    total = sum(weights[c.code] for c in others)
    share = {c.code: weights[c.code] / total if total > 0 else 1 / len(others) for c in others}
    low = sum(share[c.code] * c.low for c in others)
    high = sum(share[c.code] * c.high for c in others)
    cost = _criterion(result, COST)
    return (low, (low + high) / 2, high), cost if cost.known > 0 else None


def _row(result: PartnerResult, places: dict[int, Any], priced: list[PartnerResult]) -> ValueRow:
    (low, middle, high), cost = places[result.partner_id]
    better = None
    if cost is not None:
        better = next((o for o in priced if _dominates(places[o.partner_id], (middle, cost.point))), None)
    unknown = _criterion(result, COST)
    return ValueRow(
        partner_id=result.partner_id,
        slug=result.slug,
        name=result.name,
        illustrative=result.illustrative,
        rank=result.rank or 0,
        benefit=middle,
        benefit_low=low,
        benefit_high=high,
        cost=cost.point if cost is not None else None,
        cost_low=unknown.low,
        cost_high=unknown.high,
        efficient=cost is not None and better is None,
        beaten_by=better.name if better else "",
    )


def _dominates(place: Any, other: tuple[float, float]) -> bool:
    benefit, cost = place[0][1], place[1].point
    at_least = benefit >= other[0] - TIE and cost >= other[1] - TIE
    return at_least and (benefit > other[0] + TIE or cost > other[1] + TIE)


def _spec(rows: list[ValueRow]) -> dict[str, Any]:
    """Vega-Lite: intervals as thin lines, partners as points with their rank, the frontier as a stepped line."""
    values = [
        {
            "partner": row.name,
            "rank": str(row.rank),
            "benefit": round(row.benefit, 2),
            "benefit_low": round(row.benefit_low, 2),
            "benefit_high": round(row.benefit_high, 2),
            "cost": round(row.cost or 0, 2),
            "cost_low": round(row.cost_low, 2),
            "cost_high": round(row.cost_high, 2),
            "kind": "efficient" if row.efficient else OTHER,
        }
        for row in rows
    ]
    frontier = sorted((v for v in values if v["kind"] == "efficient"), key=lambda v: v["cost"])
    x = {
        "field": "cost",
        "type": "quantitative",
        "title": "Points for cost (right = cheaper)",
        "scale": {"domain": [0, 100]},
    }
    y = {
        "field": "benefit",
        "type": "quantitative",
        "title": "Benefit: points without cost",
        "scale": {"domain": [0, 100]},
    }
    line = {"type": "rule", "opacity": 0.45}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 320,
        "layer": [
            {
                "data": {"values": frontier},
                "mark": {"type": "line", "interpolate": "step-before", "strokeDash": [4, 3], "opacity": 0.8},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": values},
                "mark": line,
                "encoding": {"x": {**x, "field": "cost_low"}, "x2": {"field": "cost_high"}, "y": y},
            },
            {
                "data": {"values": values},
                "mark": line,
                "encoding": {"x": x, "y": {**y, "field": "benefit_low"}, "y2": {"field": "benefit_high"}},
            },
            {
                "data": {"values": values},
                "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "shape": {
                        "field": "kind",
                        "type": "nominal",
                        "title": None,
                        "scale": {
                            "domain": ["efficient", OTHER],
                            "range": ["diamond", "circle"],
                        },
                        "legend": {"orient": "top"},
                    },
                    "tooltip": [
                        {"field": "partner", "title": "Partner"},
                        {"field": "benefit", "title": "Benefit"},
                        {"field": "cost", "title": "Points for cost"},
                    ],
                },
            },
            {
                "data": {"values": values},
                "mark": {"type": "text", "dx": 10, "dy": -8, "fontSize": 12, "fontWeight": 600},
                "encoding": {"x": x, "y": y, "text": {"field": "rank"}},
            },
        ],
    }
