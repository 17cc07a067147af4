"""Vega-Lite specs, made once for both renderers: the browser draws them with vega-embed, the PDF with vl-convert.

`svg` must only be called in a process that did not fork after using vl-convert: the child of a Celery worker,
never a parent or a web process (it hangs in forked children). Altair and vl-convert are therefore imported late.
"""

from __future__ import annotations

import base64
import json
import math
import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

# The series colours of static/css/tokens.css (light scheme); white text on each has a contrast of at least 4.5 : 1.
COLOURS: dict[str, str] = {
    "C1": "#0b6474",
    "C2": "#3d7681",
    "C3": "#2c5b8c",
    "C4": "#5a6ca6",
    "C5": "#5c4a88",
    "C6": "#82568b",
    "C7": "#8f4960",
    "C8": "#95562b",
    "C9": "#68672b",
    "C10": "#446d49",
}
ON_COLOUR = "#ffffff"
BOTH_SCHEMES = "#7b8894"  # a line that is seen on a light and on a dark page
INK, MUTED, GRID, LAND, ACCENT = "#1a232b", "#56636e", "#dce2e5", "#dfe5e8", "#0b6474"
BAR = 16
ROW = 34
LABEL = 34
ROOM_PER_LETTER = 1.8  # points of score a segment needs for each letter of its code
_DREW: set[int] = set()  # processes that have used vl-convert
LABEL_GAP, LETTER = 14, 6.5  # pixels beside a dot, and of a letter of its label
NEAR_X, NEAR_Y = 26, 10  # pixels: dots closer than this in both directions share one label


def contribution_spec(
    rows: Iterable[Mapping[str, Any]],
    labels: Mapping[str, str],
    *,
    width: int | str = "container",
    paper: bool = False,
) -> dict[str, Any]:
    """Stacked bars of contributions, with the interval as a line below each bar.

    `rows` are ranked rows of a snapshot: name, rank, low, point, high, contributions. `paper` fixes text and
    line colours; otherwise the page's own colours, light or dark, apply.
    """
    import altair as alt

    line = INK if paper else BOTH_SCHEMES
    partners, segments, names = [], [], []
    for place, row in enumerate(rows):
        name = bar_label(row, paper=paper)
        names.append(name)
        interval = {end: round(row[end], 4) for end in ("low", "point", "high")}
        partners.append({"place": place, "partner": name, **interval})
        start = 0.0
        for code in labels:
            value = row["contributions"].get(code, 0)
            segments.append(
                {
                    "place": place,
                    "partner": name,
                    "code": code,
                    "criterion": f"{code} {labels[code]}",
                    "points": round(value, 4),
                    "start": round(start, 4),
                    "end": round(start + value, 4),
                    "middle": round(start + value / 2, 4),
                    "text": code if value >= ROOM_PER_LETTER * len(code) else "",
                }
            )
            start += value
    # The place keeps bars apart whose shortened names are alike; the expression only looks its name up.
    axis = alt.Axis(labelExpr=f"{json.dumps(names)}[datum.value]")
    y = alt.Y("place:O", title=None, axis=axis)
    bars = (
        alt.Chart(alt.Data(values=segments))
        .mark_bar(height=BAR, yOffset=-4, stroke="#ffffff", strokeWidth=0.8)
        .encode(
            y=y,
            x=alt.X("start:Q", title="Points out of 100", scale=alt.Scale(domain=[0, 100])),
            x2="end:Q",
            color=alt.Color(
                "code:N",
                scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
                legend=None,
            ),
            tooltip=["partner:N", "criterion:N", alt.Tooltip("points:Q", format=".1f")],
        )
    )
    codes = (
        alt.Chart(alt.Data(values=[s for s in segments if s["text"]]))
        .mark_text(fontSize=9.5, fontWeight=600, color=ON_COLOUR, yOffset=-4, baseline="middle")
        .encode(y=y, x="middle:Q", text="text:N")
    )
    base = alt.Chart(alt.Data(values=partners))
    interval = base.mark_rule(strokeWidth=1.6, color=line, yOffset=10).encode(y=y, x="low:Q", x2="high:Q")
    ends = [
        base.mark_tick(thickness=1.6, height=6, color=line, yOffset=10).encode(y=y, x=f"{end}:Q")
        for end in ("low", "high")
    ]
    point = base.mark_point(shape="diamond", filled=True, size=42, color=line, yOffset=10, opacity=1).encode(
        y=y, x="point:Q"
    )
    chart = alt.layer(bars, codes, interval, *ends, point).properties(
        width=width, height=max(1, len(names)) * ROW
    )
    return _finished(chart, paper=paper)


