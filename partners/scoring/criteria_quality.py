"""C4 quality and regulatory record, C5 speed and slot, C6 delivery reliability."""

from __future__ import annotations

import datetime as dt

from .anchors import (
    AUDIT,
    AUDIT_OPEN,
    AUDIT_STANDARDS,
    CERTIFICATE_EXPIRING,
    DOUBTFUL,
    INSPECTION,
    MARKET_PROOF,
    REGISTRATION_ONLY,
    MarketProof,
    rating_order,
)
from .criteria_technical import free_slots, slot_due
from .measures import Context, Measure, known, metric, track_record, unknown
from .places import WITH_ARTICLE, market_name
from .profile_words import AUDIT_ASK, anchor_of
from .rules_partner import open_stops, unclear, unclear_stops
from .rules_record import newest_metric
from .types import AuditFact, CertificateFact, FactRef, InspectionFact, SiteFacts
from .words import agency, counted, day, ended, listing, months_between, number, plain


def _latest_by_agency(ctx: Context) -> dict[str, InspectionFact]:
    """The lead site's latest dated inspection per agency; of two on one day the graver one."""
    latest: dict[str, InspectionFact] = {}
    for fact in sorted(ctx.lead.inspections if ctx.lead else (), key=_by_date_and_gravity):
        if fact.ended_on is not None and fact.ended_on <= ctx.brief.as_of:
            latest[fact.agency] = fact
    return latest


def _by_date_and_gravity(fact: InspectionFact) -> tuple[dt.date, float, int]:
    points = INSPECTION.at(fact.outcome)
    return (fact.ended_on or dt.date.min, -(100.0 if points is None else points), fact.ref.pk)


def inspections(ctx: Context) -> Measure:
    """The worst of the agencies' latest inspections: NAI 100, VAI 80, OAI 20, open stop 0; none: unknown."""
    ask = f"When was {ctx.where} last inspected, by whom, and how did it end?"
    if ctx.lead is None:
        return unknown("inspections: unknown", ask)
    stops = open_stops(ctx.lead, ctx.brief.as_of)
    if stops:
        kinds = listing(f"{plain(a.kind)} of {day(a.issued_on)}" for a in stops)
        return known(0.0, f"open at {ctx.lead.name}: {kinds}", *(a.ref for a in stops))
    doubts = unclear_stops(ctx.lead, ctx.brief.as_of)
    record = _inspected(ctx, ctx.lead, ask)
    if not doubts:
        return record
    # Were one of them still open, the measure would be 0: nothing below what the inspections leave is excluded.
    return Measure(
        0.0,
        record.high,
        min(record.known, DOUBTFUL),
        f"{'; '.join(map(unclear, doubts))}; {record.reason}",
        (*(a.ref for a in doubts), *record.facts),
        f"Was the {unclear(doubts[0]).removesuffix(', close-out unknown')} at {ctx.lead.name} closed out?",
    )


def _inspected(ctx: Context, lead: SiteFacts, ask: str) -> Measure:
    """What the agencies' latest inspections alone are worth."""
    latest = _latest_by_agency(ctx)
    if not latest:
        return unknown(f"inspections of {lead.name}: unknown", ask)
    words = "; ".join(
        f"{agency(code)} {day(fact.ended_on)}: {ended(fact.outcome)}"
        for code, fact in sorted(latest.items())
        if fact.ended_on
    )
    facts = tuple(fact.ref for _, fact in sorted(latest.items()))
    points = [INSPECTION.at(fact.outcome) for fact in latest.values()]
    settled = [p for p in points if p is not None]
    if len(settled) == len(points):
        return known(min(settled), words, *facts)
    low = min(INSPECTION.table.values())  # an inspection that is not classified yet may still end as OAI
    return Measure(
        min([low, *settled]), min([100.0, *settled]), DOUBTFUL if settled else 0.0, words, facts, ask
    )


def latest_audits(ctx: Context) -> dict[str, AuditFact]:
    """The lead site's latest dated audit per kind of auditor by a standard of the profile; of two the graver one."""
    standards = AUDIT_STANDARDS.get(ctx.brief.profile, AUDIT_STANDARDS["drug"])
    latest: dict[str, AuditFact] = {}
    for fact in sorted(ctx.lead.audits if ctx.lead else (), key=_audited):
        if fact.audited_on is None or fact.audited_on > ctx.brief.as_of:
            continue
        if fact.standard is None or fact.standard in standards:
            latest[fact.auditor] = fact
    return latest


