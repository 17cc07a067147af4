"""The engine's front door: facts → assessments (once) → rankings (as often as weights change)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from .aggregate import (
    TIE_DECIMALS,
    Scores,
    aggregate,
    competition_ranks,
    insufficient,
    rank_bounds,
    separable,
)
from .confidence import discounted
from .criteria import score_criteria
from .knockouts import check_partner
from .overrides import Overrides, with_overrides
from .types import (
    ENGINE_VERSION,
    Assessment,
    Brief,
    Group,
    Level,
    Outcome,
    PartnerFacts,
    PartnerResult,
    Ranking,
)
from .weights import CODES, check_weights

C4 = CODES.index("C4")


def assess(partners: Iterable[PartnerFacts], brief: Brief) -> tuple[Assessment, ...]:
    """Check every need and score every criterion for each partner. No weights yet: the reusable half."""
    return tuple(_assess_one(partner, brief) for partner in partners)


def _assess_one(partner: PartnerFacts, brief: Brief) -> Assessment:
    lead, rules = check_partner(partner, brief)
    criteria = score_criteria(partner, lead, brief, rules)
    if brief.discount:
        criteria = tuple(discounted(c, brief.as_of) for c in criteria)
    return Assessment(
        partner_id=partner.id,
        slug=partner.slug,
        name=partner.name,
        illustrative=partner.illustrative,
        lead_site_id=lead.id if lead else None,
        lead_site=lead.name if lead else "",
        rules=rules,
        criteria=criteria,
    )


def rank_assessed(
    assessments: Sequence[Assessment],
    weights: Mapping[str, float],
    *,
    as_of: dt.date,
    caution: float = 0.0,
    min_coverage: float = 60.0,
) -> Ranking:
    """Weigh assessments and put them in order: ranked, then insufficient data, then knocked out.

    `weights` must pass `check_weights` (ten codes, sum 100). The order of `assessments` does not matter.
    Ties: higher coverage, then higher C4, then name.
    """
    checked = check_weights(weights)
    scores = _weigh(assessments, checked, caution)
    out = np.array([_knocked_out(a) for a in assessments], dtype=bool)
    thin = insufficient(scores.coverage, min_coverage)
    groups = [
        Group.KNOCKED_OUT if o else Group.INSUFFICIENT if t else Group.RANKED
        for o, t in zip(out, thin, strict=True)
    ]
    results = [_result(a, scores, i, groups[i]) for i, a in enumerate(assessments)]
    ranked = sorted((r for r in results if r.group is Group.RANKED), key=_score_order)
    thin_data = sorted((r for r in results if r.group is Group.INSUFFICIENT), key=_coverage_order)
    fallen = sorted((r for r in results if r.group is Group.KNOCKED_OUT), key=_near_miss_order)
    return Ranking(
        engine_version=ENGINE_VERSION,
        as_of=as_of,
        weights=checked,
        results=(*_with_ranks(ranked), *thin_data, *fallen),
        caution=caution,
        min_coverage=min_coverage,
    )


def rank(
    partners: Iterable[PartnerFacts],
    brief: Brief,
    weights: Mapping[str, float],
    *,
    overrides: Overrides | None = None,
    caution: float = 0.0,
    min_coverage: float = 60.0,
) -> Ranking:
    """`assess`, failed musts let pass, and `rank_assessed` in one go."""
    checked = check_weights(weights)  # a bad weight set is refused before the slow half
    assessments = with_overrides(assess(partners, brief), overrides or {})
    return rank_assessed(assessments, checked, as_of=brief.as_of, caution=caution, min_coverage=min_coverage)


def _weigh(assessments: Sequence[Assessment], weights: Mapping[str, float], caution: float) -> Scores:
    shape = (len(assessments), len(CODES))
    low, high, known = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for i, assessment in enumerate(assessments):
        if tuple(c.code for c in assessment.criteria) != CODES:
            raise ValueError(f"The assessment of {assessment.name} does not hold the ten criteria in order.")
        for j, criterion in enumerate(assessment.criteria):
            low[i, j], high[i, j], known[i, j] = criterion.low, criterion.high, criterion.known
    return aggregate(low, high, known, [weights[code] for code in CODES], caution=caution)


def _knocked_out(assessment: Assessment) -> bool:
    return any(r.level is Level.MUST and r.outcome is Outcome.FAIL for r in assessment.rules)


def _result(a: Assessment, scores: Scores, i: int, group: Group) -> PartnerResult:
    return PartnerResult(
        partner_id=a.partner_id,
        slug=a.slug,
        name=a.name,
        illustrative=a.illustrative,
        group=group,
        lead_site_id=a.lead_site_id,
        lead_site=a.lead_site,
        rules=a.rules,
        criteria=a.criteria,
        low=float(scores.low[i]),
        high=float(scores.high[i]),
        point=float(scores.point[i]),
        coverage=float(scores.coverage[i]),
        contributions=dict(zip(CODES, scores.contributions[i].tolist(), strict=True)),
    )


def _score_order(r: PartnerResult) -> tuple[float, float, float, str, int]:
    return (
        -round(r.point, TIE_DECIMALS),
        -round(r.coverage, TIE_DECIMALS),
        -round(r.criteria[C4].point, TIE_DECIMALS),
        r.name.casefold(),
        r.partner_id,
    )


def _coverage_order(r: PartnerResult) -> tuple[object, ...]:
    """Who may fit first: fewest musts nobody has verified, then the best documented. No score to trust yet."""
    return (len(r.unverified), -round(r.coverage, TIE_DECIMALS), *_score_order(r))


def _near_miss_order(r: PartnerResult) -> tuple[object, ...]:
    """The nearest miss first: missed by a margin before not offered at all, few failed musts before many,
    the others proved before all else unknown."""
    mismatches = sum(f.mismatch for f in r.fails)
    return (mismatches, len(r.fails), len(r.unverified), *_score_order(r))


def _with_ranks(ranked: list[PartnerResult]) -> list[PartnerResult]:
    if not ranked:
        return []
    ranks = competition_ranks([r.point for r in ranked])
    best, worst = rank_bounds([r.low for r in ranked], [r.high for r in ranked])
    followers: list[PartnerResult | None] = [*ranked[1:], None]
    return [
        _ranked(r, int(ranks[i]), int(best[i]), int(worst[i]), follower)
        for i, (r, follower) in enumerate(zip(ranked, followers, strict=True))
    ]


def _ranked(
    r: PartnerResult, rank: int, best: int, worst: int, follower: PartnerResult | None
) -> PartnerResult:
    apart = None if follower is None else separable(r.low, r.high, follower.low, follower.high)
    return replace(r, rank=rank, best_rank=best, worst_rank=worst, separable_from_next=apart)
