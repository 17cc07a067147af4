"""Questions worth asking: unknown facts, ordered by how much knowing them could change who is first.

For every open question of a partner the same draws are looked at twice, once as if the answer were the best one
and once as if it were the worst: the share of draws in which the partner comes first moves from `first_worst` to
`first_best`, and that span is what the answer is worth to the decision (scoring.md 6.6). A must that nobody has
verified takes the partner out when the answer is no. Everything else stays as uncertain as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from .aggregate import TIE
from .anchors import LEVEL_WEIGHT
from .methods.checks import Array
from .methods.measurements import Criterion, spread
from .methods.smaa import blocks_of, draw_block
from .methods.spaces import WeightSpace, around
from .robustness import LIVE_DRAWS, PERCENT, intervals, seed_for
from .types import CriterionScore, Group, Level, Outcome, PartnerResult, Ranking, RuleResult, SubScore
from .weights import CODES


@dataclass(frozen=True, slots=True)
class Decisive:
    """An open question, with the share of weightings in which its partner is first: now, and after either answer.

    `stake` is the span of the score that hangs on it, in points; `must` says that a bad answer knocks out;
    `turns` that one of the two answers changes the first place at today's weights, all else in the middle.
    """

    partner_id: int
    partner: str
    ask: str
    labels: tuple[str, ...]
    codes: tuple[str, ...]
    first_now: float
    first_best: float
    first_worst: float
    stake: float
    must: bool
    turns: bool

    @property
    def swing(self) -> float:
        """What the answer can move, 0..1."""
        return self.first_best - self.first_worst


@dataclass(slots=True)
class _Open:
    """A question while it is put together: spans of criterion points (0..1) that hang on the answer."""

    ask: str
    labels: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    spans: dict[int, float] = field(default_factory=dict)
    must: bool = False

    def add(self, code: str, label: str, j: int | None, span: float) -> None:
        if code not in self.codes:
            self.codes.append(code)
            self.labels.append(label)
        if j is not None:
            self.spans[j] = self.spans.get(j, 0.0) + span


def decisive_questions(
    ranking: Ranking,
    *,
    percent: float = PERCENT,
    draws: int = LIVE_DRAWS,
    seed: int | str | None = None,
    limit: int | None = 20,
) -> tuple[Decisive, ...]:
    """Open questions to ranked partners and to those with insufficient data, the most decisive first.

    A partner with insufficient data has no share of first places now (0); its best and worst answers are looked at
    as if it were ranked. With the same draws, percentage and seed `first_now` is the share that `robustness` shows.
    """
    ranked = ranking.group(Group.RANKED)
    thin = ranking.group(Group.INSUFFICIENT)
    if not ranked and not thin:
        return ()
    weights = np.array([ranking.weights[code] for code in CODES]) / 100
    space = around(weights, percent, CODES)
    number = int(seed, 16) if isinstance(seed, str) else seed
    if number is None:
        number = seed_for(ranked, weights, percent, draws, ranking.caution)
    questions = [(r, q) for r in (*ranked, *thin) for q in open_questions(r)]
    counts = _count(ranked, thin, questions, space, draws, number)
    leads = _Lead(ranked, ranking.caution)
    found = []
    for (partner, question), (now, best, worst) in zip(questions, counts, strict=True):
        found.append(
            Decisive(
                partner_id=partner.partner_id,
                partner=partner.name,
                ask=question.ask,
                labels=tuple(question.labels),
                codes=tuple(question.codes),
                first_now=now / draws,
                first_best=best / draws,
                first_worst=worst / draws,
                stake=sum(100 * float(weights[j]) * span for j, span in question.spans.items()),
                must=question.must,
                turns=leads.turns(partner, question, weights),
            )
        )
    found.sort(key=lambda d: (-d.swing, not d.turns, -d.stake, d.partner.casefold(), d.partner_id, d.ask))
    return tuple(d for d in found if d.swing > 0 or d.stake > 0 or d.must)[:limit]


def open_questions(result: PartnerResult) -> tuple[_Open, ...]:
    """A partner's open questions; parts of the score that one answer settles are put together."""
    found: dict[str, _Open] = {}

    def question(ask: str) -> _Open:
        return found.setdefault(ask, _Open(ask))

    unknown = [r for r in result.rules if r.outcome is Outcome.UNKNOWN and r.ask]
    for rule in unknown:
        if rule.level is Level.MUST:
            question(rule.ask).must = True
            question(rule.ask).add(rule.need_id, rule.label, None, 0.0)
    for j, criterion in enumerate(result.criteria):
        for sub in criterion.subs:
            if sub.high <= sub.low or not sub.ask:
                continue
            span = sub.weight * (sub.high - sub.low) / 100
            if sub.code.endswith(".needs"):
                for rule, share in _shares(unknown, sub):
                    question(rule.ask).add(rule.need_id, rule.label, j, span * share)
            else:
                question(sub.ask).add(sub.code, sub.label, j, span)
    return tuple(found.values())


def _shares(unknown: Iterable[RuleResult], sub: SubScore) -> list[tuple[RuleResult, float]]:
    """The unknown needs behind a sub-score with the share of its span that each of them holds."""
    mine = [r for r in unknown if r.ask in sub.ask]
    total = sum(LEVEL_WEIGHT[r.level] for r in mine)
    return [(r, LEVEL_WEIGHT[r.level] / total) for r in mine]


