"""Facts about partners and sites as the engine reads them, each with the evidence it rests on. No Django here.

Import them from `types`. Unknown is `None` (a single value) or an absent fact, never zero.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field


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
    dedicated_for: str | None = None  # in the site's own words; `hazards.dedication` reads them


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """`scope_services` / `scope_dosage_forms` empty means that the scope is not known in detail."""

    ref: FactRef
    certificate_type: str
    scope_services: frozenset[str] = frozenset()
    scope_dosage_forms: frozenset[str] = frozenset()
    issued_on: dt.date | None = None
    expires_on: dt.date | None = None
    schedules: frozenset[str] = (
        frozenset()
    )  # of controlled substances, "I" … "V"; empty: the scope names none

    @property
    def renewal_unknown(self) -> bool:
        """Whether the source was read before the stated end, so that a renewal would not be in it."""
        return bool(self.expires_on and self.ref.as_of and self.ref.as_of <= self.expires_on)


@dataclass(frozen=True, slots=True)
class InspectionFact:
    ref: FactRef
    agency: str  # regulator code
    ended_on: dt.date | None
    outcome: str  # "nai", "vai", "oai", "pending", "unknown"
    observations: int | None = None  # number of FDA 483 observations


@dataclass(frozen=True, slots=True)
class AuditFact:
    """An audit by a sponsor, a qualified person or a third party; `standard` None is not stated."""

    ref: FactRef
    auditor: str  # partners.enums.AuditorKind value
    audited_on: dt.date | None
    outcome: str  # "none", "minor", "major", "critical", "unknown": the gravest finding
    standard: str | None = None  # partners.enums.AuditStandard value
    open_actions: int | None = None


@dataclass(frozen=True, slots=True)
class ActionFact:
    ref: FactRef
    agency: str
    kind: str  # partners.enums.ActionKind value
    issued_on: dt.date
    closed_on: dt.date | None = None
    close_out_unknown: bool = False  # the source does not say whether it was closed out


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
class OfferFact:
    """What a quote for this project offers beside its price: it takes the place of slots and terms on record.

    `slot_from` is the first slot offered; `cancellation_share` (0..1) the highest cancellation fee of its lines.
    """

    ref: FactRef
    slot_from: dt.date | None = None
    cancellation_share: float | None = None


@dataclass(frozen=True, slots=True)
class NdaFact:
    """Where the sponsor's non-disclosure agreement with the partner stands."""

    ref: FactRef
    status: str  # quotes.enums.AgreementStatus value
    on: dt.date | None = None  # day of the status
    until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class ConflictFact:
    """What a partner answered about competing products and conflicts of interest, for this project."""

    ref: FactRef
    answer: str  # "none", "safeguards", "conflict"
    on: dt.date
    by: str  # who recorded it
    note: str = ""


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
    audits: tuple[AuditFact, ...] = ()


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
    quotes: tuple[QuoteFact, ...] = ()  # this project's, filled by the sponsor's side, as are the offers
    offers: tuple[OfferFact, ...] = ()
    nda: NdaFact | None = None  # the sponsor's own, filled by its side too
    conflict: ConflictFact | None = None
    restrictions: tuple[RestrictionFact, ...] = ()
    # Restricted-party lists kept here that would name this partner: without any, not being listed proves nothing.
    restricted_lists: tuple[str, ...] = ()