def _audited(fact: AuditFact) -> tuple[dt.date, float, int]:
    return (fact.audited_on or dt.date.min, -audit_points(fact)[0], fact.ref.pk)


def audit_points(fact: AuditFact) -> tuple[float, float]:
    """Lowest and highest points of one audit: by its gravest finding, less while actions are open."""
    points = AUDIT.at(fact.outcome)
    if points is None:
        return min(AUDIT.table.values()) * AUDIT_OPEN, 100.0
    if fact.outcome == "none" or fact.open_actions == 0:
        return points, points
    return points * AUDIT_OPEN, points if fact.open_actions is None else points * AUDIT_OPEN


def audits(ctx: Context) -> Measure:
    """The worst of the auditors' latest audits: no findings 100, minor 85, major 50, critical 10; none: unknown.

    While actions are open an audit keeps four fifths of that; whether any are open may itself be unknown.
    """
    ask = AUDIT_ASK.get(ctx.brief.profile, AUDIT_ASK["drug"]).format(where=ctx.where)
    latest = [fact for _, fact in sorted(latest_audits(ctx).items())]
    if not latest:
        return unknown(f"audits of {ctx.where} by sponsors or third parties: unknown", ask)
    lows, highs = zip(*map(audit_points, latest), strict=True)
    settled = [AUDIT.at(fact.outcome) is not None for fact in latest]
    share = 1.0 if all(settled) else DOUBTFUL if any(settled) else 0.0
    words = "; ".join(map(_audit_words, latest))
    low, high = min(lows), min(highs)
    return Measure(low, high, share, words, tuple(f.ref for f in latest), ask if low < high else "")


def _audit_words(fact: AuditFact) -> str:
    on = f" on {day(fact.audited_on)}" if fact.audited_on else ""
    found = {"none": "no findings", "unknown": "outcome unknown"}.get(
        fact.outcome, f"{fact.outcome} findings"
    )
    still = fact.open_actions
    left = "whether actions are open is unknown" if still is None else f"{counted(still, 'action')} open"
    by = {"sponsor": "a sponsor", "qp": "a qualified person"}.get(fact.auditor, f"a {plain(fact.auditor)}")
    return f"audited by {by}{on}: {found}" + ("" if fact.outcome == "none" else f", {left}")


def market_access(ctx: Context) -> Measure | None:
    """What proves that each target market's authority accepts the lead site, averaged over the markets."""
    table = MARKET_PROOF.get(ctx.brief.profile, MARKET_PROOF["drug"])
    markets = list(dict.fromkeys(ctx.brief.markets))
    if not markets:
        return None
    parts = [_market(ctx, market, table.get(market)) for market in markets]
    n = len(parts)
    return Measure(
        sum(p.low for p in parts) / n,
        sum(p.high for p in parts) / n,
        sum(p.known for p in parts) / n,
        "; ".join(p.reason for p in parts),
        tuple(dict.fromkeys(fact for p in parts for fact in p.facts)),
        " ".join(p.ask for p in parts if p.ask),
    )


def _market(ctx: Context, market: str, proof: MarketProof | None) -> Measure:
    place = market_name(market)
    the = "the " if market in WITH_ARTICLE else ""
    ask = f"What shows that the authority of {the}{place} accepts {ctx.where}?"
    best = best_proof(ctx, proof, ask) if proof else None
    if best is None:
        return unknown(f"{place}: unknown", ask)
    return Measure(best.low, best.high, best.known, f"{place}: {best.reason}", best.facts, best.ask)


def best_proof(ctx: Context, proof: MarketProof, ask: str) -> Measure | None:
    """What counts most at the lead site among certificates, registrations and inspections; None without any."""
    if ctx.lead is None:
        return None
    found = [
        _certificate(ctx, c, 100.0, ask)
        for c in ctx.lead.certificates
        if c.certificate_type in proof.certificates
    ]
    found += [
        _certificate(ctx, c, REGISTRATION_ONLY, ask)
        for c in ctx.lead.certificates
        if c.certificate_type in proof.registrations
    ]
    for code, fact in _latest_by_agency(ctx).items():
        points = INSPECTION.at(fact.outcome)
        if code in proof.agencies and points is not None and fact.ended_on:
            passed = 100.0 if points > INSPECTION.table["oai"] else points
            words = f"inspected by {agency(code)} on {day(fact.ended_on)} ({ended(fact.outcome)})"
            found.append(known(passed, words, fact.ref))
    return max(found, key=lambda m: (m.low, m.high), default=None)


