"""What changed between two snapshots of one project: groups of lines "what, before, after". Reads the snapshots only.

Only what both snapshots hold is compared: of partners outside the frozen rows nothing is known, so nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cmo_selector.templatetags.fmt import format_date, format_number
from quotes.enums import ReportKind

from . import changes_project, changes_record, wording
from .change_rows import NONE, Change, named, pairs, watched
from .changes_project import GROUP_WORDS
from .cost_words import earliest_slots
from .decision import criteria_names
from .kinds import awards
from .make_words import WAY_TITLES
from .make_words import whole as whole_number
from .money_words import whole

COMPARED = (
    "need, weights, shortlist, awards, ranking, its firmness, networks, facts, site records, slots, "
    "quotes and risks"
)
ABOUT = {  # what a kind is about: a schedule on change asks for it only because of these
    ReportKind.PACKAGE: ("package",),
    ReportKind.MEMO: ("make",),
    ReportKind.QUOTES: ("decision", "costs", "terms", "withdrawn"),
}


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
        ("standing", "Standing of the shortlist", changes_project.standing),
        ("overrides", "Must-haves let pass", changes_project.overrides),
        ("restrictions", "Restricted-party lists", changes_project.restrictions),
        ("ranking", "Ranking", _ranking),
        ("evaluation", "The team's scores", _evaluation),
        ("costs", "Programme costs", _costs),
        ("terms", "Quotes", _terms),
        ("withdrawn", "Bids taken back", changes_record.withdrawn),
        ("make", "Make or buy", _make_or_buy),
        ("package", "RFQ package", changes_project.package),
        ("facts", "Facts about the partners shown in full", _facts),
        ("records", "Quality record of the sites", changes_record.records),
        ("capabilities", "What the sites can do", changes_record.capabilities),
        ("slots", "Earliest slots", _slots),
        ("risks", "Risks", _risks),
        ("brief", "Project", changes_project.brief),
        ("needs", "Needs", changes_project.needs),
        ("weights", "Weights", _weights),
        ("firmness", "How firm the order is", changes_record.firmness),
        ("scope", "The whole scope", changes_record.whole_scope),
        ("ahead", "The next stage", changes_project.ahead),
        ("method", "Method", _method),
    ]
    groups = [ChangeGroup(code, title, tuple(find(old, new))) for code, title, find in parts]
    return [group for group in groups if group.rows]


def of_kind(groups: Iterable[ChangeGroup], kind: str) -> list[ChangeGroup]:
    """What concerns a kind of report: all of it, but for kinds about one thing only that thing."""
    about = ABOUT.get(ReportKind(kind))
    return [group for group in groups if about is None or group.code in about]


def is_news(groups: Iterable[ChangeGroup], kind: str = ReportKind.DECISION) -> bool:
    """Whether a schedule on change asks for a report: scores also move as days pass and others change, that is none."""
    return any(
        row.news
        for group in of_kind(groups, kind)
        for row in group.rows
        if group.code not in ("ranking", "method")
    )


def sentence(groups: list[ChangeGroup], since: str) -> str:
    """The changes in one sentence."""
    if not groups:
        return f"Nothing that is compared has changed since {format_date(since)}: {COMPARED}."
    counts = [f"{_within(group.title)} ({len(group.rows)})" for group in groups]
    return f"Since {format_date(since)} there are changes in {wording.listing(counts)}."


def _within(title: str) -> str:
    """A title within a sentence; an abbreviation at its beginning stays as it is."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _awards(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    if not (old["prices_included"] and new["prices_included"]):
        return  # an award is frozen with the prices: nothing can be said
    one, two = ({a["rfq_id"]: a for a in awards(s)} for s in (old, new))
    several = len({**one, **two}) > 1
    yield from pairs(
        one,
        two,
        lambda award: f"“{award['rfq']}” awarded to" if several else "Awarded to",
        lambda award: f"{named(award)}: {award['reason']}",
    )