def bar_label(row: Mapping[str, Any], *, paper: bool = False) -> str:
    """ "1  Helix Vector (ill.)", at most `LABEL` characters of name.

    The text of a drawing on paper runs from left to right, letter by letter: a name that does not is left to the table.
    """
    place = row["rank"] if row["rank"] is not None else "not ranked"
    mark = " (ill.)" if row["illustrative"] else ""
    room = LABEL - len(mark)
    name = row["name"] if len(row["name"]) <= room else row["name"][: room - 1].rstrip() + "…"
    if paper and any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in row["name"]):
        name = "named in the table"
    return f"{place}  {name}{mark}"


@dataclass(frozen=True)
class Marker:
    """Sites so close together on the map that they share one dot; `label` lists their partners' ranks.

    `left`: the label stands at the left, because another dot is in its way at the right.
    """

    latitude: float
    longitude: float
    label: str
    lead: bool
    left: bool = False


def sites_spec(
    markers: Iterable[Marker], topology: Mapping[str, Any] | str, *, width: int, height: int
) -> dict[str, Any]:
    """A map of dots with labels. `topology` is world-atlas TopoJSON, inline (PDF) or its address (browser)."""
    import altair as alt

    markers = list(markers)
    land = (
        alt.Chart(alt.Data(values={}, format=alt.TopoDataFormat(feature="countries", type="topojson")))
        .mark_geoshape(fill=LAND, stroke="#ffffff", strokeWidth=0.5)
        .transform_filter("datum.id !== '010'")  # Antarctica
    )
    dots = alt.Chart(
        alt.Data(
            values=[
                {
                    "latitude": m.latitude,
                    "longitude": m.longitude,
                    "label": m.label,
                    "lead": m.lead,
                    "left": m.left,
                }
                for m in markers
            ]
        )
    )
    where = {"longitude": "longitude:Q", "latitude": "latitude:Q"}
    others = (
        dots.transform_filter("!datum.lead")
        .mark_circle(size=52, fill="#ffffff", stroke=INK, strokeWidth=1.2, opacity=1)
        .encode(**where)
    )
    leads = (
        dots.transform_filter("datum.lead")
        .mark_circle(size=90, fill=ACCENT, stroke="#ffffff", strokeWidth=1, opacity=1)
        .encode(**where)
    )
    texts = [
        dots.transform_filter(test)
        .mark_text(align=align, dx=dx, fontSize=11.5, fontWeight=700, **style)
        .encode(text="label:N", **where)
        for style in ({"stroke": "#ffffff", "strokeWidth": 2.6, "fill": "#ffffff"}, {"fill": INK})
        for test, align, dx in (("!datum.left", "left", 7), ("datum.left", "right", -7))
    ]
    chart = (
        alt.layer(land, others, leads, *texts)
        .project(**_projection(markers, width, height))
        .properties(width=width, height=height)
    )
    spec = _finished(chart, paper=True)
    # Put in afterwards: Altair would check a hundred kilobytes of coordinates against its schema.
    shapes = spec["layer"][0]["data"]
    del shapes["values"]
    shapes["url" if isinstance(topology, str) else "values"] = topology
    return spec


