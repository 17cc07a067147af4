"""What the search for networks takes and gives: hand-over costs in, members, networks and a proposal out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .types import FactRef, Level, Outcome, RuleResult
from .words import counted, listing, money


class Shape(StrEnum):
    """How many sign and how many work."""

    SITE = "site"  # one site does everything
    PARTNER = "partner"  # several sites of one partner
    NETWORK = "network"  # two or three partners


@dataclass(frozen=True, slots=True)
class HandOver:
    """What one hand-over costs; editable on the project. A cost of None is unknown and not in the score.

    Between partners there is a full transfer of method and process, between sites of one partner half of it.
    """

    months: float = 3.0  # this product's own default
    cost: float | None = None  # in `currency`
    currency: str | None = None
    within: float = 0.5  # share of both for a hand-over inside one partner

    def __post_init__(self) -> None:
        if not 0 <= self.months <= 120:
            raise ValueError(f"A hand-over takes from 0 to 120 months, not {self.months:g}.")
        if self.cost is not None and not 0 <= self.cost < 1e15:
            raise ValueError("The cost of a hand-over must be 0 or more.")
        if not 0 <= self.within <= 1:
            raise ValueError("The share of a hand-over inside one partner runs from 0 to 1.")


@dataclass(frozen=True, slots=True)
class Member:
    """One part of the scope and who does it. `point` is the member's score for this part, 0-100."""

    need_id: str
    label: str
    level: Level
    share: float  # of the network's score, sums to 1
    partner_id: int
    partner: str
    slug: str
    illustrative: bool
    site_id: int
    site: str
    outcome: Outcome
    reason: str
    facts: tuple[FactRef, ...]
    low: float
    point: float
    high: float
    coverage: float
    open_musts: tuple[RuleResult, ...]  # musts of this part that nobody has verified yet
    let_pass: tuple[
        RuleResult, ...
    ] = ()  # musts of this part that failed and were let pass, with who and why


@dataclass(frozen=True, slots=True)
class Network:
    """Members in the order of the needs. `point` = mean score - penalty; never without low, high and coverage."""

    shape: Shape
    members: tuple[Member, ...]
    partner_ids: tuple[int, ...]
    site_ids: tuple[int, ...]
    between: int  # hand-overs between partners
    within: int  # hand-overs between sites of one partner
    months: float
    cost: float | None
    currency: str | None
    penalty: float  # points
    low: float
    point: float
    high: float
    coverage: float
    sentence: str = ""

    def words(self, *, costs: bool = True) -> str:
        """Who does what: "plasmid: A, Ash; vector and fill: B, Birch. 1 hand-over, 3 months, USD 250,000."

        A must that was let pass is named at the end.
        """
        by_site: dict[int, list[Member]] = {}
        for member in self.members:
            by_site.setdefault(member.site_id, []).append(member)
        text = "; ".join(
            f"{listing(m.label for m in group)}: "
            + (f"{group[0].partner}, " if self.between else "")
            + group[0].site
            for group in by_site.values()
        )
        if self.hand_overs:
            text += f". {counted(self.hand_overs, 'hand-over')}, {counted(self.months, 'month')}"
            if costs:
                text += f", {'cost not set' if self.cost is None else money(self.cost, self.currency)}"
        if self.let_pass:
            text += f". Must-have let pass: {listing(f'{r.label} ({m.site})' for m, r in self.let_pass)}"
        return f"{text}."

    @property
    def let_pass(self) -> list[tuple[Member, RuleResult]]:
        """Each must that failed at a member and was let pass, once for each site."""
        found = {(m.site_id, r.need_id): (m, r) for m in self.members for r in m.let_pass}
        return list(found.values())

    @property
    def hand_overs(self) -> int:
        return self.between + self.within


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that no site is confirmed to do, with who might and the question that would settle it."""

    need_id: str
    label: str
    level: Level
    perhaps: tuple[str, ...]
    ask: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The networks found, the smallest first, then by score. Empty `cut_off`: every set was tried."""

    networks: tuple[Network, ...]
    missing: tuple[Missing, ...] = ()
    left_out: tuple[
        str, ...
    ] = ()  # labels of parts that no set of sites covers together with the rest: wishes before musts
    cut_off: str = ""
    cost_in_score: bool = False
