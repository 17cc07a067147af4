"""What the decision turns on: where points are won and lost, why not the others, what must be verified first."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import format_date, format_number
from partners.scoring.explain import largest_remainder, rounded
from partners.scoring.types import CRITERIA

from . import wording

REASONS = 3
OTHERS = 4  # ranked partners below the leader for which "why not" is said
OTHER_REASONS = 2
NEAR_MISSES = 4
SOURCES = 2  # of one failed must-have, named on paper


def criteria_names(s: Mapping[str, Any]) -> dict[str, str]:
    """Criterion code → name, in the order of the criteria: stored JSON keeps no order of keys."""
    return {code: s["weights"]["labels"][code] for code in CRITERIA}


def points(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """Contributions to one decimal, rounded so that they add up to the printed score, as on the ranking page."""
    in_order = {code: row["contributions"][code] for code in CRITERIA}
    return largest_remainder(in_order, rounded(row["point"]))


def difference(s: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any] | None:
    """Where the leader gains and loses points against the runner-up; None when there is none, or they are level."""
    if len(s["ranked"]) < 2 or s["ranked"][1]["rank"] == 1:
        return None
    first, second = s["ranked"][:2]
    mine, theirs = points(first), points(second)
    gaps = [(code, float(mine[code] - theirs[code])) for code in labels]
    largest = max((abs(gap) for _, gap in gaps), default=0) or 1
    differing = sorted(
        ((code, gap) for code, gap in gaps if abs(gap) >= 0.05), key=lambda pair: -abs(pair[1])
    )
    ahead = [pair for pair in differing if pair[1] > 0][:REASONS]
    behind = [pair for pair in differing if pair[1] < 0][:REASONS]
    return {
        "first": {**first, "short": wording.shorten(first["name"], 60)},
        "second": {**second, "short": wording.shorten(second["name"], 60)},
        "rows": [_gap_row(code, gap, largest, labels) for code, gap in [*ahead, *behind]],
        "total": format_number(rounded(first["point"]) - rounded(second["point"]), decimals=1),
        "separable": first["separable_from_next"],
        "illustrative": first["illustrative"] and second["illustrative"],
    }


def _gap_row(code: str, gap: float, largest: float, labels: Mapping[str, str]) -> dict[str, Any]:
    width = abs(gap) / largest * 46
    return {
        "code": code,
        "label": labels[code],
        "gap": signed(gap),
        "width": f"{width:.2f}",
        "start": f"{50 if gap > 0 else 50 - width:.2f}",
        "ahead": gap > 0,
    }


def signed(value: float) -> str:
    """ "+1.2", "−0.8" with a true minus sign"""
    return f"{'+' if value > 0 else '−'}{format_number(abs(value), decimals=1)}"


def gaps(row: Mapping[str, Any], leader: Mapping[str, Any]) -> list[tuple[str, Decimal]]:
    """Criterion and points of `row` minus the leader's, as printed, largest difference first."""
    mine, theirs = points(row), points(leader)
    found = [(code, mine[code] - theirs[code]) for code in CRITERIA]
    return sorted((pair for pair in found if pair[1]), key=lambda pair: -abs(pair[1]))


def why_not(s: Mapping[str, Any], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """For each of the next ranked partners: how far behind the leader, and where most of it comes from."""
    if len(s["ranked"]) < 2:
        return []
    leader, found = s["ranked"][0], []
    for row in s["ranked"][1 : OTHERS + 1]:
        differing = gaps(row, leader)
        behind = [f"{labels[code]} ({signed(float(gap))})" for code, gap in differing if gap < 0]
        ahead = [f"{labels[code]} ({signed(float(gap))})" for code, gap in differing if gap > 0]
        total = rounded(leader["point"]) - rounded(row["point"])
        found.append(
            {
                **row,
                "total": "level" if not total else f"{format_number(total, decimals=1)} points behind",
                "behind": wording.listing(behind[:OTHER_REASONS]) or "nothing",
                "ahead": wording.listing(ahead[:OTHER_REASONS]) or "nothing",
                "reach": _reach(row, leader),
            }
        )
    return found


def _reach(row: Mapping[str, Any], leader: Mapping[str, Any]) -> str:
    """Whether what is unknown could put a partner first: by its score, or because the leader fails an open must."""
    if row["high"] >= leader["low"]:
        return "open facts could put it first"
    if leader["unverified"]:
        return "open scores cannot put it first; an open must-have of the leader could"
    return "open facts cannot put it first"


def open_musts(ranked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ranked partners with must-haves that nobody has verified."""
    return [
        {**row, "musts": "; ".join(row["unverified"])} for row in ranked[: OTHERS + 1] if row["unverified"]
    ]


def fallen(row: Mapping[str, Any]) -> dict[str, Any]:
    """A knocked-out partner; behind each reason where its facts come from. Older snapshots hold no facts here."""
    return {**row, "fails": [{**fail, "rests_on": _rests_on(fail.get("facts", []))} for fail in row["fails"]]}


def _rests_on(facts: list[Mapping[str, Any]]) -> str:
    sources = list(dict.fromkeys(f"{fact['source']}, {format_date(fact['as_of'])}" for fact in facts))
    more = f"; {len(sources) - SOURCES} more" if len(sources) > SOURCES else ""
    return f"Source: {'; '.join(sources[:SOURCES])}{more}." if sources else ""


def risks(s: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Open risks of the shortlisted partners, the gravest first. Older snapshots hold none."""
    found = [
        {
            **risk,
            "partner": entry["name"],
            "illustrative": entry["illustrative"],
            "position": entry["position"],
        }
        for entry in s["shortlist"]
        for risk in entry.get("risks", [])
    ]
    return sorted(found, key=lambda risk: (-risk["rating"], risk["position"], risk["text"]))