def cluster(
    sites: Iterable[Mapping[str, Any]], labels: Mapping[int, str], *, width: int, height: int
) -> list[Marker]:
    """Markers for the sites with coordinates; sites that would overlap on a map of this size share one."""
    placed = [s for s in sites if s["latitude"] is not None and s["longitude"] is not None]
    degrees = _span(placed, width, height) / width
    groups: list[list[Mapping[str, Any]]] = []
    for site in placed:
        for group in groups:
            first = group[0]
            if (
                abs(first["latitude"] - site["latitude"]) <= NEAR_Y * degrees
                and abs(first["longitude"] - site["longitude"]) <= NEAR_X * degrees
            ):
                group.append(site)
                break
        else:
            groups.append([site])
    markers = []
    for group in groups:
        names = list(dict.fromkeys(labels[s["partner_id"]] for s in group))
        shown = " · ".join(names[:4]) + (f" +{len(names) - 4}" if len(names) > 4 else "")
        markers.append(
            Marker(group[0]["latitude"], group[0]["longitude"], shown, any(s["lead"] for s in group))
        )
    return [replace(m, left=_in_the_way(m, markers, degrees)) for m in markers]


def _in_the_way(marker: Marker, markers: list[Marker], degrees: float) -> bool:
    """Whether a dot stands where the label would at the right, and none where it would at the left."""
    reach = LABEL_GAP + LETTER * len(marker.label)

    def hit(side: int) -> bool:
        return any(
            0 < side * (other.longitude - marker.longitude) / degrees <= reach
            and abs(other.latitude - marker.latitude) / degrees <= NEAR_Y
            for other in markers
            if other is not marker
        )

    return hit(1) and not hit(-1)


def _bounds(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    latitudes, longitudes = [p[0] for p in points], [p[1] for p in points]
    return min(latitudes), max(latitudes), min(longitudes), max(longitudes)


def _span(sites: list[Mapping[str, Any]], width: int, height: int) -> float:
    """Degrees of longitude across the map's width."""
    if not sites:
        return 360.0
    south, north, west, east = _bounds([(s["latitude"], s["longitude"]) for s in sites])
    wanted = max(70.0, (east - west) * 1.35, (north - south) * 1.5 * width / height)
    return 360.0 if wanted > 200 else wanted


def _projection(markers: list[Marker], width: int, height: int) -> dict[str, Any]:
    """The whole world, or the part of it where the sites are when that is small enough to be worth it."""
    span = _span([{"latitude": m.latitude, "longitude": m.longitude} for m in markers], width, height)
    if span >= 360:
        scale = width / 4.9  # radians across: the outermost Pacific falls off
        return {"type": "naturalEarth1", "scale": scale, "translate": [width * 0.49, height * 0.585]}
    south, north, west, east = _bounds([(m.latitude, m.longitude) for m in markers])
    return {
        "type": "equirectangular",
        "scale": width / math.radians(span),
        "center": [(west + east) / 2, (south + north) / 2],
        "translate": [width / 2, height / 2],
    }


def _finished(chart: Any, *, paper: bool) -> dict[str, Any]:
    """The plain spec, with the look of the printed page when it is for paper."""
    chart = chart.configure_axisY(grid=False, domain=False, ticks=False).configure_view(stroke=None)
    if paper:
        chart = chart.configure(
            font="Inter, sans-serif",
            background="transparent",
            padding={"left": 10, "top": 2, "right": 6, "bottom": 2},
        ).configure_axis(
            labelColor=INK,
            titleColor=MUTED,
            labelFontSize=11,
            titleFontSize=10.5,
            titleFontWeight=400,
            gridColor=GRID,
            domain=False,
            ticks=False,
            labelPadding=6,
            labelLimit=260,
        )
    return chart.to_dict()


def svg(spec: Mapping[str, Any]) -> str:
    """The chart as SVG text, drawn offline. Only in a worker's child process, see the module's docstring."""
    import vl_convert

    _DREW.add(os.getpid())
    return vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=_vega_lite(), allowed_base_urls=[])


def drew_here() -> bool:
    """Whether this very process has drawn: then its forks cannot."""
    return os.getpid() in _DREW


def data_uri(svg_text: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg_text.encode("utf-8")).decode("ascii")


@cache
def _vega_lite() -> str:
    """The renderer's Vega-Lite version that fits the installed Altair's schema, as "6.1"."""
    import altair as alt
    import vl_convert

    wanted = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    known = [str(v) for v in vl_convert.get_vegalite_versions()]
    return wanted if wanted in known else known[-1]
