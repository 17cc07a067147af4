"""The report's sentences: question, recommendation, need, in careful words that follow from the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmo_selector.templatetags.fmt import UNKNOWN, format_date, format_interval, format_number

OUT = ("rejected", "rfp_declined")  # states in which a shortlisted partner is no longer chosen from

NOUNS = {
    "drug": "manufacturing partner",
    "clinical": "clinical research partner",
    "device": "device manufacturing partner",
}
OUTCOME_WORDS = {"pass": "pass", "fail": "fail", "unknown": "unknown", "conditional": "conditional"}
LEVEL_WORDS = {"must": "Must", "should": "Should", "could": "Could"}
RESTRICTED = "restricted-party"  # the engine's own need that is not about a site
LEADERS = 5
SHOWN_NAMES = 2
NAME_ROOM = 70  # characters of a name within a sentence
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"  # keep right-to-left text to itself


def score(value: float) -> str:
    """A score as every page writes it: one decimal."""
    return format_number(value, decimals=1)


def scored(row: Mapping[str, Any]) -> str:
    """ "71.4 (58.0–84.2)" """
    return f"{score(row['point'])} ({format_interval(row['low'], row['high'], decimals=1)})"


def counted(count: int, singular: str, plural: str = "") -> str:
    """ "3 partners", kept on one line"""
    return f"{format_number(count)}\u00a0{singular if count == 1 else plural or singular + 's'}"


def listing(items: list[str]) -> str:
    """ "a, b and c" """
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def question(snapshot: Mapping[str, Any]) -> str:
    project = snapshot["project"]
    noun = NOUNS.get(project["profile"], "partner")
    return f"Which {noun} for {project['product'] or project['name']}?"


def shorten(text: str, room: int) -> str:
    """At most `room` characters; a cut is shown."""
    if len(text) <= room:
        return text
    cut = text[: room - 1].rstrip() + "…"
    return cut + POP_ISOLATE if FIRST_STRONG_ISOLATE in cut else cut


def named(row: Mapping[str, Any]) -> str:
    name = shorten(row["name"], NAME_ROOM)
    return f"{name} (illustrative)" if row["illustrative"] else name


def headline(snapshot: Mapping[str, Any]) -> str:
    """The answer in one sentence, never stronger than the intervals allow."""
    ranked, funnel = snapshot["ranked"], snapshot["funnel"]
    if not ranked:
        return _nobody(funnel)
    leader = ranked[0]
    lead = f"{named(leader)} leads with {scored(leader)} out of 100 points"
    within = snapshot["lead"]["ranked_within_reach"]
    level = [row for row in ranked if row["rank"] == 1]
    if len(level) > 1:
        return (
            f"{_names(level, len(level))} share first place with {score(leader['point'])} out of 100 points."
        )
    if funnel["ranked"] == 1:
        return f"{named(leader)} is the only partner that can be ranked, with {scored(leader)} out of 100 points."
    if not within and leader["unverified"]:
        return f"{lead}, if its open must-haves are met."
    if not within:
        return f"{lead}, ahead of every other ranked partner whatever the open scores turn out to be."
    return f"{lead}; not separable from {_names(not_separable(ranked), within)}."


def _names(rows: list[Mapping[str, Any]], count: int) -> str:
    """The first names and how many more there are: "A, B and 3 others"."""
    names = [named(row) for row in rows[:SHOWN_NAMES]]
    return listing([*names, counted(count - len(names), "other")] if count > len(names) else names)


def _nobody(funnel: Mapping[str, int]) -> str:
    if not funnel["assessed"]:
        return "No partner can be recommended: the catalogue holds no partner to assess."
    if not funnel["passed_musts"]:
        return (
            "No partner can be recommended: each of the "
            f"{counted(funnel['knocked_out'], 'partner')} assessed fails at least one must-have."
        )
    return (
        f"No partner can be recommended yet: {counted(funnel['insufficient'], 'partner')} passed the must-haves "
        "or could still do so, but too little is known for a score to be trusted."
    )


def not_separable(ranked: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Partners below the leader whose intervals reach into the leader's: the unknowns could put them first."""
    leader = ranked[0]
    return [row for row in ranked[1:] if row["high"] >= leader["low"]]


