"""Rules for what a process is built for: biosafety level and containment.

Each function takes (need, brief, partner, site) and returns a `Verdict`; only the processes that can do the work
count, so a suite of another kind or size does not pass for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from .processes import about, judged_by_process
from .types import Brief, CapabilityFact, Need, Outcome, PartnerFacts, SiteFacts
from .verdict import Verdict
from .words import number

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN


def biosafety(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The highest biosafety level among the processes of the work reaches the level needed."""
    needed = int(need.quantity or 1)
    ask = f"Up to which biosafety level does {site.name} work?"
    of_work = _names_work(need, brief)
    here = f"for this work at {site.name}" if of_work else f"at {site.name}"

    def judge(caps: Sequence[CapabilityFact]) -> Verdict:
        levels = [(c.biosafety_level, c) for c in caps if c.biosafety_level is not None]
        if not levels:
            return Verdict(
                UNKNOWN, f"biosafety level not recorded at {site.name}", tuple(c.ref for c in caps), ask
            )
        level, cap = max(levels, key=lambda pair: pair[0])
        if level >= needed:
            return Verdict(PASS, f"BSL-{level} at {site.name}, BSL-{needed} needed", (cap.ref,))
        if len(levels) < len(caps) and of_work:
            words = f"BSL-{level} recorded, but not for every process at {site.name}"
            return Verdict(UNKNOWN, words, (cap.ref,), ask)
        words = f"highest level {here} is BSL-{level}, BSL-{needed} needed"
        return Verdict(FAIL, words, (cap.ref,))

    return judged_by_process(need, brief, site, judge, ask)


def containment(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The lowest OEL handled (µg/m³, 8 h TWA) is at or below the compound's. Bands are never compared."""
    ask = f"What is the lowest OEL that {site.name} handles, in µg/m³?"
    of_work = _names_work(need, brief)
    here = f"for this work at {site.name}" if of_work else f"at {site.name}"

    def judge(caps: Sequence[CapabilityFact]) -> Verdict:
        if need.quantity is None:
            return Verdict(UNKNOWN, "the compound's OEL is not given in the need")
        limits = [(c.oel_ug_m3, c) for c in caps if c.oel_ug_m3 is not None]
        if not limits:
            return Verdict(
                UNKNOWN, f"lowest OEL handled not recorded at {site.name}", tuple(c.ref for c in caps), ask
            )
        lowest, cap = min(limits, key=lambda pair: pair[0])
        has, needed = number(lowest), number(need.quantity)
        words = f"lowest OEL handled {here} is {has} µg/m³, the compound's is {needed}"
        if lowest <= need.quantity:
            return Verdict(PASS, words, (cap.ref,))
        if len(limits) < len(caps) and of_work:
            return Verdict(UNKNOWN, f"{words}; not recorded for every process", (cap.ref,), ask)
        return Verdict(FAIL, words, (cap.ref,))

    return judged_by_process(need, brief, site, judge, ask)


def _names_work(need: Need, brief: Brief) -> bool:
    """Whether the need says, by itself or by the project's main part, which work it is about."""
    asked = about(need, brief)
    return bool(asked.service or asked.modality)
