"""Rules judged on one site: what it can do, how well it is looked after, when it has room.

Each function takes (need, brief, partner, site) and returns a `Verdict` with one plain sentence. Unknown is
never read as no: only a site whose list of capabilities was stated to be complete fails for a missing one.
"""

from __future__ import annotations

import datetime as dt

from . import matching
from .matching import Match
from .types import (
    Brief,
    CapabilityFact,
    CertificateFact,
    InspectionFact,
    MetricFact,
    Need,
    Outcome,
    PartnerFacts,
    SiteFacts,
    SlotFact,
    TrackRecordFact,
)
from .verdict import Remarks, Verdict, best
from .words import agency, amount, counted, day, number, plain, years_before

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL
INSPECTION_YEARS = 5.0  # how recent an inspection must be when the need does not say; product default


def _absent(need: Need, site: SiteFacts) -> Verdict:
    if site.complete_list is not None:
        stated = f" stated on {day(site.complete_list.as_of)}" if site.complete_list.as_of else ""
        return Verdict(FAIL, f"not in the full list of {site.name}{stated}", (site.complete_list,))
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
        return best(_judge(need, cap, site) for cap in exact)
    if broader:
        cap = broader[0]
        return Verdict(
            UNKNOWN,
            f"only the broader “{plain(cap.service)}” is recorded at {site.name}",
            tuple(c.ref for c in broader),
            f"Does {site.name} offer this: {need.label}?",
        )
    return _absent(need, site)


def _judge(need: Need, cap: CapabilityFact, site: SiteFacts) -> Verdict:
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
            f"What is the largest scale in {need.unit}?",
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


