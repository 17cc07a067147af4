"""C1 technical fit, C2 development and transfer, C3 scale and capacity."""

from __future__ import annotations

import datetime as dt

from . import matching
from .anchors import ANCHORS, DOUBTFUL, ELSEWHERE
from .matching import Match
from .measures import (
    Context,
    Count,
    Measure,
    count_points,
    flag,
    known,
    metric,
    offers,
    records,
    track_record,
    unknown,
)
from .rules_record import newest_metric
from .rules_site import suits
from .types import CapabilityFact, FactRef, Need, Rule, SiteFacts, SlotFact
from .words import amount, counted


def experience(ctx: Context) -> Measure | None:
    """Programmes run in the modality; one passes through several processes, so the largest count holds."""
    wanted = ctx.brief.modality
    if wanted is None:
        return None
    here = _programmes(ctx.lead, wanted) if ctx.lead else []
    wide = records(ctx.partner.track_record, ("programme",), wanted)
    for site in ctx.others:
        wide += _programmes(site, wanted)
    return count_points(ctx, "experience", here, wide)


def _programmes(site: SiteFacts, modality: str) -> list[Count]:
    runs = [
        Count(Match.YES, c.programmes, c.ref)
        for c in site.capabilities
        if c.modality == modality and c.programmes is not None
    ]
    by_process = [max(runs, key=lambda c: (c.number or 0, -c.fact.pk))] if runs else []
    stated = records(site.track_record, ("programme",), modality)
    return max(
        by_process, stated, key=lambda counts: matching.count_range((c.match, c.number) for c in counts)
    )


def process_development(ctx: Context) -> Measure:
    return offers(ctx, {"process-development": "process development"})


def analytical(ctx: Context) -> Measure:
    return offers(
        ctx,
        {
            "method-development": "method development",
            "release-testing": "release testing",
            "stability": "stability",
        },
    )


def transfer_team(ctx: Context) -> Measure:
    """A named transfer team; without word about it, technology transfer as a service."""
    team = flag(ctx, "transfer_team")
    return team if team.known else offers(ctx, {"tech-transfer": "technology transfer"})


def transfers(ctx: Context) -> Measure:
    return track_record(ctx, ("tech_transfer", "site_transfer"), "transfers", modality=False)


def data_services(ctx: Context) -> Measure:
    return offers(ctx, {"data-management": "data management", "biostatistics": "biostatistics"})


def writing_and_safety(ctx: Context) -> Measure:
    return offers(ctx, {"medical-writing": "medical writing", "pharmacovigilance": "pharmacovigilance"})


def design_transfer(ctx: Context) -> Measure:
    return offers(ctx, {"design-transfer": "design transfer", "tooling": "tooling"})


def qualification(ctx: Context) -> Measure:
    return flag(ctx, "iq_oq_pq_offered")


def _scale_needs(ctx: Context) -> list[Need]:
    return [n for n in ctx.needs(Rule.CAPABILITY) if n.unit is not None and n.unit == ctx.brief.scale_unit]


def largest_process(ctx: Context, site: SiteFacts | None, least: Match = Match.YES) -> CapabilityFact | None:
    """The site's largest record, in the brief's unit, of the processes whose scale matters.

    A record that the need itself rejects (stage, GMP, form) is none of them. With `least` PERHAPS the records of which
    a property asked for is not recorded are read too.
    """
    if site is None:
        return None
    needs = _scale_needs(ctx)

    def relevant(cap: CapabilityFact) -> Match:
        if needs:
            asked = (need for need in needs if matching.capability(need, cap) is Match.YES)
            return max((suits(need, cap, site) for need in asked), default=Match.NO)
        return matching.equal(ctx.brief.modality, cap.modality)

    sized = [
        (c.scale_max, -c.ref.pk, c)
        for c in site.capabilities
        if c.scale_max is not None and c.scale_unit == ctx.brief.scale_unit and relevant(c) >= least
    ]
    return max(sized, key=lambda entry: entry[:2])[2] if sized else None


def _scale(ctx: Context, needed: float | None, anchor_code: str, when: str) -> Measure | None:
    if needed is None or needed <= 0 or ctx.brief.scale_unit is None:
        return None
    wanted = f"{amount(needed, ctx.brief.scale_unit)} needed {when}"
    sure = _scale_by(ctx, needed, anchor_code, wanted)
    may, anchor = largest_process(ctx, ctx.lead, Match.PERHAPS), ANCHORS[anchor_code]
    if may is None or may.scale_max is None:
        return sure
    high = anchor.function.at(may.scale_max / needed)
    if largest_process(ctx, ctx.lead) is None:
        high = sure.high
    elif high <= sure.high:
        return sure
    words = (
        f"up to {amount(may.scale_max, may.scale_unit)} at {ctx.where}, {wanted}; "
        "not all that was asked is recorded of this process"
    )
    return Measure(sure.low, high, DOUBTFUL, words, (may.ref, *sure.facts), anchor.ask)


