"""What if: a scratch scenario beside the base. Facts, musts and weights are changed in memory only.

A scenario lives in its address: `c1` … `c10` weights, `n.NEED` a need's other level, `f.KIND.PK.FIELD` another value
of a recorded fact, `a.PARTNER.WHAT` an assumed fact that nobody has recorded. So it can be reloaded, shared and
dropped, and never reaches the shared catalogue. Weights and levels can be kept through the project's services.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from partners.scoring.knockouts import check_partner
from partners.scoring.types import (
    Brief,
    FactRef,
    Group,
    Level,
    PartnerFacts,
    PriceFact,
    Ranking,
)
from partners.scoring.words import few, number
from quotes.evidenced import CONTAINERS, evidenced
from quotes.local_numbers import UnclearNumber, read_number
from quotes.prices import PRICE_ASSUMED, PRICE_KINDS
from quotes.ranking import Inputs
from quotes.whatif_assumed import BadScenario, assume, no_need

MOST_CHANGES = 40
LONGEST_ID = 18  # digits of a row's number
OFF = "off"  # a need left out
LEVELS: dict[str, str] = {"must": "Must", "should": "Should", "could": "Could", OFF: "Left out"}

NUMBER, DATE, CHOICE = "number", "date", "choice"
#: kind of fact → what its outcome may be assumed to be
OUTCOMES: dict[str, tuple[str, ...]] = {
    "inspection": ("nai", "vai", "oai", "pending"),
    "audit": ("none", "minor", "major", "critical"),
}
#: kind of fact → the fields that may be changed: what they hold and how they are called
EDITABLE: dict[str, dict[str, tuple[str, str]]] = {
    "capability": {"scale_max": (NUMBER, "largest scale"), "programmes": (NUMBER, "programmes run")},
    "capacityslot": {"starts_on": (DATE, "slot starts"), "quantity": (NUMBER, "free quantity")},
    "certificate": {"expires_on": (DATE, "expires")},
    "inspection": {"outcome": (CHOICE, "outcome")},
    "audit": {"outcome": (CHOICE, "outcome"), "open_actions": (NUMBER, "open actions")},
    "trackrecord": {"count": (NUMBER, "count")},
    "metricvalue": {"number": (NUMBER, "value")},
    "commercialterms": {"minimum_project": (NUMBER, "minimum project")},
    "indicativeprice": {"low": (NUMBER, "lowest price"), "high": (NUMBER, "highest price")},
}
KINDS: dict[str, str] = {
    "capability": "Processes and scale",
    "capacityslot": "Slots",
    "certificate": "Certificates",
    "inspection": "Inspections",
    "audit": "Audits",
    "trackrecord": "Track record",
    "metricvalue": "Measures",
    "commercialterms": "Terms",
    "indicativeprice": "Prices",
}
#: facts that can be assumed although nobody has recorded them; "need.ID" says that a service need is met
ASSUMED: dict[str, tuple[str, str]] = {
    "slot": (DATE, "a free slot from"),
    "minimum": (NUMBER, "a minimum project of"),
    "price": (NUMBER, "a price of"),
}


@dataclass(frozen=True)
class FactChange:
    """Another value of one field of one recorded fact."""

    kind: str
    pk: int
    name: str
    value: Any


@dataclass(frozen=True)
class Scenario:
    """Changes to the base. `assumed` maps (partner id, what) to a value; "need.17" → True."""

    levels: dict[str, str] = field(default_factory=dict)
    facts: tuple[FactChange, ...] = ()
    assumed: dict[tuple[int, str], Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.levels or self.facts or self.assumed)


def read_scenario(query: Mapping[str, str], *, prices: bool) -> Scenario:
    """The scenario in an address; empty values change nothing. Without `prices` changes of prices are refused."""
    levels: dict[str, str] = {}
    facts: list[FactChange] = []
    assumed: dict[tuple[int, str], Any] = {}
    for key, raw in query.items():
        text = raw.strip()
        head, _, rest = key.partition(".")
        if not text or head not in ("n", "f", "a"):
            continue
        if head == "n":
            if text not in LEVELS:
                raise BadScenario(f"A need can be {', '.join(LEVELS)}; not “{text[:20]}”.")
            levels[rest] = text
        elif head == "f":
            facts.append(_fact_change(rest, text, prices))
        else:
            partner, _, what = rest.partition(".")
            if not partner.isdecimal() or len(partner) > LONGEST_ID:
                raise BadScenario(f"“{key[:40]}” does not name a partner.")
            assumed[int(partner), what] = _assumption(what, text, prices)
    if len(levels) + len(facts) + len(assumed) > MOST_CHANGES:
        raise BadScenario(f"A scenario holds at most {MOST_CHANGES} changes. Drop some of them.")
    return Scenario(levels, tuple(facts), assumed)


def _fact_change(rest: str, text: str, prices: bool) -> FactChange:
    parts = rest.split(".")
    if (
        len(parts) != 3
        or parts[0] not in EDITABLE
        or not parts[1].isdecimal()
        or len(parts[1]) > LONGEST_ID
        or parts[2] not in EDITABLE[parts[0]]
    ):
        raise BadScenario(f"There is no fact called “{rest[:40]}” that can be changed here.")
    kind, pk, name = parts
    if kind in PRICE_KINDS and not prices:
        raise BadScenario("Your role does not see prices, so it cannot change them here.")
    what, label = EDITABLE[kind][name]
    return FactChange(kind, int(pk), name, _value(what, label, text, OUTCOMES.get(kind, ())))


def _assumption(what: str, text: str, prices: bool) -> Any:
    if what.startswith("need."):
        return True
    if what not in ASSUMED:
        raise BadScenario(f"“{what[:20]}” cannot be assumed here.")
    if what in PRICE_ASSUMED and not prices:
        raise BadScenario("Your role does not see prices, so it cannot assume them here.")
    return _value(*ASSUMED[what], text)


def _value(what: str, label: str, text: str, choices: tuple[str, ...] = ()) -> Any:
    if what == CHOICE:
        if text not in choices:
            raise BadScenario(f"{label}: choose one of {', '.join(choices)}.")
        return text
    if what == DATE:
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            raise BadScenario(f"{label}: “{text[:20]}” is not a date. Write it as 2026-01-31.") from None
    try:
        return float(read_number(text))
    except UnclearNumber as unclear:
        raise BadScenario(f"{label}: {unclear}") from None


# -- applying --------------------------------------------------------------------------------------


def rank_scenario(given: Inputs, scenario: Scenario, weights: Mapping[str, float]) -> Ranking:
    """The ranking under the scenario.

    BadScenario when it leaves nothing to check, a price range is upside down, or it names what is not there.
    """
    brief = _brief(given.brief, scenario)
    return given.under(brief, weights, _facts(given, brief, scenario))


def with_leaders(given: Inputs, scenario: Scenario, weights: Mapping[str, float]) -> Inputs:
    """The inputs with those who come first under the scenario, however large the catalogue. Raises BadScenario."""
    brief = _brief(given.brief, scenario)
    return given.with_leaders(brief, weights, _facts(given, brief, scenario))


def _brief(brief: Brief, scenario: Scenario) -> Brief:
    if not scenario.levels:
        return brief
    gone = scenario.levels.keys() - {need.id for need in brief.needs}
    if gone:
        raise BadScenario(no_need(min(gone)))
    needs = tuple(
        replace(need, level=Level(level)) if (level := scenario.levels.get(need.id)) else need
        for need in brief.needs
        if scenario.levels.get(need.id) != OFF
    )
    if not needs:
        raise BadScenario("With every need left out there is nothing to rank against. Keep at least one.")
    return replace(brief, needs=needs)


def _facts(given: Inputs, brief: Brief, scenario: Scenario) -> tuple[PartnerFacts, ...]:
    changes: dict[tuple[str, int], dict[str, Any]] = {}
    for change in scenario.facts:
        changes.setdefault((change.kind, change.pk), {})[change.name] = change.value
    assumed: dict[int, dict[str, Any]] = {}
    for (pk, what), value in scenario.assumed.items():
        assumed.setdefault(pk, {})[what] = value
    _refuse_unknown(given.facts, changes, assumed)
    result = []
    for partner in given.facts:
        changed = _rewritten(partner, changes) if changes else partner
        if partner.id in assumed:
            lead, _ = check_partner(partner, given.brief)
            changed = assume(changed, lead.id if lead else None, brief, assumed[partner.id])
        result.append(changed)
    return tuple(result)


def _refuse_unknown(
    facts: tuple[PartnerFacts, ...], changes: Iterable[tuple[str, int]], assumed: Iterable[int]
) -> None:
    """BadScenario naming a fact or a partner that is not, or no longer, in the catalogue."""
    wanted, partners = set(changes), set(assumed) - {partner.id for partner in facts}
    if wanted:
        wanted -= {(node.ref.kind, node.ref.pk) for node in evidenced(facts)}
    if wanted:
        kind, pk = min(wanted)
        raise BadScenario(
            f"There is no fact {pk} under “{KINDS[kind]}”; it may have been removed. Drop that change."
        )
    if partners:
        raise BadScenario(
            f"There is no partner {min(partners)} in the catalogue. Drop what is assumed of it."
        )


def _rewritten(node: Any, changes: Mapping[tuple[str, int], dict[str, Any]]) -> Any:
    """The same facts with other values where a change names the row; untouched parts are shared."""
    if isinstance(node, tuple):
        items = tuple(_rewritten(item, changes) for item in node)
        return node if all(a is b for a, b in zip(items, node, strict=True)) else items
    if not is_dataclass(node) or isinstance(node, type):
        return node
    ref = getattr(node, "ref", None)
    if isinstance(ref, FactRef):
        values = changes.get((ref.kind, ref.pk))
        return _with_values(node, ref, values) if values else node
    new = {f.name: _rewritten(getattr(node, f.name), changes) for f in fields(node) if f.name in CONTAINERS}
    changed = {name: value for name, value in new.items() if value is not getattr(node, name)}
    return replace(node, **changed) if changed else node


def _with_values(node: Any, ref: FactRef, values: dict[str, Any]) -> Any:
    values = {k: int(v) if k in ("count", "programmes", "open_actions") else v for k, v in values.items()}
    changed = replace(node, ref=replace(ref, source=f"What-if, instead of: {ref.source}"), **values)
    if isinstance(changed, PriceFact) and changed.low > changed.high:
        raise BadScenario("The lowest price is above the highest. Change both.")
    return changed


# -- comparing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moved:
    """One partner in both rankings; a rank is None outside of the ranked group."""

    slug: str
    name: str
    illustrative: bool
    before: int | None
    after: int | None
    group_before: Group
    group_after: Group
    points_before: float
    points_after: float

    @property
    def changed(self) -> bool:
        return (self.before, self.group_before) != (self.after, self.group_after)

    @property
    def gain(self) -> float:
        return self.points_after - self.points_before


def compare_rankings(base: Ranking, other: Ranking) -> list[Moved]:
    """Partners that are ranked in either ranking, or changed their group; in the scenario's order."""
    before = {r.partner_id: r for r in base.results}
    moved = [
        Moved(
            slug=r.slug,
            name=r.name,
            illustrative=r.illustrative,
            before=before[r.partner_id].rank,
            after=r.rank,
            group_before=before[r.partner_id].group,
            group_after=r.group,
            points_before=before[r.partner_id].point,
            points_after=r.point,
        )
        for r in other.results
    ]
    return [m for m in moved if m.before or m.after or m.changed]


