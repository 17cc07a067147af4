"""A partner's frozen quality record and capability matrix → what the templates print."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
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
    """Marks on a line of years, 100 units wide. None when nothing has a date."""
    dated = [(dt.date.fromisoformat(entry["on"]), entry) for entry in entries if entry["on"]]
    if not dated:
        return None
    ends = [dt.date.fromisoformat(entry["until"]) for _, entry in dated if entry["until"]]
    first = min(min(day for day, _ in dated).year, today.year - FEWEST_YEARS + 1)
    last = max([today.year, *(min(end.year, today.year + 3) for end in ends)]) + 1
    start, span = dt.date(first, 1, 1), (dt.date(last, 1, 1) - dt.date(first, 1, 1)).days
    place = lambda day: max(0.0, min(100.0, (day - start).days / span * 100))  # noqa: E731
    step = max(1, (last - first) // 8)
    return {
        "years": [
            {"year": year, "x": f"{4 + place(dt.date(year, 1, 1)) * 6.4:.1f}"}
            for year in range(first, last, step)
        ],
        "today": f"{4 + place(today) * 6.4:.1f}",
        "marks": [_mark(day, entry, place) for day, entry in dated],
        "words": f"{len(dated)} dated entries from {format_date(min(day for day, _ in dated))} "
        f"to {format_date(max(day for day, _ in dated))}; the table below lists them.",
    }


def _mark(day: dt.date, entry: Mapping[str, Any], place: Any) -> dict[str, Any]:
    """One mark; the row says the kind, so that neither colour nor shape carries it alone."""
    rows = {"Certificate": 16, "Inspection": 34, "Audit": 34, "Regulatory action": 52}
    x = 4 + place(day) * 6.4
    until = dt.date.fromisoformat(entry["until"]) if entry["until"] else None
    return {
        "x": f"{x:.1f}",
        "left": f"{x - 4:.1f}",
        "y": rows.get(entry["kind"], 52),
        "top": rows.get(entry["kind"], 52) - 4,
        "width": f"{max(4 + place(until) * 6.4 - x, 0):.1f}"
        if until and entry["kind"] == "Certificate"
        else "",
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