def _shortlist(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    def words(entry: Mapping[str, Any]) -> str:
        text = f"no. {entry['position']}, {entry['status_label']}"
        text += f", because {entry['reason']}" if entry["reason"] else ""
        return f"{text}: {entry['comment']}" if entry["comment"] else text

    yield from pairs(_entries(old), _entries(new), named, words)


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
            yield Change(named(two[partner_id]), before, after)
    if _whole(old) and _whole(new):  # nobody is cut off, so who is missing has come or gone
        for partner_id in [*(key for key in two if key not in one), *(key for key in one if key not in two)]:
            row = two.get(partner_id) or one[partner_id]
            before, after = (_standing(s[partner_id]) if partner_id in s else NONE for s in (one, two))
            yield Change(named(row), before, after)
    counts = (
        ("catalogue", "Partners in the catalogue"),
        ("ranked", "Partners ranked"),
        ("insufficient", "Partners with too little data"),
        ("knocked_out", "Partners knocked out"),
    )
    for key, label in counts:
        if old["funnel"][key] != new["funnel"][key]:
            yield Change(label, format_number(old["funnel"][key]), format_number(new["funnel"][key]))


def _whole(s: Mapping[str, Any]) -> bool:
    return all(s["funnel"][key] == len(s[key]) for key in ("ranked", "insufficient", "knocked_out"))


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

    if one and two and one["rfq"]["id"] != two["rfq"]["id"]:
        yield Change("Costs are those of", f"RFQ “{one['rfq']['title']}”", f"RFQ “{two['rfq']['title']}”")
        return
    yield from pairs(_quotes(one), _quotes(two), named, lambda q: whole(q["figures"]["npv"], q["unit"]))
    scenarios = [{row["id"]: row for row in c.get("scenarios", [])} for c in (one, two)]
    for key in [key for key in scenarios[1] if key in scenarios[0] and key != two["base"]]:
        figures = [
            {k: {**q, "npv": whole(q["scenarios"][key]["npv"], q["unit"])} for k, q in _quotes(c).items()}
            for c in (one, two)
        ]
        label = scenarios[1][key]["name"]
        yield from pairs(*figures, lambda q, label=label: f"{named(q)}, {label}", lambda q: q["npv"])
    if one and two:
        yield from pairs(*scenarios, lambda row: f"Scenario “{row['name']}”", _scenario)
        yield from pairs(_model(one), _model(two), lambda row: row[0], lambda row: row[1])


def _quotes(c: Mapping[str, Any]) -> dict[int, dict[str, Any]]:
    return {
        quote["partner_id"]: {**quote, "figures": quote["scenarios"][c["base"]], "unit": c["currency"]}
        for quote in c.get("quotes", [])
    }


def _scenario(row: Mapping[str, Any]) -> str:
    chance = "" if row["probability"] is None else f", {row['probability']} likely"
    delay = f", {row['delay_months']} months late" if row["delay_months"] else ""
    return f"{row['name']}{chance}{delay}"


def _model(c: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """What all quotes are worked out with."""
    rfq = c["rfq"]
    rows = [
        ("RFQ", f"{rfq['title']}, {rfq['state'].lower()}"),
        ("Quotes due", format_date(rfq["deadline"])),
        ("Discount rate", f"{rfq['discount_rate']}{', mid-year' if rfq['mid_year'] else ''}"),
        ("Years", wording.listing([str(year) for year in rfq["years"]])),
        ("Exchange rates of", format_date((c.get("rates") or {}).get("day"))),
    ]
    return {row[0]: row for row in rows}


def _terms(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What the bidders of one RFQ say: headline, validity, assumptions, exclusions, and each line."""
    one, two = old.get("costs") or {}, new.get("costs") or {}
    if not one or not two or one["rfq"]["id"] != two["rfq"]["id"]:
        return
    labels = {line["code"]: line["label"] for line in [*one["lines"], *two["lines"]]}
    before, after = _quotes(one), _quotes(two)
    for key in [key for key in after if key in before]:
        said = [_said(quotes[key], labels) for quotes in (before, after)]
        name = named(after[key])
        yield from pairs(*said, lambda row, name=name: f"{name}: {row[0]}", lambda row: row[1])


def _said(quote: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    lines = {
        f"line {line['code']}": (
            labels.get(line["code"], line["code"]),
            "; ".join(part for part in (line["words"], line["assumption"], line["source_words"]) if part),
        )
        for line in quote["lines"]
    }
    return {
        "headline": ("headline", whole(quote["headline"], quote["unit"])),
        "revision": ("revision", str(quote["revision"])),
        "valid": ("valid until", format_date(quote["valid_until"])),
        "slots": ("slots", quote["slots"] or NONE),
        "assumes": ("assumptions", quote["assumptions"] or NONE),
        "excludes": ("exclusions", quote["exclusions"] or NONE),
        "comparable": ("comparable", "yes" if quote["figures"]["comparable"] else "no"),
        **lines,
    }


def _evaluation(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Totals of the group's own scores. What was frozen before they were is not compared."""
    if any("evaluation" not in (s.get("firmness") or {}) for s in (old, new)):
        return
    one, two = ((s["firmness"]["evaluation"] or {}).get("partners", []) for s in (old, new))

    def words(row: Mapping[str, Any]) -> str:
        if row["total"] is None:
            return "incomplete"
        return f"place {row['rank']} with {format_number(row['total'], decimals=1)}"

    yield from pairs({r["slug"]: r for r in one}, {r["slug"]: r for r in two}, named, words)


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
    yield from pairs(*ways, lambda way: f"{way[0]}, expected cost", lambda way: way[1])


def _facts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Facts that came, went or changed, for the partners both snapshots show in full."""
    both = [key for key in new["detail_order"] if key in old["details"]]
    for key in both:
        name = named(new["details"][key])
        one, two = _facts_of(old, key), _facts_of(new, key)
        yield from pairs(
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
    names = {row["partner_id"]: named(row) for row in [*_standings(old).values(), *_standings(new).values()]}
    one, two = earliest_slots(old), earliest_slots(new)
    shared = [key for key in {**one, **two} if key in _standings(old) and key in _standings(new)]
    for key in shared:
        if one.get(key) != two.get(key):
            news = key in watched(old, new)
            yield Change(names[key], one.get(key, "unknown"), two.get(key, "unknown"), news)


def _risks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    def risks(s: Mapping[str, Any]) -> dict[tuple[int, str, int], dict[str, str]]:
        found: dict[tuple[int, str, int], dict[str, str]] = {}
        for entry in s["shortlist"]:
            for risk in entry.get("risks", []):
                alike = sum(key[:2] == (entry["partner_id"], risk["text"]) for key in found)
                said = [
                    f"{risk['rating_word'].lower()} ({risk['likelihood']} · {risk['impact']})",
                    risk["response"] or "nothing is done yet",
                    risk["owner"],
                ]
                found[entry["partner_id"], risk["text"], alike] = {
                    "name": f"{named(entry)}: {risk['text']}",
                    "said": "; ".join(part for part in said if part),
                }
        return found

    yield from pairs(risks(old), risks(new), lambda risk: risk["name"], lambda risk: risk["said"])


def _weights(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for code, label in criteria_names(new).items():
        before, after = old["weights"]["values"][code], new["weights"]["values"][code]
        said = [
            format_number(weight, decimals=2 if abs(before - after) < 0.1 else 1)
            for weight in (before, after)
        ]
        if said[0] != said[1]:
            yield Change(f"{code} {label}", *said)
    if all("approved" in s["weights"] for s in (old, new)):  # older snapshots do not know
        approvals = [wording.approval(s["weights"]) for s in (old, new)]
        if approvals[0] != approvals[1]:
            yield Change("Approval", *approvals)


def _method(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    before, after = old["engine"], new["engine"]
    if before["version"] != after["version"]:
        yield Change("Scoring engine", before["version"], after["version"])
    if before["caution"] != after["caution"]:
        yield Change("Caution setting", format_number(before["caution"]), format_number(after["caution"]))
    if before["min_coverage"] != after["min_coverage"]:
        least = (format_number(engine["min_coverage"], "%") for engine in (before, after))
        yield Change("Least coverage to be ranked", *least)
