"""Building blocks of sub-scores: a measure is points (or an interval of them), its reason and its facts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from . import matching
from .anchors import DOUBTFUL, ELSEWHERE, LEVEL_WEIGHT, OUTCOME_POINTS
from .matching import Match
from .profile_words import anchor_of, flag_of
from .rules_record import newest_metric
from .types import (
    Brief,
    CapabilityFact,
    FactRef,
    Need,
    OfferFact,
    Outcome,
    PartnerFacts,
    Rule,
    RuleResult,
    SiteFacts,
    TrackRecordFact,
)
from .words import counted, number

MANY = 1e9  # stands for "no upper end known" in a count; every value function is flat long before


@dataclass(frozen=True, slots=True)
class Measure:
    """Points 0-100 as an interval, the share that rests on facts, and what to ask for the rest."""

    low: float
    high: float
    known: float
    reason: str
    facts: tuple[FactRef, ...] = ()
    ask: str = ""


@dataclass(frozen=True)
class Context:
    """One partner seen from one brief, with its lead site and the results of its needs."""

    partner: PartnerFacts
    lead: SiteFacts | None
    brief: Brief
    rules: tuple[RuleResult, ...]

    @cached_property
    def others(self) -> tuple[SiteFacts, ...]:
        return tuple(s for s in self.partner.sites if self.lead is None or s.id != self.lead.id)

    @cached_property
    def where(self) -> str:
        return self.lead.name if self.lead else self.partner.name

    def offer(self, field: str) -> OfferFact | None:
        """The newest quote's offer that says something of `field`."""
        said = [o for o in self.partner.offers if getattr(o, field) is not None]
        return max(said, key=lambda o: (o.ref.as_of or dt.date.min, o.ref.pk), default=None)

    def needs(self, *rules: Rule) -> list[Need]:
        return [n for n in self.brief.needs if n.rule in rules]


def known(points: float, reason: str, *facts: FactRef) -> Measure:
    return Measure(points, points, 1.0, reason, facts)


def unknown(reason: str, ask: str = "", *facts: FactRef) -> Measure:
    return Measure(0.0, 100.0, 0.0, reason, facts, ask)


def metric(ctx: Context, code: str) -> Measure:
    """A number metric through its fixed anchors."""
    anchor = anchor_of(code, ctx.brief.profile)
    fact = newest_metric(code, ctx.partner, ctx.lead)
    if fact is None or fact.number is None:
        return unknown(f"{anchor.meaning}: unknown", anchor.ask, *([fact.ref] if fact else []))
    words = f"{anchor.meaning}: {number(fact.number)} {anchor.unit}"
    return known(anchor.function.at(fact.number), words, fact.ref)


def flag(ctx: Context, code: str) -> Measure:
    """A yes-or-no metric."""
    anchor = flag_of(code, ctx.brief.profile)
    fact = newest_metric(code, ctx.partner, ctx.lead)
    if fact is None or fact.flag is None:
        return unknown(f"{anchor.meaning}: unknown", anchor.ask, *([fact.ref] if fact else []))
    words = f"{anchor.meaning}: {'yes' if fact.flag else 'no'}"
    return known(anchor.yes if fact.flag else anchor.no, words, fact.ref)


def needs_met(results: list[RuleResult]) -> Measure | None:
    """Needs by outcome, a must counting three, a should two, a could one. None when there are none."""
    if not results:
        return None
    total = sum(LEVEL_WEIGHT[r.level] for r in results)
    low = sum(LEVEL_WEIGHT[r.level] * OUTCOME_POINTS[r.outcome][0] for r in results) / total
    high = sum(LEVEL_WEIGHT[r.level] * OUTCOME_POINTS[r.outcome][1] for r in results) / total
    settled = sum(LEVEL_WEIGHT[r.level] for r in results if r.outcome is not Outcome.UNKNOWN) / total
    parts = []
    for outcome, words in (
        (Outcome.PASS, "met"),
        (Outcome.CONDITIONAL, "met with a condition"),
        (Outcome.FAIL, "not met"),
        (Outcome.UNKNOWN, "unknown"),
    ):
        count = sum(r.outcome is outcome for r in results)
        if count:
            parts.append(f"{count} {words}")
    return Measure(
        low,
        high,
        settled,
        f"{counted(len(results), 'need')}: {', '.join(parts)}",
        tuple(dict.fromkeys(fact for r in results for fact in r.facts)),
        " ".join(dict.fromkeys(r.ask for r in results if r.ask and r.outcome is Outcome.UNKNOWN)),
    )