def summary(moved: Iterable[Moved]) -> str:
    """What the scenario does to the first place and to the groups, in a sentence."""
    rows = list(moved)
    first_before = {m.name for m in rows if m.before == 1}
    first_after = {m.name for m in rows if m.after == 1}
    changed = [m for m in rows if m.changed]
    if not changed:
        return "No partner changes its place."
    one = len(changed) == 1
    text = f"{changed[0].name} changes place" if one else f"{len(changed)} partners change place"
    if first_after == first_before:
        return f"{text}; the first stays {few(sorted(first_after)) or 'nobody'}."
    return f"{text}; first is now {few(sorted(first_after)) or 'nobody'}."


# -- what can be changed ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Editable:
    """One field of one recorded fact, as the form shows it."""

    key: str  # in the address
    kind: str
    label: str
    what: str  # number, date, choice
    current: str
    typed: str
    choices: tuple[str, ...] = ()


def editable_facts(partner: PartnerFacts, typed: Mapping[str, str], *, prices: bool) -> list[Editable]:
    """Fields of a partner's facts that a scenario may change, site by site, then those of the partner."""
    found = []
    for node in evidenced(partner):
        ref = node.ref
        if ref.kind not in EDITABLE or (ref.kind in PRICE_KINDS and not prices):
            continue
        for name, (what, label) in EDITABLE[ref.kind].items():
            value = getattr(node, name)
            if value is None and name not in ("scale_max", "open_actions"):
                continue  # what nobody recorded is assumed below, or is no number at all
            key = f"f.{ref.kind}.{ref.pk}.{name}"
            place = f" ({ref.site})" if ref.site else ""
            plain = "unknown" if value is None else number(value) if what == NUMBER else str(value)
            words = f"{ref.label}{place}: {label}"
            found.append(
                Editable(key, ref.kind, words, what, plain, typed.get(key, ""), OUTCOMES.get(ref.kind, ()))
            )
    return found


def grouped(facts: Iterable[Editable]) -> list[dict[str, Any]]:
    """The editable fields by kind of fact, in the order of EDITABLE; open where something was typed."""
    rows = list(facts)
    return [
        {"label": KINDS[kind], "facts": own, "open": any(f.typed for f in own)}
        for kind in EDITABLE
        if (own := [f for f in rows if f.kind == kind])
    ]
