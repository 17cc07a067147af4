"""What changed in the brief, in the standing of the shortlist, and in what people and authorities decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cmo_selector.templatetags.fmt import UNKNOWN, format_date, format_number

from . import wording
from .change_rows import NONE, Change, named, pairs, watched
from .cost_words import whole
from .wording import LEVEL_WORDS

GROUP_WORDS = {"ranked": "ranked", "insufficient": "too little data", "knocked_out": "knocked out"}
PACKAGE_PARTS = {
    "title": "Title",
    "code_name": "Code name",
    "project": "Project",
    "sections": "Request",
    "milestones": "Milestones",
    "years": "Years",
    "drivers": "Demand",
    "questions": "Questions to bidders",
    "documents": "Documents asked for",
    "enclosures": "Documents enclosed",
    "files": "Files",
    "criteria": "Evaluation criteria",
    "lines": "Scope",
}


def needs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    one, two = ({need["id"]: need for need in s["needs"]} for s in (old, new))
    if old["prices_included"] != new["prices_included"]:  # a need about prices is worded without its amount
        hidden = [key for key in one if key in two and one[key]["rule"] == two[key]["rule"]]
        one, two = ({k: n for k, n in rows.items() if k not in hidden} for rows in (one, two))
    yield from pairs(one, two, lambda need: need["rule"], _need)


def _need(need: Mapping[str, Any]) -> str:
    where = "" if need.get("of_partner") else ", at the lead site" if need["same_site"] else ", at any site"
    note = f" ({need['note']})" if need["note"] else ""
    return f"{LEVEL_WORDS[need['level']]}: {need['label']}{where}{note}"


def brief(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Every fact of the project that a report prints."""
    prices = old["prices_included"] and new["prices_included"]
    one, two = (dict(_brief(s["project"], prices)) for s in (old, new))
    for label, after in two.items():
        if one[label] != after:
            yield Change(label, one[label], after)


def _brief(project: Mapping[str, Any], prices: bool) -> Iterator[tuple[str, str]]:
    texts = {
        "Project": "name", "Product": "product", "Indication": "indication", "Description": "description",
        "Kind of partner": "profile_label", "Modality": "modality", "Dosage form": "dosage_form",
        "Stage": "stage_label", "Volumes": "volumes",
    }  # fmt: skip
    for label, key in texts.items():
        yield label, project[key] or UNKNOWN
    yield "Markets", wording.listing(project["market_labels"]) or UNKNOWN
    for label, key in (("Scale now", "scale_now"), ("Scale next", "scale_next")):
        yield label, format_number(_number(project[key]), project["scale_unit"])
    yield "Needed by", format_date(project["need_date"])
    yield "Decision wanted by", wording.day_set(project.get("decide_by"))
    yield "Federal funding", "yes" if project["federal_funding"] else "no"
    yield "Currency", project["currency"]
    if prices:
        yield "Price basis", project["price_basis"] or UNKNOWN
        for label, key in (("Price target", "price_target"), ("Price limit", "price_limit")):
            yield label, whole(project[key], project["currency"])


def _number(text: Any) -> Any:
    from decimal import Decimal

    return None if text is None else Decimal(str(text))