class _Lead:
    """Who is first at today's weights, all unknowns in the middle."""

    def __init__(self, ranked: Sequence[PartnerResult], caution: float) -> None:
        self.caution = caution
        self.points = {r.partner_id: r.point for r in ranked}

    def turns(self, partner: PartnerResult, question: _Open, weights: Array) -> bool:
        """Whether the best answer would make the partner first, or the worst one cost it the first place."""
        others = [p for pk, p in self.points.items() if pk != partner.partner_id]
        if not others:
            return False
        rival = max(others)
        stake = sum(100 * float(weights[j]) * span for j, span in question.spans.items())
        up, down = stake * (1 + self.caution) / 2, stake * (1 - self.caution) / 2
        if self.points.get(partner.partner_id, -np.inf) >= rival - TIE:
            return question.must or partner.point - down < rival - TIE
        return partner.point + up > rival + TIE


def _count(
    ranked: Sequence[PartnerResult],
    thin: Sequence[PartnerResult],
    questions: Sequence[tuple[PartnerResult, _Open]],
    space: WeightSpace,
    draws: int,
    seed: int,
) -> list[tuple[int, int, int]]:
    """First places now, with the best and with the worst answer of each question."""
    ordered = sorted(ranked, key=lambda r: r.partner_id)  # the order that `robustness` draws in
    place = {r.partner_id: i for i, r in enumerate(ordered)}
    criteria = spread(*intervals(ordered)) if ordered else []
    loose = {r.partner_id: spread(*intervals([r])) for r in thin}
    totals = np.zeros((len(questions), 3), dtype=np.int64)
    blocks = blocks_of(criteria, draws) if criteria else blocks_of(next(iter(loose.values())), draws)
    for block, size in blocks:
        board = _Board.of(criteria, space, seed, block, size)
        own: dict[int, _Own] = {}
        for q, (partner, question) in enumerate(questions):
            pk = partner.partner_id
            if pk not in own:
                drawn = board.own(place[pk]) if pk in place else board.guest(loose[pk], seed, block, pk)
                own[pk] = drawn
            totals[q] += own[pk].firsts(partner.criteria, question.spans, question.must)
    return [(int(a), int(b), int(c)) for a, b, c in totals]


@dataclass(slots=True)
class _Own:
    """One partner's draws: its criteria's values where they are uncertain, its score, and the score to reach."""

    weights: Array
    values: Mapping[int, Array]
    score: Array
    reach: Array
    guest: bool

    def firsts(
        self, criteria: Sequence[CriterionScore], spans: Mapping[int, float], must: bool
    ) -> tuple[int, int, int]:
        now = 0 if self.guest else self._hits(self.score)
        best, worst = self.score, self.score
        for j, span in spans.items():
            low, high = criteria[j].low / 100, criteria[j].high / 100
            width = high - low
            if width <= 0 or j not in self.values:
                continue
            share = min(1.0, span / width)
            # The answer narrows the interval; where the rest of it lies stays as drawn.
            narrow = self.weights[:, j] * (self.values[j] - low) * share
            worst = worst - narrow
            best = best - narrow + self.weights[:, j] * share * width
        return now, self._hits(best), 0 if must else self._hits(worst)

    def _hits(self, score: Array) -> int:
        return int(np.count_nonzero(score >= self.reach - TIE))


@dataclass(slots=True)
class _Board:
    """One block of draws of all ranked partners: weights, values, scores, and the two highest scores."""

    weights: Array
    columns: list[dict[int, Array]]
    scores: Array
    first: Array
    second: Array
    winner: Array

    @classmethod
    def of(cls, criteria: list[Criterion], space: WeightSpace, seed: int, block: int, size: int) -> _Board:
        if not criteria:
            w, _ = draw_block([], space, seed, block, size)
            nobody = np.full(size, -np.inf)
            return cls(w, [], np.zeros((size, 0)), nobody, nobody, np.full(size, -1))
        w, drawn = draw_block(criteria, space, seed, block, size)
        base = np.stack([c.base for c in criteria])
        scores = w @ base
        columns: list[dict[int, Array]] = [{} for _ in range(base.shape[1])]
        for j, values in drawn.items():
            rows = criteria[j].rows
            scores[:, rows] += w[:, j : j + 1] * values
            for position, i in enumerate(rows):
                columns[int(i)][j] = values[:, position]
        winner = np.argmax(scores, axis=1)
        first = scores[np.arange(size), winner]
        if scores.shape[1] > 1:
            second = np.partition(scores, scores.shape[1] - 2, axis=1)[:, -2]
        else:
            second = np.full(size, -np.inf)
        return cls(w, columns, scores, first, second, winner)

    def own(self, i: int) -> _Own:
        reach = np.where(self.winner == i, self.second, self.first)
        return _Own(self.weights, self.columns[i], self.scores[:, i], reach, guest=False)

    def guest(self, criteria: list[Criterion], seed: int, block: int, pk: int) -> _Own:
        """A partner that is not ranked, against those that are."""
        drawn = {
            j: values[:, 0]
            for j, values in draw_block(
                criteria, _Nothing(len(criteria)), seed ^ (pk + 1), block, len(self.weights)
            )[1].items()
        }
        score = self.weights @ np.array([c.base[0] for c in criteria])
        for j, values in drawn.items():
            score = score + self.weights[:, j] * values
        return _Own(self.weights, drawn, score, self.first, guest=True)


@dataclass(frozen=True)
class _Nothing:
    """A weight space that draws nothing: a guest shares the weights of the ranked partners."""

    size: int
    continuous: bool = True

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        return np.zeros((count, 0))

    def key(self) -> tuple[str | int | float | Array, ...]:
        return ("nothing", self.size)
