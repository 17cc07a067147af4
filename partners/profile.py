"""A partner's page, worked out from rows that `selectors.partner_profile` has read: no queries here."""

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from cmo_selector.templatetags.fmt import format_country
from partners import wording
from partners.capacity_calendar import Calendar, build_calendar
from partners.cards import is_from_register
from partners.enums import AliasKind
from partners.gaps import Gap, find_gaps
from partners.matrix import Matrix, build_matrix
from partners.models import (
    Alias,
    Capability,
    CapacitySlot,
    Facility,
    IndicativePrice,
    Inspection,
    Metric,
    Organisation,
    Ownership,
    RestrictedPartyEntry,
    TrackRecord,
)
from partners.profile_charts import quality_timeline, sites_map
from partners.quality_record import Entry, certificate_is_valid, is_open, quality_record
from partners.record_sources import UsedSource, sources_of

MATRIX_ROWS_OPEN = 25  # a longer table of services scrolls in its region
RECORDS_OPEN = 8  # more of one kind in the track record are folded into one line
FORMS_NAMED = 5  # in that line
SITES_OPEN = 3  # with more sites than this, each site's details are folded

#: column → (heading, has the process a value for it?)
COLUMNS = {
    "modality": ("Modality", lambda c: c.modality_id),
    "dosage_form": ("Dosage form", lambda c: c.dosage_form_id),
    "production_system": ("Production system", lambda c: c.production_system_id),
    "stages": ("Stages", lambda c: c.stage_from or c.stage_to),
    "scale": ("Scale", lambda c: c.scale_min is not None or c.scale_max is not None),
    "gmp": ("GMP for human use", lambda c: c.gmp is not None),
    "oel": ("Lowest OEL, 8 h TWA", lambda c: c.oel_ug_m3 is not None or c.band_name),
    "bsl": ("Biosafety level", lambda c: c.biosafety_level is not None),
    "programmes": ("Programmes run", lambda c: c.programmes is not None),
}


@dataclass(frozen=True, slots=True)
class SiteView:
    """One site: its processes by branch of the service tree, and which columns nothing is known about."""

    site: Facility
    branches: tuple[tuple[str, tuple[Capability, ...]], ...]
    columns: frozenset[str]
    unknown_columns: tuple[str, ...]


Records = tuple[tuple[TrackRecord, str], ...]  # with what each is about


@dataclass(frozen=True, slots=True)
class FoldedRecords:
    """Many records of one kind: how many, what they add up to (None when one has no number), and mostly of what."""

    kind: str
    rows: Records
    total: int | None
    mostly: str

    @classmethod
    def of(cls, kind: str, rows: Records) -> "FoldedRecords":
        numbers = [record.count for record, _ in rows]
        total = None if None in numbers else sum(numbers)
        forms = Counter(record.dosage_form.label for record, _ in rows if record.dosage_form)
        mostly = ", ".join(f"{label} {number}" for label, number in forms.most_common(FORMS_NAMED))
        return cls(kind, rows, total, mostly if forms.total() * 2 > len(rows) else "")


@dataclass(frozen=True, slots=True)
class Profile:
    today: datetime.date
    from_register: bool
    sites: tuple[SiteView, ...]
    fold_sites: bool
    countries: tuple[str, ...]
    owners: tuple[Ownership, ...]  # now, then earlier ones, newest first
    former_names: tuple[Alias, ...]  # given up last first
    other_names: tuple[Alias, ...]
    listings: tuple[tuple[RestrictedPartyEntry, str], ...]  # with how each stands today
    matrix: Matrix | None
    matrix_is_long: bool
    entries: tuple[Entry, ...]
    timeline_spec: dict | None
    valid_certificates: int
    other_certificates: int  # expired, or nobody knows whether they are still valid
    open_actions: int
    unclear_actions: int  # nobody knows whether they were closed out
    last_inspection: Inspection | None
    undated_inspections: int
    calendar: Calendar | None
    slots: tuple[tuple[Facility, CapacitySlot, str], ...]
    records: Records
    folded_records: tuple[FoldedRecords, ...]
    price_rows: tuple[tuple[IndicativePrice, str], ...]
    sources: tuple[UsedSource, ...]
    gaps: tuple[Gap, ...]
    unknown_measures: tuple[Gap, ...]
    map_spec: dict | None
    unplaced: tuple[str, ...]
    checked_on: datetime.date
    prices: bool

    @property
    def last_inspection_note(self) -> str:
        """Why there is no date of a last inspection."""
        undated = self.undated_inspections
        return f"{undated} on record without a date" if undated else "No inspection on record"

    @property
    def other_certificates_note(self) -> str:
        return f"{self.other_certificates} on record expired, left its register, or renewal unknown"

    @property
    def unclear_actions_note(self) -> str:
        one = self.unclear_actions == 1
        return f"{self.unclear_actions} action{'' if one else 's'} without a stated close-out"


