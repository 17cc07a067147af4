"""Plain data that goes into and comes out of the scoring engine. No Django here.

Facts come in per partner and per site, each with the evidence it rests on; needs and the project's brief
come in beside them; a `Ranking` goes out in which every number points back at the facts behind it.
Unknown is `None` (a single value) or an absent fact, never zero.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

ENGINE_VERSION = "1.1.0"

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
    NO_OPEN_ACTION = "no_open_action"
    RESTRICTED_PARTY = "restricted_party"


class Group(StrEnum):
    """Where a partner stands in the list."""

    RANKED = "ranked"
    INSUFFICIENT = "insufficient"
    KNOCKED_OUT = "knocked_out"


@dataclass(frozen=True, slots=True)
class FactRef:
    """Points at one evidenced row of the catalogue, with what a reader needs to trust it."""

    kind: str  # "capability", "certificate", … (the model's name in lower case)
    pk: int
    label: str
    source: str
    as_of: dt.date | None  # retrieved on
    evidence: str  # partners.enums.EvidenceLevel value
    site: str = ""  # name of the site it hangs on; empty for a partner-wide fact
    url: str = ""
    happened_on: dt.date | None = (
        None  # when the thing itself took place (an inspection), if that is what ages
    )


@dataclass(frozen=True, slots=True)
class CapabilityFact:
    """One process a site offers. `service_path` runs from the root of the service tree to `service`."""

    ref: FactRef
    service: str
    service_path: tuple[str, ...]
    modality: str | None = None
    dosage_form: str | None = None
    production_system: str | None = None
    stage_from: int | None = None  # partners.enums.Stage order, 1 = discovery … 8 = lifecycle
    stage_to: int | None = None
    scale_min: float | None = None
    scale_max: float | None = None
    scale_unit: str | None = None
    oel_ug_m3: float | None = None  # lowest occupational exposure limit handled, 8 h TWA
    biosafety_level: int | None = None
    gmp: bool | None = None
    programmes: int | None = None  # programmes run with this process here


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """`scope_services` / `scope_dosage_forms` empty means that the scope is not known in detail."""

    ref: FactRef
    certificate_type: str
    scope_services: frozenset[str] = frozenset()
    scope_dosage_forms: frozenset[str] = frozenset()
    issued_on: dt.date | None = None
    expires_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class InspectionFact:
    ref: FactRef
    agency: str  # regulator code
    ended_on: dt.date | None
    outcome: str  # "nai", "vai", "oai", "pending"
    observations: int | None = None  # number of FDA 483 observations


@dataclass(frozen=True, slots=True)
class ActionFact:
    ref: FactRef
    agency: str
    kind: str  # partners.enums.ActionKind value
    issued_on: dt.date
    closed_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class SlotFact:
    """A stretch of free capacity; `quantity` in `unit` over the slot (per year for a yearly unit)."""

    ref: FactRef
    starts_on: dt.date
    ends_on: dt.date | None = None
    status: str = "open"  # "open", "tentative", "reserved"
    modality: str | None = None
    service_path: tuple[str, ...] = ()
    quantity: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class TrackRecordFact:
    """`count` things of `kind` done; `site_id` None means the partner as a whole says so."""

    ref: FactRef
    kind: str  # partners.enums.TrackRecordKind value
    count: int | None
    modality: str | None = None
    service_path: tuple[str, ...] = ()
    dosage_form: str | None = None
    agency: str | None = None
    last_year: int | None = None


@dataclass(frozen=True, slots=True)
class MetricFact:
    """A measured or stated value; `metric` is a code of the Metric vocabulary."""

    ref: FactRef
    metric: str
    number: float | None = None
    flag: bool | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class TermsFact:
    ref: FactRef
    minimum_project: float | None = None
    currency: str | None = None
    payment_days: int | None = None
    cancellation_notice_months: float | None = None
    cancellation_share: float | None = None  # 0..1 of the batch price at the shortest notice


@dataclass(frozen=True, slots=True)
class PriceFact:
    """An indicative price range, `low`..`high` in `currency` per `basis` (a PriceBasis value)."""

    ref: FactRef
    basis: str
    low: float
    high: float
    currency: str
    modality: str | None = None
    service_path: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QuoteFact:
    """A normalised quote for this project, `low`..`high` in `currency` per `basis` (a PriceBasis value).

    `complete` is the share (0..1) of the scope's lines that the bidder priced; for the rest `low` and `high` must
    already hold the range. It takes the place of every indicative price.
    """

    ref: FactRef
    basis: str
    low: float
    high: float
    currency: str
    complete: float = 1.0


@dataclass(frozen=True, slots=True)
class RestrictionFact:
    ref: FactRef
    list_name: str
    effective_from: dt.date
    effective_until: dt.date | None = None
    effect: str = ""  # what the listing forbids, in words


@dataclass(frozen=True, slots=True)
class SiteFacts:
    id: int
    name: str
    city: str
    country: str  # ISO 3166-1 alpha-2
    # Set when the partner stated, on that date, that the site's list of capabilities is complete:
    # only then does a missing capability mean "no", otherwise it means "unknown".
    complete_list: FactRef | None = None
    capabilities: tuple[CapabilityFact, ...] = ()
    certificates: tuple[CertificateFact, ...] = ()
    inspections: tuple[InspectionFact, ...] = ()
    actions: tuple[ActionFact, ...] = ()
    slots: tuple[SlotFact, ...] = ()
    track_record: tuple[TrackRecordFact, ...] = ()
    metrics: tuple[MetricFact, ...] = ()


@dataclass(frozen=True, slots=True)
class PartnerFacts:
    id: int
    slug: str
    name: str
    illustrative: bool
    sites: tuple[SiteFacts, ...] = ()
    types: frozenset[str] = frozenset()
    contract_structures: dict[str, FactRef] = field(default_factory=dict)
    industries: frozenset[str] = frozenset()
    track_record: tuple[TrackRecordFact, ...] = ()
    metrics: tuple[MetricFact, ...] = ()
    terms: tuple[TermsFact, ...] = ()
    prices: tuple[PriceFact, ...] = ()
    quotes: tuple[
        QuoteFact, ...
    ] = ()  # this project's, filled by the sponsor's side; terms quoted go into `terms`
    restrictions: tuple[RestrictionFact, ...] = ()
    # Restricted-party lists kept here that would name this partner: without any, not being listed proves nothing.
    restricted_lists: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """One requirement. Only the fields that its rule reads are set.

    `same_site` needs are checked against the one lead site of a partner; the others against any site.
    """

    id: str
    rule: Rule
    level: Level
    label: str
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
        return len(self.fails) == 1 and not self.fails[0].mismatch

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

    def group(self, group: Group) -> tuple[PartnerResult, ...]:
        return tuple(r for r in self.results if r.group is group)