def _certificate(ctx: Context, cert: CertificateFact, worth: float, ask: str) -> Measure:
    on = ctx.brief.need_date or ctx.brief.as_of
    label = cert.ref.label
    if cert.expires_on is None:
        return Measure(DOUBTFUL * worth, worth, DOUBTFUL, f"{label}, expiry not recorded", (cert.ref,), ask)
    if cert.expires_on < ctx.brief.as_of and cert.renewal_unknown:
        words = f"{label}, valid until {day(cert.expires_on)}, renewal not known"
        return Measure(0.0, worth, DOUBTFUL, words, (cert.ref,), ask)
    if cert.expires_on < ctx.brief.as_of:
        return known(0.0, f"{label} expired on {day(cert.expires_on)}", cert.ref)
    if cert.expires_on < on:
        points = min(worth, CERTIFICATE_EXPIRING)
        return known(points, f"{label} expires on {day(cert.expires_on)}, before it is needed", cert.ref)
    return known(worth, f"{label}, valid until {day(cert.expires_on)}", cert.ref)


def approvals(ctx: Context) -> Measure:
    return track_record(ctx, ("approval", "ppq"), "approvals", modality=True)


def trials(ctx: Context) -> Measure:
    return track_record(ctx, ("trial",), "trials", modality=False)


def slot(ctx: Context) -> Measure:
    """Months from the date needed to the slot quoted, else to the earliest free one: on time 100, a year late 0."""
    anchor = anchor_of("slot_months_late", ctx.brief.profile)
    due = slot_due(ctx)
    words = f"needed by {day(due)}"

    def points(starts_on: dt.date) -> float:
        return anchor.function.at(months_between(due, starts_on))

    offer = ctx.offer("slot_from")
    if offer is not None and offer.slot_from is not None:
        late = months_between(due, offer.slot_from)
        delay = f": {number(round(late, 1))} months late" if late > 0 else ""
        return known(
            points(offer.slot_from), f"first slot quoted {day(offer.slot_from)}, {words}{delay}", offer.ref
        )
    opened, held = free_slots(ctx, "open")[:1], free_slots(ctx, "tentative")[:1]
    if not opened and not held:
        return unknown(f"earliest slot at {ctx.where}: unknown", anchor.ask)
    if held and (not opened or held[0].starts_on < opened[0].starts_on):
        low = points(opened[0].starts_on) if opened else 0.0
        facts: tuple[FactRef, ...] = tuple(s.ref for s in [*held, *opened])
        text = f"tentatively held slot on {day(held[0].starts_on)}, {words}"
        return Measure(low, points(held[0].starts_on), 1.0 if opened else DOUBTFUL, text, facts, anchor.ask)
    start = opened[0].starts_on
    late = months_between(due, start)
    delay = f": {number(round(late, 1))} months late" if late > 0 else ""
    return known(
        points(start), f"earliest open slot at {ctx.where} on {day(start)}, {words}{delay}", opened[0].ref
    )


def lead_time(ctx: Context) -> Measure:
    return metric(ctx, "lead_time_weeks")


def tooling_lead_time(ctx: Context) -> Measure:
    return metric(ctx, "tooling_lead_time_weeks")


def on_time(ctx: Context) -> Measure:
    return metric(ctx, "otif_pct")


def batch_success(ctx: Context) -> Measure:
    return metric(ctx, "batch_success_pct")


def rating(ctx: Context) -> Measure:
    """Past sponsors' rating: by those of the project's own size it is fully known, by others the less the further."""
    anchor = anchor_of("sponsor_rating", ctx.brief.profile)
    for code, who, share in rating_order(ctx.brief.sponsor_size):
        fact = newest_metric(code, ctx.partner, ctx.lead)
        if fact is None or fact.number is None:
            continue
        points = anchor.function.at(fact.number)
        words = f"rating by {who}: {number(fact.number)} {anchor.unit}"
        if share == 1:
            return known(points, words, fact.ref)
        words += f"; none by {ctx.brief.sponsor_size} ones, so it counts {number(share * 100)} %"
        low, high = points * share, points * share + 100 * (1 - share)
        return Measure(low, high, share, words, (fact.ref,), anchor.ask)
    return unknown(f"{anchor.meaning}: unknown", anchor.ask)


def references_again(ctx: Context) -> Measure:
    return metric(ctx, "references_again_pct")


def repeat_business(ctx: Context) -> Measure:
    return metric(ctx, "repeat_business_pct")


def defects(ctx: Context) -> Measure:
    return metric(ctx, "ppm_defects")
