"""The deeper looks at a ranking as plain data: what the report freezes, and what the API answers.

Every figure and sentence is the one of the ranking's tabs: SMAA-2 near the weights and over all weights, weight
stability, the four-method cross-check, benefit against cost, ranks under other weights, questions worth asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from partners.scoring.robustness import View
from partners.scoring.types import Ranking
from quotes.crosscheck import METHODS, cross_check
from quotes.models import Project
from quotes.prices import without_prices
from quotes.profiles_page import named_profiles, profiles_page
from quotes.quote_facts import quote_facts
from quotes.ranking_page import build_page
from quotes.robustness import Firmness, firmness_of, questions_of, questions_sentence
from quotes.robustness_page import (
    HEAT_RANKS,
    assumption,
    favours,
    flip_rows,
    nearest_flip,
    verdict_sentence,
)
from quotes.selectors import weight_sets_of
from quotes.value_page import value_page

from .frozen_group import frozen_evaluation, frozen_scenarios, frozen_why

ROWS = 25
QUESTIONS = 20


def frozen_firmness(
    project: Project, ranking: Ranking, labels: Mapping[str, str], *, include_prices: bool
) -> dict[str, Any]:
    """Robustness and what belongs to it. Without prices questions about them are left out."""
    read = ranking if include_prices else without_prices(ranking)
    firm = firmness_of(read, confidence=True)
    asked = questions_of(read, QUESTIONS)
    value = value_page(read, quote_facts(project) if include_prices else {})
    profiles = profiles_page(project, read, labels, named_profiles(weight_sets_of(project.sponsor)))
    return {
        "robustness": {
            "verdict": firm.verdict,
            "sentence": verdict_sentence(firm),
            "assumption": assumption(firm),
            "nearest_flip": nearest_flip(firm, labels),
            "draws": firm.found.draws,
            "percent": firm.found.percent,
            "seed": firm.found.seed,
            "numpy": np.__version__,
            "near": _view(firm, firm.found.near, read, labels),
            "any_weights": _view(firm, firm.found.free, read, labels),
            "weights": [
                {
                    "code": row.stable.code,
                    "weight": row.stable.weight,
                    "low": row.stable.low,
                    "high": row.stable.high,
                    "words": row.words,
                }
                for row in flip_rows(firm, labels)
            ],
        },
        "cross_check": _cross_check(read),
        "value": [
            {
                "partner_id": row.partner_id,
                "benefit": row.benefit,
                "benefit_low": row.benefit_low,
                "benefit_high": row.benefit_high,
                "cost_points": row.cost,
                "efficient": row.efficient,
                "beaten_by": row.beaten_by,
                "quote_low": row.quote.low if row.quote else None,
                "quote_high": row.quote.high if row.quote else None,
                "currency": row.quote.currency if row.quote else None,
                "basis": row.quote.basis if row.quote else None,
            }
            for row in value.rows
        ],
        "value_unpriced": [
            {"partner_id": row.partner_id, "name": row.name, "rank": row.rank} for row in value.unknown
        ],
        "value_counts": {"priced": value.priced, "unpriced": value.unpriced},
        "profiles": [
            {
                "code": p.code,
                "label": p.label,
                "note": p.note,
                "weights": p.weights,
                "ranks": {row["slug"]: row["cells"][j]["rank"] for row in profiles.rows},
            }
            for j, p in enumerate(profiles.profiles)
        ],
        "questions": [
            {
                "partner_id": q.partner_id,
                "ask": q.ask,
                "first_now": q.first_now,
                "first_best": q.first_best,
                "first_worst": q.first_worst,
                "stake": q.stake,
                "must": q.must,
                "turns": q.turns,
            }
            for q in asked
        ],
        "sentences": {
            "list": build_page(read, set(), project.profile, listed=1).headline,
            "value": value.sentence,
            "profiles": profiles.sentence,
            "questions": questions_sentence(read, asked),
        },
        "why": frozen_why(read, labels),
        "evaluation": frozen_evaluation(project, labels, include_prices=include_prices),
        "scenarios": frozen_scenarios(project, read, include_prices=include_prices),
    }


def _view(firm: Firmness, view: View, ranking: Ranking, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "partner_id": s.partner_id,
            "name": firm.by_id[s.partner_id].name,
            "illustrative": firm.by_id[s.partner_id].illustrative,
            "first": s.first,
            "rank_low": s.rank_low,
            "rank_median": s.rank_median,
            "rank_high": s.rank_high,
            "above_next": view.wins[i][i + 1] if i + 1 < len(view.wins) else None,
            "share_of_rank": list(s.acceptability[:HEAT_RANKS]),
            "central_weights": s.central,
            "confidence": s.confidence,
            "favours": favours(s, ranking.weights, labels),
        }
        for i, s in enumerate(view.standings[:ROWS])
    ]


def _cross_check(ranking: Ranking) -> dict[str, Any] | None:
    check = cross_check(ranking)
    if check is None:
        return None
    return {
        "sentence": check.sentence,
        "compared": check.compared,
        "ranked": check.ranked,
        "methods": ["Weighted sum", *METHODS],
        "agreement": [1.0, *check.agreement],
        "rows": [
            {
                "partner_id": r.partner_id,
                "name": r.name,
                "ranks": [r.rank, *r.others],
                "estimated": r.estimated,
                "differs": r.differs,
            }
            for r in check.rows
        ],
    }
