"""The facts behind every measure, as the measures name them: for whole columns.

`measuring` finds the points of the same measures. Only a brief that discounts stale facts asks for this.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import criteria_business as business
from . import criteria_quality as quality
from . import criteria_technical as technical
from . import measuring_business as to_business
from . import measuring_technical as to_technical
from .anchors import (
    MARKET_PROOF,
    REGISTRATION_ONLY,
    SECURITY_PROOF,
    SIZES,
    SUSTAINABILITY_PROOF,
    MarketProof,
    rating_order,
)
from .grounds import Facts, either, every_row, joined, marked, of_metric, of_partners, of_sites
from .grounds_needs import capability, places
from .measures import Context, Measure
from .place import Place
from .screened_rows import listings, stopping_actions
from .screening import AT_SITES, CONDITIONAL, FAIL, restricted_party
from .seen import NO, PERHAPS, YES, Flags, take
from .types import Rule

Grounds = Callable[[Place], Facts]
CAPABILITIES, PK = "site.capabilities", "site.capabilities.ref.pk"


def metric(code: str) -> Grounds:
    return lambda place: of_metric(place.seen, place.metric(code))


def offers(*services: str) -> Grounds:
    return lambda place: joined(_presence(place, service) for service in services)


def _presence(place: Place, service: str) -> Facts:
    seen, match = place.seen, to_technical.service_match(place, service)
    rows = seen.rows(CAPABILITIES)
    row = rows.last(match != NO, match, -places(match))
    best = rows.most(match, None, NO)
    here = place.at_lead(best, NO)
    own = marked(seen, CAPABILITIES, np.where(here >= PERHAPS, place.at_lead(row, -1), -1))
    first = seen.site_rows.last((best == YES) & ~place.is_lead, -np.arange(seen.sites))
    other = np.where((here == NO) & place.has_lead, first, -1)
    elsewhere = marked(seen, CAPABILITIES, take(row, other, -1))
    neither = (here == NO) & (other < 0)
    complete = {"site.complete": place.is_lead[seen.rows("site.complete").owner]}
    return joined([own, elsewhere, of_partners(seen, complete, neither)])


def track_record(kinds: tuple[str, ...], *, modality: bool) -> Grounds:
    def found(place: Place) -> Facts:
        wanted = place.brief.modality if modality else None
        match = to_technical.record_match(place, "site.track_record", kinds, wanted)
        sure = place.seen.rows("site.track_record").any(match == YES)
        return _counted(place, kinds, wanted, sure, {"site.track_record": match != NO})

    return found


def _counted(
    place: Place, kinds: tuple[str, ...], modality: str | None, sure: Flags, of_all_sites: Facts
) -> Facts:
    """The lead site's own facts where they are certain, else those of every site and of the partner."""
    seen = place.seen
    whole = {
        "partner.track_record": to_technical.record_match(place, "partner.track_record", kinds, modality)
        != NO
    }
    certain = place.at_lead(sure, False)
    return either(seen, certain, of_sites(seen, of_all_sites, place.is_lead), of_all_sites | whole)


def experience(place: Place) -> Facts:
    wanted, seen = place.brief.modality, place.seen
    if wanted is None:
        return {}
    counts, stated = to_technical.programmes_run(place, wanted), to_technical.by_record(place, wanted)
    runs, rows = seen[f"{CAPABILITIES}.programmes"], seen.rows(CAPABILITIES)
    most = rows.last(counts, runs, -seen[PK])
    match = to_technical.record_match(place, "site.track_record", ("programme",), wanted)
    records = seen.rows("site.track_record")
    of_all_sites = marked(seen, CAPABILITIES, np.where(stated, -1, most)) | {
        "site.track_record": (match != NO) & stated[records.owner]
    }
    sure = np.where(stated, records.any(match == YES), rows.any(counts))
    return _counted(place, ("programme",), wanted, sure, of_all_sites)


def transfer_team(place: Place) -> Facts:
    value = place.metric("transfer_team")
    return either(place.seen, value.flag >= 0, of_metric(place.seen, value), offers("tech-transfer")(place))


def scale(anchor: str, field: str) -> Grounds:
    def found(place: Place) -> Facts:
        seen, s = place.seen, to_technical.scales(place, anchor, field)
        if s is None:
            return {}
        size = seen[f"{CAPABILITIES}.scale_max"]
        row, may = (
            seen.rows(CAPABILITIES).last(to_technical.sized_processes(place, least), size, -seen[PK])
            for least in (YES, PERHAPS)
        )
        other = seen.site_rows.last(s.others > -np.inf, s.others, -np.arange(seen.sites))
        borrowed = np.where(s.better, take(row, other, -1), -1)
        doubted = np.where(s.doubtful, place.at_lead(may, -1), -1)
        return marked(seen, CAPABILITIES, place.at_lead(row, -1), borrowed, doubted)

    return found