def build_profile(partner: Organisation, metrics: Sequence[Metric], *, prices: bool) -> Profile:
    """Everything the page shows of a partner; `metrics` are the measures worth asking about."""
    today = timezone.localdate()
    sites = list(partner.facilities.all())
    certificates = [c for site in sites for c in site.certificates.all()]
    actions = [a for site in sites for a in site.actions.all()]
    inspections = [i for site in sites for i in site.inspections.all()]
    matrix = build_matrix(sites)
    entries = quality_record(sites, today)
    aliases = list(partner.aliases.all())
    gaps = find_gaps(partner, metrics, prices=prices)
    records, folded = _records(partner)
    return Profile(
        today=today,
        from_register=is_from_register(partner),
        sites=tuple(_site_view(site) for site in sites),
        fold_sites=len(sites) > SITES_OPEN,
        countries=tuple(sorted({format_country(site.country) for site in sites})),
        owners=tuple(sorted(partner.owners.all(), key=lambda owner: not owner.holds_on(today))),
        former_names=tuple(
            sorted(
                (a for a in aliases if a.kind == AliasKind.FORMER),
                key=lambda a: a.used_until or datetime.date.min,
                reverse=True,
            )
        ),
        other_names=tuple(a for a in aliases if a.kind != AliasKind.FORMER),
        listings=tuple((entry, entry.standing(today)) for entry in partner.restrictions.all()),
        matrix=matrix,
        matrix_is_long=matrix is not None and matrix.rows > MATRIX_ROWS_OPEN,
        entries=entries,
        timeline_spec=quality_timeline(entries, today),
        valid_certificates=sum(certificate_is_valid(c, today) for c in certificates),
        other_certificates=sum(not certificate_is_valid(c, today) for c in certificates),
        open_actions=sum(map(is_open, actions)),
        unclear_actions=sum(a.close_out_unknown for a in actions),
        undated_inspections=sum(i.ended_on is None for i in inspections),
        last_inspection=max((i for i in inspections if i.ended_on), key=lambda i: i.ended_on, default=None),
        calendar=build_calendar(sites, today),
        slots=tuple((site, slot, wording.scope(slot)) for site in sites for slot in site.slots.all()),
        records=records,
        folded_records=folded,
        price_rows=tuple((price, wording.scope(price)) for price in partner.prices.all()) if prices else (),
        sources=sources_of(partner, prices=prices),
        gaps=tuple(gap for gap in gaps if not gap.is_measure),
        unknown_measures=tuple(gap for gap in gaps if gap.is_measure),
        map_spec=sites_map(sites),
        unplaced=_left_off_the_map(sites),
        checked_on=partner.checked_on,
        prices=prices,
    )


# -- sites -------------------------------------------------------------------------------------------


def _records(partner: Organisation) -> tuple[Records, tuple[FoldedRecords, ...]]:
    """The track record as lines, and the kinds of which there are too many for that."""
    by_kind: dict[str, list[tuple[TrackRecord, str]]] = {}
    for record in partner.track_record.all():
        by_kind.setdefault(record.get_kind_display(), []).append((record, wording.scope(record)))
    few = [rows for rows in by_kind.values() if len(rows) <= RECORDS_OPEN]
    many = [
        FoldedRecords.of(kind, tuple(sorted(rows, key=lambda pair: pair[0].description)))
        for kind, rows in by_kind.items()
        if len(rows) > RECORDS_OPEN
    ]
    return tuple(pair for rows in few for pair in rows), tuple(many)


def _site_view(site: Facility) -> SiteView:
    capabilities = list(site.capabilities.all())
    branches: dict[str, list[Capability]] = {}
    for capability in capabilities:
        branch = capability.service.parent or capability.service
        branches.setdefault(branch.label, []).append(capability)
    known = {name for name, (_, has) in COLUMNS.items() if any(has(c) for c in capabilities)}
    return SiteView(
        site=site,
        branches=tuple((label, tuple(rows)) for label, rows in branches.items()),
        columns=frozenset(known),
        unknown_columns=tuple(title for name, (title, _) in COLUMNS.items() if name not in known),
    )


def _left_off_the_map(sites: Sequence[Facility]) -> tuple[str, ...]:
    """Names of the sites without coordinates; none when there is no map to miss them on."""
    missing = tuple(site.name for site in sites if site.latitude is None)
    return missing if len(missing) < len(sites) else ()
