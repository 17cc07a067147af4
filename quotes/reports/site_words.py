"""A partner's frozen quality record and capability matrix → what the templates print."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from cmo_selector.templatetags.fmt import format_date

COLOURS = {"good": "#2f7a4b", "warn": "#9a6a00", "bad": "#b3261e", "neutral": "#56636e"}
SHAPES = {
    "Certificate": "square",
    "Inspection": "circle",
    "Form 483": "diamond",
    "Audit": "square",
    "Warning letter": "triangle",
}
FEWEST_YEARS = 3
ROWS = {
    "Certificate": "Certificates",
    "Inspection": "Inspections",
    "Audit": "Audits",
    "Regulatory action": "Actions",
}
LEFT, ROOM = 70.0, 572.0  # where the years begin, and how wide they are together
LANE, ROW_GAP, HALF = 11, 5, 5  # height of a lane, between the kinds, half a mark
MOST_LANES = 8  # of one kind
MATRIX_COLUMNS = 5  # as many modalities as fit beside the services


def site_parts(s: Mapping[str, Any], partner: str) -> dict[str, Any]:
    """Quality timeline and capability matrix of a partner; empty for snapshots made before they were frozen."""
    frozen = s.get("site_records", {}).get(partner)
    if not frozen:
        return {"timeline": None, "quality": [], "quality_more": 0, "matrix": None}
    return {
        "timeline": _timeline(frozen["quality"], dt.date.fromisoformat(s["as_of"])),
        "quality": [
            {
                **entry,
                "on_text": format_date(entry["on"]),
                "until_text": format_date(entry["until"]) if entry["until"] else "",
                "retrieved_text": format_date(entry["retrieved_on"]),
            }
            for entry in frozen["quality"]
        ],
        "quality_more": frozen["quality_more"],
        "matrix": _matrix(frozen["matrix"]),
    }


def _timeline(entries: list[Mapping[str, Any]], today: dt.date) -> dict[str, Any] | None:
    """Marks on a line of years, each kind in lanes of its own; None when nothing has a date."""
    dated = [(dt.date.fromisoformat(entry["on"]), entry) for entry in entries if entry["on"]]
    if not dated:
        return None
    ends = [dt.date.fromisoformat(entry["until"]) for _, entry in dated if entry["until"]]
    first = min(min(day for day, _ in dated).year, today.year - FEWEST_YEARS + 1)
    last = max([today.year, *(min(end.year, today.year + 3) for end in ends)]) + 1
    start, span = dt.date(first, 1, 1), (dt.date(last, 1, 1) - dt.date(first, 1, 1)).days

    def place(day: dt.date) -> float:
        return LEFT + max(0.0, min(1.0, (day - start).days / span)) * ROOM

    rows, marks, top = [], [], 0
    for kind, title in ROWS.items():
        of_kind = [(day, entry) for day, entry in dated if _row_of(entry) == kind]
        if not of_kind:
            continue
        drawn, lanes = _in_lanes(of_kind, place, top)
        marks += drawn
        rows.append({"title": title, "y": f"{top + LANE / 2 + 3:g}"})
        top += lanes * LANE + ROW_GAP
    step = max(1, (last - first) // 8)
    return {
        "years": [
            {"year": year, "x": f"{place(dt.date(year, 1, 1)):.1f}"} for year in range(first, last, step)
        ],
        "today": f"{place(today):.1f}",
        "rows": rows,
        "marks": marks,
        "bottom": top,
        "labels": top + 10,
        "height": top + 14,
        "words": f"{len(dated)} dated entries from {format_date(min(day for day, _ in dated))} "
        f"to {format_date(max(day for day, _ in dated))}; the table below lists them.",
    }


def _row_of(entry: Mapping[str, Any]) -> str:
    return entry["kind"] if entry["kind"] in ROWS else "Regulatory action"


def _in_lanes(
    dated: list[tuple[dt.date, Mapping[str, Any]]], place: Callable[[dt.date], float], top: int
) -> tuple[list[dict[str, Any]], int]:
    """Marks of one kind, each in the first lane with room for it, and how many lanes they take.

    Above `MOST_LANES` the marks share the last lane: the table below the drawing lists them all.
    """
    free: list[float] = []  # by lane: where its last mark ends
    marks = []
    for day, entry in sorted(dated, key=lambda pair: (pair[0], pair[1]["title"])):
        x = place(day)
        until = dt.date.fromisoformat(entry["until"]) if entry["until"] else None
        end = max(place(until), x) if until and entry["kind"] != "Inspection" else x
        lane = next((n for n, taken in enumerate(free) if taken + HALF <= x - HALF), len(free))
        lane = min(lane, MOST_LANES - 1)
        free[lane : lane + 1] = [end]
        marks.append(_mark(day, entry, x=x, end=end, y=top + lane * LANE + LANE / 2))
    return marks, len(free)


def _mark(day: dt.date, entry: Mapping[str, Any], *, x: float, end: float, y: float) -> dict[str, Any]:
    """One mark; the row says the kind, so that neither colour nor shape carries it alone."""
    return {
        "x": f"{x:.1f}",
        "left": f"{x - 4:.1f}",
        "y": f"{y:g}",
        "top": f"{y - 4:g}",
        "width": f"{end - x:.1f}" if end > x else "",
        "shape": SHAPES.get(entry["mark"], "triangle"),
        "colour": COLOURS.get(entry["tone"], COLOURS["neutral"]),
        "words": f"{entry['title']}, {entry['state']}, {format_date(entry['on'])}",
    }


def _matrix(matrix: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not matrix:
        return None
    shown = matrix["modalities"][:MATRIX_COLUMNS]
    branches: dict[str, list[dict[str, Any]]] = {}
    for row in matrix["rows"]:
        cells = [_cell(cell) for cell in row["cells"][: len(shown)]]
        branches.setdefault(row["branch"], []).append({"service": row["service"], "cells": cells})
    return {
        "modalities": shown,
        "more": len(matrix["modalities"]) - len(shown),
        "columns": len(shown) + 1,
        "branches": [{"title": title, "rows": rows} for title, rows in branches.items()],
    }


def _cell(cell: Mapping[str, Any]) -> dict[str, str]:
    if cell["known"] != "yes":
        return {"text": "not offered" if cell["known"] == "no" else "unknown", "note": ""}
    return {"text": cell["scale"] or "yes, scale unknown", "note": cell["evidence"].lower()}
