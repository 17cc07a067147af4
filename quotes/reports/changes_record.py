"""What changed in the sites' quality record and capabilities, in the networks, in how firm the order is, and in bids.

A part that one of the two snapshots was frozen without is not compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cmo_selector.templatetags.fmt import format_date

from . import wording
from .change_rows import NONE, Change, named, pairs, watched

OFFERED = {"yes": "offered", "no": "not offered", "unknown": "unknown"}


def _of_both(
    old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[tuple[str, str, list[Mapping[str, Any]]]]:
    """Id, name and site records of the watched partners that both snapshots hold in full."""
    before, after = (s.get("site_records") or {} for s in (old, new))
    eyed = watched(old, new)
    for key in [key for key in after if key in before and int(key) in eyed and key in new["details"]]:
        yield key, named(new["details"][key]), [before[key], after[key]]


def _labels(s: Mapping[str, Any], partner: str) -> set[str]:
    """What the facts behind the partner's score are called; they are compared as facts."""
    detail = s["details"].get(partner)
    if detail is None:
        return set()
    keys = [key for rule in detail["rules"] for key in rule["facts"]]
    keys += [key for criterion in detail["criteria"] for sub in criterion["subs"] for key in sub["facts"]]
    return {s["facts"][key]["label"] for key in keys}


def records(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Certificates, inspections, audits and actions beside those that the score rests on."""
    for key, name, (before, after) in _of_both(old, new):
        scored = _labels(old, key) & _labels(new, key)
        one, two = (_entries(record["quality"], scored) for record in (before, after))
        yield from pairs(one, two, lambda row, name=name: f"{name}: {row[0]}", lambda row: row[1])


def _entries(rows: list[Mapping[str, Any]], scored: set[str]) -> dict[tuple[Any, ...], tuple[str, str]]:
    found: dict[tuple[Any, ...], tuple[str, str]] = {}
    for row in rows:
        if row["title"] in scored:
            continue
        alike = sum(key[:3] == (row["kind"], row["title"], row["site"]) for key in found)
        until = f" until {format_date(row['until'])}" if row["until"] else ""
        said = f"{row['state']}, {format_date(row['on'])}{until}; {row['source']}"
        found[row["kind"], row["title"], row["site"], alike] = (f"{row['title']} at {row['site']}", said)
    return found


def capabilities(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """What the sites can do beside the processes that the score rests on."""
    for key, name, (before, after) in _of_both(old, new):
        scored = _labels(old, key) & _labels(new, key)
        one, two = (_cells(record["matrix"], scored) for record in (before, after))
        yield from pairs(one, two, lambda row, name=name: f"{name}: {row[0]}", lambda row: row[1])


def _cells(matrix: Mapping[str, Any] | None, scored: set[str]) -> dict[tuple[str, str], tuple[str, str]]:
    found = {}
    for row in (matrix or {}).get("rows", []):
        if any(label.startswith(row["service"]) for label in scored):
            continue
        for modality, cell in zip(matrix["modalities"], row["cells"], strict=True):
            parts = [
                OFFERED[cell["known"]],
                cell["scale"],
                cell["evidence"].lower(),
                ", ".join(cell["sites"]),
            ]
            words = ", ".join(part for part in parts if part)
            found[row["service"], modality] = (f"{row['service']} for {modality}", words)
    return found


def whole_scope(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Who covers the whole scope best, and what nobody does; it moves with the scores and is no news by itself."""
    one, two = old.get("networks"), new.get("networks")
    if one is None or two is None:
        return
    rows = [(*_best(found), *_gaps(found)) for found in (one, two)]
    for label, before, after in zip(("Best by score", "Nobody known", "Left out"), *rows, strict=True):
        if before != after:
            yield Change(label, before, after, news=False)


def _best(found: Mapping[str, Any]) -> tuple[str]:
    best = min(found["networks"], key=lambda row: -row["point"], default=None)
    return (NONE if best is None else best["sentence"],)


def _gaps(found: Mapping[str, Any]) -> tuple[str, str]:
    missing = wording.listing([part["label"] for part in found["missing"]])
    return missing or NONE, wording.listing(list(found["left_out"])) or NONE


def firmness(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """How firm the order is, in the words of the report; it moves with the scores and is no news by itself."""
    rows = [(s.get("firmness") or {}).get("robustness") for s in (old, new)]
    if any(row is None for row in rows):
        return
    for key, label in (("sentence", "In a sentence"), ("nearest_flip", "Nearest flip")):
        before, after = (row[key] or NONE for row in rows)
        if before != after:
            yield Change(label, before, after, news=False)


def withdrawn(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Bids taken back. Without prices neither snapshot holds any."""
    if not all(s["prices_included"] and "withdrawn" in s for s in (old, new)):
        return
    one, two = ({(r["partner_id"], r["rfq"]): r for r in s["withdrawn"]} for s in (old, new))
    yield from pairs(
        one,
        two,
        lambda row: f"{named(row)}, “{row['rfq']}”",
        lambda row: f"revision {row['revision']}: {row['reason'] or 'no reason given'}",
    )
