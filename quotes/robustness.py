"""How firm a ranking is: the one bridge from a `Ranking` to the engine's robustness, its answers kept by their inputs.

Page, report and API call `firmness_of` and so show the same figures. The draws are seeded by their inputs: the same
ranking gives the same figures, bit for bit, in every process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock

import numpy as np

from partners.scoring.asking import Decisive, decisive_questions
from partners.scoring.methods.measurements import spread
from partners.scoring.methods.smaa import smaa
from partners.scoring.methods.spaces import Uniform, around
from partners.scoring.robustness import (
    DRAWS,
    LIVE_DRAWS,
    PERCENT,
    Robustness,
    Standing,
    Verdict,
    View,
    intervals,
    robustness,
    seed_for,
)
from partners.scoring.types import CRITERIA, Group, PartnerResult, Ranking

__all__ = ["DRAWS", "LIVE_DRAWS", "SPACES", "Firmness", "duel", "firmness_of", "questions_of"]

CODES = tuple(CRITERIA)
KEPT = 64  # answers kept per process
WORTH = 0.005  # share of first places below which a question to an unranked partner is not worth asking

#: how freely the weights vary → in words that fit behind "weightings:"
SPACES: dict[str, str] = {
    "near": f"each weight within ±{PERCENT:.0f}% of its value",
    "free": "any weights at all",
}


@dataclass(frozen=True)
class Firmness:
    """The engine's answer together with the partners it speaks of, seen through one way of varying the weights."""

    ranked: tuple[PartnerResult, ...]
    found: Robustness
    space: str

    @property
    def view(self) -> View:
        return self.found.near if self.space == "near" else self.found.free

    @cached_property
    def by_id(self) -> dict[int, PartnerResult]:
        return {r.partner_id: r for r in self.ranked}

    @cached_property
    def places(self) -> dict[int, int]:
        """Place in the list, from 0, by partner."""
        return {r.partner_id: place for place, r in enumerate(self.ranked)}

    @cached_property
    def _standings(self) -> dict[int, Standing]:
        return {s.partner_id: s for s in self.view.standings}

    def standing(self, partner_id: int) -> Standing | None:
        return self._standings.get(partner_id)

    @property
    def verdict(self) -> Verdict:
        """Of the view shown: the cut-offs are the engine's, and speak of the weights near the project's own."""
        return self.found.verdict

    def ahead(self, place: int) -> float | None:
        """Share of the weightings in which the partner at this place (from 0) scores above the next in the list."""
        wins = self.view.wins
        return wins[place][place + 1] if place + 1 < len(wins) else None


def firmness_of(
    ranking: Ranking,
    *,
    space: str = "near",
    draws: int = DRAWS,
    stage: int | None = None,
    profile: str = "drug",
    confidence: bool = False,
) -> Firmness:
    """Robustness of the ranked group. ValueError for an unknown way of varying the weights."""
    if space not in SPACES:
        raise ValueError(f"Weights can vary as {', '.join(SPACES)}; not as “{space}”.")
    ranked = ranking.group(Group.RANKED)
    # The seed is the digest of what the draws depend on; the order settles which of equal partners is named first.
    order = tuple(r.partner_id for r in ranked)
    key = (_seed(ranking, draws), order, draws, stage, profile, confidence)
    found = _answers.get(
        key,
        lambda: robustness(ranking, stage=stage, profile=profile, draws=draws, confidence=confidence),
    )
    return Firmness(ranked, found, space)


def questions_of(ranking: Ranking, limit: int = 20) -> tuple[Decisive, ...]:
    """What to ask, by how much the answer could change the first place.

    A question to a partner with insufficient data is worth asking only when the answer can bring it first.
    """
    ranked = {r.partner_id for r in ranking.group(Group.RANKED)}
    found = decisive_questions(ranking, limit=None)
    return tuple(q for q in found if q.partner_id in ranked or q.swing >= WORTH or q.turns)[:limit]


def questions_sentence(ranking: Ranking, found: Collection[Decisive]) -> str:
    """What the questions come to."""
    turning = sum(q.turns for q in found)
    if not found and not ranking.group(Group.RANKED):
        return "No partner is ranked, and no answer would put one first."
    if not found:
        return "No open question can change the first place."
    if turning:
        return f"{turning} of these answers can change who is first, all else as it is."
    return "No single answer changes who is first, all else as it is; these move the odds most."


def duel(ranking: Ranking, a: PartnerResult, b: PartnerResult, *, space: str = "near") -> tuple[float, float]:
    """Shares of the weightings in which `a` scores above `b`, and `b` above `a`; the rest are draws."""

    if a.partner_id == b.partner_id:
        return 0.0, 0.0
    weights = np.array([ranking.weights[code] for code in CODES]) / 100
    where = around(weights, PERCENT, CODES) if space == "near" else Uniform(len(CODES))
    done = smaa(spread(*intervals([a, b])), where, draws=DRAWS, ids=[f"{p.partner_id:020d}" for p in (a, b)])
    assert done.pairwise is not None  # noqa: S101  two are always compared
    return float(done.pairwise[0, 1]), float(done.pairwise[1, 0])


def values_of(results: tuple[PartnerResult, ...], caution: float = 0.0) -> np.ndarray:
    """Partial values (N × 10, 0 to 100) as the score counts them: the middle of each interval, less the caution."""
    low, high = intervals(results)
    return np.asarray(100 * (low + (high - low) * ((1 - caution) / 2)))


def _seed(ranking: Ranking, draws: int) -> int:
    weights = np.array([ranking.weights[code] for code in CODES]) / 100
    return seed_for(ranking.group(Group.RANKED), weights, PERCENT, draws, ranking.caution)


class _Answers:
    """The latest answers of this process, by their inputs. Only numbers are kept, no facts."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Robustness] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, work: Callable[[], Robustness]) -> Robustness:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = work()
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return found


_answers = _Answers()
