"""What the API answers about one partner's result, about networks and about the runway; figures as in `api_schemas`."""

from __future__ import annotations

import datetime as dt

from ninja import Schema

from quotes.api_schemas import Criterion


class Fact(Schema):
    """A recorded fact with where it comes from; `as_of` is the day it was read."""

    kind: str
    id: int
    label: str
    site: str
    source: str
    url: str
    as_of: dt.date | None
    evidence: str


class Check(Schema):
    """What one need says of the partner, with the facts it rests on and the question that would settle it."""

    label: str
    level: str
    outcome: str
    reason: str
    site: str
    ask: str
    let_pass: str | None = None
    facts: list[Fact]


class Measure(Schema):
    """A measure inside a criterion: its share (0 to 1) of it, points with their interval, reason and facts."""

    label: str
    weight: float
    low: float
    point: float
    high: float
    known: float
    reason: str
    ask: str
    facts: list[Fact]


class TracedCriterion(Criterion):
    label: str
    weight: float
    contribution: float
    measures: list[Measure]


class TracedPartner(Schema):
    """One partner's result opened down to its facts; `confidence` counts every fact by its age and evidence."""

    partner_id: int
    slug: str
    name: str
    illustrative: bool
    group: str
    lead_site: str | None
    rank: int | None
    best_rank: int | None
    worst_rank: int | None
    low: float
    point: float
    high: float
    coverage: float
    confidence: float
    summary: str
    needs: list[Check]
    criteria: list[TracedCriterion]


class NetworkPart(Schema):
    """One part of the scope, who does it where, and how well (points 0 to 100)."""

    part: str
    level: str
    partner_id: int
    slug: str
    partner: str
    illustrative: bool
    site: str
    outcome: str
    reason: str
    low: float
    point: float
    high: float
    facts: list[Fact]


class ToVerify(Schema):
    site: str
    must: str


class LetPass(Schema):
    """A must-have that fails and was let pass; the reason says by whom, when and why."""

    must: str
    reason: str


class LetPassAt(LetPass):
    partner: str
    site: str


class NetworkAnswer(Schema):
    """A set of sites that covers the scope. `point` is the mean of its parts less the hand-overs' `penalty`."""

    shape: str
    label: str
    sentence: str
    low: float
    point: float
    high: float
    coverage: float
    penalty: float
    hand_overs_between_partners: int
    hand_overs_within_a_partner: int
    months: float
    cost: float | None
    currency: str | None
    parts: list[NetworkPart]
    still_to_verify: list[ToVerify]
    let_pass: list[LetPassAt]


class MissingPart(Schema):
    label: str
    level: str
    perhaps: list[str]
    ask: str


class NetworksAnswer(Schema):
    """Who covers the whole scope, the smallest network first. `cut_off` says what was not tried."""

    cost_in_score: bool
    cut_off: str
    left_out: list[str]
    missing: list[MissingPart]
    networks: list[NetworkAnswer]


class Place(Schema):
    group: str
    rank: int | None
    low: float
    point: float
    high: float


class LaterTransfer(Schema):
    stage: str
    reason: str
    to_site: str
    months_low: float
    months_high: float
    cost: float | None
    currency: str | None
    facts: list[Fact]


class RunwayPartner(Schema):
    """One partner now and at the next stage; `transfer` is the change it makes necessary, null when it can follow."""

    partner_id: int
    slug: str
    partner: str
    illustrative: bool
    now: Place
    next: Place
    sentence: str
    unknown: str
    let_pass: list[LetPass]
    transfer: LaterTransfer | None


class RunwayAnswer(Schema):
    stage: str
    next_stage: str
    last_stage: bool
    weights_next: dict[str, float]
    partners: list[RunwayPartner]
