"""Snapshot → what the templates print. No database, no clock: the same snapshot always gives the same document."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import (
    UNKNOWN,
    format_country,
    format_date,
    format_interval,
    format_money,
    format_number,
)
from quotes.enums import Appendix, ReportKind

from . import appendices, changes, charts, decision, group_words, kinds, make_words, side_by_side, wording
from .adjusted_words import withdrawn_rows
from .ahead_words import ahead
from .asked import decision_asked
from .canonical import snapshot_hash
from .cost_words import cost_context, earliest_slots, programme_costs
from .decision import criteria_names, points, signed
from .dossier import dossiers, question_list, source_list
from .firmness_words import firmness_rows
from .look import look_of
from .options import ReportOptions
from .package_words import package_part
from .printable import clean

NBSP = "\u00a0"
FIRST_PAGE_ROWS = 5
CHART_ROWS = 10
SHORTLIST_ROWS = 15  # in the part for leadership; the record holds them all
RESTRICTED = "restricted-party"  # the engine's own need that is not about a site
MATRIX_PARTNERS = 6
CHANGE_ROWS = 25  # of one group, on paper


def report_context(
    snapshot: Mapping[str, Any],
    snapshot_hash: str,
    *,
    map_size: tuple[int, int],
    options: ReportOptions | None = None,
    previous: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Everything the PDF's templates need. `map_size` in CSS pixels decides which sites share a dot.

    `previous`, an earlier snapshot of the project, puts a page of what changed in front.
    """
    options = options or ReportOptions()
    s = kinds.focused(clean(snapshot), options)
    s = {**s, "sites": _printed_sites(s)}
    labels = criteria_names(s)
    beside = _beside(s)
    ranked = [_ranked_row(row, beside) for row in s["ranked"]]
    by_partner = {row["partner_id"]: row for row in [*s["ranked"], *s["details"].values()]}
    place_labels = {partner_id: _place(row) for partner_id, row in by_partner.items()}
    chart_rows = s["ranked"][:CHART_ROWS]
    markers = _markers(s, options, place_labels, map_size)
    numbers = fact_numbers(s)
    questions, partners = question_list(s, numbers), dossiers(s, numbers)
    why, team = group_words.why_pairs(s, labels), group_words.team_scores(s, labels)
    parts = appendices.chosen(options, s, partners=partners, questions=questions, why=why, team=team)
    return {
        "s": s,
        **(package_part(s, options) if options.kind == ReportKind.PACKAGE else {}),
        **_changes(previous, snapshot, options.kind),
        "look": look_of(s),
        "kind": options.kind,
        "kind_label": ReportKind(options.kind).label,
        "title": clean(kinds.title_of(s, options)),
        "body": kinds.TEMPLATES.get(ReportKind(options.kind), ""),
        "costs": cost_context(s),
        "withdrawn": withdrawn_rows(s),
        "decisions": kinds.decisions(s),
        "memo": make_words.memo_context(s),
        "why": why,
        "team": team,
        "scenarios": group_words.kept_scenarios(s),
        "side": side_by_side.table(s),
        "listed": s["shortlist"][: SHORTLIST_ROWS if options.kind == ReportKind.DECISION else None],
        "lines_part": {"code": "lines", "letter": "", "title": Appendix.QUOTES.label},
        "paper": options.paper,
        "recipient": clean(options.recipient),
        "appendices": parts,
        "appendix_codes": {part["code"]: part["letter"] for part in parts},
        "others": decision.why_not(s, labels),
        "open_musts": decision.open_musts(ranked),
        "risks": decision.risks(s),
        "risks_known": all("risks" in entry for entry in s["shortlist"]),
        "near_misses": [decision.fallen(row) for row in s["knocked_out"][: decision.NEAR_MISSES]],
        "near_misses_more": s["funnel"]["knocked_out"] - len(s["knocked_out"][: decision.NEAR_MISSES]),
        "hash": snapshot_hash,
        "hash_start": snapshot_hash[:12],
        "question": wording.question(s),
        "headline": wording.headline(s),
        "caveats": wording.caveats(s),
        "need_sentence": wording.need_sentence(s),
        "asked": decision_asked(s),
        "short_name": wording.shorten(s["project"]["name"], 64),
        "short_sponsor": wording.shorten(s["sponsor"]["name"], 48),
        "funnel": _funnel(s["funnel"]),
        "key_fact_rows": _pairs(_key_facts(s["project"])),
        "leaders": [_short_names(row) for row in ranked[:FIRST_PAGE_ROWS]],
        "ranked": ranked[FIRST_PAGE_ROWS:],
        "ranked_more": s["funnel"]["ranked"] - len(ranked),
        "labels": labels,
        "codes": list(labels),
        "legend": [{"code": code, "label": label} for code, label in labels.items()],
        "chart_rows": chart_rows,
        "firmness": firmness_rows(s),
        "contributions": [_contribution_row(row, labels) for row in chart_rows],
        "difference": decision.difference(s, labels),
        "weights": _weights(s["weights"], labels),
        "approval": wording.approval(s["weights"]),
        "needs": _needs(s),
        "all_illustrative": all(row["illustrative"] for row in chart_rows),
        "matrix": _matrix(s, numbers),
        "knocked_out": [decision.fallen(row) for row in s["knocked_out"]],
        "overrides": s.get("overrides", []),  # snapshots made before must-haves could be let pass have none
        "knocked_out_more": s["funnel"]["knocked_out"] - len(s["knocked_out"]),
        "thin": [_ranked_row(row, beside) for row in s["insufficient"]],
        "thin_more": s["funnel"]["insufficient"] - len(s["insufficient"]),
        "markers": markers,
        "sites": [_site(site, by_partner[site["partner_id"]]) for site in s["sites"]],
        "map_words": _map_words(s["sites"]),
        **ahead(s),
        "questions": questions,
        "dossiers": partners,
        "sources": source_list(s, numbers),
        "data_range": format_interval_of_dates(s["data"]["from"], s["data"]["to"]),
    }