def free_capacity(place: Place) -> Facts:
    """As `technical.free_capacity`: the largest slot in the need's unit, else any slots, else the utilisation."""
    seen, table = place.seen, "site.slots"
    opened, held = to_technical.free_slots(place)
    needs, rows = place.needs(Rule.CAPACITY), seen.rows(table)
    value = place.metric("utilisation_pct")
    used = of_partners(seen, of_metric(seen, value), value.numbered)
    if not (needs and needs[0].quantity):
        some, maybe = (place.at_lead(rows.any(which), False) for which in (opened, held))
        of_lead = [of_sites(seen, {table: which}, place.is_lead) for which in (opened, held)]
        return either(seen, some, of_lead[0], either(seen, maybe, of_lead[1], used))
    quantity = seen[f"{table}.quantity"]
    sized = ~np.isnan(quantity) & (seen[f"{table}.unit"] == seen.code(needs[0].unit))
    low, high = (
        place.at_lead(rows.last(which & sized, quantity, -seen[f"{table}.ref.pk"]), -1)
        for which in (opened, opened | held)
    )
    sure = (low >= 0) & (take(quantity, low, 0.0) >= take(quantity, high, 0.0))
    return either(seen, high >= 0, marked(seen, table, np.where(sure, low, high)), used)


def inspections(place: Place) -> Facts:
    seen = place.seen
    latest, _, _ = place.latest_inspections
    record = of_sites(seen, marked(seen, "site.inspections", latest), place.is_lead)
    opened, unclear = (
        of_sites(seen, {"site.actions": which}, place.is_lead) for which in stopping_actions(seen)
    )
    stopped, doubted = (seen.rows("site.actions").any(f["site.actions"]) for f in (opened, unclear))
    doubt = either(seen, seen.of_partner(doubted), unclear | record, record)
    return either(seen, seen.of_partner(stopped), opened, doubt)


def audits(place: Place) -> Facts:
    rows = marked(place.seen, "site.audits", to_business.latest_audits(place)[0])
    return of_sites(place.seen, rows, place.is_lead)


def market_access(place: Place) -> Facts:
    table = MARKET_PROOF.get(place.brief.profile, MARKET_PROOF["drug"])
    proofs = [table.get(code) for code in dict.fromkeys(place.brief.markets)]
    return joined(_market(place, proof) for proof in proofs if proof is not None)


def _market(place: Place, proof: MarketProof) -> Facts:
    """The best proof of the lead site: a certificate before a registration before an inspection of equal worth."""
    seen, certificates = place.seen, "site.certificates"
    best, mask = np.full(seen.sites, -1.0), {}
    rows = seen.rows(certificates)
    chosen = np.full(seen.sites, -1, dtype=np.int64)
    for kinds, worth in ((proof.certificates, 100.0), (proof.registrations, REGISTRATION_ONLY)):
        low, high = to_business.certificates(place, worth)
        value = low * to_business.BEST + high
        listed = seen.is_one_of(f"{certificates}.certificate_type", kinds)
        row = rows.last(listed, value, -places(value))
        better = take(value, row, -1.0) > best
        chosen, best = np.where(better, row, chosen), np.where(better, take(value, row, -1.0), best)
    inspected = to_business.inspected_for(place, proof)
    passed = inspected[0] > best
    mask = marked(seen, certificates, np.where(passed, -1, chosen)) | marked(
        seen, "site.inspections", np.where(passed, inspected[1], -1)
    )
    return of_sites(seen, mask, place.is_lead)


def slot(place: Place) -> Facts:
    seen, table = place.seen, "site.slots"
    starts, pk = seen[f"{table}.starts_on"], seen[f"{table}.ref.pk"]
    opened, held = (
        place.at_lead(seen.rows(table).last(which, -starts, -pk), -1)
        for which in to_technical.free_slots(place)
    )
    sooner = (held >= 0) & (take(starts, held, 0) < take(starts, opened, to_business.NEVER))
    return marked(seen, table, opened, np.where(sooner, held, -1))


def rating(place: Place) -> Facts:
    found: Facts = {}
    for code, _, _ in reversed(rating_order(place.brief.sponsor_size)):
        value = place.metric(code)
        found = either(place.seen, value.numbered, of_metric(place.seen, value), found)
    return found


def price(place: Place) -> Facts:
    chosen = to_business.comparable_price(place)
    if chosen is None:
        return {}
    return either(
        place.seen,
        chosen >= 0,
        marked(place.seen, "partner.prices", chosen),
        every_row(place.seen, "partner.prices"),
    )


def minimum_project(place: Place) -> Facts:
    found = to_business.minimum_terms(place)
    return {} if found is None else marked(place.seen, "partner.terms", found[0])


def terms(field: str) -> Grounds:
    return lambda place: marked(place.seen, "partner.terms", to_business.terms_with(place, field)[0])


