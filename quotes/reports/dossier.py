"""The parts of a report that rest on single facts: partner pages, open questions, sources."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import format_country, format_date, format_interval, format_number
from partners.scoring.explain import largest_remainder, rounded
from partners.scoring.types import CRITERIA

from . import wording
from .site_words import site_parts

QUESTIONS_PER_PARTNER = 6
MIN_POINTS = 0.05  # below this a question does not move the score as printed


def dossiers(s: Mapping[str, Any], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """One per partner shown in full, in the order of the shortlist."""
    entries = {entry["partner_id"]: entry for entry in s["shortlist"]}
    shown = set()
    pages = []
    for key in s["detail_order"]:
        detail = s["details"][key]
        keys = [k for k in numbers if k in _used(detail)]
        in_order = {code: detail["contributions"][code] for code in CRITERIA}
        shown_points = largest_remainder(in_order, rounded(detail["point"]))
        pages.append(
            {
                **detail,
                "entry": entries.get(detail["partner_id"]),
                "score": wording.score(detail["point"]),
                "interval": format_interval(detail["low"], detail["high"], decimals=1),
                "coverage_text": format_number(detail["coverage"], "%", decimals=0),
                "standing": standing(detail, s["funnel"]["ranked"]),
                "lead": _lead_site(s, detail),
                "other_sites": sum(
                    1 for x in s["sites"] if x["partner_id"] == detail["partner_id"] and not x["lead"]
                ),
                "rules": [_rule(rule, numbers) for rule in sorted(detail["rules"], key=_by_level)],
                "criteria": [_criterion(c, s["weights"], shown_points, numbers) for c in detail["criteria"]],
                "facts": [
                    _fact(s["facts"][k], numbers[k], detail["lead_site"]) for k in keys if k not in shown
                ],
                **site_parts(s, key),
                "restrictions": restrictions_of(s, detail["partner_id"]),
            }
        )
        shown.update(keys)
    return pages


def restrictions_of(s: Mapping[str, Any], partner_id: int) -> list[dict[str, Any]]:
    """A partner's listings and how each stood on the day of the data: current, ended or coming; its last day counts."""
    found = []
    for entry in s["restrictions"]:
        if entry["partner_id"] == partner_id:
            until = entry["effective_until"]
            ended = until is not None and until < s["as_of"]  # ISO dates follow each other as texts
            coming = entry["effective_from"] > s["as_of"]
            found.append({**entry, "standing": "ended" if ended else "coming" if coming else "current"})
    return found


def standing(row: Mapping[str, Any], ranked: int) -> str:
    """ "Rank 1 of 9, could be 1–4" """
    if row["rank"] is None:
        return "Knocked out" if row["group"] == "knocked_out" else "Too little data to rank"
    reach = format_interval(row["best_rank"], row["worst_rank"])
    return f"Rank {row['rank']} of {ranked}, could be {reach}"