def _offers(ctx: Context, site: SiteFacts, service: str) -> tuple[Match, CapabilityFact | None]:
    """The site's best record of a service (or of the branch with that code)."""
    found: tuple[Match, CapabilityFact | None] = (Match.NO, None)
    for cap in site.capabilities:
        if service in (cap.service, *cap.service_path):
            match = matching.equal(ctx.brief.modality, cap.modality)
            if match > found[0]:
                found = (match, cap)
    return found


def offers(ctx: Context, services: dict[str, str]) -> Measure:
    """Presence of services (code → name) at the lead site, averaged; elsewhere in the company counts less."""
    parts = [_presence(ctx, code, name) for code, name in services.items()]
    n = len(parts)
    return Measure(
        sum(p.low for p in parts) / n,
        sum(p.high for p in parts) / n,
        sum(p.known for p in parts) / n,
        "; ".join(p.reason for p in parts),
        tuple(dict.fromkeys(fact for p in parts for fact in p.facts)),
        " ".join(p.ask for p in parts if p.ask),
    )


def _presence(ctx: Context, service: str, name: str) -> Measure:
    ask = f"Does {ctx.where} offer {name}?"
    if ctx.lead is None:
        return unknown(f"{name}: unknown", ask)
    match, cap = _offers(ctx, ctx.lead, service)
    if cap is not None and match is Match.YES:
        return known(100.0, f"{name} at {ctx.lead.name}", cap.ref)
    if cap is not None and match is Match.PERHAPS:
        words = f"{name} at {ctx.lead.name}, modality not recorded"
        return Measure(DOUBTFUL * 100, 100.0, DOUBTFUL, words, (cap.ref,), ask)
    for site in ctx.others:
        match, cap = _offers(ctx, site, service)
        if cap is not None and match is Match.YES:
            return known(ELSEWHERE, f"{name} at {site.name}, not on record at {ctx.lead.name}", cap.ref)
    if ctx.lead.complete_list is not None:
        return known(0.0, f"{name} is not in the full list of {ctx.lead.name}", ctx.lead.complete_list)
    return unknown(f"{name}: unknown", ask)


@dataclass(frozen=True, slots=True)
class Count:
    """A number of things done according to one fact; `number` None when the fact gives no number."""

    match: Match
    number: int | None
    fact: FactRef


def records(facts: tuple[TrackRecordFact, ...], kinds: tuple[str, ...], modality: str | None) -> list[Count]:
    """The track record's counts of some kinds, for a modality if one is given."""
    found = [Count(matching.equal(modality, f.modality), f.count, f.ref) for f in facts if f.kind in kinds]
    return [c for c in found if c.match is not Match.NO]


def track_record(ctx: Context, kinds: tuple[str, ...], anchor_code: str, *, modality: bool) -> Measure:
    """Things done, counted at the lead site. Claims of the company as a whole lift the upper end only."""
    wanted = ctx.brief.modality if modality else None
    here = records(ctx.lead.track_record, kinds, wanted) if ctx.lead else []
    wide = records(ctx.partner.track_record, kinds, wanted)
    for site in ctx.others:
        wide += records(site.track_record, kinds, wanted)
    return count_points(ctx, anchor_code, here, wide)


def count_points(ctx: Context, anchor_code: str, here: list[Count], wide: list[Count]) -> Measure:
    """Points of a count: certain when the lead site's own facts give it, else only an upper end."""
    anchor = anchor_of(anchor_code, ctx.brief.profile)
    points = anchor.function.at
    if any(c.match is Match.YES for c in here):
        low, high = matching.count_range((c.match, c.number) for c in here)
        top = "or more" if high > low else ""
        words = f"{anchor.meaning} at {ctx.where}: {number(low)} {top}".rstrip()
        return Measure(points(low), points(min(high, MANY)), 1.0, words, tuple(c.fact for c in here))
    if not here and not wide:
        return unknown(f"{anchor.meaning}: unknown", anchor.ask)
    _, high = matching.count_range((c.match, c.number) for c in [*here, *wide])
    words = f"{anchor.meaning}: on record, but not for {ctx.where} and this modality in particular"
    facts = tuple(c.fact for c in [*here, *wide])
    return Measure(0.0, points(min(high, MANY)), DOUBTFUL, words, facts, anchor.ask)