def able_sites(place: Place) -> Facts:
    """The able sites' processes; where no site can do the work, what says so."""
    seen, needs = place.seen, to_business.site_needs(place)
    if not needs:
        return {}
    outcomes = [AT_SITES[Rule.CAPABILITY](seen, n).outcome for n in needs]
    worst = np.max(outcomes, axis=0)
    able, perhaps = worst <= CONDITIONAL, (worst > CONDITIONAL) & (worst < FAIL)
    offered = {CAPABILITIES: np.any([seen.capability(n) == YES for n in needs], axis=0)}
    against = joined(
        of_sites(seen, capability(seen, n), outcome == FAIL)
        for n, outcome in zip(needs, outcomes, strict=True)
    )
    some = seen.of_partner(able)
    nobody = of_partners(seen, against, ~some & ~seen.of_partner(perhaps))
    return joined([of_sites(seen, offered, able), nobody])


def ownership(place: Place) -> Facts:
    seen, table = place.seen, "partner.restrictions"
    listed = restricted_party(seen)
    current, binding = listings(seen)
    in_force = seen.rows(table).any(binding)
    named = either(seen, in_force, {table: binding}, {table: current})
    return either(
        seen, (listed == CONDITIONAL) | (listed == FAIL), named, metric("ownership_change_24m")(place)
    )


def security(place: Place) -> Facts:
    value = place.metric("cyber_certified")
    proof = _market(place, SECURITY_PROOF)
    nothing = ~place.seen.of_partner(np.asarray(_sites_of(place, proof)))
    stated = (value.flag >= 0) | nothing
    return either(place.seen, stated, of_metric(place.seen, value), proof)


def _sites_of(place: Place, facts: Facts) -> Flags:
    """The sites that any of some facts belong to."""
    found = np.zeros(place.seen.sites, dtype=bool)
    for table, mask in facts.items():
        found |= place.seen.rows(table).any(mask)
    return found


def sustainability(place: Place) -> Facts:
    return _market(place, SUSTAINABILITY_PROOF)


def size_match(place: Place) -> Facts:
    return metric("client_size_focus")(place) if place.brief.sponsor_size in SIZES else {}


#: the same measures as `measuring.MEASURES`
GROUNDS: dict[Callable[[Context], Measure | None], Grounds] = {
    technical.experience: experience,
    technical.process_development: offers("process-development"),
    technical.analytical: offers("method-development", "release-testing", "stability"),
    technical.transfer_team: transfer_team,
    technical.transfers: track_record(("tech_transfer", "site_transfer"), modality=False),
    technical.data_services: offers("data-management", "biostatistics"),
    technical.writing_and_safety: offers("medical-writing", "pharmacovigilance"),
    technical.design_transfer: offers("design-transfer", "tooling"),
    technical.qualification: metric("iq_oq_pq_offered"),
    technical.scale_now: scale("scale_now", "scale_now"),
    technical.runway: scale("runway", "scale_next"),
    technical.free_capacity: free_capacity,
    technical.trial_countries: metric("countries_active"),
    technical.trial_sites: metric("sites_active"),
    technical.enrolment: metric("patients_enrolled_per_year"),
    quality.inspections: inspections,
    quality.audits: audits,
    quality.market_access: market_access,
    quality.approvals: track_record(("approval", "ppq"), modality=True),
    quality.trials: track_record(("trial",), modality=False),
    quality.slot: slot,
    quality.lead_time: metric("lead_time_weeks"),
    quality.tooling_lead_time: metric("tooling_lead_time_weeks"),
    quality.on_time: metric("otif_pct"),
    quality.batch_success: metric("batch_success_pct"),
    quality.rating: rating,
    quality.references_again: metric("references_again_pct"),
    quality.repeat_business: metric("repeat_business_pct"),
    quality.defects: metric("ppm_defects"),
    business.price: price,
    business.minimum_project: minimum_project,
    business.change_orders: metric("change_order_share_pct"),
    business.cancellation: terms("cancellation_share"),
    business.payment: terms("payment_days"),
    business.foreground: metric("ip_foreground_sponsor"),
    business.background: metric("ip_background_licence"),
    business.lock_in: metric("platform_lock_in"),
    business.tooling_ownership: metric("tooling_owned_by_sponsor"),
    business.transfer_out: metric("transfer_out_offered"),
    business.able_sites: able_sites,
    business.financial_strength: metric("financial_strength"),
    business.ownership: ownership,
    business.trade: metric("export_restricted"),
    business.continuity: metric("business_continuity_plan"),
    business.insurance: metric("insurance_cover_musd"),
    business.staff: metric("employee_turnover_pct"),
    business.security: security,
    business.sustainability: sustainability,
    business.size_match: size_match,
    business.project_manager: metric("dedicated_pm"),
    business.references: metric("reference_clients"),
    business.response_time: metric("response_days"),
    business.communication: metric("communication_rating"),
    business.meetings: metric("meetings_per_month"),
    business.working_hours: metric("time_zone_overlap_hours"),
    business.english: metric("english_reporting"),
}