def question_list(s: Mapping[str, Any], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """What is not known about each partner shown in full: must-haves first, then by points at stake."""
    blocks = []
    for key in s["detail_order"]:
        detail = s["details"][key]
        items = _questions(s, detail)
        blocks.append(
            {
                "name": detail["name"],
                "illustrative": detail["illustrative"],
                "standing": standing(detail, s["funnel"]["ranked"]),
                "items": items[:QUESTIONS_PER_PARTNER],
                "more": len(items) - QUESTIONS_PER_PARTNER,
                "more_points": format_number(
                    max((i["points"] for i in items[QUESTIONS_PER_PARTNER:]), default=0), decimals=1
                ),
            }
        )
    return blocks


def _questions(s: Mapping[str, Any], detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Same question asked twice is asked once, with its points added up."""
    found: dict[str, dict[str, Any]] = {}

    def add(ask: str, about: str, order: int, points: float) -> None:
        item = found.setdefault(ask, {"ask": ask, "about": [], "order": order, "points": 0.0})
        item["order"] = min(item["order"], order)
        item["points"] += points
        if about not in item["about"]:
            item["about"].append(about)

    for rule in detail["rules"]:
        if rule["outcome"] in ("unknown", "conditional") and rule["ask"]:
            word = wording.LEVEL_WORDS[rule["level"]].lower()
            add(rule["ask"], f"{word}-have {rule['outcome']}", 0 if rule["level"] == "must" else 1, 0.0)
    for criterion in detail["criteria"]:
        weight = s["weights"]["values"][criterion["code"]]
        for sub in criterion["subs"]:
            points = wording.unknown_points(sub["low"], sub["high"], weight, sub["weight"])
            if sub["ask"] and points >= MIN_POINTS:
                add(sub["ask"], f"{criterion['code']} {sub['label']}", 1, points)
    items = sorted(found.values(), key=lambda i: (i["order"], -i["points"], i["ask"]))
    for item in items:
        item["points_text"] = (
            format_number(item["points"], decimals=1) if item["points"] >= MIN_POINTS else "–"
        )
        item["about_text"] = "; ".join(item["about"])
    return items


def source_list(s: Mapping[str, Any], numbers: Mapping[str, int]) -> list[dict[str, Any]]:
    """Where the facts printed in this document come from, each source once."""
    sources: dict[tuple[str, str], dict[str, Any]] = {}
    for fact in (s["facts"][key] for key in numbers):
        source = sources.setdefault(
            (fact["source"], fact["url"]),
            {"title": fact["source"], "url": fact["url"], "count": 0, "days": [], "levels": []},
        )
        source["count"] += 1
        if fact["as_of"]:
            source["days"].append(fact["as_of"])
        if fact["evidence_label"] not in source["levels"]:
            source["levels"].append(fact["evidence_label"])
    rows = sorted(sources.values(), key=lambda row: (-row["count"], row["title"]))
    for row in rows:
        days = sorted(row.pop("days"))
        row["from"], row["to"] = (
            format_date(days[0] if days else None),
            format_date(days[-1] if days else None),
        )
        row["levels_text"] = ", ".join(sorted(row["levels"]))
    return rows


def _used(detail: Mapping[str, Any]) -> set[str]:
    keys = {key for rule in detail["rules"] for key in rule["facts"]}
    return keys | {key for c in detail["criteria"] for sub in c["subs"] for key in sub["facts"]}


def _by_level(rule: Mapping[str, Any]) -> int:
    return list(wording.LEVEL_WORDS).index(rule["level"])


def _references(keys: list[str], numbers: Mapping[str, int]) -> str:
    """ "3, 7–9": the numbers of the facts, runs shortened."""
    ordered = sorted(numbers[key] for key in keys)
    runs: list[list[int]] = []
    for number in ordered:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",\u00a0".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _lead_site(s: Mapping[str, Any], detail: Mapping[str, Any]) -> str:
    """ "Lund 2, Lund, Sweden": the lead site with its place, or unknown."""
    for site in s["sites"]:
        if site["partner_id"] == detail["partner_id"] and site["lead"]:
            return ", ".join(x for x in (site["name"], site["city"], format_country(site["country"])) if x)
    return detail["lead_site"] or "unknown"


def _rule(rule: Mapping[str, Any], numbers: Mapping[str, int]) -> dict[str, Any]:
    return {
        **rule,
        "level_word": wording.LEVEL_WORDS[rule["level"]],
        "references": _references(rule["facts"], numbers),
    }


def _criterion(
    criterion: Mapping[str, Any],
    weights: Mapping[str, Any],
    points: Mapping[str, Decimal],
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    code = criterion["code"]
    return {
        "code": code,
        "label": weights["labels"][code],
        "weight": format_number(weights["values"][code], decimals=1),
        "points": format_interval(criterion["low"], criterion["high"], decimals=0),
        "contribution": format_number(points[code], decimals=1),
        "known": format_number(criterion["known"] * 100, "%", decimals=0),
        "stated": [
            {
                "label": sub["label"],
                "reason": sub["reason"],
                "points": format_interval(sub["low"], sub["high"], decimals=0),
                "references": _references(sub["facts"], numbers),
            }
            for sub in criterion["subs"]
            if sub["known"]
        ],
        "unstated": wording.listing([sub["label"] for sub in criterion["subs"] if not sub["known"]]),
    }


def _fact(fact: Mapping[str, Any], number: int, lead_site: str) -> dict[str, Any]:
    other_site = fact["site"] if fact["site"] != lead_site else ""
    return {**fact, "number": number, "as_of_text": format_date(fact["as_of"]), "other_site": other_site}
