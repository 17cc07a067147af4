"""Plain data that goes into and comes out of the scoring engine. No Django here.

Facts come in per partner and per site, each with the evidence it rests on; needs and the project's brief
come in beside them; a `Ranking` goes out in which every number points back at the facts behind it.
Unknown is `None` (a single value) or an absent fact, never zero.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from .facts import (
    ActionFact,
    AuditFact,
    CapabilityFact,
    CertificateFact,
    ConflictFact,
    FactRef,
    InspectionFact,
    MetricFact,
    NdaFact,
    OfferFact,
    PartnerFacts,
    PriceFact,
    QuoteFact,
    RestrictionFact,
    SiteFacts,
    SlotFact,
    TermsFact,
    TrackRecordFact,
)

ENGINE_VERSION = "1.8.1"

CRITERIA: dict[str, str] = {
    "C1": "Technical and modality fit",
    "C2": "Development, analytical and transfer depth",
    "C3": "Scale and capacity, now and next stage",
    "C4": "Quality and regulatory record",
    "C5": "Speed and slot",
    "C6": "Delivery reliability",
    "C7": "Cost",
    "C8": "Terms and flexibility",
    "C9": "Supply and business risk",
    "C10": "Working fit",
}


class Outcome(StrEnum):
    """What a rule says about a partner."""

    PASS = "pass"  # noqa: S105 - an outcome, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    CONDITIONAL = "conditional"


class Level(StrEnum):
    """How much a need matters: a must knocks out, the others only move scores."""

    MUST = "must"
    SHOULD = "should"
    COULD = "could"


class Rule(StrEnum):
    """The kinds of need the engine can check."""

    CAPABILITY = "capability"
    BIOSAFETY = "biosafety"
    CONTAINMENT = "containment"
    CERTIFICATE = "certificate"
    INSPECTION = "inspection"
    CAPACITY = "capacity"
    TRACK_RECORD = "track_record"
    METRIC = "metric"
    MINIMUM_PROJECT = "minimum_project"
    CONTRACT_STRUCTURE = "contract_structure"
    COUNTRY = "country"
    DEDICATED = "dedicated"
    SCHEDULE = "schedule"
    MARKET = "market"
    NDA = "nda"
    CONFLICT = "conflict"
    NO_OPEN_ACTION = "no_open_action"
    RESTRICTED_PARTY = "restricted_party"


class Group(StrEnum):
    """Where a partner stands in the list."""

    RANKED = "ranked"
    INSUFFICIENT = "insufficient"
    KNOCKED_OUT = "knocked_out"


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement. Only the fields that its rule reads are set.

    `same_site` needs are checked against the one lead site of a partner; the others against any site.
    """

    id: str
    rule: Rule
    level: Level
    label: str
    title: str = ""  # the same in a word or two, such as the service's name; the label when empty
    same_site: bool = True
    service: str | None = None
    # From the root of the service tree to `service`; without it a broader record is not recognised as such.
    service_path: tuple[str, ...] = ()
    modality: str | None = None
    dosage_form: str | None = None
    production_system: str | None = None
    stage: int | None = None
    gmp: bool = False
    quantity: float | None = None  # scale, OEL in µg/m³, biosafety level, years, count, metric value, amount
    unit: str | None = None
    at_most: bool = False  # METRIC only: the value must not exceed `quantity` instead of reaching it
    certificate_type: str | None = None
    agency: str | None = None
    track_record_kind: str | None = None
    metric: str | None = None
    contract_structure: str | None = None
    countries: frozenset[str] = frozenset()
    currency: str | None = None
    hazard: str | None = None  # DEDICATED only: a code of hazards.HAZARDS
    schedule: str | None = None  # SCHEDULE only: "I" … "V"
    market: str | None = None  # MARKET only: a code of `Brief.markets`
    by: dt.date | None = None  # slot or certificate date; the brief's need date when None


