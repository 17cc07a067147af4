"""What the ranking says of each partner, as plain dictionaries: rows, outcomes with reasons, scores, their facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from partners.enums import EvidenceLevel
from partners.scoring.types import FactRef, PartnerResult, Ranking, Rule, RuleResult, SubScore

PRICE_CRITERIA = ("C7", "C8")
PRICE_RULES = (Rule.MINIMUM_PROJECT,)
PRICE_FACTS = ("indicativeprice", "commercialterms", "quote")
WITHHELD = "Withheld: prices are not part of this report."
PRICE_NEED = "The partner's minimum project value is within the limit set (amount withheld)"


@dataclass
class FactList:
    """Facts by key, each once, however many scores rest on it."""

    include_prices: bool
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def keys(self, refs: Iterable[FactRef]) -> list[str]:
        keys = []
        for ref in refs:
            if not self.include_prices and ref.kind in PRICE_FACTS:
                continue
            key = f"{ref.kind}:{ref.pk}"
            self.facts.setdefault(key, _fact(ref))
            if key not in keys:
                keys.append(key)
        return keys

    def rows(self, refs: Iterable[FactRef]) -> list[dict[str, Any]]:
        """The facts themselves, for a line that stands alone."""
        return [self.facts[key] for key in self.keys(refs)]


def ranked_row(result: PartnerResult, include_prices: bool) -> dict[str, Any]:
    """One line of the ranked table. Scores are 0-100, not rounded beyond the canonical six places."""
    return {
        "partner_id": result.partner_id,
        "slug": result.slug,
        "name": result.name,
        "illustrative": result.illustrative,
        "group": result.group,
        "lead_site": result.lead_site,
        "low": result.low,
        "point": result.point,
        "high": result.high,
        "coverage": result.coverage,
        "contributions": result.contributions,
        "rank": result.rank,
        "best_rank": result.best_rank,
        "worst_rank": result.worst_rank,
        "separable_from_next": result.separable_from_next,
        "outcomes": {rule.need_id: rule.outcome for rule in result.rules},
        "unverified": [_label(rule, include_prices) for rule in result.unverified],
    }


def fallen_row(result: PartnerResult, facts: FactList) -> dict[str, Any]:
    """A partner that is out, with every failed must-have and the facts it rests on."""
    return {
        "partner_id": result.partner_id,
        "name": result.name,
        "illustrative": result.illustrative,
        "lead_site": result.lead_site,
        "fails": [
            {
                "label": _label(rule, facts.include_prices),
                "reason": _reason(rule, facts.include_prices),
                "site": rule.site,
                "facts": facts.rows(rule.facts),
            }
            for rule in result.fails
        ],
    }


def override_rows(ranking: Ranking, include_prices: bool) -> list[dict[str, Any]]:
    """Every failed must that a person let pass, with who, in which role, when and why."""
    return [
        {
            "partner_id": result.partner_id,
            "name": result.name,
            "illustrative": result.illustrative,
            "need_id": rule.need_id,
            "label": _label(rule, include_prices),
            "reason": _reason(rule, include_prices),
            "override": rule.override.reason,
            "by": rule.override.by,
            "role": rule.override.role,
            "on": rule.override.on,
        }
        for result in ranking.results
        for rule in result.overridden
        if rule.override is not None
    ]


def rule_rows(ranking: Ranking, include_prices: bool) -> list[dict[str, Any]]:
    """The checks every partner went through, in the order of the brief."""
    if not ranking.results:
        return []
    return [
        {"need_id": r.need_id, "label": _label(r, include_prices), "level": r.level}
        for r in ranking.results[0].rules
    ]


def detail_of(result: PartnerResult, facts: FactList) -> dict[str, Any]:
    return {
        **ranked_row(result, facts.include_prices),
        "rules": [_rule(rule, facts) for rule in result.rules],
        "criteria": [
            {
                "code": criterion.code,
                "low": criterion.low,
                "high": criterion.high,
                "known": criterion.known,
                "subs": [_sub(sub, facts, criterion.code) for sub in criterion.subs],
            }
            for criterion in result.criteria
        ],
    }


def _reason(rule: RuleResult, include_prices: bool) -> str:
    return rule.reason if include_prices or rule.rule not in PRICE_RULES else WITHHELD


def _label(rule: RuleResult, include_prices: bool) -> str:
    return rule.label if include_prices or rule.rule not in PRICE_RULES else PRICE_NEED


def _rule(rule: RuleResult, facts: FactList) -> dict[str, Any]:
    return {
        "need_id": rule.need_id,
        "label": _label(rule, facts.include_prices),
        "level": rule.level,
        "outcome": rule.outcome,
        "reason": _reason(rule, facts.include_prices),
        "site": rule.site,
        "ask": rule.ask,
        "facts": facts.keys(rule.facts),
    }


def _sub(sub: SubScore, facts: FactList, criterion: str) -> dict[str, Any]:
    withheld = criterion in PRICE_CRITERIA and not facts.include_prices
    return {
        "code": sub.code,
        "label": sub.label,
        "weight": sub.weight,
        "low": sub.low,
        "high": sub.high,
        "known": sub.known,
        "reason": WITHHELD if withheld else sub.reason,
        "ask": "" if withheld else sub.ask,
        "facts": [] if withheld else facts.keys(sub.facts),
    }


def _fact(ref: FactRef) -> dict[str, Any]:
    return {
        "kind": ref.kind,
        "label": ref.label,
        "site": ref.site,
        "source": ref.source,
        "url": ref.url,
        "as_of": ref.as_of,
        "evidence": ref.evidence,
        "evidence_label": EvidenceLevel(ref.evidence).label
        if ref.evidence in EvidenceLevel.values
        else ref.evidence,
    }
