"""`criteria.score_criteria` for many partners at once: every measure over whole columns, bit for bit the same points.

Reasons and facts are left out: whoever is shown is put together again and scored by `criteria`. A test compares both
on random catalogues.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import criteria_business as business
from . import criteria_quality as quality
from . import criteria_technical as technical
from . import measuring_business as to_business
from . import measuring_technical as to_technical
from .anchors import LEVEL_WEIGHT, OUTCOME_POINTS
from .confidence import half_life_of
from .criteria import LAYOUTS, NEEDS_SHARE, WISHES_SHARE, Part, criterion_of
from .grounds import Facts, joined, trust
from .grounds_measures import GROUNDS
from .grounds_needs import need_facts
from .measures import Context, Measure
from .place import Place, Points, flag_points, metric_points, nothing
from .screening import UNKNOWN, Screen
from .seen import Array, Seen
from .types import CRITERIA, Level, Need
from .verdict import BEST_FIRST

#: the same measures as `criteria` reads, by the function there
MEASURES: dict[Callable[[Context], Measure | None], Callable[[Place], Points | None]] = {
    technical.experience: to_technical.experience,
    technical.process_development: to_technical.offers("process-development"),
    technical.analytical: to_technical.offers("method-development", "release-testing", "stability"),
    technical.transfer_team: to_technical.transfer_team,
    technical.transfers: to_technical.track_record(
        ("tech_transfer", "site_transfer"), "transfers", modality=False
    ),
    technical.data_services: to_technical.offers("data-management", "biostatistics"),
    technical.writing_and_safety: to_technical.offers("medical-writing", "pharmacovigilance"),
    technical.design_transfer: to_technical.offers("design-transfer", "tooling"),
    technical.qualification: flag_points("iq_oq_pq_offered"),
    technical.scale_now: to_technical.scale("scale_now", "scale_now"),
    technical.runway: to_technical.scale("runway", "scale_next"),
    technical.free_capacity: to_technical.free_capacity,
    technical.trial_countries: metric_points("countries_active"),
    technical.trial_sites: metric_points("sites_active"),
    technical.enrolment: metric_points("patients_enrolled_per_year"),
    quality.inspections: to_business.inspections,
    quality.audits: to_business.audits,
    quality.market_access: to_business.market_access,
    quality.approvals: to_technical.track_record(("approval", "ppq"), "approvals", modality=True),
    quality.trials: to_technical.track_record(("trial",), "trials", modality=False),
    quality.slot: to_business.slot,
    quality.lead_time: metric_points("lead_time_weeks"),
    quality.tooling_lead_time: metric_points("tooling_lead_time_weeks"),
    quality.on_time: metric_points("otif_pct"),
    quality.batch_success: metric_points("batch_success_pct"),
    quality.rating: to_business.rating,
    quality.references_again: metric_points("references_again_pct"),
    quality.repeat_business: metric_points("repeat_business_pct"),
    quality.defects: metric_points("ppm_defects"),
    business.price: to_business.price,
    business.minimum_project: to_business.minimum_project,
    business.change_orders: metric_points("change_order_share_pct"),
    business.cancellation: to_business.terms("cancellation_share", "cancellation_share"),
    business.payment: to_business.terms("payment_days", "payment_days"),
    business.foreground: flag_points("ip_foreground_sponsor"),
    business.background: flag_points("ip_background_licence"),
    business.lock_in: flag_points("platform_lock_in"),
    business.tooling_ownership: flag_points("tooling_owned_by_sponsor"),
    business.transfer_out: flag_points("transfer_out_offered"),
    business.able_sites: to_business.able_sites,
    business.financial_strength: to_business.financial_strength,
    business.ownership: to_business.ownership,
    business.trade: flag_points("export_restricted"),
    business.continuity: flag_points("business_continuity_plan"),
    business.insurance: metric_points("insurance_cover_musd"),
    business.staff: metric_points("employee_turnover_pct"),
    business.security: to_business.security,
    business.sustainability: to_business.sustainability,
    business.size_match: to_business.size_match,
    business.project_manager: flag_points("dedicated_pm"),
    business.references: metric_points("reference_clients"),
    business.response_time: metric_points("response_days"),
    business.communication: metric_points("communication_rating"),
    business.meetings: metric_points("meetings_per_month"),
    business.working_hours: metric_points("time_zone_overlap_hours"),
    business.english: flag_points("english_reporting"),
}


def measure_columns(seen: Seen, screen: Screen) -> tuple[Array, Array, Array]:
    """Low, high and known share of the ten criteria (N × 10 each), as `score_criteria` finds them."""
    if seen.brief.profile not in LAYOUTS:
        raise ValueError(f"Unknown profile “{seen.brief.profile}”.")
    place, layout = Place(seen, screen), LAYOUTS[seen.brief.profile]
    scored = [_criterion(place, screen, code, layout[code]) for code in CRITERIA]
    low, high, known = (np.stack(columns, axis=1) for columns in zip(*scored, strict=True))
    return low, high, known


Measured = tuple[float, Points, Callable[[], Array]]  # share, points, and how far their facts can be trusted


def _criterion(place: Place, screen: Screen, code: str, parts: tuple[Part, ...]) -> Points:
    mine = _needs_of(place, code)
    needs_share = NEEDS_SHARE if code == "C1" else WISHES_SHARE
    rest = 1.0 - needs_share if mine else 1.0
    asked = [(p, m) for p in parts if (m := MEASURES[p.measure](place)) is not None]
    total = sum(p.share for p, _ in asked)
    measured: list[Measured] = []
    if mine:

        def of_needs() -> Array:
            return trust(place.seen, joined(need_facts(place.seen, screen, n) for n in mine), None)

        measured.append((needs_share, _needs_met(place, screen, mine), of_needs))
    measured += [(p.share / total * rest, m, _trust_of(place, code, p)) for p, m in asked]
    if not measured:
        return nothing(place.count)
    scale = sum(share for share, _, _ in measured)
    low, high, known = (np.zeros(place.count) for _ in range(3))
    for share, m, trusted in measured:
        weight = share / scale
        points = np.clip(m[0], 0.0, 100.0), np.clip(m[1], 0.0, 100.0), m[2]
        if place.brief.discount:
            points = _discounted(points, trusted())
        low, high, known = (a + weight * b for a, b in zip((low, high, known), points, strict=True))
    return np.clip(low, 0.0, 100.0), np.clip(high, 0.0, 100.0), np.minimum(1.0, known)


def _trust_of(place: Place, code: str, part: Part) -> Callable[[], Array]:
    def trusted() -> Array:
        facts: Facts = GROUNDS[part.measure](place)
        return trust(place.seen, facts, half_life_of(f"{code}.{part.code}"))

    return trusted


def _discounted(points: Points, share: Array) -> Points:
    """As `confidence.discounted`: the missing credit of the facts becomes the unknown."""
    low, high, known = points
    less = share < 1
    return (
        np.where(less, low * share, low),
        np.where(less, high * share + 100 * (1 - share), high),
        np.where(less, known * share, known),
    )


def _needs_of(place: Place, code: str) -> list[Need]:
    """The needs that belong to a criterion. Musts count in C1 only: elsewhere they already knock out."""
    return [
        n
        for n in place.brief.needs
        if criterion_of(n) == code and (code == "C1" or n.level is not Level.MUST)
    ]


def _needs_met(place: Place, screen: Screen, mine: list[Need]) -> Points:
    """As `measures.needs_met` for the needs that belong to a criterion."""
    worth = np.empty((len(BEST_FIRST), 2))
    for outcome, row in BEST_FIRST.items():
        worth[row] = OUTCOME_POINTS[outcome]
    total = sum(LEVEL_WEIGHT[n.level] for n in mine)
    low, high, settled = (np.zeros(place.count) for _ in range(3))
    for need in mine:
        said, weight = screen.found[need.id].outcome, LEVEL_WEIGHT[need.level]
        low = low + weight * worth[said, 0]
        high = high + weight * worth[said, 1]
        settled = settled + weight * (said != UNKNOWN)
    return low / total, high / total, settled / total
