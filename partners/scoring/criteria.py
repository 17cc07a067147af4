"""The ten criteria, put together from measures: which measures, with which share, for which kind of partner.

A measure that the brief does not ask about (no price target, no next scale) is left out for every partner
alike and the rest share its weight. A measure that one partner's facts do not answer stays in as [0, 100].
docs/criteria.md tells sponsors the same in tables (a test compares them).

Counted nowhere by themselves, because they are no merit unless a project needs them: microfluidic LNP mixing, storage
at -80 °C and in liquid nitrogen, clean-room class, serialised lines, dedicated equipment, pilot study, minimum order.
A project asks for them as needs, which move the criterion of `METRIC_CRITERION`. Batch success is left out for CROs
and device makers, whose counterparts are milestones and defects; meetings and answers count once, in C10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import criteria_business as business
from . import criteria_quality as quality
from . import criteria_technical as technical
from .anchors import SIZES
from .measures import Context, Measure, needs_met, unknown
from .types import (
    CRITERIA,
    Brief,
    CriterionScore,
    Level,
    Need,
    PartnerFacts,
    Rule,
    RuleResult,
    SiteFacts,
    SubScore,
)
from .words import sentence


@dataclass(frozen=True, slots=True)
class Part:
    """One measure of a criterion with its share before unasked ones are left out."""

    code: str
    label: str
    share: float
    measure: Callable[[Context], Measure | None]


Layout = dict[str, tuple[Part, ...]]

NEEDS_SHARE = 0.7  # share of C1 that the needs take, the musts included
# A criterion of which the brief asks nothing is open for everybody, never nought.
UNASKED = unknown(
    "the project asks nothing that this criterion could be measured by: name its modality, a service or another need"
)
WISHES_SHARE = 0.25  # share that "should" and "could" needs take in the criterion they belong to

_C1 = (Part("experience", "Programmes in the modality", 0.3, technical.experience),)
_C7 = (Part("price", "Indicative price against the target", 1.0, business.price),)
_C8 = (
    Part("minimum", "Minimum project", 0.25, business.minimum_project),
    Part("changes", "Change orders", 0.22, business.change_orders),
    Part("cancellation", "Cancellation", 0.15, business.cancellation),
    Part("payment", "Payment term", 0.1, business.payment),
    Part("foreground", "Results belong to the sponsor", 0.1, business.foreground),
    Part("background", "Licence to the partner’s know-how", 0.06, business.background),
    Part("lock_in", "Free of proprietary platforms", 0.06, business.lock_in),
    Part("transfer_out", "Hand-over to a successor", 0.06, business.transfer_out),
)
_C9 = (
    Part("sites", "Sites able to do the work", 0.2, business.able_sites),
    Part("finance", "Financial strength", 0.22, business.financial_strength),
    Part("ownership", "Ownership and trade lists", 0.15, business.ownership),
    Part("trade", "Free of trade barriers", 0.1, business.trade),
    Part("continuity", "Business continuity", 0.08, business.continuity),
    Part("insurance", "Liability cover", 0.07, business.insurance),
    Part("staff", "Staff turnover", 0.06, business.staff),
    Part("security", "Information security", 0.06, business.security),
    Part("sustainability", "Environmental and social audit", 0.06, business.sustainability),
)
_C10 = (
    Part("size", "Used to sponsors of this size", 0.25, business.size_match),
    Part("manager", "Dedicated project manager", 0.18, business.project_manager),
    Part("references", "Reference clients", 0.14, business.references),
    Part("response", "Time to answer", 0.12, business.response_time),
    Part("communication", "Communication as rated", 0.12, business.communication),
    Part("meetings", "Project meetings", 0.07, business.meetings),
    Part("hours", "Working hours in common", 0.06, business.working_hours),
    Part("english", "Reports in English", 0.06, business.english),
)
_INSPECTIONS = Part("inspections", "Latest inspections", 0.4, quality.inspections)
_SCALE = (
    Part("scale", "Scale needed now", 0.4, technical.scale_now),
    Part("runway", "Runway to the next stage", 0.35, technical.runway),
    Part("capacity", "Free capacity", 0.25, technical.free_capacity),
)

DRUG: Layout = {
    "C1": _C1,
    "C2": (
        Part("process", "Process development", 0.25, technical.process_development),
        Part("analytical", "Analytical development and testing", 0.3, technical.analytical),
        Part("team", "Technology-transfer team", 0.2, technical.transfer_team),
        Part("transfers", "Transfers completed", 0.25, technical.transfers),
    ),
    "C3": _SCALE,
    "C4": (
        _INSPECTIONS,
        Part("markets", "Accepted in the target markets", 0.3, quality.market_access),
        Part("approvals", "Approvals and PPQ campaigns", 0.15, quality.approvals),
        Part("audits", "Audits by sponsors and third parties", 0.15, quality.audits),
    ),
    "C5": (
        Part("slot", "Earliest slot", 0.6, quality.slot),
        Part("lead_time", "Lead time", 0.4, quality.lead_time),
    ),
    "C6": (
        Part("on_time", "On time in full", 0.35, quality.on_time),
        Part("batches", "Batch success", 0.3, quality.batch_success),
        Part("rating", "Rating by sponsors of this size", 0.2, quality.rating),
        Part("references", "References that would return", 0.1, quality.references_again),
        Part("repeat", "Returning clients", 0.05, quality.repeat_business),
    ),
    "C7": _C7,
    "C8": _C8,
    "C9": _C9,
    "C10": _C10,
}
CLINICAL: Layout = {
    **DRUG,
    "C2": (
        Part("data", "Data management and biostatistics", 0.7, technical.data_services),
        Part("writing", "Medical writing and safety", 0.3, technical.writing_and_safety),
    ),
    "C3": (
        Part("countries", "Countries with running trials", 0.35, technical.trial_countries),
        Part("sites", "Active investigator sites", 0.3, technical.trial_sites),
        Part("enrolment", "Patients enrolled a year", 0.35, technical.enrolment),
    ),
    "C4": (
        _INSPECTIONS,
        Part("markets", "GCP record in the target markets", 0.3, quality.market_access),
        Part("trials", "Trials run", 0.15, quality.trials),
        Part("audits", "GCP audits by sponsors", 0.15, quality.audits),
    ),
    "C5": (
        Part("lead_time", "Start-up time", 0.7, quality.lead_time),
        Part("slot", "Team available", 0.3, quality.slot),
    ),
    "C6": (
        Part("on_time", "Milestones on time", 0.4, quality.on_time),
        Part("rating", "Rating by sponsors of this size", 0.25, quality.rating),
        Part("repeat", "Returning clients", 0.2, quality.repeat_business),
        Part("references", "References that would return", 0.15, quality.references_again),
    ),
    "C8": (
        Part("minimum", "Minimum project", 0.25, business.minimum_project),
        Part("changes", "Change orders", 0.27, business.change_orders),
        Part("cancellation", "Cancellation", 0.15, business.cancellation),
        Part("payment", "Payment term", 0.1, business.payment),
        Part("foreground", "Results and data belong to the sponsor", 0.1, business.foreground),
        Part("lock_in", "Free of proprietary systems", 0.05, business.lock_in),
        Part("transfer_out", "Hand-over of a running study", 0.08, business.transfer_out),
    ),
}
DEVICE: Layout = {
    **DRUG,
    "C2": (
        Part("design", "Design transfer and tooling", 0.6, technical.design_transfer),
        Part("qualification", "IQ / OQ / PQ", 0.4, technical.qualification),
    ),
    "C4": (
        _INSPECTIONS,
        Part("markets", "Accepted in the target markets", 0.4, quality.market_access),
        Part("audits", "Audits by customers and third parties", 0.2, quality.audits),
    ),
    "C5": (
        Part("tooling", "Tooling lead time", 0.6, quality.tooling_lead_time),
        Part("slot", "Earliest slot", 0.4, quality.slot),
    ),
    "C6": (
        Part("defects", "Defect rate", 0.4, quality.defects),
        Part("on_time", "On time in full", 0.3, quality.on_time),
        Part("rating", "Rating by sponsors of this size", 0.15, quality.rating),
        Part("references", "References that would return", 0.1, quality.references_again),
        Part("repeat", "Returning clients", 0.05, quality.repeat_business),
    ),
    "C8": (
        Part("minimum", "Minimum project", 0.25, business.minimum_project),
        Part("changes", "Change orders", 0.2, business.change_orders),
        Part("cancellation", "Cancellation", 0.15, business.cancellation),
        Part("payment", "Payment term", 0.1, business.payment),
        Part("tooling", "Tooling belongs to the sponsor", 0.1, business.tooling_ownership),
        Part("foreground", "Results belong to the sponsor", 0.08, business.foreground),
        Part("lock_in", "Free of proprietary designs", 0.06, business.lock_in),
        Part("transfer_out", "Hand-over of tools and process", 0.06, business.transfer_out),
    ),
}
LAYOUTS: dict[str, Layout] = {"drug": DRUG, "clinical": CLINICAL, "device": DEVICE}

RULE_CRITERION: dict[Rule, str] = {
    Rule.CAPABILITY: "C1",
    Rule.BIOSAFETY: "C1",
    Rule.CONTAINMENT: "C1",
    Rule.CONTRACT_STRUCTURE: "C1",
    Rule.CERTIFICATE: "C4",
    Rule.INSPECTION: "C4",
    Rule.CAPACITY: "C3",
    Rule.MINIMUM_PROJECT: "C8",
    Rule.COUNTRY: "C9",
    Rule.DEDICATED: "C1",
    Rule.SCHEDULE: "C4",
    Rule.MARKET: "C4",
    Rule.NDA: "C8",
    Rule.CONFLICT: "C9",
}
TRACK_RECORD_CRITERION = {
    "tech_transfer": "C2",
    "site_transfer": "C2",
    "ppq": "C4",
    "approval": "C4",
    "ind_supported": "C4",
}
METRIC_CRITERION = {
    **dict.fromkeys(("pilot_study_offered", "transfer_team", "iq_oq_pq_offered"), "C2"),
    **dict.fromkeys(
        ("sites_active", "countries_active", "patients_enrolled_per_year", "serialisation_lines",
         "utilisation_pct"), "C3"
    ),
    **dict.fromkeys(("lead_time_weeks", "tooling_lead_time_weeks"), "C5"),
    **dict.fromkeys(
        ("otif_pct", "batch_success_pct", "sponsor_rating", *(f"sponsor_rating_{size}" for size in SIZES),
         "references_again_pct", "ppm_defects", "repeat_business_pct"), "C6"
    ),
    **dict.fromkeys(
        ("change_order_share_pct", "minimum_order_quantity", "ip_foreground_sponsor", "ip_background_licence",
         "platform_lock_in", "tooling_owned_by_sponsor", "transfer_out_offered"), "C8"
    ),
    **dict.fromkeys(
        ("financial_strength", "ownership_change_24m", "export_restricted", "business_continuity_plan",
         "insurance_cover_musd", "cyber_certified", "employee_turnover_pct"), "C9"
    ),
    **dict.fromkeys(
        ("client_size_focus", "dedicated_pm", "reference_clients", "response_days", "meetings_per_month",
         "communication_rating", "english_reporting", "time_zone_overlap_hours"), "C10"
    ),
}  # fmt: skip


def criterion_of(need: Need) -> str | None:
    """The criterion that a need moves; None for the two rules that only knock out."""
    if need.rule is Rule.METRIC:
        return METRIC_CRITERION.get(need.metric or "", "C1")
    if need.rule is Rule.TRACK_RECORD:
        return TRACK_RECORD_CRITERION.get(need.track_record_kind or "", "C1")
    return RULE_CRITERION.get(need.rule)


def score_criteria(
    partner: PartnerFacts, lead: SiteFacts | None, brief: Brief, rules: tuple[RuleResult, ...]
) -> tuple[CriterionScore, ...]:
    """The ten criteria in order, each 0-100 with its interval, its known share and its sub-scores."""
    if brief.profile not in LAYOUTS:
        raise ValueError(f"Unknown profile “{brief.profile}”.")
    ctx = Context(partner, lead, brief, rules)
    layout = LAYOUTS[brief.profile]
    return tuple(_score(ctx, code, layout[code]) for code in CRITERIA)


def _score(ctx: Context, code: str, parts: tuple[Part, ...]) -> CriterionScore:
    measured: list[tuple[Part, Measure]] = []
    needs = _needs_part(ctx, code)
    if needs is not None:
        measured.append(needs)
    rest = 1.0 - needs[0].share if needs else 1.0
    asked = [(part, m) for part in parts if (m := part.measure(ctx)) is not None]
    total = sum(part.share for part, _ in asked)
    measured += [(Part(p.code, p.label, p.share / total * rest, p.measure), m) for p, m in asked]
    if not measured:
        measured.append((Part("nothing", "Nothing asked", 1.0, lambda _: UNASKED), UNASKED))
    scale = sum(part.share for part, _ in measured)
    subs = tuple(_sub(code, part, m, part.share / scale) for part, m in measured)
    return CriterionScore(
        code=code,
        low=_bounded(sum(s.weight * s.low for s in subs)),
        high=_bounded(sum(s.weight * s.high for s in subs)),
        known=min(1.0, sum(s.weight * s.known for s in subs)),
        subs=subs,
    )


def _needs_part(ctx: Context, code: str) -> tuple[Part, Measure] | None:
    """The needs that belong to a criterion. Musts count in C1 only: elsewhere they already knock out."""
    by_id = {r.need_id: r for r in ctx.rules}
    mine = [
        by_id[n.id]
        for n in ctx.brief.needs
        if criterion_of(n) == code and (code == "C1" or n.level is not Level.MUST) and n.id in by_id
    ]
    measure = needs_met(mine)
    if measure is None:
        return None
    share, label = (NEEDS_SHARE, "Needs met") if code == "C1" else (WISHES_SHARE, "Wishes met")
    return Part("needs", label, share, lambda _: measure), measure


def _sub(code: str, part: Part, measure: Measure, weight: float) -> SubScore:
    return SubScore(
        code=f"{code}.{part.code}",
        label=part.label,
        weight=weight,
        low=_bounded(measure.low),
        high=_bounded(measure.high),
        known=measure.known,
        reason=sentence(measure.reason),
        facts=measure.facts,
        ask=measure.ask,
    )


def _bounded(points: float) -> float:
    """Sums of shares may leave 0-100 by a rounding error; a score must not."""
    return min(100.0, max(0.0, points))
