"""One partner's result opened down to its facts, as the API tells it. No queries here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from partners.scoring import explain
from partners.scoring.confidence import confidence
from partners.scoring.types import CriterionScore, FactRef, PartnerResult, Ranking, RuleResult, SubScore


def told(refs: Iterable[FactRef]) -> list[dict[str, Any]]:
    """Facts with their source, each row once."""
    return [
        {
            "kind": ref.kind,
            "id": ref.pk,
            "label": ref.label,
            "site": ref.site,
            "source": ref.source,
            "url": ref.url,
            "as_of": ref.as_of,
            "evidence": ref.evidence,
        }
        for ref in {(ref.kind, ref.pk): ref for ref in refs}.values()
    ]


def figures(result: PartnerResult) -> dict[str, Any]:
    """Who it is, its place and its score: what the list and the opened result both say."""
    return {
        "partner_id": result.partner_id,
        "slug": result.slug,
        "name": result.name,
        "illustrative": result.illustrative,
        "lead_site": result.lead_site or None,
        "rank": result.rank,
        "best_rank": result.best_rank,
        "worst_rank": result.worst_rank,
        "low": result.low,
        "point": result.point,
        "high": result.high,
        "coverage": result.coverage,
    }


def traced(result: PartnerResult, ranking: Ranking, labels: Mapping[str, str]) -> dict[str, Any]:
    """The figures and sentences of the partner's page under the ranking."""
    return {
        **figures(result),
        "group": result.group,
        "confidence": confidence(result, ranking.weights, ranking.as_of),
        "summary": explain.summary(result, ranking),
        "needs": [_need(rule) for rule in result.rules],
        "criteria": [_criterion(c, result, ranking, labels) for c in result.criteria],
    }


def let_pass(rule: RuleResult) -> str | None:
    """Who let a failed must pass, and why."""
    by = rule.override
    return f"{by.by} ({by.role}): {by.reason}" if by else None


def _need(rule: RuleResult) -> dict[str, Any]:
    return {
        "label": rule.label,
        "level": rule.level,
        "outcome": rule.outcome,
        "reason": rule.reason,
        "site": rule.site,
        "ask": rule.ask,
        "let_pass": let_pass(rule),
        "facts": told(rule.facts),
    }


def _criterion(
    found: CriterionScore, result: PartnerResult, ranking: Ranking, labels: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "code": found.code,
        "label": labels[found.code],
        "weight": ranking.weights[found.code],
        "contribution": result.contributions[found.code],
        "low": found.low,
        "point": found.point,
        "high": found.high,
        "known": found.known,
        "measures": [_measure(sub) for sub in found.subs],
    }


def _measure(sub: SubScore) -> dict[str, Any]:
    return {
        "label": sub.label,
        "weight": sub.weight,
        "low": sub.low,
        "point": (sub.low + sub.high) / 2,
        "high": sub.high,
        "known": sub.known,
        "reason": sub.reason,
        "ask": sub.ask,
        "facts": told(sub.facts),
    }