def standing(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Whether the shortlisted partners are still in the catalogue, and how they meet each need."""
    one, two = ({e["partner_id"]: e for e in s["shortlist"]} for s in (old, new))
    for key in [key for key in two if key in one]:
        before, after = _group(one[key]), _group(two[key])
        if before != after:
            yield Change(named(two[key]), before, after)
    partners = [key for key in new["details"] if key in old["details"] and int(key) in watched(old, new)]
    for key in partners:
        name = named(new["details"][key])
        outcomes = [{r["need_id"]: r for r in s["details"][key]["rules"]} for s in (old, new)]
        for need_id, rule in outcomes[1].items():
            earlier = outcomes[0].get(need_id)
            if earlier and earlier["outcome"] != rule["outcome"]:
                label = f"{name}: {LEVEL_WORDS[rule['level']].lower()}, {rule['label']}"
                yield Change(label, earlier["outcome"], f"{rule['outcome']}: {rule['reason']}")


def _group(entry: Mapping[str, Any]) -> str:
    return GROUP_WORDS.get(entry["group"], "no longer in the catalogue")


def overrides(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Failed must-haves that a person let pass."""
    if "overrides" not in old or "overrides" not in new:
        return
    one, two = ({(o["partner_id"], o["need_id"]): o for o in s["overrides"]} for s in (old, new))
    yield from pairs(
        one,
        two,
        lambda o: f"{named(o)}: {o['label']}",
        lambda o: f"let pass by {o['by']} ({o['role']}) on {format_date(o['on'])}: {o['override']}",
    )


def restrictions(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Listings on restricted-party lists, of the partners that both snapshots show."""
    shown = _shown(old) & _shown(new)
    one, two = (
        {
            (r["partner_id"], r["list"], r["name_on_list"], r["effective_from"]): r
            for r in s["restrictions"]
            if r["partner_id"] in shown
        }
        for s in (old, new)
    )
    eyed = watched(old, new)
    for key in [*two, *(key for key in one if key not in two)]:
        before, after = (_listing(rows[key]) if key in rows else NONE for rows in (one, two))
        if before != after:
            row = two.get(key) or one[key]
            name = named({"name": row["partner"], "illustrative": row["illustrative"]})
            yield Change(f"{name}: {row['list']}", before, after, news=key[0] in eyed)


def _listing(row: Mapping[str, Any]) -> str:
    until = f" until {format_date(row['effective_until'])}" if row["effective_until"] else ""
    return f"as {row['name_on_list']} from {format_date(row['effective_from'])}{until}: {row['effect']}"


def _shown(s: Mapping[str, Any]) -> set[int]:
    return {row["partner_id"] for row in [*s["ranked"], *s["details"].values()]}


def package(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """The edition that bidders are sent, the day quotes are due, and which parts of it were rewritten."""
    if "rfq_package" not in old or "rfq_package" not in new:
        return
    one, two = old["rfq_package"], new["rfq_package"]
    if one is None or two is None or one["rfq_id"] != two["rfq_id"]:
        if one != two:
            yield Change("Edition", _edition(one), _edition(two))
        return
    if _edition(one) != _edition(two):
        yield Change("Edition", _edition(one), _edition(two))
    due = [format_date(package["cover"]["deadline"]) for package in (one, two)]
    if due[0] != due[1]:
        yield Change("Quotes due", *due)
    for key, label in PACKAGE_PARTS.items():
        before, after = one["content"].get(key), two["content"].get(key)
        if before != after:
            texts = [value if isinstance(value, str) and value else NONE for value in (before, after)]
            plain = all(
                value is None or (isinstance(value, str) and len(value) < 200) for value in (before, after)
            )
            yield Change(label, *texts) if plain else Change(label, "as before", "rewritten")
    answered = [len(package["cover"]["answered"]) for package in (one, two)]
    if answered[0] != answered[1]:
        yield Change("Questions answered", *(format_number(count) for count in answered))


def _edition(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return NONE
    number = found["cover"]["version"]
    return f"{found['content']['title']}, {f'version {number}' if number else 'draft'}"


def ahead(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What the next stage asks of the shortlist; it moves with the scores and is no news by itself."""
    rows = [(s.get("runway") or {}).get("partners") for s in (old, new)]
    if rows[0] is None or rows[1] is None:
        return
    eyed = watched(old, new)
    one, two = ({r["partner_id"]: r for r in part if r["partner_id"] in eyed} for part in rows)
    for key in [key for key in two if key in one]:
        if one[key]["sentence"] != two[key]["sentence"]:
            name = named({**two[key], "name": two[key]["partner"]})
            yield Change(name, one[key]["sentence"], two[key]["sentence"], news=False)
