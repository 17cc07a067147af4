"""Robustness in the words, colours and positions of the page. Reads a `Firmness`, computes nothing new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cmo_selector.templatetags.fmt import format_number
from partners.scoring.robustness import PERCENT, StableWeight, Standing, Verdict
from partners.scoring.types import PartnerResult
from quotes.robustness import SPACES, Firmness

HEAT_RANKS = 15  # columns of the heat map; further ranks share one
HEAT_ROWS = 15
CENTRAL_GAP = 2.0  # points of weight above the project's own that are worth a word
CENTRAL_NAMED = 2
UNSURE = 0.5  # confidence factor below which the facts are too uncertain to tell

SPACE_LABELS: dict[str, str] = {"near": f"Near yours, ±{PERCENT:.0f}%", "free": "Any weights"}

VERDICTS: dict[str, tuple[str, str]] = {  # label, tone
    Verdict.ROBUST: ("robust", "good"),
    Verdict.LEANING: ("leaning", "warn"),
    Verdict.OPEN: ("open", "neutral"),
    Verdict.ALONE: ("nobody to compare with", "neutral"),
    Verdict.EMPTY: ("nobody ranked", "neutral"),
}
LEADS = {
    Verdict.ROBUST: "The first place is robust.",
    Verdict.LEANING: "The list leans towards its first partner, but does not settle it.",
    Verdict.OPEN: "The first place is open: other reasonable weights or facts put another partner there.",
}


def of_100(share: float) -> str:
    """A share as a natural frequency: "63 of 100"; never 0 or 100 unless it is exactly that."""
    if share <= 0:
        return "0 of 100"
    if share >= 1:
        return "100 of 100"
    count = round(share * 100)
    return "fewer than 1 of 100" if count < 1 else "more than 99 of 100" if count > 99 else f"{count} of 100"


def assumption(firm: Firmness) -> str:
    """What was varied, in a sentence."""
    return (
        f"{format_number(firm.found.draws)} weightings: {SPACES[firm.space]}; every unknown fact takes a value "
        "somewhere in its interval each time."
    )


def verdict_sentence(firm: Firmness) -> str:
    """How firm the first place is, and how often the runner-up is beaten; near the weights in use."""
    if firm.verdict is Verdict.EMPTY:
        return "No partner is ranked, so there is nothing to shake."
    leader = firm.ranked[0]
    if firm.verdict is Verdict.ALONE:
        return f"{leader.name} is the only ranked partner: no weighting puts another one first."
    near = firm.found.near
    first = f"{leader.name} comes first in {of_100(near.standings[0].first)} weightings"
    return (
        f"{LEADS[firm.verdict]} {first} and scores above {firm.ranked[1].name} in {of_100(near.wins[0][1])}."
    )


@dataclass(frozen=True)
class HeatRow:
    """One partner of the rank table: share of the draws per rank, and the dot plot of its ranks."""

    result: PartnerResult
    standing: Standing
    first: str
    cells: list[tuple[str, int]]  # text, depth of colour 0 to 10
    later: str
    left: str  # positions on a drawing of 100 units
    width: str
    middle: str
    favours: str


def heat_ranks(firm: Firmness) -> list[int]:
    return list(range(1, min(HEAT_RANKS, len(firm.ranked)) + 1))


def heat_rows(firm: Firmness, weights: Mapping[str, float], labels: Mapping[str, str]) -> list[HeatRow]:
    """The first partners of the list with the share of each rank."""
    columns = len(heat_ranks(firm))
    count = max(len(firm.ranked), 2)

    def at(rank: int) -> float:
        return 2 + 96 * (rank - 1) / (count - 1)

    return [
        HeatRow(
            result=firm.by_id[s.partner_id],
            standing=s,
            first=of_100(s.first),
            cells=[_cell(share) for share in s.acceptability[:columns]],
            later=_cell(1 - sum(s.acceptability[:columns]))[0] if count > columns else "",
            left=f"{at(s.rank_low):.2f}",
            width=f"{max(at(s.rank_high) - at(s.rank_low), 1):.2f}",
            middle=f"{at(s.rank_median):.2f}",
            favours=favours(s, weights, labels),
        )
        for s in firm.view.standings[:HEAT_ROWS]
    ]


def _cell(share: float) -> tuple[str, int]:
    """Per cent without decimals; "<1" is not nothing, "–" is."""
    if share <= 1e-9:
        return "–", 0
    percent = round(share * 100)
    return ("<1" if percent < 1 else str(percent)), max(1, round(share * 10))


def favours(s: Standing, weights: Mapping[str, float], labels: Mapping[str, str]) -> str:
    """The criteria that weigh more than now in the draws this partner wins, and whether its facts would carry it."""
    if s.central is None:
        return ""
    gaps = sorted(((mean - weights[code], code) for code, mean in s.central.items()), reverse=True)
    named = [f"{code} {labels[code]}" for gap, code in gaps[:CENTRAL_NAMED] if gap >= CENTRAL_GAP]
    text = " and ".join(named)
    if s.confidence is not None and s.confidence < UNSURE:
        doubt = f"its facts are too uncertain to tell: first in {of_100(s.confidence)} even then"
        text = f"{text}; {doubt}" if text else doubt[0].upper() + doubt[1:]
    return text


@dataclass(frozen=True)
class FlipRow:
    """One weight: its stable stretch on a drawing of 100 units, and what lies at the ends in words."""

    stable: StableWeight
    label: str
    left: str
    width: str
    now: str
    words: str


def flip_rows(firm: Firmness, labels: Mapping[str, str]) -> list[FlipRow]:
    """Criteria in the order of CRITERIA; where nobody takes over the stretch is the whole range."""
    if len(firm.ranked) < 2:
        return []
    return [
        FlipRow(
            stable=s,
            label=labels[s.code],
            left=f"{s.low:.2f}",
            width=f"{max(s.high - s.low, 0.6):.2f}",
            now=f"{s.weight:.2f}",
            words=flip_words(firm, s),
        )
        for s in firm.found.stable
    ]


def flip_words(firm: Firmness, s: StableWeight) -> str:
    """What has to happen to this weight before another partner is first."""
    parts = []
    if s.above is not None:
        parts.append(f"above {format_number(s.high, decimals=1)} {firm.by_id[s.above].name} is first")
    if s.below is not None:
        parts.append(f"below {format_number(s.low, decimals=1)} {firm.by_id[s.below].name} is first")
    if not parts:
        return "No weight of this criterion, from 0 to 100, changes the first place."
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def nearest_flip(firm: Firmness, labels: Mapping[str, str]) -> str:
    """The smallest change of one weight that puts another partner first, in a sentence."""
    if len(firm.ranked) < 2:
        return ""
    moves = []
    for s in firm.found.stable:
        if s.above is not None:
            moves.append((s.high - s.weight, "rise", s.high, s.above, s))
        if s.below is not None:
            moves.append((s.weight - s.low, "fall", s.low, s.below, s))
    if not moves:
        return "No single weight, however far it moves, changes the first place."
    _, way, target, partner_id, s = min(moves, key=lambda move: move[0])
    return (
        f"Nearest flip: {s.code} {labels[s.code]} would have to {way} from {format_number(s.weight, decimals=1)} to "
        f"{format_number(target, decimals=1)} of 100, the other weights in proportion; then "
        f"{firm.by_id[partner_id].name} comes first."
    )


def row_words(s: Standing) -> str:
    """The place over all weightings, for the list: "first in 63 of 100, mostly 1 to 3"."""
    where = f"{s.rank_low}" if s.rank_low == s.rank_high else f"{s.rank_low} to {s.rank_high}"
    return f"first in {of_100(s.first)}, mostly {where}"


def help_text() -> str:
    return (
        f"The ranking is worked out again many times. Each time the weights are others (within ±{PERCENT:.0f}% "
        "of yours, unless you choose otherwise below) and every unknown fact takes some value from its interval. "
        "A partner that comes first almost every time is a safe choice; one that does so half the time depends on "
        "what you do not know yet."
    )
