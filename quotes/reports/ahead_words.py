"""The frozen networks and runway → what the templates print: who covers the whole scope, and what the next stage asks.

Both are the answers of the project's pages Networks and Runway on the day of the snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmo_selector.templatetags.fmt import UNKNOWN, format_date, format_interval, format_number

from . import wording
from .money_words import whole

FIRST_PARTNERS = 5  # in the part for leadership
NETWORKS = 6  # in full, in the appendix
PLACES = {"knocked_out": "knocked out", "insufficient": "too little data"}


def something_ahead(s: Mapping[str, Any]) -> bool:
    networks, runway = s.get("networks") or {}, s.get("runway") or {}
    return bool(networks.get("networks") or networks.get("missing") or runway.get("partners"))


def ahead(s: Mapping[str, Any]) -> dict[str, Any]:
    """`networks` and `runway` for the templates; None for snapshots made before they were frozen, or without any."""
    return {"networks": _networks(s), "runway": _runway(s)}


def _networks(s: Mapping[str, Any]) -> dict[str, Any] | None:
    found = s.get("networks")
    if not found or not (found["networks"] or found["missing"]):
        return None
    rows = [_network(row) for row in found["networks"]]
    whole_scope = min((row for row in found["networks"]), key=lambda row: -row["point"], default=None)
    return {
        **found,
        "sentence": _sentence(found, whole_scope),
        "first": _first(rows),
        "rows": rows[:NETWORKS],
        "more": len(rows) - NETWORKS,
        "gaps": [_gap(part) for part in found["missing"]],
    }


def _sentence(found: Mapping[str, Any], best: Mapping[str, Any] | None) -> str:
    """How many partners the whole scope takes, and what the hand-overs cost the best of the networks."""
    if best is None:
        return "No site in the catalogue is confirmed to do any part of the scope."
    partners = len({part["partner_id"] for part in best["parts"]})
    if best["shape"] == "site":
        return "One site can do the whole scope, and no network of several scores higher."
    by = (
        "several sites of one partner"
        if partners == 1
        else f"{wording.counted(partners, 'partner')} together"
    )
    text = f"The whole scope is covered best by {by}"
    if any(row["shape"] == "site" for row in found["networks"]):
        text += ", although one site alone could do it"
    return f"{text}; hand-overs cost it {wording.score(best['penalty'])} points."


def _first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The best one of each shape, best first: one site, sites of one partner, several partners."""
    best: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: -row["point"]):
        best.setdefault(row["shape"], row)
    return list(best.values())


def _network(row: Mapping[str, Any]) -> dict[str, Any]:
    sites: dict[tuple[int, str], dict[str, Any]] = {}
    for part in row["parts"]:
        key = (part["partner_id"], part["site"])
        made = {
            "partner": part["partner"],
            "site": part["site"],
            "illustrative": part.get("illustrative", False),
        }
        site = sites.setdefault(key, {**made, "parts": []})
        site["parts"].append(_part(part))
    count = row["hand_overs_between_partners"] + row["hand_overs_within_a_partner"]
    return {
        **row,
        "score": wording.score(row["point"]),
        "interval": format_interval(row["low"], row["high"], decimals=1),
        "coverage_text": format_number(row["coverage"], "%", decimals=0),
        "hand_overs": count,
        "penalty_text": wording.score(row["penalty"]) if count else "none",
        "transfer": _transfer_words(row["months"], row["months"], row["cost"], row["currency"])
        if count
        else "none",
        "sites": list(sites.values()),
        "who": [
            {**site, "does": wording.listing([part["part"] for part in site["parts"]])}
            for site in sites.values()
        ],
        "open_text": "; ".join(f"{item['must']} ({item['site']})" for item in row["still_to_verify"]),
    }


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    sources = dict.fromkeys(f"{fact['source']}, {format_date(fact['as_of'])}" for fact in part["facts"])
    return {
        **part,
        "score": wording.score(part["point"]),
        "interval": format_interval(part["low"], part["high"], decimals=1),
        "rests_on": "; ".join(sources),
    }