def _printed_sites(s: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every site of the partners printed in full, of the others the lead site."""
    return [site for site in s["sites"] if site["lead"] or str(site["partner_id"]) in s["detail_order"]]


def _markers(
    s: Mapping[str, Any], options: ReportOptions, ranks: Mapping[int, str], size: tuple[int, int]
) -> list[charts.Marker]:
    """Dots labelled with their partners' ranks, in a dossier with the names of its sites."""
    sites, labels = s["sites"], ranks
    if options.kind == ReportKind.DOSSIER:
        sites = [{**site, "partner_id": site["site_id"]} for site in sites]
        labels = {site["site_id"]: wording.shorten(site["name"], 24) for site in sites}
    return charts.cluster(sites, labels, width=size[0], height=size[1])


def format_interval_of_dates(first: str | None, last: str | None) -> str:
    """ "2025-01-31 to 2025-11-24", one date when they are the same, unknown without dates."""
    if not first or not last:
        return UNKNOWN
    return format_date(first) if first == last else f"{format_date(first)} to {format_date(last)}"


def fact_numbers(s: Mapping[str, Any]) -> dict[str, int]:
    """Fact key → the number it carries in this document, in order of appearance."""
    numbers: dict[str, int] = {}
    for partner_id in s["detail_order"]:
        detail = s["details"][partner_id]
        used = [key for rule in detail["rules"] for key in rule["facts"]]
        used += [key for c in detail["criteria"] for sub in c["subs"] for key in sub["facts"]]
        for key in used:
            numbers.setdefault(key, len(numbers) + 1)
    return numbers


def _place(row: Mapping[str, Any]) -> str:
    if row["rank"] is not None:
        return str(row["rank"])
    return "out" if row["group"] == "knocked_out" else "thin data"


def _standing_word(row: Mapping[str, Any]) -> str:
    if row["rank"] is not None:
        return f"rank {row['rank']}"
    return "knocked out" if row["group"] == "knocked_out" else "too little data"


def _changes(previous: Mapping[str, Any] | None, snapshot: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The page in front: of what the kind is about, so a package for bidders tells nothing of the other bidders."""
    if previous is None:
        return {"changes_since": ""}
    old, new = clean(previous), clean(snapshot)
    groups = changes.of_kind(changes.changes_between(old, new), kind)
    return {
        "changes_since": format_date(old["as_of"]),
        "changes_hash": snapshot_hash(previous)[:12],
        "changes_sentence": changes.sentence(groups, old["as_of"]),
        "changes": [
            {"title": g.title, "rows": g.rows[:CHANGE_ROWS], "more": len(g.rows) - CHANGE_ROWS}
            for g in groups
        ],
    }


def _beside(s: Mapping[str, Any]) -> dict[int, list[str]]:
    """Partner id → programme cost, earliest slot and gravest open risk, as far as they are known."""
    found: dict[int, list[str]] = {}
    for known in (programme_costs(s, short=True), earliest_slots(s)):
        for partner_id, text in known.items():
            found.setdefault(partner_id, []).append(text.replace(" ", NBSP))
    for entry in s["shortlist"]:
        if worst := max(entry.get("risks", []), key=lambda risk: risk["rating"], default=None):
            text = f"{worst['rating_word'].lower()} risk: {wording.shorten(worst['text'], 110)}"
            found.setdefault(entry["partner_id"], []).append(text)
    return found


def _ranked_row(row: Mapping[str, Any], beside: Mapping[int, list[str]]) -> dict[str, Any]:
    score, interval = wording.score(row["point"]), format_interval(row["low"], row["high"], decimals=1)
    return {
        **row,
        "beside": " · ".join(beside.get(row["partner_id"], [])),
        "score": score,
        "interval": interval,
        "coverage_text": format_number(row["coverage"], "%", decimals=0),
        "rank_range": _rank_range(row),
        "bar": interval_bar(row["low"], row["point"], row["high"]),
        "bar_words": f"Score {score}, interval {interval}, of 100",
    }


def _short_names(row: dict[str, Any]) -> dict[str, Any]:
    """Names that keep to two lines, for the first page; the full names are in the tables that follow."""
    return {
        **row,
        "name": wording.shorten(row["name"], 70),
        "lead_site": wording.shorten(row["lead_site"], 70),
    }


def _rank_range(row: Mapping[str, Any]) -> str:
    if row["best_rank"] is None or row["worst_rank"] is None:
        return ""
    return format_interval(row["best_rank"], row["worst_rank"])


def interval_bar(low: float, point: float, high: float) -> dict[str, str]:
    """Positions on a drawing 100 units wide plus a margin of 2 on each side."""
    place = lambda value: f"{2 + value:.2f}"  # noqa: E731
    return {"low": place(low), "point": place(point), "width": f"{max(high - low, 0.6):.2f}"}


def _funnel(funnel: Mapping[str, int]) -> list[dict[str, str]]:
    return [
        {"value": format_number(funnel["catalogue"]), "label": "in the catalogue"},
        {"value": format_number(funnel["passed_musts"]), "label": "fail no must-have"},
        {"value": format_number(funnel["ranked"]), "label": "known well enough to rank"},
        {"value": format_number(funnel["shortlisted"]), "label": "on the shortlist"},
    ]


def _quantity(value: Any, unit: str) -> str:
    return format_number(None if value is None else Decimal(str(value)), unit)


def _key_facts(project: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The need as label and value; what nobody stated reads "unknown", what does not apply is left out."""
    unit = project["scale_unit"]
    facts = [
        ("Product", project["product"] or UNKNOWN),
        ("Indication", project["indication"] or UNKNOWN),
        ("Modality", project["modality"] or UNKNOWN),
        ("Dosage form", project["dosage_form"] or UNKNOWN),
        ("Stage", project["stage_label"]),
        ("Markets", wording.listing(project["market_labels"]) or UNKNOWN),
        ("Scale now", _quantity(project["scale_now"], unit)),
        ("Scale next", _quantity(project["scale_next"], unit)),
        ("Needed by", format_date(project["need_date"])),
        ("Decision wanted by", wording.day_set(project.get("decide_by"))),
        ("Volumes", project["volumes"] or UNKNOWN),
        ("Federal funding", "yes: restricted-party lists knock out" if project["federal_funding"] else "no"),
    ]
    if project["price_basis"]:
        facts.append(("Price target", _price(project, "price_target")))
        facts.append(("Price limit", _price(project, "price_limit")))
    return facts


def _pairs(facts: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Two facts per line; an odd last one is followed by an empty pair."""
    padded = facts if len(facts) % 2 == 0 else [*facts, ("", "")]
    return [padded[i : i + 2] for i in range(0, len(padded), 2)]


def _price(project: Mapping[str, Any], name: str) -> str:
    if project[name] is None:
        return UNKNOWN
    return f"{format_money(Decimal(str(project[name])), project['currency'])} {project['price_basis']}"


def _contribution_row(row: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    shown = points(row)
    cells = [format_number(shown[code], decimals=1) for code in labels]
    return {**row, "cells": cells, "score": wording.score(row["point"])}


def _needs(s: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The project's needs and the musts that apply to every project."""
    own = {need["id"] for need in s["needs"]}
    always = [
        {
            "level": rule["level"],
            "label": rule["label"],
            "note": "",
            "where": f"{'partner' if rule['need_id'] == RESTRICTED else 'lead site'}, every project",
        }
        for rule in s["rules"]
        if rule["need_id"] not in own
    ]
    stated = [{**n, "where": _where(n)} for n in s["needs"]]
    order = list(wording.LEVEL_WORDS)
    rows = sorted([*stated, *always], key=lambda need: order.index(need["level"]))
    return [{**need, "level_word": wording.LEVEL_WORDS[need["level"]]} for need in rows]


def _where(need: Mapping[str, Any]) -> str:
    """Which part of a partner a need speaks of."""
    if need.get("of_partner"):
        return "the partner as a whole"
    return "lead site" if need["same_site"] else "any site of the partner"


def _weights(weights: Mapping[str, Any], labels: Mapping[str, str]) -> list[dict[str, str]]:
    rows = []
    for code, label in labels.items():
        value, default = weights["values"][code], weights["defaults"][code]
        gap = value - default
        rows.append(
            {
                "code": code,
                "label": label,
                "value": format_number(value, decimals=1),
                "default": format_number(default, decimals=1),
                "change": "as default" if abs(gap) < 0.05 else signed(gap),
                "width": f"{value / max(*weights['values'].values(), 1) * 100:.2f}",
                "colour": charts.COLOURS[code],
            }
        )
    return rows


def _matrix(s: Mapping[str, Any], numbers: Mapping[str, int]) -> dict[str, Any]:
    """Needs × partners: the ones shown in full, then the best ranked, at most `MATRIX_PARTNERS`."""
    columns = {s["details"][key]["partner_id"]: s["details"][key] for key in s["detail_order"]}
    for row in s["ranked"]:
        columns.setdefault(row["partner_id"], row)
    partners = list(columns.values())[:MATRIX_PARTNERS]
    groups = []
    for level, word in wording.LEVEL_WORDS.items():
        rows = [
            {
                "label": rule["label"],
                "cells": [p["outcomes"].get(rule["need_id"], "unknown") for p in partners],
            }
            for rule in s["rules"]
            if rule["level"] == level
        ]
        if rows:
            groups.append({"word": word, "rows": rows})
    return {
        "all_illustrative": all(p["illustrative"] for p in partners),
        "partners": [
            {**p, "place": _standing_word(p), "short": wording.shorten(p["name"], 40)} for p in partners
        ],
        "groups": groups,
    }


def _site(site: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    precision = {"address": "address", "city": "city centre", "country": "country only"}
    located = site["latitude"] is not None
    return {
        **site,
        "place": _place(row),
        "partner": row["name"],
        "illustrative": row["illustrative"],
        "country_name": format_country(site["country"]),
        "role": "lead site" if site["lead"] else "other site",
        "located": precision.get(site["located_by"], "given") if located else "unknown, not on the map",
    }


def _map_words(sites: list[Mapping[str, Any]]) -> str:
    """The map in words, for those who cannot see it; the table below it says the same in full."""
    placed = [site for site in sites if site["latitude"] is not None]
    countries: dict[str, int] = {}
    for site in placed:
        name = format_country(site["country"])
        countries[name] = countries.get(name, 0) + 1
    parts = [
        f"{name} {count}" for name, count in sorted(countries.items(), key=lambda item: (-item[1], item[0]))
    ]
    return f"Map of {wording.counted(len(placed), 'site')}: {', '.join(parts)}." if placed else ""
