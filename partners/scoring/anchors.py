"""The fixed anchors of every value function: this product's own defaults, in one table.

An anchor pair says which value earns 0 points and which earns 100; between them the line is straight, or bent
at the points listed. They never depend on the partners compared. A project sets its own anchors for price
(`Brief.price_target`, `price_limit`) and for scale (`scale_now`, `scale_next`); everything else is here.
"""

from __future__ import annotations

from dataclasses import dataclass

from .types import Level, Outcome
from .value_functions import Linear, Lookup, Piecewise


@dataclass(frozen=True, slots=True)
class Anchor:
    """A value function with the unit of what goes in, and the question that gets it from a partner."""

    function: Piecewise
    unit: str
    meaning: str
    ask: str = ""


# What a need earns by its outcome, and how much it counts by its level.
OUTCOME_POINTS: dict[Outcome, tuple[float, float]] = {
    Outcome.PASS: (100.0, 100.0),
    Outcome.CONDITIONAL: (60.0, 60.0),
    Outcome.FAIL: (0.0, 0.0),
    Outcome.UNKNOWN: (0.0, 100.0),
}
LEVEL_WEIGHT: dict[Level, float] = {Level.MUST: 3.0, Level.SHOULD: 2.0, Level.COULD: 1.0}

ELSEWHERE = 60.0  # points for something only another site of the partner has: one hand-over
DOUBTFUL = 0.5  # share that counts as known when a record does not quite say what was asked
CERTIFICATE_EXPIRING = 60.0  # valid today, not on the day it is needed
REGISTRATION_ONLY = 60.0  # a registration says that the site is known to the authority, not that it passed

INSPECTION = Lookup({"nai": 100.0, "vai": 80.0, "oai": 20.0})
AUDIT = Lookup({"none": 100.0, "minor": 85.0, "major": 50.0, "critical": 10.0})
AUDIT_OPEN = 0.8  # what an audit keeps of its points while actions are open
# Audits by these standards speak of the profile's work; one whose standard is not stated may.
AUDIT_STANDARDS: dict[str, frozenset[str]] = {
    "drug": frozenset({"gmp", "glp", "gdp"}),
    "clinical": frozenset({"gcp", "glp"}),
    "device": frozenset({"device", "gmp"}),
}
FINANCIAL = Lookup({"strong": 100.0, "adequate": 60.0, "weak": 10.0})
SIZES = ("virtual", "small", "mid", "large")
SIZE_DISTANCE = (100.0, 60.0, 30.0, 0.0)  # points by steps between the sponsor's size and the partner's focus
# How much of a rating counts as known, by steps between the raters' size and the project's sponsor; the rest stays
# unknown. Where the raters' size is not stated, RATING_UNSIZED.
RATING_SHARE = (1.0, 0.8, 0.6, 0.4)
RATING_UNSIZED = 0.7

