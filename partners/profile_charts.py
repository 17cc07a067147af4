"""Vega-Lite specifications of a partner's page: where its sites are, and its quality record over time."""

import datetime
from collections.abc import Iterable, Sequence

from cmo_selector.templatetags.fmt import format_country
from partners.map_charts import Box, countries_layer, projection
from partners.models import Facility
from partners.quality_record import Entry

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
TONES = ("good", "warn", "bad", "neutral", "accent")  # the colours of config.range.tone in charts.js
SHAPES = {
    "Inspection": "circle",
    "Form 483": "square",
    "Audit": "cross",
    "Warning letter": "triangle-up",
    "Other action": "diamond",
    "Certificate": "stroke",
}
NARROWEST_OF_PARTNER = 60.0  # degrees: one site is seen on its continent
LABEL_ROOM = 0.07  # of the chart's width: a state is written beside its mark when the next is further away


def sites_map(sites: Iterable[Facility]) -> dict | None:
    """A map of the sites that have coordinates; None when no site has."""
    points = [
        {
            "site": site.name,
            "place": ", ".join(part for part in (site.city, format_country(site.country)) if part),
            "longitude": float(site.longitude),
            "latitude": float(site.latitude),
        }
        for site in sites
        if site.latitude is not None and site.longitude is not None
    ]
    if not points:
        return None
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": 250,
        "projection": projection(
            Box.of(((point["longitude"], point["latitude"]) for point in points), NARROWEST_OF_PARTNER)
        ),
        "layer": [
            countries_layer(),
            {
                "data": {"values": points},
                "mark": {"type": "circle", "size": 90, "opacity": 0.9, "clip": True},
                "encoding": {
                    "longitude": {"field": "longitude", "type": "quantitative"},
                    "latitude": {"field": "latitude", "type": "quantitative"},
                    "tooltip": [
                        {"field": "site", "type": "nominal", "title": "Site"},
                        {"field": "place", "type": "nominal", "title": "Place"},
                    ],
                },
            },
        ],
    }


def quality_timeline(entries: Sequence[Entry], today: datetime.date) -> dict | None:
    """The dated entries, one lane per kind; bars run from issue to expiry or closure. None without a dated one."""
    drawn = [_datum(entry, today) for entry in reversed(entries) if entry.on]
    if not drawn:
        return None
    tips = [
        {"field": name, "type": "nominal", "title": title}
        for name, title in (
            ("title", "What"), ("site", "Site"), ("dates", "Date"), ("state", f"State on {today.isoformat()}"),
        )
    ]  # fmt: skip
    lane = {
        "field": "lane",
        "type": "nominal",
        "sort": list(dict.fromkeys(datum["lane"] for datum in drawn)),
        "axis": {
            "title": None,
            "labelLimit": {"expr": "width < 420 ? 110 : 240"},
            "grid": True,
            "domain": False,
            "ticks": False,
        },
    }
    colour = {
        "field": "tone",
        "type": "nominal",
        "scale": {"domain": list(TONES), "range": "tone"},
        "legend": None,
    }
    kinds = [kind for kind in SHAPES if any(datum["kind"] == kind for datum in drawn)]
    bars = [datum for datum in drawn if datum["bar"]]
    layers = [
        {
            "mark": {"type": "point", "size": 90, "filled": True, "opacity": 1},
            "encoding": {
                "color": colour,
                "shape": {
                    "field": "kind",
                    "type": "nominal",
                    "scale": {"domain": kinds, "range": [SHAPES[kind] for kind in kinds]},
                    "legend": {
                        "title": None,
                        "orient": "top",
                        "symbolFillColor": "gray",
                        "symbolStrokeColor": "gray",
                    },
                },
            },
        },
        {
            "data": {"values": [{"today": today.isoformat()}]},
            "mark": {"type": "rule", "strokeDash": [4, 3]},
            "encoding": {
                "x": {"field": "today", "type": "temporal"},
                "y": None,
                "color": {"value": "gray"},
                "tooltip": {"field": "today", "type": "temporal", "title": "Today"},
            },
        },
    ]
    if bars:
        layers.insert(
            0,
            {
                "data": {"values": bars},
                "mark": {"type": "bar", "height": 9, "opacity": 0.45, "cornerRadius": 2},
                "encoding": {"x2": {"field": "until"}, "color": colour},
            },
        )
    named = _with_room(drawn, _span(drawn, today) * LABEL_ROOM)
    if named:
        text = {"type": "text", "align": "left", "dx": 8, "dy": -9, "fontSize": 11}
        text["opacity"] = {"expr": "width < 420 ? 0 : 1"}  # on a phone they would run into each other
        layers.append(
            {
                "data": {"values": named},
                "mark": text,
                "encoding": {"text": {"field": "short", "type": "nominal"}},
            }
        )
    return {
        "$schema": SCHEMA,
        "width": "container",
        "height": max(2, len(lane["sort"])) * 36,
        "data": {"values": drawn},
        "encoding": {
            "x": {
                "field": "on",
                "type": "temporal",
                "scale": {"padding": 12},
                "axis": {"title": None, "format": "%Y", "tickCount": "year"},
            },
            "y": lane,
            "tooltip": tips,
        },
        "layer": layers,
    }


LANES = {
    "Inspection": "Inspections",
    "Form 483": "Form 483",
    "Audit": "Audits",
    "Warning letter": "Warning letters",
    "Other action": "Other actions",
}


def _datum(entry: Entry, today: datetime.date) -> dict:
    """One mark. An action that is still open, and an issue without an end, have no end to draw a bar to."""
    until = entry.until or (today if entry.short == "open" else None)
    dates = f"{entry.on} to {entry.until}" if entry.until else f"{entry.on}"
    return {
        "lane": LANES.get(entry.mark, entry.title),
        "kind": entry.mark,
        "title": entry.title,
        "site": entry.site.name,
        "on": entry.on.isoformat(),
        "until": (until or entry.on).isoformat(),
        "bar": until is not None and until > entry.on,
        "dates": dates,
        "state": entry.state.label,
        "short": entry.short,
        "tone": entry.state.tone,
    }


def _span(drawn: Sequence[dict], today: datetime.date) -> datetime.timedelta:
    """The time the chart shows: from the first mark to the last, today included."""
    days = [datetime.date.fromisoformat(datum[key]) for datum in drawn for key in ("on", "until")] + [today]
    return max(days) - min(days)


def _with_room(drawn: Iterable[dict], room: datetime.timedelta) -> list[dict]:
    """The marks whose state can be written beside them without running into the next one of their lane."""
    after: dict[str, datetime.date] = {}
    named = []
    for datum in sorted(drawn, key=lambda d: d["on"], reverse=True):
        on = datetime.date.fromisoformat(datum["on"])
        if datum["lane"] not in after or after[datum["lane"]] - on >= room:
            named.append(datum)
        after[datum["lane"]] = on
    return named
