"""How firmly a ranking stands: SMAA-2 over weights nobody is sure of and facts nobody knows yet.

Two views: weights within ±x % of the ones given (`near`), and no preference at all (`free`). In both, a criterion
of which a part is unknown is drawn uniformly over its interval (scoring.md 6.3), independent of the others. Beside
them what is exact and needs no draws: how far one weight can move, and the order under other weight profiles.

Only ranked partners take part: a knocked-out one cannot win, one with too little data must not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .aggregate import TIE_DECIMALS, competition_ranks
from .methods.checks import Array, Ints
from .methods.draws import seed_of
from .methods.measurements import Criterion, spread
from .methods.smaa import Smaa, rank_range, smaa
from .methods.spaces import Uniform, WeightSpace, around
from .methods.stability import weight_stability
from .profiles import Profile, alternative_weights
from .types import ENGINE_VERSION, Group, PartnerResult, Ranking
from .weights import CODES

PERCENT = 20.0  # how far each weight may be off, unless the user says otherwise
LIVE_DRAWS = 2_048  # while a slider moves; ± 2 points on a share
DRAWS = 10_000  # for a page or a report; ± 1 point
DUELS = 15  # partners, the best ones, whose pairwise winning indices are worked out
FIRM, LEANING = 0.8, 0.6  # shares of weightings; this product's own convention


class Verdict(StrEnum):
    """How sure the first place is: both the share of first places and the duel with the runner-up count."""

    ROBUST = "robust"
    LEANING = "leaning"
    OPEN = "open"
    ALONE = "alone"  # one ranked partner: nothing to compare with
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Standing:
    """One partner over all draws of one view. Ranks are 1-based; shares 0..1.

    `rank_low`, `rank_median`, `rank_high` hold 90 % of the draws between them; `acceptability[r]` is the share of
    draws in which the partner has rank r + 1. `central` are the mean weights (sum 100) of the draws in which it is
    first, None when that is too rare to say; `confidence` the share of first places at just those weights.
    """

    partner_id: int
    first: float
    rank_low: int
    rank_median: int
    rank_high: int
    acceptability: tuple[float, ...]
    central: dict[str, float] | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class View:
    """SMAA-2 of one set of weights; partners in the ranking's order.

    `wins[i][k]`: share of draws in which the i-th partner scores strictly above the k-th; the best 15 only.
    """

    standings: tuple[Standing, ...]
    wins: tuple[tuple[float, ...], ...]
    wins_exact: bool


@dataclass(frozen=True, slots=True)
class StableWeight:
    """How far one weight can move, the others rescaled in proportion, before the first place changes.

    All weights in points of 100. `below`, `above`: partner ids that take over at either end; None where the end
    of the range comes first.
    """

    code: str
    weight: float
    low: float
    high: float
    below: int | None
    above: int | None


@dataclass(frozen=True, slots=True)
class Flip:
    """The weight (points of 100) at which a rival draws level with the first one, the others rescaled.

    `up`: the rival leads above it; otherwise below it.
    """

    partner_id: int
    code: str
    weight: float
    flip: float
    up: bool


@dataclass(frozen=True, slots=True)
class ProfileOrder:
    """The same facts under another weight profile: rank and score by partner id, best first."""

    profile: Profile
    order: tuple[int, ...]
    ranks: dict[int, int]
    points: dict[int, float]

    @property
    def first(self) -> tuple[int, ...]:
        """Who is first; several when they tie."""
        return tuple(pk for pk in self.order if self.ranks[pk] == 1)


@dataclass(frozen=True, slots=True)
class Robustness:
    """Everything about how firmly the ranking stands. `seed` repeats it bit for bit."""

    draws: int
    seed: str
    percent: float
    verdict: Verdict
    near: View
    free: View
    stable: tuple[StableWeight, ...]
    flips: tuple[Flip, ...]  # nearest to today's weight first, per rival
    profiles: tuple[ProfileOrder, ...]
    constant: tuple[str, ...]  # criteria on which all ranked partners are known to be the same

    @property
    def sampling_error(self) -> float:
        """Largest 95 % half-width of any share."""
        return float(0.98 / np.sqrt(self.draws))


def robustness(
    ranking: Ranking,
    *,
    stage: int | None = None,
    profile: str = "drug",
    percent: float = PERCENT,
    draws: int = DRAWS,
    seed: int | str | None = None,
    confidence: bool = True,
    workers: int = 1,
) -> Robustness:
    """Robustness of a ranking's ranked group.

    `stage` (1 … 8) adds the next stage's default weights to the profiles. Without `seed` it is the SHA-256 of the
    canonical inputs; pass the base's seed to a what-if or to a moving slider, so that both share their random
    numbers and the differences are less noisy. `confidence` False leaves the confidence factors out, which are as
    slow as all the rest. Raises BadProblem for a percentage or draws out of range.
    """
    ranked = ranking.group(Group.RANKED)
    weights = np.array([ranking.weights[code] for code in CODES]) / 100
    near_space, free_space = around(weights, percent, CODES), Uniform(len(CODES))
    profiles = alternative_weights(ranking.weights, stage=stage, profile=profile)
    number = int(seed, 16) if isinstance(seed, str) else seed
    if number is None:
        number = seed_for(ranked, weights, percent, draws, ranking.caution)
    if not ranked:
        empty = View((), (), True)
        return Robustness(draws, f"{number:x}", percent, Verdict.EMPTY, empty, empty, (), (), (), ())
    criteria = spread(*intervals(ranked))
    near = _view(ranked, criteria, near_space, draws, number, confidence, workers)
    free = _view(ranked, criteria, free_space, draws, number, confidence, workers)
    values = _points(ranked, ranking.caution)
    return Robustness(
        draws=draws,
        seed=f"{number:x}",
        percent=percent,
        verdict=_verdict(near),
        near=near,
        free=free,
        stable=_stable(ranked, values, weights),
        flips=_flips(ranked, values, weights),
        profiles=tuple(_under(ranked, values, p) for p in profiles),
        constant=_constant(ranked),
    )


def intervals(ranked: Sequence[PartnerResult]) -> tuple[Array, Array]:
    """Lowest and highest criterion points, 0..1, partners × criteria."""
    low = np.array([[c.low for c in r.criteria] for r in ranked], dtype=np.float64) / 100
    high = np.array([[c.high for c in r.criteria] for r in ranked], dtype=np.float64) / 100
    return low, high


def _points(ranked: Sequence[PartnerResult], caution: float) -> Array:
    """The points that the ranking itself weighs: middles, lowered by caution, 0..1."""
    low, high = intervals(ranked)
    return np.asarray(low + (high - low) * ((1 - caution) / 2))


def seed_for(ranked: Sequence[PartnerResult], w: Array, percent: float, draws: int, caution: float) -> int:
    """SHA-256 of the canonical inputs: partners in the order of their ids, intervals, weights, engine version."""
    ordered = sorted(ranked, key=lambda r: r.partner_id)
    low, high = intervals(ordered) if ordered else (np.zeros((0, 0)), np.zeros((0, 0)))
    ids = [r.partner_id for r in ordered]
    return seed_of(["robustness", ENGINE_VERSION, draws, float(percent), float(caution), *ids, low, high, w])


def _view(
    ranked: Sequence[PartnerResult],
    criteria: list[Criterion],
    space: WeightSpace,
    draws: int,
    seed: int,
    confidence: bool,
    workers: int,
) -> View:
    ids = [f"{r.partner_id:020d}" for r in ranked]
    done = smaa(
        criteria,
        space,
        draws=draws,
        seed=seed,
        ids=ids,
        workers=workers,
        confidence=confidence,
        pairwise=False,
    )
    # A duel does not depend on third parties, so a run of its own among the best ones is enough.
    best = spread(*intervals(ranked[:DUELS]))
    duels = smaa(best, space, draws=draws, seed=seed, ids=ids[:DUELS], workers=workers)
    ranges = _rank_ranges(done, len(ranked))
    standings = tuple(
        Standing(
            partner_id=r.partner_id,
            first=float(done.acceptability[i, 0]),
            rank_low=int(ranges[i, 0]),
            rank_median=int(ranges[i, 1]),
            rank_high=int(ranges[i, 2]),
            acceptability=tuple(done.acceptability[i].tolist()),
            central=_central(done.central[i]),
            confidence=_known(done.confidence[i]) if done.confidence is not None else None,
        )
        for i, r in enumerate(ranked)
    )
    wins = tuple(tuple(row) for row in duels.pairwise.tolist()) if duels.pairwise is not None else ()
    return View(standings, wins, duels.pairwise_exact)


def _rank_ranges(done: Smaa, count: int) -> Ints:
    """Ranks that hold 90 % of the draws. Ranks beyond the counted ones are put down as the last."""
    rows = done.acceptability
    if rows.shape[1] < count:
        rows = np.concatenate([rows, np.zeros((len(rows), count - rows.shape[1]))], axis=1)
    rows = rows.copy()
    rows[:, -1] += 1 - rows.sum(axis=1)
    return rank_range(rows)


def _central(row: Array) -> dict[str, float] | None:
    if np.isnan(row[0]):
        return None
    return dict(zip(CODES, (row * 100).tolist(), strict=True))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _verdict(view: View) -> Verdict:
    if len(view.standings) == 1:
        return Verdict.ALONE
    first = view.standings[0].first
    duel = view.wins[0][1] if view.wins else first
    if first >= FIRM and duel >= FIRM:
        return Verdict.ROBUST
    return Verdict.LEANING if duel >= LEANING else Verdict.OPEN


def _stable(ranked: Sequence[PartnerResult], values: Array, weights: Array) -> tuple[StableWeight, ...]:
    done = weight_stability(values, weights)
    ids: list[int] = [r.partner_id for r in ranked]

    def taker(i: int | None) -> int | None:
        return None if i is None else ids[i]

    return tuple(
        StableWeight(
            code=code,
            weight=float(weights[j] * 100),
            low=float(done.intervals[j, 0] * 100),
            high=float(done.intervals[j, 1] * 100),
            below=taker(done.below[j]),
            above=taker(done.above[j]),
        )
        for j, code in enumerate(CODES)
    )


def flip_weights(values: Array, weights: Array, best: int = 0) -> Array:
    """Weights (0..1) at which each alternative draws level with `best`, N × n; NaN where it never does.

    x* = (R_a - R_b)/((R_a - R_b) - (s_ak - s_bk)) with R the score on the other criteria, rescaled (domain.md 4.4).
    """
    count, n = values.shape
    result = np.full((count, n), np.nan)
    for j in range(n):
        others = np.delete(weights, j)
        total = float(others.sum())
        if n == 1 or total <= 0:
            continue
        rest = np.delete(values, j, axis=1) @ (others / total)
        gap = rest[best] - rest
        slope = gap - (values[best, j] - values[:, j])
        moving = np.abs(slope) > 1e-12
        root = np.where(moving, gap / np.where(moving, slope, 1.0), np.nan)
        result[:, j] = np.where((root >= 0) & (root <= 1), root, np.nan)
    result[best] = np.nan
    return result


def _flips(ranked: Sequence[PartnerResult], values: Array, weights: Array) -> tuple[Flip, ...]:
    found: list[Flip] = []
    roots = flip_weights(values, weights)
    for i, rival in enumerate(ranked):
        of_rival = [
            Flip(
                partner_id=rival.partner_id,
                code=code,
                weight=float(weights[j] * 100),
                flip=float(roots[i, j] * 100),
                up=bool(values[i, j] > values[0, j]),
            )
            for j, code in enumerate(CODES)
            if not np.isnan(roots[i, j])
        ]
        found += sorted(of_rival, key=lambda f: abs(f.flip - f.weight))
    return tuple(found)


def _under(ranked: Sequence[PartnerResult], values: Array, profile: Profile) -> ProfileOrder:
    w = np.array([profile.weights[code] for code in CODES])
    points = (values * w).sum(axis=1).round(TIE_DECIMALS)
    ranks = competition_ranks(points)
    # Equal scores keep the ranking's own order, which has settled ties by coverage, C4 and name.
    order = sorted(range(len(ranked)), key=lambda i: (-points[i], i))
    ids = [r.partner_id for r in ranked]
    return ProfileOrder(
        profile=profile,
        order=tuple(ids[i] for i in order),
        ranks=dict(zip(ids, ranks.tolist(), strict=True)),
        points=dict(zip(ids, points.tolist(), strict=True)),
    )


def _constant(ranked: Sequence[PartnerResult]) -> tuple[str, ...]:
    if len(ranked) < 2:
        return ()
    low, high = intervals(ranked)
    same = (low == high).all(axis=0) & (np.ptp(low, axis=0) <= 1e-12)
    return tuple(code for j, code in enumerate(CODES) if same[j])
