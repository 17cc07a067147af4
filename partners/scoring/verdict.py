"""What one rule says about one site or partner, before it is tied to a need."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .types import FactRef, Outcome

# Which verdict speaks for a partner when several sites or several records could.
BEST_FIRST = {Outcome.PASS: 0, Outcome.CONDITIONAL: 1, Outcome.UNKNOWN: 2, Outcome.FAIL: 3}
# Which of several remarks about the same record decides.
WORST_FIRST = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL)


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reason: str
    facts: tuple[FactRef, ...] = ()
    ask: str = ""
    mismatch: bool = False  # fails because the thing is not offered at all, not by a margin


@dataclass(slots=True)
class Remarks:
    """Collects what stands in a record's way, then gives the verdict of the gravest remarks."""

    facts: tuple[FactRef, ...]
    found: list[Verdict] = field(default_factory=list)

    def add(self, outcome: Outcome, reason: str, ask: str = "", *, mismatch: bool = False) -> None:
        self.found.append(Verdict(outcome, reason, self.facts, ask, mismatch))

    def verdict(self, pass_reason: str) -> Verdict:
        for outcome in WORST_FIRST:
            said = [v for v in self.found if v.outcome is outcome]
            if said:
                return Verdict(
                    outcome,
                    "; ".join(v.reason for v in said),
                    self.facts,
                    " ".join(dict.fromkeys(v.ask for v in said if v.ask)),
                    any(v.mismatch for v in said),
                )
        return Verdict(Outcome.PASS, pass_reason, self.facts)


def best(verdicts: Iterable[Verdict]) -> Verdict:
    """The most favourable verdict, a fail by a margin before one of the kind; the first of equals comes first."""
    return min(verdicts, key=lambda v: (BEST_FIRST[v.outcome], v.mismatch))
