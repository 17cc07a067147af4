"""Vega-Lite specs of the quote pages; every chart has its table in the page. Colour never carries meaning alone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import UNKNOWN
from quotes.comparison import Column, Step

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
MILLION = Decimal(10) ** 6
MOST_NAMED = 15


def millions(amount: Decimal) -> float:
    return round(float(amount / MILLION), 4)


def cash_spec(columns: Sequence[Column], years: Sequence[int], currency: str) -> dict[str, Any]:
    """Cash by year: a line per quote, with a shape of its own; dashed where the plugs are left out."""
    values = []
    for column in columns:
        name = str(column.quote.organisation)
        for year, cash, plugged in zip(years, column.figures.cash, column.figures.plugged_cash, strict=True):
            values.append({"quote": name, "year": str(year), "cash": millions(cash), "kind": "with plugs"})
            if any(column.figures.plugged_cash):
                values.append(
                    {
                        "quote": name,
                        "year": str(year),
                        "cash": millions(cash - plugged),
                        "kind": "without plugs",
                    }
                )
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": 260,
        "data": {"values": values},
        "mark": {"type": "line", "point": {"size": 60}},
        "encoding": {
            "x": {
                "field": "year",
                "type": "ordinal",
                "title": None,
                "axis": {"labelAngle": 0, "labelOverlap": "greedy", "labelSeparation": 4},
            },
            "y": {"field": "cash", "type": "quantitative", "title": f"Cash, {currency} million"},
            "color": {"field": "quote", "type": "nominal", "title": None, "legend": {"orient": "top"}},
            "shape": {"field": "quote", "type": "nominal", "title": None},
            "strokeDash": {
                "field": "kind",
                "type": "nominal",
                "title": None,
                "scale": {"domain": ["with plugs", "without plugs"], "range": [[1, 0], [4, 3]]},
                "legend": {
                    "orient": "top",
                    "symbolType": "stroke",
                    "symbolStrokeWidth": 2,
                    "symbolSize": 300,
                },
            },
            "tooltip": [{"field": "quote"}, {"field": "year"}, {"field": "cash"}, {"field": "kind"}],
        },
    }


def waterfall_spec(steps: Sequence[Step], currency: str) -> dict[str, Any]:
    """Bars that start where the one before ended; totals stand on zero."""
    values = [
        {
            "step": step.label,
            "start": millions(step.start),
            "end": millions(step.end),
            "text": UNKNOWN if step.amount is None else f"{millions(step.amount):,.2f}",
            "kind": WORDS[step.kind],
            "top": max(millions(step.start), millions(step.end)),
        }
        for step in steps
    ]
    x = {
        "field": "step",
        "type": "ordinal",
        "sort": [step.label for step in steps],
        "title": None,
        "axis": {"labelAngle": 0, "labelLimit": {"expr": f"max(48, width / {len(steps)} - 8)"}},
    }
    y = {"field": "start", "type": "quantitative", "title": f"{currency} million"}
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": 280,
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar", "size": 44},
                "encoding": {
                    "x": x,
                    "y": y,
                    "y2": {"field": "end"},
                    "color": {
                        "field": "kind",
                        "type": "nominal",
                        "title": None,
                        "scale": {"domain": list(WORDS.values())},
                        "legend": {"orient": "top"},
                    },
                    "tooltip": [{"field": "step"}, {"field": "text", "title": f"{currency} million"}],
                },
            },
            {
                "mark": {"type": "text", "dy": -7, "fontSize": 11},
                "encoding": {
                    "x": x,
                    "y": {"field": "top", "type": "quantitative"},
                    "text": {"field": "text"},
                },
            },
        ],
    }


WORDS = {
    "total": "total",
    "quoted": "quoted",
    "sponsor": "own work",
    "plug": "plugged",
    "discount": "discounting",
}


def value_spec(points: Sequence[dict[str, Any]], currency: str) -> dict[str, Any]:
    """Score without cost against programme cost; left and high is better, the dashed line is the frontier."""
    frontier = sorted((p for p in points if p["kind"] == "efficient"), key=lambda p: p["cost"])
    x = {
        "field": "cost",
        "type": "quantitative",
        "title": f"Programme cost (NPV), {currency} million; left is cheaper",
        "scale": {"zero": False},
    }
    y = {
        "field": "benefit",
        "type": "quantitative",
        "title": "Points without cost",
        "scale": {"domain": [0, 100]},
    }
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": 300,
        "layer": [
            {
                "data": {"values": frontier},
                "mark": {"type": "line", "interpolate": "step-after", "strokeDash": [4, 3], "opacity": 0.8},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": list(points)},
                "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
                "encoding": {
                    "x": x,
                    "y": y,
                    "shape": {
                        "field": "kind",
                        "type": "nominal",
                        "title": None,
                        "scale": {
                            "domain": ["efficient", "not efficient", "not comparable"],
                            "range": ["diamond", "circle", "cross"],
                        },
                        "legend": {"orient": "top"},
                    },
                    "tooltip": [
                        {"field": "partner"},
                        {"field": "cost"},
                        {"field": "benefit"},
                        {"field": "kind"},
                    ],
                },
            },
            {
                "data": {"values": named(points)},
                "mark": {"type": "text", "dx": 10, "dy": -9, "align": "left", "fontSize": 11},
                "encoding": {"x": x, "y": y, "text": {"field": "partner"}},
            },
        ],
    }


def named(points: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The points whose names stand beside them: of many only the efficient ones, the others say theirs when hovered."""
    if len(points) <= MOST_NAMED:
        return list(points)
    return [point for point in points if point["kind"] == "efficient"]