def _scale_by(ctx: Context, needed: float, anchor_code: str, wanted: str) -> Measure:
    """By the records that are known to be the process."""
    anchor = ANCHORS[anchor_code]
    cap = largest_process(ctx, ctx.lead)
    larger = [
        (c.scale_max or 0.0, site.name, c)
        for site in ctx.others
        if (c := largest_process(ctx, site)) is not None
    ]
    if cap is None and not larger:
        return unknown(f"largest scale at {ctx.where} unknown, {wanted}", anchor.ask)
    own = (cap.scale_max or 0.0) if cap else None
    points = anchor.function.at(own / needed) if own is not None else 0.0
    most, place, there = max(larger, key=lambda entry: entry[0], default=(0.0, "", None))
    borrowed = min(ELSEWHERE, anchor.function.at(most / needed))
    if there is not None and borrowed > points:
        words = f"up to {amount(most, there.scale_unit)} at {place}"
        if cap is None or own is None:  # the lead site may yet turn out to be large enough itself
            return Measure(
                borrowed,
                100.0,
                DOUBTFUL,
                f"{words}, unknown at {ctx.where}, {wanted}",
                (there.ref,),
                anchor.ask,
            )
        words = f"{words}, {amount(own, cap.scale_unit)} at {ctx.where}, {wanted}: a transfer between sites"
        return known(borrowed, words, there.ref, cap.ref)
    if cap is None or own is None:
        return unknown(f"largest scale at {ctx.where} unknown, {wanted}", anchor.ask)
    short = "" if own >= needed else ": a transfer or scale-up would be needed"
    return known(points, f"up to {amount(own, cap.scale_unit)} at {ctx.where}, {wanted}{short}", cap.ref)


def scale_now(ctx: Context) -> Measure | None:
    return _scale(ctx, ctx.brief.scale_now, "scale_now", "now")


def runway(ctx: Context) -> Measure | None:
    """Room for the next stage: a change of partner costs 9 to 18 months."""
    return _scale(ctx, ctx.brief.scale_next, "runway", "at the next stage")


def slot_need(ctx: Context) -> Need | None:
    """The brief's first need for capacity, which says what kind of slot, how much and by when."""
    needs = ctx.needs(Rule.CAPACITY)
    return needs[0] if needs else None


def slot_due(ctx: Context) -> dt.date:
    """The day by which a slot is needed."""
    need = slot_need(ctx)
    return (need.by if need else None) or ctx.brief.need_date or ctx.brief.as_of


def free_slots(ctx: Context, *statuses: str) -> list[SlotFact]:
    """The lead site's slots of the kind looked for that last until the date needed, the earliest first."""
    if ctx.lead is None:
        return []
    need = slot_need(ctx)
    due = slot_due(ctx)
    found = [
        s
        for s in ctx.lead.slots
        if s.status in statuses
        and (s.ends_on is None or s.ends_on >= max(due, ctx.brief.as_of))
        and (
            matching.slot(need, s) if need else matching.equal(ctx.brief.modality, s.modality) is not Match.NO
        )
    ]
    return sorted(found, key=lambda s: (s.starts_on, s.ref.pk))


def free_capacity(ctx: Context) -> Measure:
    """Free quantity against the quantity needed; without a quantity, whether anything is free at all."""
    anchor = ANCHORS["free_capacity"]
    need = slot_need(ctx)
    opened, held = free_slots(ctx, "open"), free_slots(ctx, "tentative")
    if need is not None and need.quantity:
        low, low_facts = _most(opened, need)
        high, high_facts = _most([*opened, *held], need)
        if high is not None:
            wanted = f"{amount(need.quantity, need.unit)} needed"
            points = anchor.function.at
            if low is not None and low >= high:
                words = f"{amount(low, need.unit)} free at {ctx.where}, {wanted}"
                return known(points(low / need.quantity), words, *low_facts)
            least = points(low / need.quantity) if low is not None else 0.0
            words = f"up to {amount(high, need.unit)} free or tentatively held at {ctx.where}, {wanted}"
            return Measure(least, points(high / need.quantity), DOUBTFUL, words, high_facts, anchor.ask)
    elif opened:
        return known(100.0, f"{counted(len(opened), 'open slot')} at {ctx.where}", *(s.ref for s in opened))
    elif held:
        words = f"only tentatively held slots at {ctx.where}"
        return Measure(0.0, 100.0, DOUBTFUL, words, tuple(s.ref for s in held), anchor.ask)
    used = newest_metric("utilisation_pct", ctx.partner, ctx.lead)
    if used is not None and used.number is not None:
        return metric(ctx, "utilisation_pct")
    return unknown(f"free capacity at {ctx.where} unknown", anchor.ask)


def _most(slots: list[SlotFact], need: Need) -> tuple[float | None, tuple[FactRef, ...]]:
    """The largest slot in the need's unit; None when no slot says its size in it."""
    sized = [(s.quantity, s.ref) for s in slots if s.quantity is not None and s.unit == need.unit]
    if not sized:
        return None, ()
    quantity, ref = max(sized, key=lambda pair: (pair[0], -pair[1].pk))
    return quantity, (ref,)


def trial_countries(ctx: Context) -> Measure:
    return metric(ctx, "countries_active")


def trial_sites(ctx: Context) -> Measure:
    return metric(ctx, "sites_active")


def enrolment(ctx: Context) -> Measure:
    return metric(ctx, "patients_enrolled_per_year")
