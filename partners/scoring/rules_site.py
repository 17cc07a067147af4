"""Rules judged on one site: what it can do, and when it has room.

Each function takes (need, brief, partner, site) and returns a `Verdict` with one plain sentence. Unknown is
never read as no: only a site whose list of capabilities was stated to be complete fails for a missing one.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from . import matching
from .matching import Match
from .types import (
    Brief,
    CapabilityFact,
    Need,
    Outcome,
    PartnerFacts,
    SiteFacts,
    SlotFact,
)
from .verdict import Remarks, Verdict, best
from .words import amount, day, plain, unit_symbol

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL


def absent(need: Need, site: SiteFacts) -> Verdict:
    """Nothing recorded about it: no where the site's list is complete, else unknown."""
    if site.complete_list is not None:
        stated = f", stated on {day(site.complete_list.as_of)}," if site.complete_list.as_of else ""
        return Verdict(
            FAIL,
            f"the complete list of services of {site.name}{stated} does not include it",
            (site.complete_list,),
            mismatch=True,
        )
    return Verdict(
        UNKNOWN,
        f"nothing recorded about it at {site.name}",
        (),
        f"Does {site.name} offer this: {need.label}?",
    )


def capability(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """Service with modality, form, system, stage, scale and GMP, all met by one record of the site."""
    exact, broader = matching.capabilities(need, site)
    if exact:
        exact.sort(key=lambda c: (-(c.scale_max or 0), c.ref.pk))  # the largest explains a near miss best
        return best(judge_record(need, cap, site) for cap in exact)
    if broader:
        cap = broader[0]
        return Verdict(
            UNKNOWN,
            f"only the broader “{plain(cap.service)}” is recorded at {site.name}",
            tuple(c.ref for c in broader),
            f"Does {site.name} offer this: {need.label}?",
        )
    return absent(need, site)


def judge_record(need: Need, cap: CapabilityFact, site: SiteFacts) -> Verdict:
    """What one record of the needed kind says to every property asked for."""
    said = Remarks((cap.ref,))
    for wanted, recorded, what in (
        (need.modality, cap.modality, "modality"),
        (need.dosage_form, cap.dosage_form, "dosage form"),
        (need.production_system, cap.production_system, "production system"),
    ):
        if matching.equal(wanted, recorded) is Match.PERHAPS and wanted:
            said.add(UNKNOWN, f"{what} not recorded for {cap.ref.label}", f"Does it cover {plain(wanted)}?")
    _judge_stage(need, cap, said)
    _judge_scale(need, cap, said)
    if need.gmp and cap.gmp is None:
        said.add(
            UNKNOWN,
            f"not recorded whether {cap.ref.label} runs under GMP",
            f"Does {site.name} run it under GMP?",
        )
    elif need.gmp and not cap.gmp:
        said.add(FAIL, f"{cap.ref.label} is not run under GMP at {site.name}")
    details = [
        cap.ref.label,
        f"up to {amount(cap.scale_max, cap.scale_unit)}" if cap.scale_max is not None else "",
    ]
    return said.verdict(", ".join(d for d in [*details, "GMP" if cap.gmp else ""] if d) + f", at {site.name}")


def suits(need: Need, cap: CapabilityFact, site: SiteFacts) -> Match:
    """Whether a record is the process a need asks for, whatever its size; perhaps where a property is not recorded."""
    outcome = judge_record(replace(need, quantity=None), cap, site).outcome
    return {FAIL: Match.NO, UNKNOWN: Match.PERHAPS}.get(outcome, Match.YES)


def _judge_stage(need: Need, cap: CapabilityFact, said: Remarks) -> None:
    if need.stage is None:
        return
    if (cap.stage_from is not None and need.stage < cap.stage_from) or (
        cap.stage_to is not None and need.stage > cap.stage_to
    ):
        said.add(FAIL, f"{cap.ref.label} is offered for other stages only")
    elif cap.stage_from is None or cap.stage_to is None:
        said.add(
            UNKNOWN, f"stages of {cap.ref.label} not recorded", "For which development stages is it offered?"
        )


def _judge_scale(need: Need, cap: CapabilityFact, said: Remarks) -> None:
    if need.quantity is None:
        return
    needed = amount(need.quantity, need.unit)
    if cap.scale_max is None:
        said.add(
            UNKNOWN, f"scale of {cap.ref.label} not recorded", f"What is the largest scale ({needed} needed)?"
        )
    elif cap.scale_unit != need.unit:
        said.add(
            UNKNOWN,
            f"scale of {cap.ref.label} given as {amount(cap.scale_max, cap.scale_unit)}, {needed} needed",
            f"What is the largest scale in {unit_symbol(need.unit or '')}?",
        )
    elif cap.scale_max < need.quantity:
        said.add(
            FAIL, f"largest {cap.ref.label} here is {amount(cap.scale_max, cap.scale_unit)}, {needed} needed"
        )
    elif cap.scale_min is not None and cap.scale_min > need.quantity:
        said.add(
            CONDITIONAL,
            f"smallest {cap.ref.label} here is {amount(cap.scale_min, cap.scale_unit)}, {needed} needed",
            f"Would a run of {needed} be accepted?",
        )


def capacity(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """An open slot of the right kind and size that starts in time. Reserved slots are not free."""
    by = need.by or brief.need_date
    slots = [
        s for s in site.slots if matching.slot(need, s) and (s.ends_on is None or s.ends_on >= brief.as_of)
    ]
    free = sorted(
        (s for s in slots if s.status in ("open", "tentative")), key=lambda s: (s.starts_on, s.ref.pk)
    )
    when = f" by {day(by)}" if by else ""
    size = f" of {amount(need.quantity, need.unit)}" if need.quantity is not None else ""
    ask = f"Is there a free slot{size} at {site.name}{when}?"
    if not free:
        taken = "only reserved capacity is" if slots else "no free capacity is"
        return Verdict(UNKNOWN, f"{taken} recorded for {site.name}", tuple(s.ref for s in slots), ask)
    return best(_judge_slot(need, by, s, site, ask) for s in free)


def _judge_slot(need: Need, by: dt.date | None, slot: SlotFact, site: SiteFacts, ask: str) -> Verdict:
    said = Remarks((slot.ref,))
    if by is not None and slot.starts_on > by:
        said.add(
            FAIL, f"earliest free slot at {site.name} starts on {day(slot.starts_on)}, needed by {day(by)}"
        )
    if by is not None and slot.ends_on is not None and slot.ends_on < by:
        said.add(
            UNKNOWN,
            f"the slot of {day(slot.starts_on)} at {site.name} ends on {day(slot.ends_on)}, before {day(by)}",
            ask,
        )
    if need.quantity is not None:
        asked_in = unit_symbol(need.unit) if need.unit else "the unit asked"
        if slot.quantity is None or slot.unit != need.unit:
            said.add(
                UNKNOWN,
                f"size of the slot of {day(slot.starts_on)} not recorded in {asked_in}",
                ask,
            )
        elif slot.quantity < need.quantity:
            said.add(
                FAIL,
                f"the slot of {day(slot.starts_on)} at {site.name} has {amount(slot.quantity, slot.unit)}, "
                f"{amount(need.quantity, need.unit)} needed",
            )
    if slot.status == "tentative":
        said.add(
            CONDITIONAL,
            f"the slot of {day(slot.starts_on)} at {site.name} is tentatively held by another",
            ask,
        )
    free = f" with {amount(slot.quantity, slot.unit)}" if slot.quantity is not None else ""
    return said.verdict(f"open slot at {site.name} from {day(slot.starts_on)}{free}")
