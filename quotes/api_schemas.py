"""What the API answers about a ranking. Scores, points and weights run from 0 to 100, shares from 0 to 1."""

from __future__ import annotations

import datetime as dt

from ninja import Schema
from pydantic import Field


class Unpriced(Schema):
    """A ranked partner without a known price, or without a quote where others have one."""

    partner_id: int
    name: str
    rank: int


class Sentences(Schema):
    """What the ranking's tabs say first, in the same words; the other tabs' sentences stand with their figures."""

    list: str
    value: str
    profiles: str
    questions: str


class ValueCounts(Schema):
    """How many ranked partners were compared on benefit and cost; `value` lists the first and all efficient ones."""

    priced: int
    unpriced: int


class TriedWeights(Schema):
    """Weights to try without saving them: points of any size, scaled to sum to 100; the saved ones without any."""

    c1: str | None = None
    c2: str | None = None
    c3: str | None = None
    c4: str | None = None
    c5: str | None = None
    c6: str | None = None
    c7: str | None = None
    c8: str | None = None
    c9: str | None = None
    c10: str | None = None

    @property
    def given(self) -> dict[str, str]:
        return {name: text for name, text in self.model_dump().items() if text is not None}


class ProjectBrief(Schema):
    id: int
    name: str
    stage: str


class NeedResult(Schema):
    """A must, should or could with what the facts say; `let_pass` names who let a failed must pass, and why."""

    label: str
    level: str
    outcome: str
    reason: str
    let_pass: str | None = None


class Criterion(Schema):
    """One criterion of one partner: points with their interval, and the share (0 to 1) that rests on facts."""

    code: str
    low: float
    point: float
    high: float
    known: float


class RankedPartner(Schema):
    """One partner: `rank`, `best_rank` and `worst_rank` only where it is ranked; `contributions` add up to `point`.

    `separable_from_next` says whether its interval lies clear of the next one's; null for the last one. `near_miss`:
    fails one must only, by a margin; `stopped`: only by an authority's listing or open action.
    """

    partner_id: int
    slug: str
    name: str
    illustrative: bool
    lead_site: str | None
    rank: int | None
    best_rank: int | None
    worst_rank: int | None
    separable_from_next: bool | None
    low: float
    point: float
    high: float
    coverage: float
    contributions: dict[str, float]
    criteria: list[Criterion]
    near_miss: bool
    stopped: bool
    needs: list[NeedResult]


class Totals(Schema):
    """Partners of the whole catalogue by group; the lists hold the first ones of a large catalogue."""

    ranked: int
    insufficient: int
    knocked_out: int


class StandingRow(Schema):
    """Share of weightings in which the partner is first, the ranks it takes in 90 of 100, and above the next one.

    `share_of_rank` holds the first fifteen ranks. `central_weights` are the mean weights of the weightings it wins
    (null when too few), `confidence` how often it is first at just those, `favours` the same in words.
    """

    partner_id: int
    name: str
    illustrative: bool
    first: float
    rank_low: int
    rank_median: int
    rank_high: int
    above_next: float | None
    share_of_rank: list[float]
    central_weights: dict[str, float] | None
    confidence: float | None
    favours: str


class WeightStability(Schema):
    """How far one weight can move before the first place changes; None where it never does."""

    code: str
    weight: float
    low: float | None
    high: float | None
    words: str


class Robustness(Schema):
    verdict: str
    sentence: str
    assumption: str
    nearest_flip: str
    draws: int
    percent: float
    seed: str | int
    numpy: str
    near: list[StandingRow]
    any_weights: list[StandingRow]
    weights: list[WeightStability]


class CrossCheckRow(Schema):
    """`estimated`: of how many criteria not everything is known, so that the middle of the interval was read."""

    partner_id: int
    name: str
    ranks: list[int]
    estimated: int
    differs: bool


class CrossCheck(Schema):
    """The same partners by four methods; `agreement` is Kendall's tau-b with the weighted sum. Never averaged."""

    sentence: str
    compared: int
    ranked: int
    methods: list[str]
    agreement: list[float | None]
    rows: list[CrossCheckRow]


class ValuePoint(Schema):
    """Benefit (points without cost) beside cost: points, and the normalised quote where there is one."""

    partner_id: int
    benefit: float
    benefit_low: float
    benefit_high: float
    cost_points: float | None
    efficient: bool
    beaten_by: str
    quote_low: float | None
    quote_high: float | None
    currency: str | None
    basis: str | None


class WeightProfile(Schema):
    code: str
    label: str
    note: str
    weights: dict[str, float]
    ranks: dict[str, int | None]


class Question(Schema):
    """A question worth asking, with the share of first places now, after the best and after the worst answer."""

    partner_id: int
    ask: str
    first_now: float
    first_best: float
    first_worst: float
    stake: float
    must: bool
    turns: bool


class Difference(Schema):
    code: str
    points: float


class Why(Schema):
    """Why one partner scores above another."""

    above: str
    below: str
    gap: float
    sentence: str
    standing: str
    frequency: str
    differences: list[Difference]
    for_: list[str] = Field(alias="for")
    against: list[str]
    weights_that_would_turn_it: list[str]
    facts_that_would_turn_it: list[str]


class EvaluationCell(Schema):
    """One criterion as the group scored it; `agreed` counts before the mean."""

    code: str
    mean: float | None
    low: float | None
    high: float | None
    deviation: float | None
    voices: int
    agreed: float | None
    reason: str


class EvaluatedPartner(Schema):
    slug: str
    name: str
    illustrative: bool
    total: float | None
    rank: int | None
    criteria: list[EvaluationCell]


class GroupEvaluation(Schema):
    """Points are told once scoring is closed."""

    closed_at: dt.datetime | None
    voices: int
    partners: list[EvaluatedPartner]


class ScenarioPlace(Schema):
    partner_id: int
    name: str
    illustrative: bool
    base: int | None
    rank: int | None
    group: str
    point: float
    moved: bool


class KeptScenario(Schema):
    """A kept what-if scenario applied to today's facts; `problem` says why it cannot be.

    `places` are of the partners among the first fifteen of the base or of any kept scenario; `places_left_out` counts
    the others that are ranked somewhere.
    """

    id: int
    name: str
    by: str
    on: dt.date
    changes: list[str]
    sentence: str
    problem: str
    places: list[ScenarioPlace]
    places_left_out: int


class RankingAnswer(Schema):
    """A project's ranking and everything its pages say about it.

    `caution` from 0 (the middle of each interval is the score) to 1 (its lowest end); below `min_coverage` per cent of
    the weight resting on known facts a partner is not ranked.
    """

    project: ProjectBrief
    as_of: dt.date
    engine_version: str
    caution: float
    min_coverage: float
    weights: dict[str, float]
    criteria: dict[str, str]
    totals: Totals
    ranked: list[RankedPartner]
    insufficient: list[RankedPartner]
    knocked_out: list[RankedPartner]
    robustness: Robustness
    cross_check: CrossCheck | None
    value: list[ValuePoint]
    value_unpriced: list[Unpriced]
    value_counts: ValueCounts
    profiles: list[WeightProfile]
    questions: list[Question]
    sentences: Sentences
    why: list[Why]
    evaluation: GroupEvaluation | None
    scenarios: list[KeptScenario]
