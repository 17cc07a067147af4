"""Which records of a site can be the process that a need goes with.

A limit that holds for another line of the same site says nothing of the line that would run the programme: the
2,000 L line and the 50 L suite with the lowest OEL are two processes. So the records are read part by part, first
those that do the part best, then those that may do it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from . import matching
from .matching import Match
from .rules_site import absent, judge_record
from .scope import main_part, parts_of
from .types import Brief, CapabilityFact, Need, Outcome, SiteFacts
from .verdict import BEST_FIRST, Verdict


@dataclass(frozen=True, slots=True)
class Processes:
    """One part's records at a site: those that do it as far as is known, and those of which less is known."""

    sure: tuple[CapabilityFact, ...]
    perhaps: tuple[CapabilityFact, ...] = ()


def about(need: Need, brief: Brief) -> Need:
    """The need with the work it goes with: where it names none, that of the project's main part."""
    main = main_part(brief)
    if need.service is not None or need.modality is not None or main is None:
        return need
    return replace(
        need,
        service=main.service,
        service_path=main.service_path,
        modality=main.modality,
        dosage_form=main.dosage_form,
        production_system=main.production_system,
    )


def processes(need: Need, brief: Brief, site: SiteFacts) -> list[Processes]:
    """By part done at the site: its records. Where no part is, all records of the work; empty when there are none."""
    exact, broader = matching.capabilities(about(need, brief), site)
    chosen = exact or broader
    found = []
    for part in parts_of(need, brief):
        judged = [
            (BEST_FIRST[outcome], cap)
            for cap in chosen
            if matching.capability(part, cap) is Match.YES
            and (outcome := judge_record(part, cap, site).outcome) is not Outcome.FAIL
        ]
        if judged:
            best = min(outcome for outcome, _ in judged)
            found.append(
                Processes(
                    tuple(cap for outcome, cap in judged if outcome == best),
                    tuple(cap for outcome, cap in judged if outcome > best),
                )
            )
    return found or ([Processes(tuple(chosen))] if chosen else [])


def judged_by_process(
    need: Need,
    brief: Brief,
    site: SiteFacts,
    judge: Callable[[Sequence[CapabilityFact]], Verdict],
    ask: str,
) -> Verdict:
    """The worst verdict of the parts. A fail is open while a record that may do the part passes."""
    verdicts = []
    for found in processes(need, brief, site):
        verdict = judge(found.sure)
        if verdict.outcome is Outcome.FAIL and found.perhaps:
            other = judge(found.perhaps)
            if other.outcome is Outcome.PASS:
                words = f"{other.reason}, by a process of which it is not known whether it does the work"
                verdict = Verdict(Outcome.UNKNOWN, words, other.facts, ask)
        verdicts.append(verdict)
    return max(verdicts, key=lambda v: BEST_FIRST[v.outcome]) if verdicts else absent(need, site)