def caveats(snapshot: Mapping[str, Any]) -> list[str]:
    """What has to be said beside the headline, most important first."""
    ranked = snapshot["ranked"]
    if not ranked:
        return [*listed_parties(snapshot), _what_would_have_to_change(snapshot["funnel"])]
    leader, said = ranked[0], []
    name = shorten(leader["name"], NAME_ROOM)
    if passed := [o for o in snapshot.get("overrides", []) if o["partner_id"] == leader["partner_id"]]:
        said.append(
            f"{name} fails {counted(len(passed), 'must-have')} that the team let pass: "
            + "; ".join(
                f"{o['label']} ({o['role']}: {o['override'].rstrip('.')})" for o in passed[:SHOWN_NAMES]
            )
            + "."
        )
    said += listed_parties(snapshot)
    if conditions := conditional_musts(snapshot, leader):
        said.append(
            f"{name} meets {counted(len(conditions), 'must-have')} only on a condition: "
            f"{listing(conditions[:SHOWN_NAMES])}."
        )
    if open_musts := leader["unverified"]:
        said.append(
            f"Before it can be selected, {counted(len(open_musts), 'must-have')} of {name} must be "
            f"verified: {listing(open_musts[:SHOWN_NAMES])}"
            + (f" and {len(open_musts) - SHOWN_NAMES} more." if len(open_musts) > SHOWN_NAMES else ".")
        )
    if within := snapshot["lead"]["ranked_within_reach"]:
        said.append(
            f"The order may change: {counted(within, 'other partner')} could score above the low end of "
            f"{name}. The questions in this report are sorted by how many points they can move."
        )
    firm = snapshot.get("firmness")  # snapshots made before robustness was frozen have none
    if firm and firm["robustness"]["verdict"] in ("robust", "leaning", "open"):
        said.append(firm["robustness"]["sentence"])
    if thin := snapshot["lead"]["thin_within_reach"]:
        said.append(
            f"{counted(thin, 'partner')} with too little data to be ranked could also come within reach of the leader."
        )
    said.append(
        f"{format_number(leader['coverage'], '%', decimals=0)} of the leader's score rests on facts; "
        "what is unknown is shown as an interval, not guessed."
    )
    said += _team(snapshot, leader)
    if leader["illustrative"]:
        said.append("Illustrative partners are fictional, with made-up figures, for demonstration only.")
    return said


def conditional_musts(snapshot: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    """The must-haves a partner meets only on a condition, as far as that is frozen, except restricted-party lists."""
    detail = snapshot.get("details", {}).get(str(row["partner_id"]))
    reasons = {rule["need_id"]: rule["reason"] for rule in detail["rules"]} if detail else {}
    return [
        f"{rule['label']} ({reasons[rule['need_id']]})" if rule["need_id"] in reasons else rule["label"]
        for rule in snapshot.get("rules", [])
        if rule["level"] == "must"
        and rule["need_id"] != RESTRICTED
        and row.get("outcomes", {}).get(rule["need_id"]) == "conditional"
    ]


def listed_parties(snapshot: Mapping[str, Any]) -> list[str]:
    """Who of the leading, shortlisted and awarded partners is on a restricted-party list, and since when."""
    concerned = {row["partner_id"] for row in snapshot["ranked"][:LEADERS]}
    concerned |= {entry["partner_id"] for entry in snapshot["shortlist"] if entry["status"] != "rejected"}
    concerned |= {award["partner_id"] for award in snapshot.get("awards", [])}
    return [
        f"{named({'name': row['partner'], 'illustrative': row['illustrative']})} is named on {row['list']} from "
        f"{format_date(row['effective_from'])}"
        + (f" until {format_date(row['effective_until'])}" if row["effective_until"] else "")
        + f": {row['effect'].rstrip('.')}."
        for row in snapshot.get("restrictions", [])
        if row["partner_id"] in concerned
        and (row["effective_until"] is None or row["effective_until"] >= snapshot["as_of"])
    ]


def _what_would_have_to_change(funnel: Mapping[str, int]) -> str:
    if not funnel["assessed"]:
        return "Partners have to be added to the catalogue first; propose them on its page."
    if not funnel["passed_musts"]:
        return "The nearest misses below show what would have to change, at a partner or in the need."
    return "The partners with too little data are listed in this report; the ranking page says which facts are missing."


def _team(snapshot: Mapping[str, Any], leader: Mapping[str, Any]) -> list[str]:
    shortlist = snapshot["shortlist"]
    selected = [named(e) for e in shortlist if e["status"] == "selected"]
    if selected:
        return [f"The team has marked {listing(selected)} as selected."]
    active = [e for e in shortlist if e["status"] not in OUT]
    if active and active[0]["partner_id"] != leader["partner_id"]:
        return [f"The team's own shortlist puts {named(active[0])} first; its comments are in this report."]
    return []


def need_sentence(snapshot: Mapping[str, Any]) -> str:
    """The need in one or two sentences, made of what is known."""
    project, needs = snapshot["project"], snapshot["needs"]
    what = project["product"] or project["name"]
    kind = "; ".join(part for part in (project["modality"], project["dosage_form"]) if part)
    text = f"{snapshot['sponsor']['name']} looks for a {NOUNS.get(project['profile'], 'partner')} for {what}"
    text += f" ({kind})" if kind else ""
    text += f" at the stage {project['stage_label']}"
    if markets := project["market_labels"]:
        text += f", for the market{'s' if len(markets) > 1 else ''} {listing(markets)}"
    text += f", needed by {format_date(project['need_date'])}." if project["need_date"] else "."
    levels = [(level, sum(1 for need in needs if need["level"] == level)) for level in LEVEL_WORDS]
    counts = [counted(n, f"{LEVEL_WORDS[level].lower()}-have") for level, n in levels if n]
    return f"{text} It states {listing(counts)}." if counts else text


def approval(weights: Mapping[str, Any]) -> str:
    """Who approved the weights. Older snapshots do not know."""
    if "approved" not in weights:
        return UNKNOWN
    approved = weights["approved"]
    return f"{approved['by']} on {format_date(approved['on'])}" if approved else "nobody yet"


def day_set(day: Any) -> str:
    """A day that the team chooses: not set is not unknown."""
    return format_date(day) if day else "not set"


def unknown_points(low: float, high: float, weight: float, share: float = 1.0) -> float:
    """Points of the total score that hang on a value somewhere in [low, high] (0-100)."""
    return (high - low) * weight / 100 * share
