"""Benefit against cost: what a partner scores on everything but cost, beside its points for cost.

With normalised quotes the other axis is money: what each bidder's quote comes to in the project's price basis and
currency, with the range that its open lines leave. Without any it is points for cost, from 0 (worst acceptable price)
to 100 (target price or better), so right is cheaper. A partner is efficient when nobody else is at least as good on
both and better on one; the efficient ones form the frontier. Partners of whose price nothing is known, or without a
quote where others have one, have no place in the picture and are named below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from partners.enums import PriceBasis
from partners.scoring.aggregate import TIE
from partners.scoring.types import Group, PartnerResult, QuoteFact, Ranking
from partners.scoring.words import few

COST = "C7"
OTHER = "not efficient"
SHOWN = 40  # of each list, and every efficient partner


@dataclass(frozen=True)
class ValueRow:
    """One ranked partner. Benefit and cost points run from 0 to 100; cost is None where no price is known.

    `quote` is its normalised quote; with `in_money` of the page it is what the picture shows.
    """

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
    quote: QuoteFact | None = None

    @property
    def amount(self) -> float | None:
        """The middle of the quote's range."""
        return (self.quote.low + self.quote.high) / 2 if self.quote else None


@dataclass(frozen=True)
class ValuePage:
    """`rows` and `unknown` are the first ones, and all that are efficient; `priced` and `unpriced` count everybody."""

    rows: list[ValueRow]
    unknown: list[ValueRow]
    spec: dict[str, Any] | None
    priced: int = 0
    unpriced: int = 0
    currency: str = ""  # set when the picture shows money
    basis: str = ""  # what the amounts are for, in words

    @property
    def in_money(self) -> bool:
        return bool(self.currency)

    @property
    def sentence(self) -> str:
        efficient = [r.name for r in self.rows if r.efficient]
        if not self.rows:
            return "No ranked partner has a known price yet."
        of = "those with a normalised quote" if self.in_money else "those with a known price"
        if len(efficient) == 1:
            return f"{efficient[0]} is both the best and the cheapest of {of}."
        names = few(efficient, 5)
        return f"{names} are efficient: to get more of one, benefit or a low price, you give up some of the other."


def value_page(ranking: Ranking, quotes: Mapping[int, QuoteFact] | None = None) -> ValuePage:
    """`quotes` are the project's normalised quotes by partner, for who sees prices."""
    quotes = quotes or {}
    ranked = ranking.group(Group.RANKED)
    places = {r.partner_id: _place(r, ranking.weights) for r in ranked}
    in_money = any(r.partner_id in quotes for r in ranked)
    # What makes a partner better on the cost side: a lower amount, or more points.
    worth = {
        r.partner_id: -(quotes[r.partner_id].low + quotes[r.partner_id].high) / 2
        if in_money
        else places[r.partner_id][1].point
        for r in ranked
        if (r.partner_id in quotes if in_money else places[r.partner_id][1] is not None)
    }
    priced = [r for r in ranked if r.partner_id in worth]
    unpriced = [r for r in ranked if r.partner_id not in worth]
    better = _beaten_by([(places[r.partner_id][0][1], worth[r.partner_id]) for r in priced])
    known = [
        _row(
            r, places[r.partner_id], None if by is None else priced[by], quotes.get(r.partner_id), priced=True
        )
        for n, (r, by) in enumerate(zip(priced, better, strict=True))
        if n < SHOWN or by is None
    ]
    one = next(iter(quotes.values()), None) if in_money else None
    currency = one.currency if one else ""
    basis = PriceBasis(one.basis).label.lower() if one else ""
    axis = _money_axis(currency, basis) if in_money else POINTS_AXIS
    return ValuePage(
        rows=known,
        unknown=[
            _row(r, places[r.partner_id], None, quotes.get(r.partner_id), priced=False)
            for r in unpriced[:SHOWN]
        ],
        spec=_spec(known, axis, in_money=in_money) if known else None,
        priced=len(priced),
        unpriced=len(unpriced),
        currency=currency,
        basis=basis,
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


def _row(
    result: PartnerResult,
    place: tuple[tuple[float, float, float], Any],
    better: PartnerResult | None,
    quote: QuoteFact | None,
    *,
    priced: bool,
) -> ValueRow:
    (low, middle, high), cost = place
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
        efficient=priced and better is None,
        beaten_by=better.name if better else "",
        quote=quote,
    )


