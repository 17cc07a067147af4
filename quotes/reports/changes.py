"""What changed between two snapshots of one project: groups of lines "what, before, after". Reads the snapshots only.

Only what both snapshots hold is compared: of partners outside the frozen rows nothing is known, so nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cmo_selector.templatetags.fmt import format_date, format_number

from . import wording
from .cost_words import earliest_slots, whole
from .decision import criteria_names
from .make_words import WAY_TITLES
from .make_words import whole as whole_number

NONE = "–"
GROUP_WORDS = {"ranked": "ranked", "insufficient": "too little data", "knocked_out": "knocked out"}


@dataclass(frozen=True)
class Change:
    """One line; `before` or `after` is a dash where there is nothing."""

    what: str
    before: str
    after: str


@dataclass(frozen=True)
class ChangeGroup:
    code: str
    title: str
    rows: tuple[Change, ...]


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[ChangeGroup]:
    """The groups that hold a change, in the order in which a reader needs them."""
    parts: list[tuple[str, str, Callable[..., Iterator[Change]]]] = [
        ("decision", "Award", _awards),
        ("shortlist", "Shortlist", _shortlist),
        ("ranking", "Ranking", _ranking),
        ("evaluation", "The team's scores", _evaluation),
        ("costs", "Programme costs", _costs),
        ("make", "Make or buy", _make_or_buy),
        ("package", "RFQ package", _package),
        ("facts", "Facts about the partners shown in full", _facts),
        ("slots", "Earliest slots", _slots),
        ("risks", "Risks", _risks),
        ("needs", "Needs", _needs),
        ("weights", "Weights", _weights),
        ("method", "Method", _method),
    ]
    groups = [ChangeGroup(code, title, tuple(find(old, new))) for code, title, find in parts]
    return [group for group in groups if group.rows]


def about_the_shortlist(groups: Iterable[ChangeGroup]) -> bool:
    """Whether data behind the shortlist changed. Scores also move as days pass and others change: that is no news."""
    return any(group.code not in ("ranking", "method") for group in groups)


def sentence(groups: list[ChangeGroup], since: str) -> str:
    """The changes in one sentence."""
    if not groups:
        return f"Nothing that this report shows has changed since {format_date(since)}."
    counts = [f"{group.title.lower()} ({len(group.rows)})" for group in groups]
    return f"Since {format_date(since)} there are changes in {wording.listing(counts)}."


def _named(row: Mapping[str, Any]) -> str:
    return f"{row['name']} (illustrative)" if row["illustrative"] else row["name"]


def _pairs(
    before: Mapping[Any, Any],
    after: Mapping[Any, Any],
    name: Callable[[Any], str],
    words: Callable[[Any], str],
) -> Iterator[Change]:
    """A line for each key whose words differ, in the order of the new snapshot, then what is gone."""
    for key in [*after, *(key for key in before if key not in after)]:
        one = words(before[key]) if key in before else NONE
        two = words(after[key]) if key in after else NONE
        if one != two:
            yield Change(name(after.get(key, before.get(key))), one, two)


def _awards(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if not (old["prices_included"] and new["prices_included"]):
        return  # an award is frozen with the prices: nothing can be said
    one, two = ((s.get("costs") or {}).get("award") for s in (old, new))
    if (one or {}).get("quote_id") != (two or {}).get("quote_id"):
        yield Change("Awarded to", _named(one) if one else NONE, _named(two) if two else NONE)


def _shortlist(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    def words(entry: Mapping[str, Any]) -> str:
        text = f"no. {entry['position']}, {entry['status_label']}"
        return f"{text}: {entry['comment']}" if entry["comment"] else text

    yield from _pairs(_entries(old), _entries(new), _named, words)


def _entries(s: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    return {entry["partner_id"]: entry for entry in s["shortlist"]}


def _standings(s: Mapping[str, Any]) -> dict[int, Mapping[str, Any]]:
    rows = [*s["ranked"], *s["insufficient"], *({**row, "group": "knocked_out"} for row in s["knocked_out"])]
    found = {row["partner_id"]: row for row in rows}
    return found | {detail["partner_id"]: detail for detail in s["details"].values()}


def _ranking(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Rank, score and group; for partners that both snapshots hold, and those that came into or left the shortlist."""
    one, two = _standings(old), _standings(new)
    for partner_id in [key for key in two if key in one]:
        before, after = _standing(one[partner_id]), _standing(two[partner_id])
        if before != after:
            yield Change(_named(two[partner_id]), before, after)
    for key, label in (("catalogue", "Partners in the catalogue"), ("ranked", "Partners ranked")):
        if old["funnel"][key] != new["funnel"][key]:
            yield Change(label, format_number(old["funnel"][key]), format_number(new["funnel"][key]))


def _standing(row: Mapping[str, Any]) -> str:
    if row.get("rank") is not None:
        return f"rank {row['rank']} with {wording.scored(row)}"
    word = GROUP_WORDS.get(row["group"], row["group"])
    fails = [fail["label"] for fail in row.get("fails", [])]
    return f"{word}: {'; '.join(fails)}" if fails else word