def biosafety(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The highest biosafety level among the matching capabilities reaches the level needed."""
    exact, broader = matching.capabilities(need, site)
    caps = exact or broader
    if not caps:
        return _absent(need, site)
    needed = int(need.quantity or 1)
    levels = [(c.biosafety_level, c) for c in caps if c.biosafety_level is not None]
    ask = f"Up to which biosafety level does {site.name} work?"
    if not levels:
        return Verdict(
            UNKNOWN, f"biosafety level not recorded at {site.name}", tuple(c.ref for c in caps), ask
        )
    level, cap = max(levels, key=lambda pair: pair[0])
    if level >= needed:
        return Verdict(PASS, f"BSL-{level} at {site.name}, BSL-{needed} needed", (cap.ref,))
    if len(levels) < len(caps) and (need.service or need.modality):
        return Verdict(
            UNKNOWN, f"BSL-{level} recorded, but not for every process at {site.name}", (cap.ref,), ask
        )
    return Verdict(FAIL, f"highest level at {site.name} is BSL-{level}, BSL-{needed} needed", (cap.ref,))


def containment(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The lowest OEL handled (µg/m³, 8 h TWA) is at or below the compound's. Bands are never compared."""
    exact, broader = matching.capabilities(need, site)
    caps = exact or broader
    if not caps:
        return _absent(need, site)
    if need.quantity is None:
        return Verdict(UNKNOWN, "the compound's OEL is not given in the need", (), "")
    limits = [(c.oel_ug_m3, c) for c in caps if c.oel_ug_m3 is not None]
    ask = f"What is the lowest OEL that {site.name} handles, in µg/m³?"
    if not limits:
        return Verdict(
            UNKNOWN, f"lowest OEL handled not recorded at {site.name}", tuple(c.ref for c in caps), ask
        )
    lowest, cap = min(limits, key=lambda pair: pair[0])
    has, needed = number(lowest), number(need.quantity)
    words = f"lowest OEL handled at {site.name} is {has} µg/m³, the compound's is {needed}"
    if lowest <= need.quantity:
        return Verdict(PASS, words, (cap.ref,))
    if len(limits) < len(caps) and (need.service or need.modality):
        return Verdict(UNKNOWN, f"{words}; not recorded for every process", (cap.ref,), ask)
    return Verdict(FAIL, words, (cap.ref,))


def certificate(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The right certificate, in scope, valid on the day it is needed."""
    kind = need.certificate_type or ""
    held = [c for c in site.certificates if c.certificate_type == kind]
    if not held:
        return Verdict(
            UNKNOWN,
            f"no {plain(kind)} on record for {site.name}",
            (),
            f"Does {site.name} hold a valid {plain(kind)}?",
        )
    held.sort(key=lambda c: (c.expires_on or dt.date.min, c.ref.pk), reverse=True)
    return best(_judge_certificate(need, brief, c, site) for c in held)


def _judge_certificate(need: Need, brief: Brief, cert: CertificateFact, site: SiteFacts) -> Verdict:
    said = Remarks((cert.ref,))
    covered = _in_scope(need, cert)
    if covered is Match.PERHAPS:
        said.add(
            UNKNOWN,
            f"scope of {cert.ref.label} not known in detail",
            f"Does {cert.ref.label} cover {need.label}?",
        )
    elif covered is Match.NO:
        said.add(FAIL, f"{cert.ref.label} of {site.name} does not cover {need.label}")
    on = need.by or brief.need_date or brief.as_of
    if cert.expires_on is None:
        said.add(
            UNKNOWN, f"expiry of {cert.ref.label} not recorded", f"Until when is {cert.ref.label} valid?"
        )
    elif cert.expires_on < brief.as_of:
        said.add(FAIL, f"{cert.ref.label} of {site.name} expired on {day(cert.expires_on)}")
    elif cert.expires_on < on:
        said.add(
            CONDITIONAL,
            f"{cert.ref.label} expires on {day(cert.expires_on)}, needed on {day(on)}: renewal needed",
        )
    until = f" until {day(cert.expires_on)}" if cert.expires_on else ""
    return said.verdict(f"{cert.ref.label} of {site.name}, valid{until}")


def _in_scope(need: Need, cert: CertificateFact) -> Match:
    asked: list[Match] = []
    path = {need.service, *need.service_path} - {None}
    for wanted, scope in (
        (path, cert.scope_services),
        ({need.dosage_form} - {None}, cert.scope_dosage_forms),
    ):
        if wanted:
            asked.append(Match.PERHAPS if not scope else Match.YES if wanted & scope else Match.NO)
    if Match.NO in asked:
        return Match.NO
    return max(
        asked, default=Match.YES
    )  # one stated half of the scope is enough when the other is not stated


def inspection(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The latest inspection is recent enough (`need.quantity` years, 5 by default) and was not OAI."""
    years = need.quantity if need.quantity is not None else INSPECTION_YEARS
    by = f"{agency(need.agency)} " if need.agency else ""
    seen = [i for i in site.inspections if need.agency in (None, i.agency)]
    who = agency(need.agency) if need.agency else "a regulator"
    ask = f"When did {who} last inspect {site.name}, and how did it end?"
    dated = [(i.ended_on, i) for i in seen if i.ended_on is not None and i.ended_on <= brief.as_of]
    if not dated:
        undated = " with a date" if seen else ""
        return Verdict(
            UNKNOWN, f"no {by}inspection{undated} on record for {site.name}", tuple(i.ref for i in seen), ask
        )
    on, latest = max(dated, key=lambda pair: (pair[0], _gravity(pair[1]), pair[1].ref.pk))
    words = f"latest {by}inspection of {site.name} on {day(on)}"
    facts = (latest.ref,)
    if latest.outcome == "oai":
        return Verdict(FAIL, f"{words} ended with official action indicated (OAI)", facts)
    if on < years_before(brief.as_of, years):
        return Verdict(FAIL, f"{words} is more than {counted(years, 'year')} old", facts)
    if latest.outcome == "pending":
        return Verdict(CONDITIONAL, f"{words} is not classified yet", facts, ask)
    if latest.outcome not in ("nai", "vai"):
        return Verdict(UNKNOWN, f"outcome of the {words} not recorded", facts, ask)
    return Verdict(PASS, f"{words}: {latest.outcome.upper()}", facts)


def _gravity(fact: InspectionFact) -> int:
    return {"nai": 0, "vai": 1, "pending": 2, "oai": 3}.get(fact.outcome, 2)


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
    if need.quantity is not None:
        if slot.quantity is None or slot.unit != need.unit:
            said.add(
                UNKNOWN,
                f"size of the slot of {day(slot.starts_on)} not recorded in {need.unit or 'the unit asked'}",
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


def _counted(need: Need, facts: tuple[TrackRecordFact, ...]) -> tuple[float, float, list[TrackRecordFact]]:
    hits = [(m, f) for f in facts if (m := matching.track_record(need, f)) is not Match.NO]
    low, high = matching.count_range((m, f.count) for m, f in hits)
    return low, high, [f for _, f in hits]


def track_record_here(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """Done at this very site. What the company claims as a whole can raise a doubt, not prove the site."""
    here_low, here_high, here = _counted(need, site.track_record)
    _, wide_high, wide = _counted(need, partner.track_record)
    return _judge_count(need, here_low, here_high + wide_high, [*here, *wide], f"at {site.name}")


def track_record_anywhere(need: Need, brief: Brief, partner: PartnerFacts) -> Verdict:
    """Done anywhere in the company: the larger of its own total and its sites' sum, which may overlap."""
    of_sites = [_counted(need, site.track_record) for site in partner.sites]
    wide_low, wide_high, wide = _counted(need, partner.track_record)
    low = max(sum(low for low, _, _ in of_sites), wide_low)
    high = sum(high for _, high, _ in of_sites) + wide_high
    return _judge_count(
        need, low, high, [*(f for _, _, facts in of_sites for f in facts), *wide], "in the company"
    )


def _judge_count(need: Need, low: float, high: float, facts: list[TrackRecordFact], where: str) -> Verdict:
    needed = need.quantity if need.quantity is not None else 1.0
    what = plain(need.track_record_kind or "track record")
    refs = tuple(f.ref for f in facts)
    ask = f"How many of these have been done {where}: {need.label}?"
    if not facts:
        return Verdict(UNKNOWN, f"no {what} on record {where}", (), ask)
    if low >= needed:
        return Verdict(PASS, f"{what}: {number(low)} on record {where}, {number(needed)} needed", refs)
    if high >= needed:
        return Verdict(UNKNOWN, f"{what}: {number(low)} certain {where}, {number(needed)} needed", refs, ask)
    return Verdict(FAIL, f"{what}: {number(high)} on record {where}, {number(needed)} needed", refs)


def newest_metric(code: str, partner: PartnerFacts, site: SiteFacts | None) -> MetricFact | None:
    """The site's own newest value of a metric, else the newest for the partner as a whole."""
    for facts in (site.metrics if site else (), partner.metrics):
        found = [m for m in facts if m.metric == code]
        if found:
            return max(found, key=lambda m: (m.ref.as_of or dt.date.min, m.ref.pk))
    return None


def metric(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts | None) -> Verdict:
    """A stated or measured value reaches the number asked (or stays below it), or a flag is yes."""
    code = need.metric or ""
    fact = newest_metric(code, partner, site)
    ask = f"What is the value of: {need.label}?"
    if fact is None:
        return Verdict(UNKNOWN, f"{plain(code)} not recorded", (), ask)
    facts = (fact.ref,)
    if need.quantity is not None:
        if fact.number is None:
            return Verdict(UNKNOWN, f"{plain(code)} recorded without a number", facts, ask)
        met = fact.number <= need.quantity if need.at_most else fact.number >= need.quantity
        bound = f"at {'most' if need.at_most else 'least'} {amount(need.quantity, need.unit)}"
        return Verdict(
            PASS if met else FAIL, f"{plain(code)} is {amount(fact.number, need.unit)}, {bound} asked", facts
        )
    if fact.flag is None:
        return Verdict(UNKNOWN, f"{plain(code)} recorded without a yes or no", facts, ask)
    return Verdict(PASS if fact.flag else FAIL, f"{plain(code)}: {'yes' if fact.flag else 'no'}", facts)


def country(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The site lies in one of the countries asked for."""
    wanted = ", ".join(sorted(need.countries))
    if not site.country:
        return Verdict(
            UNKNOWN, f"country of {site.name} not recorded", (), f"In which country is {site.name}?"
        )
    if site.country in need.countries:
        return Verdict(PASS, f"{site.name} is in {site.country}", ())
    return Verdict(FAIL, f"{site.name} is in {site.country}; asked for: {wanted}", ())
