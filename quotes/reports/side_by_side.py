"""The shortlist side by side: one column per partner, one row per thing that a reader compares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cmo_selector.templatetags.fmt import UNKNOWN, format_country, format_interval, format_number

from . import wording
from .cost_words import earliest_slots, programme_costs
from .decision import criteria_names, points
from .dossier import standing

COLUMNS = 6


def table(s: Mapping[str, Any]) -> dict[str, Any]:
    """Columns (the partners shown in full, at most `COLUMNS`) and groups of rows with one cell for each."""
    partners = [s["details"][key] for key in s["detail_order"]][:COLUMNS]
    entries = {entry["partner_id"]: entry for entry in s["shortlist"]}
    costs, slots = programme_costs(s), earliest_slots(s)

    def row(label: str, cell: Callable[[Mapping[str, Any]], str]) -> dict[str, Any]:
        return {"label": label, "cells": [{"text": cell(partner), "best": False} for partner in partners]}

    overall = [
        row("In the ranking", lambda p: standing(p, s["funnel"]["ranked"])),
        row("Score", lambda p: wording.score(p["point"])),
        row("Interval", lambda p: format_interval(p["low"], p["high"], decimals=1)),
        row("Rests on facts", lambda p: format_number(p["coverage"], "%", decimals=0)),
        row("Must-haves to verify", lambda p: "; ".join(p["unverified"]) or "none"),
    ]
    if s["prices_included"]:
        overall.append(row("Programme cost", lambda p: costs.get(p["partner_id"], "no quote")))
    overall += [
        row("Earliest slot", lambda p: slots.get(p["partner_id"], UNKNOWN).removeprefix("slot ")),
        row("Status", lambda p: _entry(entries, p, "status_label") or "not on the shortlist"),
        row("Team's comment", lambda p: _entry(entries, p, "comment") or "none"),
        row("Open risks", lambda p: _risks(entries.get(p["partner_id"]))),
    ]
    where = [
        row("Lead site", lambda p: _site(s, p)),
        row("Other sites", lambda p: str(len(_sites(s, p, lead=False))) if _sites(s, p) else UNKNOWN),
    ]
    return {
        "partners": [{**p, "short": wording.shorten(p["name"], 44)} for p in partners],
        "all_illustrative": all(p["illustrative"] for p in partners),
        "groups": [
            {"title": "Overall", "rows": overall},
            {"title": "Where", "rows": where},
            {"title": "Points by criterion", "rows": _criteria(s, partners)},
        ],
        "more": len(s["detail_order"]) - len(partners),
    }


def _entry(entries: Mapping[int, Mapping[str, Any]], partner: Mapping[str, Any], name: str) -> str:
    return entries.get(partner["partner_id"], {}).get(name, "")


def _risks(entry: Mapping[str, Any] | None) -> str:
    risks = (entry or {}).get("risks", [])
    if not risks:
        return "none noted"
    worst = max(risks, key=lambda risk: risk["rating"])
    return f"{wording.counted(len(risks), 'risk')}; gravest: {worst['text']} ({worst['rating_word'].lower()})"


def _sites(s: Mapping[str, Any], partner: Mapping[str, Any], *, lead: bool | None = None) -> list[Any]:
    own = [site for site in s["sites"] if site["partner_id"] == partner["partner_id"]]
    return own if lead is None else [site for site in own if site["lead"] is lead]


def _site(s: Mapping[str, Any], partner: Mapping[str, Any]) -> str:
    found = _sites(s, partner, lead=True)
    if not found:
        return partner["lead_site"] or UNKNOWN
    place = ", ".join(part for part in (found[0]["city"], format_country(found[0]["country"])) if part)
    return f"{found[0]['name']}; {place}" if place else found[0]["name"]


def _criteria(s: Mapping[str, Any], partners: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Contributions as printed; the most of each row is marked, unless all are level."""
    shown = [points(partner) for partner in partners]
    rows = []
    for code, label in criteria_names(s).items():
        values = [own[code] for own in shown]
        top = max(values, default=None)
        level = len(set(values)) == 1
        cells = [
            {"text": format_number(value, decimals=1), "best": value == top and not level} for value in values
        ]
        weight = format_number(s["weights"]["values"][code], decimals=1)
        rows.append({"label": f"{code} {label} (of\u00a0{weight})", "cells": cells})
    return rows