def _costs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if not (old["prices_included"] and new["prices_included"]):
        return
    one, two = old.get("costs") or {}, new.get("costs") or {}

    def quotes(c: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
        return {
            quote["partner_id"]: {**quote, "npv": whole(quote["scenarios"][c["base"]]["npv"], c["currency"])}
            for quote in c.get("quotes", [])
        }

    yield from _pairs(quotes(one), quotes(two), _named, lambda quote: quote["npv"])
    days = [(c.get("rates") or {}).get("day") for c in (one, two)]
    if all(days) and days[0] != days[1]:
        yield Change("Exchange rates of", format_date(days[0]), format_date(days[1]))


def _evaluation(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Totals of the group's own scores. What was frozen before they were is not compared."""
    if any("evaluation" not in (s.get("firmness") or {}) for s in (old, new)):
        return
    one, two = ((s["firmness"]["evaluation"] or {}).get("partners", []) for s in (old, new))

    def words(row: Mapping[str, Any]) -> str:
        if row["total"] is None:
            return "incomplete"
        return f"place {row['rank']} with {format_number(row['total'], decimals=1)}"

    yield from _pairs({r["slug"]: r for r in one}, {r["slug"]: r for r in two}, _named, words)


def _make_or_buy(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if not (
        old["prices_included"] and new["prices_included"] and "make_or_buy" in old and "make_or_buy" in new
    ):
        return
    one, two = ((s["make_or_buy"] or {}) for s in (old, new))
    if one.get("name") != two.get("name"):
        yield Change("Calculation", one.get("name", NONE), two.get("name", NONE))
    ways = [
        {way: (WAY_TITLES[way], whole_number(amount)) for way, amount in found.get("costs", {}).items()}
        for found in (one, two)
    ]
    yield from _pairs(*ways, lambda way: f"{way[0]}, expected cost", lambda way: way[1])


def _package(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """The edition that bidders are sent; of two drafts it is only said that they differ."""
    if "rfq_package" not in old or "rfq_package" not in new:
        return
    one, two = old["rfq_package"], new["rfq_package"]
    if (one and one["content"]) == (two and two["content"]):
        return
    before, after = (_edition(package) for package in (one, two))
    yield Change("Edition", before, f"{after}, with changes" if before == after else after)


def _edition(package: Mapping[str, Any] | None) -> str:
    if package is None:
        return NONE
    number = package["cover"]["version"]
    return f"{package['content']['title']}, {f'version {number}' if number else 'draft'}"


def _facts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Facts that came, went or changed, for the partners both snapshots show in full."""
    both = [key for key in new["detail_order"] if key in old["details"]]
    for key in both:
        name = _named(new["details"][key])
        one, two = _facts_of(old, key), _facts_of(new, key)
        yield from _pairs(
            one, two, lambda fact, name=name: f"{name}: {fact['what']}", lambda fact: fact["said"]
        )


def _facts_of(s: Mapping[str, Any], partner: str) -> dict[str, dict[str, str]]:
    detail = s["details"][partner]
    keys = [key for rule in detail["rules"] for key in rule["facts"]]
    keys += [key for criterion in detail["criteria"] for sub in criterion["subs"] for key in sub["facts"]]
    found = {}
    for key in dict.fromkeys(keys):
        fact = s["facts"][key]
        where = f" at {fact['site']}" if fact["site"] else ""
        said = f"{fact['label']}; {fact['evidence_label'].lower()}, {fact['source']}, {format_date(fact['as_of'])}"
        found[key] = {"what": f"{fact['label']}{where}", "said": said}
    return found


def _slots(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    names = {row["partner_id"]: _named(row) for row in [*_standings(old).values(), *_standings(new).values()]}
    one, two = earliest_slots(old), earliest_slots(new)
    shared = [key for key in {**one, **two} if key in _standings(old) and key in _standings(new)]
    for key in shared:
        if one.get(key) != two.get(key):
            yield Change(names[key], one.get(key, "unknown"), two.get(key, "unknown"))


def _risks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    def risks(s: Mapping[str, Any]) -> dict[tuple[int, str], dict[str, str]]:
        return {
            (entry["partner_id"], risk["text"]): {
                "name": f"{_named(entry)}: {risk['text']}",
                "said": f"{risk['rating_word'].lower()}; {risk['response'] or 'nothing is done yet'}",
            }
            for entry in s["shortlist"]
            for risk in entry.get("risks", [])
        }

    yield from _pairs(risks(old), risks(new), lambda risk: risk["name"], lambda risk: risk["said"])


def _needs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    one, two = ({need["id"]: need for need in s["needs"]} for s in (old, new))
    words = lambda need: f"{wording.LEVEL_WORDS[need['level']]}: {need['label']}"  # noqa: E731
    yield from _pairs(one, two, lambda need: need["rule"], words)
    for key, label in (("stage_label", "Stage"), ("need_date", "Needed by"), ("volumes", "Volumes")):
        before, after = old["project"][key], new["project"][key]
        if before != after:
            yield Change(label, str(before or NONE), str(after or NONE))


def _weights(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for code, label in criteria_names(new).items():
        before, after = old["weights"]["values"][code], new["weights"]["values"][code]
        if abs(before - after) >= 0.005:
            yield Change(
                f"{code} {label}", format_number(before, decimals=1), format_number(after, decimals=1)
            )


def _method(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = old["engine"], new["engine"]
    if before["version"] != after["version"]:
        yield Change("Scoring engine", before["version"], after["version"])
    if before["caution"] != after["caution"]:
        yield Change("Caution setting", format_number(before["caution"]), format_number(after["caution"]))
