"""The decision that leadership is asked for, and by when; what was decided once it has been."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from cmo_selector.templatetags.fmt import format_date

from . import wording
from .kinds import decisions


def decision_asked(s: Mapping[str, Any]) -> dict[str, str]:
    """`label` and `text` of the line on the first page: what is to be decided and by when, or what was decided."""
    if made := decisions(s):
        return {"label": "Decided", "text": " ".join(_made(one) for one in made)}
    if not (what := _choice(s)):
        text = "Nothing can be decided yet: nobody is known well enough to rank."
    else:
        text = " ".join(part for part in (what, _by_when(s)) if part)
    return {"label": "Decision asked", "text": text}


def _made(one: Mapping[str, Any]) -> str:
    text = f"{one['what']}: {wording.named(one)}"
    if one.get("by"):
        text += f", by {one['by']}"
    return f"{text} on {format_date(one['on'])}." if one.get("on") else f"{text}."


def _choice(s: Mapping[str, Any]) -> str:
    """What there is to choose from, as far along as the project is: bidders, the shortlist, the ranked."""
    if costs := s.get("costs"):
        return _of("Award the work", "bidder", costs["quotes"], costs["more"])
    if listed := [row for row in s["shortlist"] if row["status"] not in wording.OUT]:
        return _of("Choose the partner", "shortlisted partner", listed)
    ranked = s["ranked"]
    return _of("Choose whom to shortlist", "ranked partner", ranked, s["funnel"]["ranked"] - len(ranked))


def _of(verb: str, noun: str, rows: Sequence[Mapping[str, Any]], more: int = 0) -> str:
    """`more`: those that are not frozen."""
    count = len(rows) + more
    if not count:
        return ""
    if count == 1:
        return f"{verb}: {wording.named(rows[0])} is the only {noun}."
    return f"{verb}: {wording.counted(count, noun)} to choose from."


def _by_when(s: Mapping[str, Any]) -> str:
    day = s["project"].get("decide_by")
    lapses = [q["valid_until"] for q in (s.get("costs") or {}).get("quotes", []) if q["valid_until"]]
    text = f"Wanted by {format_date(day)}" if day else "No day for it is set"
    if day and _day(day) < _day(s["as_of"]):
        text += ", which has passed"
    if lapses:
        first = min(lapses, key=_day)
        late = day and _day(day) > _day(first)
        text += f"; the first quote lapses {'before that, ' if late else ''}on {format_date(first)}"
    return f"{text}."


def _day(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value)[:10])
