"""Failed must-haves that a person lets pass: the knock-out is lifted, the points and the reason stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from .types import Assessment, Level, Outcome, Override, RuleResult
from .words import day

Overrides = Mapping[tuple[int, str], Override]  # (partner id, need id) → who let it pass


def overridable(rule: RuleResult) -> bool:
    """Only a must that fails can be let pass: an unknown one is to be verified instead."""
    return rule.level is Level.MUST and rule.outcome is Outcome.FAIL


def let_pass(rule: RuleResult, override: Override) -> RuleResult:
    """The failed must as a condition that names who let it pass and why."""
    if not overridable(rule):
        return rule
    said = (
        f"{rule.reason} Let pass by {override.by} ({override.role}) on {day(override.on)}: {override.reason}"
    )
    return replace(rule, outcome=Outcome.CONDITIONAL, reason=said, override=override)


def with_overrides(assessments: Iterable[Assessment], overrides: Overrides) -> tuple[Assessment, ...]:
    """The assessments with the failed musts named in `overrides` let pass. A must that no longer fails is left."""
    return tuple(
        replace(
            a,
            rules=tuple(
                let_pass(r, overrides[a.partner_id, r.need_id])
                if (a.partner_id, r.need_id) in overrides
                else r
                for r in a.rules
            ),
        )
        for a in assessments
    )