@dataclass(frozen=True, slots=True)
class Brief:
    """What the sponsor's project asks of any partner."""

    as_of: dt.date
    stage: int
    needs: tuple[Need, ...]
    modality: str | None = None
    need_date: dt.date | None = None
    # Market codes ("US", "EU" …); what proves that each accepts a site is `anchors.MARKET_PROOF`.
    markets: tuple[str, ...] = ()
    federal_funding: bool = False
    sponsor_size: str = ""  # "virtual", "small", "mid", "large"
    scale_now: float | None = None
    scale_next: float | None = None
    scale_unit: str | None = None
    price_basis: str | None = None
    price_target: float | None = None  # fully satisfactory: 100 points
    price_limit: float | None = None  # worst acceptable: 0 points
    currency: str | None = None
    profile: str = "drug"  # "drug", "clinical", "device"
    # Whether stale and self-declared facts count less in the score, not only in the confidence shown.
    discount: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """A failed must that a person lets pass for this project: why, who in which role, and when."""

    reason: str
    by: str
    role: str
    on: dt.date


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one need says about one partner, with the reason in a sentence and the facts behind it."""

    need_id: str
    label: str
    rule: Rule
    level: Level
    outcome: Outcome
    reason: str
    facts: tuple[FactRef, ...] = ()
    site: str = ""
    ask: str = ""  # the question to the partner that would settle an unknown
    mismatch: bool = False  # fails because the thing is not offered at all, not by a margin
    override: Override | None = (
        None  # set on a failed must that was let pass: its outcome is then conditional
    )


@dataclass(frozen=True, slots=True)
class SubScore:
    """One measure inside a criterion: 0-100, an interval when imprecise, [0, 100] when unknown."""

    code: str  # e.g. "C4.inspections"
    label: str
    weight: float  # share within the criterion, sums to 1 over its sub-scores
    low: float
    high: float
    known: float  # 0..1: how much of it rests on facts
    reason: str
    facts: tuple[FactRef, ...] = ()
    ask: str = ""
    discounted: bool = False  # `known` already counts each fact by its credit


@dataclass(frozen=True, slots=True)
class CriterionScore:
    code: str
    low: float
    high: float
    known: float
    subs: tuple[SubScore, ...] = ()

    @property
    def point(self) -> float:
        """Midpoint of the interval; never shown without it."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the facts say about one partner for one brief, before any weight: made once, weighed often."""

    partner_id: int
    slug: str
    name: str
    illustrative: bool
    lead_site_id: int | None
    lead_site: str
    rules: tuple[RuleResult, ...]
    criteria: tuple[CriterionScore, ...]  # in the order of CRITERIA


@dataclass(frozen=True, slots=True)
class PartnerResult:
    """A partner's place in a ranking. Scores are 0-100; coverage and weights are shares of 100."""

    partner_id: int
    slug: str
    name: str
    illustrative: bool
    group: Group
    lead_site_id: int | None
    lead_site: str
    rules: tuple[RuleResult, ...]
    criteria: tuple[CriterionScore, ...]
    low: float
    high: float
    point: float
    coverage: float
    contributions: dict[str, float]  # criterion code → points of the shown score; they add up to `point`
    rank: int | None = None  # 1 = best, competition ranks, None outside the ranked group
    best_rank: int | None = None
    worst_rank: int | None = None
    separable_from_next: bool | None = None  # None for the last ranked partner

    @property
    def fails(self) -> tuple[RuleResult, ...]:
        """The must-haves that knock this partner out."""
        return tuple(r for r in self.rules if r.level is Level.MUST and r.outcome is Outcome.FAIL)

    @property
    def near_miss(self) -> bool:
        """Knocked out by one must only, and by a margin: the wrong size or date, not the wrong trade."""
        return len(self.fails) == 1 and not self.fails[0].mismatch and not self.stopped

    @property
    def stopped(self) -> bool:
        """Knocked out only by an authority's listing or open action: no size or date would mend it."""
        return len(self.fails) == 1 and self.fails[0].rule in (Rule.NO_OPEN_ACTION, Rule.RESTRICTED_PARTY)

    @property
    def overridden(self) -> tuple[RuleResult, ...]:
        """The must-haves that failed and were let pass by a person; every report shows them with the reason."""
        return tuple(r for r in self.rules if r.override is not None)

    @property
    def unverified(self) -> tuple[RuleResult, ...]:
        """The must-haves nobody has proved or disproved yet."""
        return tuple(r for r in self.rules if r.level is Level.MUST and r.outcome is Outcome.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Ranking:
    """The whole answer: ranked partners first, then insufficient data, then knocked out."""

    engine_version: str
    as_of: dt.date
    weights: dict[str, float]  # criterion code → weight, sums to 100
    results: tuple[PartnerResult, ...]
    caution: float = 0.0  # 0 neutral … 1 worst case; `point` = middle - caution * (high - low) / 2
    min_coverage: float = 60.0  # below it a partner goes to the insufficient group
    # How many partners each group has when `results` are only the first ones of a large catalogue; ranks count all.
    totals: dict[Group, int] | None = None
    # How many ranked partners that are not among `results` could come first, were their unknown facts the best.
    hidden_rivals: int = 0

    def count(self, group: Group) -> int:
        """How many partners the group has, shown here or not."""
        return self.totals[group] if self.totals is not None else len(self.group(group))

    @property
    def left_off(self) -> int:
        """How many partners are ranked but not among `results`."""
        return sum(self.count(group) for group in Group) - len(self.results)

    def group(self, group: Group) -> tuple[PartnerResult, ...]:
        return tuple(r for r in self.results if r.group is group)


__all__ = [
    "CRITERIA",
    "ENGINE_VERSION",
    "ActionFact",
    "Assessment",
    "AuditFact",
    "Brief",
    "CapabilityFact",
    "CertificateFact",
    "ConflictFact",
    "CriterionScore",
    "FactRef",
    "Group",
    "InspectionFact",
    "Level",
    "MetricFact",
    "NdaFact",
    "Need",
    "OfferFact",
    "Outcome",
    "Override",
    "PartnerFacts",
    "PartnerResult",
    "PriceFact",
    "QuoteFact",
    "Ranking",
    "RestrictionFact",
    "Rule",
    "RuleResult",
    "SiteFacts",
    "SlotFact",
    "SubScore",
    "TermsFact",
    "TrackRecordFact",
]