def _gap(part: Mapping[str, Any]) -> dict[str, Any]:
    perhaps = part["perhaps"]
    who = f"Not known of {wording.counted(len(perhaps), 'site')}, such as {perhaps[0]}." if perhaps else ""
    return {**part, "level_word": wording.LEVEL_WORDS[part["level"]], "who": who}


def _transfer_words(low: float, high: float, cost: Any, currency: str | None) -> str:
    months = format_interval(low, high)
    text = f"{months} month{'' if low == high == 1 else 's'}"
    return text if cost is None or currency is None else f"{text}, {whole(cost, currency)}"


def _runway(s: Mapping[str, Any]) -> dict[str, Any] | None:
    found = s.get("runway")
    if not found or not found["partners"]:
        return None
    everybody = [_runway_row(row) for row in found["partners"]]
    ranked = [row for row in everybody if row["now"]["rank"] is not None]
    listed = {entry["partner_id"] for entry in s["shortlist"]}
    told = [row for row in everybody if row in ranked or row["partner_id"] in listed]
    rows = told or everybody[:FIRST_PARTNERS]
    return {
        **found,
        "rows": rows,
        "more": len(everybody) > len(rows),
        "first": (ranked or rows)[:FIRST_PARTNERS],
        "costs_set": any((row["transfer"] or {}).get("cost") is not None for row in found["partners"]),
        "scale_next": s["project"]["scale_next"] is not None,
        "sentence": _runway_sentence(found, ranked),
        "all_illustrative": all(row["illustrative"] for row in rows),
    }


def _runway_sentence(found: Mapping[str, Any], ranked: list[dict[str, Any]]) -> str:
    """Whether today's leader also leads at the next stage, and whether it can carry the programme on."""
    if not ranked or found["last_stage"]:
        return ""
    leader = ranked[0]
    name, later = wording.named({**leader, "name": leader["partner"]}), leader["next"]
    if later["rank"] is None:
        text = f"At the next stage, {found['next_stage']}, {name} would be {PLACES.get(later['group'], 'not ranked')}"
    else:
        text = f"At the next stage, {found['next_stage']}, {name} would be rank {later['rank']}"
    if leader["transfer"]:
        return f"{text}, and a transfer to another site would follow: {leader['later']}."
    if later["group"] == "knocked_out":
        return f"{text}. {leader['sentence']}"
    return f"{text}; " + (
        "whether it can carry on is open." if leader["unknown"] else "it can carry on as far as is known."
    )


def _runway_row(row: Mapping[str, Any]) -> dict[str, Any]:
    transfer = row["transfer"]
    if transfer:
        time = _transfer_words(
            transfer["months_low"], transfer["months_high"], transfer["cost"], transfer["currency"]
        )
        where = f" to its own site {transfer['to_site']}" if transfer["to_site"] else ""
        later, why = f"{time}, before {transfer['stage']}{where}", transfer["reason"]
    else:
        later, why = ("unknown" if row["unknown"] else "none as far as is known"), row["unknown"]
        if row["next"]["group"] == "knocked_out":
            why = row["sentence"]
    sources = dict.fromkeys(
        f"{fact['source']}, {format_date(fact['as_of'])}" for fact in (transfer or {}).get("facts", [])
    )
    return {
        **row,
        "place": place(row["now"]),
        "place_next": place(row["next"]),
        "score": wording.scored(row["now"]),
        "score_next": wording.scored(row["next"]),
        "later": later,
        "why": why,
        "rests_on": "; ".join(sources),
    }


def place(standing: Mapping[str, Any]) -> str:
    """ "rank 3", or why there is no rank"""
    if standing["rank"] is not None:
        return f"rank {standing['rank']}"
    return PLACES.get(standing["group"], UNKNOWN)