ANCHORS: dict[str, Anchor] = {
    "experience": Anchor(
        Piecewise((0, 1, 5, 10), (0, 40, 80, 100)), "programmes", "programmes run in the modality",
        "How many programmes of this modality have been run at the site?",
    ),
    "transfers": Anchor(
        Piecewise((0, 1, 3, 6), (0, 40, 75, 100)), "transfers", "technology or site transfers completed",
        "How many technology transfers has the site completed?",
    ),
    "approvals": Anchor(
        Piecewise((0, 1, 3, 5), (0, 60, 85, 100)), "approvals or PPQs", "approvals and PPQ campaigns",
        "How many approvals or PPQ campaigns has the site supported?",
    ),
    "trials": Anchor(
        Piecewise((0, 5, 20, 50), (0, 40, 75, 100)), "trials", "trials run",
        "How many trials of this kind have been run?",
    ),
    "scale_now": Anchor(
        Linear(0.5, 1.0), "× the scale needed now", "largest scale over the scale needed now",
        "What is the largest scale of this process at the site?",
    ),
    "runway": Anchor(
        Linear(0.25, 1.0), "× the scale of the next stage", "largest scale over the scale of the next stage",
        "What is the largest scale of this process at the site?",
    ),
    "free_capacity": Anchor(
        Piecewise((0, 1, 1.5), (0, 70, 100)), "× the need", "free quantity over the quantity needed",
        "How much capacity is free, and from when?",
    ),
    "utilisation_pct": Anchor(Linear(100, 60), "%", "share of the capacity that is booked"),
    "slot_months_late": Anchor(
        Linear(12, 0), "months", "months from the date needed to the earliest free slot",
        "When does the earliest free slot start?",
    ),
    "lead_time_weeks": Anchor(
        Linear(52, 4), "weeks", "weeks from order to start of work",
        "How many weeks pass from purchase order to start of work?",
    ),
    "tooling_lead_time_weeks": Anchor(
        Linear(26, 8), "weeks", "weeks from design freeze to first articles",
        "How many weeks pass from design freeze to first articles?",
    ),
    "otif_pct": Anchor(
        Linear(70, 98), "%", "deliveries on time and in full",
        "What share of deliveries was on time and in full over twelve months?",
    ),
    "batch_success_pct": Anchor(
        Linear(80, 99), "%", "GMP batches released right first time",
        "What share of GMP batches was released right first time over three years?",
    ),
    "sponsor_rating": Anchor(
        Linear(2.5, 4.8), "of 5", "rating by past sponsors",
        "How do past sponsors of our size rate the work, from 1 to 5?",
    ),
    "references_again_pct": Anchor(
        Linear(50, 100), "%", "reference clients that would contract again",
        "Of the clients named as references, what share would contract again?",
    ),
    "repeat_business_pct": Anchor(
        Linear(20, 80), "%", "revenue from returning clients",
        "What share of revenue came from returning clients?",
    ),
    "ppm_defects": Anchor(
        Piecewise((10, 100, 500, 1000, 5000), (100, 80, 50, 30, 0)), "ppm", "parts rejected by customers",
        "How many parts per million did customers reject over twelve months?",
    ),
    "countries_active": Anchor(
        Piecewise((1, 3, 10, 25), (0, 30, 70, 100)), "countries", "countries with running trials",
        "In how many countries are trials running now?",
    ),
    "sites_active": Anchor(
        Piecewise((0, 50, 150), (0, 60, 100)), "sites", "active investigator sites",
        "How many investigator sites are active now?",
    ),
    "patients_enrolled_per_year": Anchor(
        Piecewise((0, 500, 2000), (0, 60, 100)), "patients a year", "patients enrolled over twelve months",
        "How many patients were enrolled over twelve months?",
    ),
    "minimum_project": Anchor(
        Linear(1.5, 0.5), "× the amount accepted", "minimum project over the largest amount accepted",
        "What is the minimum project value?",
    ),
    "change_order_share_pct": Anchor(
        Linear(40, 5), "%", "value added to contracts by change orders",
        "How much did change orders add to the signed value on average?",
    ),
    "cancellation_share": Anchor(
        Linear(1.0, 0.25), "of the batch price", "fee for a cancellation at the shortest notice",
        "What share of the batch price is due on late cancellation?",
    ),
    "payment_days": Anchor(Linear(10, 60), "days", "payment term", "What is the payment term in days?"),
    "able_sites": Anchor(
        Piecewise((0, 1, 2, 3), (0, 40, 80, 100)), "sites", "sites of the partner that can do the work",
        "Which other sites could take over the work?",
    ),
    "financial_strength": Anchor(
        Linear(20, 80), "of 100", "financial strength, where it is given as a number",
        "Can audited accounts or a credit rating be shared?",
    ),
    "insurance_cover_musd": Anchor(
        Piecewise((0, 5, 20), (0, 60, 100)), "million USD", "liability cover",
        "How much product-liability cover is carried?",
    ),
    "employee_turnover_pct": Anchor(
        Linear(30, 5), "%", "technical staff that left within a year",
        "What share of technical staff left over the last twelve months?",
    ),
    "response_days": Anchor(
        Linear(10, 1), "business days", "time until a sponsor’s question is answered",
        "How many business days pass on average until a sponsor’s question is answered?",
    ),
    "meetings_per_month": Anchor(
        Piecewise((0, 1, 2, 4), (0, 40, 75, 100)), "a month", "regular project meetings",
        "How many regular project meetings a month are held with the sponsor?",
    ),
    "communication_rating": Anchor(
        Linear(2.5, 4.8), "of 5", "communication as rated by past sponsors",
        "How do past sponsors rate the communication, from 1 to 5?",
    ),
    "reference_clients": Anchor(
        Piecewise((0, 1, 3, 5), (0, 40, 80, 100)), "clients", "clients that may be called as a reference",
        "How many clients of our size may we call as a reference?",
    ),
    "time_zone_overlap_hours": Anchor(
        Linear(0, 5), "hours", "working hours in common per day",
        "How many working hours a day overlap with the sponsor's?",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flag:
    """Points for a yes and for a no, with the question that gets the answer from a partner."""

    yes: float
    no: float
    meaning: str
    ask: str


FLAGS: dict[str, Flag] = {
    "transfer_team": Flag(
        100, 30, "dedicated technology-transfer team", "Is there a named technology-transfer team?"
    ),
    "iq_oq_pq_offered": Flag(100, 0, "IQ, OQ and PQ", "Are IQ, OQ and PQ protocols written and run?"),
    "ownership_change_24m": Flag(
        30, 100, "ownership change in 24 months",
        "Has ownership changed in the last 24 months, or is a change announced?",
    ),
    "business_continuity_plan": Flag(
        100, 0, "business continuity plan", "Is there a tested business continuity plan for the site?"
    ),
    "cyber_certified": Flag(
        100, 30, "information security certified",
        "Is information security certified (ISO 27001, SOC 2) for the systems that hold our data?",
    ),
    "ip_foreground_sponsor": Flag(
        100, 0, "results and improvements belong to the sponsor",
        "Do results, data and improvements to our product or process belong to us?",
    ),
    "ip_background_licence": Flag(
        100, 20, "licence to the partner’s own know-how for making the product elsewhere",
        "Is a royalty-free licence granted to your own know-how, as far as it is needed to make the product elsewhere?",
    ),
    "platform_lock_in": Flag(
        20, 100, "tied to a proprietary platform, cell line or tool",
        "Does the work rest on a proprietary platform, cell line or tool that we could not take elsewhere?",
    ),
    "tooling_owned_by_sponsor": Flag(
        100, 0, "tooling paid for belongs to the sponsor",
        "Does tooling that we pay for belong to us, and may we move it?",
    ),
    "transfer_out_offered": Flag(
        100, 0, "hand-over to a successor agreed",
        "Is a transfer to a successor, with documents and support, part of the contract?",
    ),
    "export_restricted": Flag(
        30, 100, "export licences, sanctions or punitive tariffs on shipments",
        "Do export licences, sanctions or punitive tariffs apply to shipments from the site?",
    ),
    "dedicated_pm": Flag(
        100, 30, "dedicated project manager", "Is one project manager named for the whole programme?"
    ),
    "english_reporting": Flag(
        100, 0, "reports in English", "Are records, reports and meetings available in English?"
    ),
}  # fmt: skip


def rating_order(sponsor_size: str) -> tuple[tuple[str, str, float], ...]:
    """Ratings by whom to look for, the best first: metric, who gave it, and the share that counts as known.

    Sponsors of the project's own size come first, then the nearer sizes; of two as near, the smaller sponsors.
    """
    sized = [(f"sponsor_rating_{size}", f"{size} sponsors", i) for i, size in enumerate(SIZES)]
    whole = ("sponsor_rating", "past sponsors")
    if sponsor_size not in SIZES:
        return ((*whole, 1.0), *((code, who, 1.0) for code, who, _ in sized))
    own = SIZES.index(sponsor_size)
    found = [(code, who, RATING_SHARE[abs(own - i)]) for code, who, i in sized]
    return tuple(sorted([*found, (*whole, RATING_UNSIZED)], key=lambda entry: -entry[2]))


@dataclass(frozen=True, slots=True)
class MarketProof:
    """What shows that a market's authority accepts a site: certificates, registrations, inspections."""

    certificates: frozenset[str]
    registrations: frozenset[str] = frozenset()
    agencies: frozenset[str] = frozenset()


def _proof(certificates: str, registrations: str = "", agencies: str = "") -> MarketProof:
    return MarketProof(*(frozenset(codes.split()) for codes in (certificates, registrations, agencies)))


# The certificates that stand for a site's information security, and for its care of environment and people.
SECURITY_PROOF = _proof("iso-27001 soc-2")
SUSTAINABILITY_PROOF = _proof("ecovadis psci", "iso-14001")

MARKET_PROOF: dict[str, dict[str, MarketProof]] = {
    "drug": {
        "US": _proof("", "fda-registration", "fda"),
        "EU": _proof("eu-gmp eu-mia eu-mia-imp", "", "ema"),
        "UK": _proof("uk-gmp", "", "mhra"),
        "JP": _proof("jp-accreditation", "", "pmda"),
        "CH": _proof("eu-gmp pics-gmp", "", "swissmedic"),
        "CA": _proof("eu-gmp pics-gmp", "", "health-canada"),
        "AU": _proof("eu-gmp pics-gmp", "", "tga"),
        "KR": _proof("pics-gmp", "", "mfds"),
        "CN": _proof("", "", "nmpa"),
        "BR": _proof("", "", "anvisa"),
    },
    "device": {
        "US": _proof("qmsr mdsap", "fda-device-registration", "fda"),
        "EU": _proof("iso-13485"),
        "UK": _proof("iso-13485", "", "mhra"),
        "JP": _proof("mdsap", "iso-13485", "pmda"),
        "CA": _proof("mdsap", "iso-13485", "health-canada"),
        "AU": _proof("mdsap", "iso-13485", "tga"),
        "BR": _proof("mdsap", "iso-13485", "anvisa"),
        "CH": _proof("iso-13485", "", "swissmedic"),
        "KR": _proof("", "iso-13485", "mfds"),
        "CN": _proof("", "iso-13485", "nmpa"),
    },
    "clinical": {
        market: _proof("gcp-inspection", "", agency)
        for market, agency in {
            "US": "fda", "EU": "ema", "UK": "mhra", "JP": "pmda", "CH": "swissmedic",
            "CA": "health-canada", "AU": "tga", "KR": "mfds", "CN": "nmpa", "BR": "anvisa",
        }.items()
    },
}  # fmt: skip
