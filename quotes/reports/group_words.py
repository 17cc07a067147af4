"""What people added to the ranking, for print: why one is above another, the team's scores, kept scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmo_selector.templatetags.fmt import format_date, format_interval, format_number
from partners.scoring.types import CRITERIA

from . import wording

COLUMNS = 6  # partners beside each other in the table of the team's scores
WIDE = 25  # points between the lowest and the highest score: the same as on the evaluation page


def why_pairs(s: Mapping[str, Any], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """The leader against the next ones, in the page's own words. None are in snapshots of before."""
    rows = {row["slug"]: row for row in [*s["details"].values(), *s["ranked"]]}
    found = []
    for pair in (s.get("firmness") or {}).get("why", []):
        above, below = rows.get(pair["above"]), rows.get(pair["below"])
        if above is None or below is None:
            continue
        largest = max((abs(float(d["points"])) for d in pair["differences"]), default=0) or 1
        found.append(
            {
                **pair,
                "first": above,
                "second": below,
                "title": f"{wording.shorten(above['name'], 60)} above {wording.shorten(below['name'], 60)}",
                "all_illustrative": above["illustrative"] and below["illustrative"],
                "rows": [_difference(d, largest, labels) for d in pair["differences"] if float(d["points"])],
                "gap_text": format_number(float(pair["gap"]), decimals=1),
            }
        )
    return found


def _difference(d: Mapping[str, Any], largest: float, labels: Mapping[str, str]) -> dict[str, Any]:
    points = float(d["points"])
    width = abs(points) / largest * 46
    return {
        "code": d["code"],
        "label": labels[d["code"]],
        "gap": f"{'+' if points > 0 else '−'}{format_number(abs(points), decimals=1)}",
        "width": f"{width:.2f}",
        "start": f"{50 if points > 0 else 50 - width:.2f}",
        "ahead": points > 0,
    }


def team_scores(s: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any] | None:
    """The group's evaluation: what counts for each criterion, its spread, and what was agreed with the reason.

    None while there is none or scoring is still open, when points are nobody's business.
    """
    found = (s.get("firmness") or {}).get("evaluation")
    if not found or not found["closed_at"] or not found["partners"]:
        return None
    partners = found["partners"][:COLUMNS]
    return {
        "closed": format_date(found["closed_at"][:10]),
        "voices": wording.counted(found["voices"], "person", "people"),
        "partners": [{**p, "short": wording.shorten(p["name"], 44)} for p in partners],
        "more": len(found["partners"]) - len(partners),
        "all_illustrative": all(p["illustrative"] for p in partners),
        "rows": [
            {
                "code": code,
                "label": labels[code],
                "cells": [_cell(p["criteria"], code) for p in partners],
            }
            for code in CRITERIA
        ],
        "totals": [
            "incomplete" if p["total"] is None else format_number(p["total"], decimals=1) for p in partners
        ],
        "ranks": ["–" if p["rank"] is None else str(p["rank"]) for p in partners],
        "sentence": _sentence(found),
        "agreed": [
            {
                "partner": p["name"],
                "illustrative": p["illustrative"],
                "criterion": f"{c['code']} {labels[c['code']]}",
                "points": format_number(c["agreed"]),
                "mean": _mean(c),
                "reason": c["reason"],
            }
            for p in found["partners"]
            for c in p["criteria"]
            if c["agreed"] is not None
        ],
    }


def _cell(criteria: list[Mapping[str, Any]], code: str) -> dict[str, Any]:
    cell = next(c for c in criteria if c["code"] == code)
    if cell["mean"] is None:
        return {"counts": "not scored", "spread": "", "wide": False, "agreed": False}
    agreed = cell["agreed"] is not None
    spread = f"{format_interval(cell['low'], cell['high'])}, ±{format_number(cell['deviation'], decimals=1)}"
    if agreed:
        spread = f"mean {format_number(cell['mean'], decimals=1)}; {spread}"
    return {
        "counts": format_number(cell["agreed"] if agreed else cell["mean"], decimals=1),
        "spread": spread if cell["voices"] > 1 else "one voice",
        "wide": cell["high"] - cell["low"] >= WIDE,
        "agreed": agreed,
    }


def _mean(cell: Mapping[str, Any]) -> str:
    if cell["mean"] is None:
        return "not scored"
    return f"{format_number(cell['mean'], decimals=1)} ({format_interval(cell['low'], cell['high'])})"


def _sentence(found: Mapping[str, Any]) -> str:
    """Whom the team itself puts first."""
    first = [p for p in found["partners"] if p["rank"] == 1]
    people = wording.counted(found["voices"], "person", "people")
    if not first:
        return f"{people} scored; no partner has points for every criterion that counts."
    names = wording.listing([wording.named(p) for p in first])
    total = format_number(first[0]["total"], decimals=1)
    return f"{people} scored, each alone. Their points put {names} first with {total} of 100."


def kept_scenarios(s: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What-if scenarios the team kept, with what each does to the order."""
    return [
        {
            **row,
            "changes_text": "; ".join(row["changes"]) or "nothing",
            "said": row["problem"] or row["sentence"],
        }
        for row in (s.get("firmness") or {}).get("scenarios", [])
    ]