def _beaten_by(found: list[tuple[float, float]]) -> list[int | None]:
    """For each place (benefit, worth) the first that is at least as good on both and better on one; None without."""
    both = np.array(found).reshape(-1, 2)
    beaten: list[int | None] = []
    for mine in both:
        at_least, more = (both >= mine - TIE).all(axis=1), (both > mine + TIE).any(axis=1)
        by = np.flatnonzero(at_least & more)
        beaten.append(int(by[0]) if len(by) else None)
    return beaten


POINTS_AXIS: dict[str, Any] = {
    "field": "cost",
    "type": "quantitative",
    "title": "Points for cost (right = cheaper)",
    "scale": {"domain": [0, 100]},
}


def _money_axis(currency: str, basis: str) -> dict[str, Any]:
    return {
        "field": "cost",
        "type": "quantitative",
        "title": f"Normalised quote {basis} in {currency} (left = cheaper)",
        "scale": {"zero": False, "nice": True},
        "axis": {"format": "~s"},
    }


def _values(rows: list[ValueRow], *, in_money: bool) -> list[dict[str, Any]]:
    found = []
    for row in rows:
        low, middle, high = row.cost_low, row.cost or 0.0, row.cost_high
        if in_money and row.quote:
            low, middle, high = row.quote.low, row.amount or 0.0, row.quote.high
        found.append(
            {
                "partner": row.name,
                "rank": str(row.rank),
                "benefit": round(row.benefit, 2),
                "benefit_low": round(row.benefit_low, 2),
                "benefit_high": round(row.benefit_high, 2),
                "cost": round(middle, 2),
                "cost_low": round(low, 2),
                "cost_high": round(high, 2),
                "kind": "efficient" if row.efficient else OTHER,
            }
        )
    return found


def _spec(rows: list[ValueRow], x: dict[str, Any], *, in_money: bool) -> dict[str, Any]:
    """Vega-Lite: intervals as lines with ends, partners as points with their rank, the frontier as a stepped line."""
    values = _values(rows, in_money=in_money)
    frontier = sorted((v for v in values if v["kind"] == "efficient"), key=lambda v: v["cost"])
    y = {
        "field": "benefit",
        "type": "quantitative",
        "title": "Benefit: points without cost",
        "scale": {"domain": [0, 100]},
    }
    step = "step-after" if in_money else "step-before"
    across = {"x": {**x, "field": "cost_low"}, "x2": {"field": "cost_high"}, "y": y}
    up = {"x": x, "y": {**y, "field": "benefit_low"}, "y2": {"field": "benefit_high"}}
    ends = [_end(values, {"x": {**x, "field": f"cost_{end}"}, "y": y}, 90) for end in ("low", "high")] + [
        _end(values, {"x": x, "y": {**y, "field": f"benefit_{end}"}}, 0) for end in ("low", "high")
    ]
    cost_title = x["title"].split(" (")[0]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 320,
        "layer": [
            {
                "data": {"values": frontier},
                "mark": {"type": "line", "interpolate": step, "strokeDash": [4, 3], "opacity": 0.8},
                "encoding": {"x": x, "y": y},
            },
            *(
                {"data": {"values": values}, "mark": {"type": "rule", "opacity": 0.6}, "encoding": encoding}
                for encoding in (across, up)
            ),
            *ends,
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
                        "scale": {"domain": ["efficient", OTHER], "range": ["diamond", "circle"]},
                        "legend": {"orient": "top"},
                    },
                    "tooltip": [
                        {"field": "partner", "title": "Partner"},
                        {"field": "benefit", "title": "Benefit"},
                        {"field": "benefit_low", "title": "Benefit, lowest"},
                        {"field": "benefit_high", "title": "Benefit, highest"},
                        {"field": "cost", "title": cost_title},
                        {"field": "cost_low", "title": "from"},
                        {"field": "cost_high", "title": "to"},
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


def _end(values: list[dict[str, Any]], encoding: dict[str, Any], angle: int) -> dict[str, Any]:
    """The short stroke at the end of an interval."""
    mark = {"type": "point", "shape": "stroke", "angle": angle, "size": 60, "opacity": 0.6}
    return {"data": {"values": values}, "mark": mark, "encoding": encoding}
