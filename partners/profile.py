"""A partner's page, worked out from rows that `selectors.partner_profile` has read: no queries here."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.templatetags.static import static
from django.utils import timezone

from cmo_selector.templatetags.fmt import format_country
from partners.cards import is_from_register
from partners.gaps import Gap, find_gaps
from partners.models import (
    Capability,
    CapacitySlot,
    Certificate,
    Evidenced,
    Facility,
    IndicativePrice,
    Inspection,
    Metric,
    Organisation,
    RegulatoryAction,
    TrackRecord,
)

EXPIRING_DAYS = 90
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
class State:
    """How a certificate, inspection or action stands today: words, and the tone and icon that repeat them."""

    label: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the quality record."""

    on: datetime.date | None
    until: datetime.date | None
    kind: str  # "Certificate", "Inspection" or "Regulatory action"
    title: str
    site: Facility
    state: State
    fact: Evidenced
    details: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Id of the line on the page, such as `inspection-12`."""
        return f"{self.fact._meta.model_name}-{self.fact.pk}"


@dataclass(frozen=True, slots=True)
class SiteView:
    """One site: its processes by branch of the service tree, and which columns nothing is known about."""

    site: Facility
    branches: tuple[tuple[str, tuple[Capability, ...]], ...]
    columns: frozenset[str]
    unknown_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    today: datetime.date
    from_register: bool
    sites: tuple[SiteView, ...]
    fold_sites: bool
    countries: tuple[str, ...]
    entries: tuple[Entry, ...]
    valid_certificates: int
    open_actions: int
    last_inspection: Inspection | None
    slots: tuple[tuple[Facility, CapacitySlot, str], ...]
    records: tuple[tuple[TrackRecord, str], ...]
    price_rows: tuple[tuple[IndicativePrice, str], ...]
    gaps: tuple[Gap, ...]
    unknown_measures: tuple[Gap, ...]
    map_spec: dict | None
    unplaced: tuple[str, ...]
    checked_on: datetime.date
    prices: bool


def build_profile(partner: Organisation, metrics: Sequence[Metric], *, prices: bool) -> Profile:
    """Everything the page shows of a partner; `metrics` are the measures worth asking about."""
    today = timezone.localdate()
    sites = list(partner.facilities.all())
    certificates = [c for site in sites for c in site.certificates.all()]
    actions = [a for site in sites for a in site.actions.all()]
    inspections = [i for site in sites for i in site.inspections.all()]
    gaps = find_gaps(partner, metrics, prices=prices)
    return Profile(
        today=today,
        from_register=is_from_register(partner),
        sites=tuple(_site_view(site) for site in sites),
        fold_sites=len(sites) > SITES_OPEN,
        countries=tuple(sorted({format_country(site.country) for site in sites})),
        entries=_entries(sites, today),
        valid_certificates=sum(certificate_is_valid(c, today) for c in certificates),
        open_actions=sum(a.closed_on is None for a in actions),
        last_inspection=max((i for i in inspections if i.ended_on), key=lambda i: i.ended_on, default=None),
        slots=tuple((site, slot, _scope(slot)) for site in sites for slot in site.slots.all()),
        records=tuple((record, _scope(record)) for record in partner.track_record.all()),
        price_rows=tuple((price, _scope(price)) for price in partner.prices.all()) if prices else (),
        gaps=tuple(gap for gap in gaps if not gap.is_measure),
        unknown_measures=tuple(gap for gap in gaps if gap.is_measure),
        map_spec=sites_map(sites),
        unplaced=_left_off_the_map(sites),
        checked_on=max(_retrieval_dates(partner, sites)),
        prices=prices,
    )


def _scope(fact: CapacitySlot | TrackRecord | IndicativePrice) -> str:
    """What a fact is about, in words: its service, modality, dosage form and agency. Empty when none is stated."""
    terms = (getattr(fact, name, None) for name in ("service", "modality", "dosage_form", "regulator"))
    return ", ".join(term.label for term in terms if term)


def _retrieval_dates(partner: Organisation, sites: Iterable[Facility]) -> Iterable[datetime.date]:
    yield partner.retrieved_on
    for site in sites:
        yield site.retrieved_on
        for fact in (*site.capabilities.all(), *site.certificates.all()):
            yield fact.retrieved_on


# -- sites -------------------------------------------------------------------------------------------


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


def sites_map(sites: Iterable[Facility]) -> dict | None:
    """A Vega-Lite map of the sites that have coordinates; None when no site has."""
    points = [
        {
            "site": site.name,
            "place": ", ".join(part for part in (site.city, format_country(site.country)) if part),
            "longitude": float(site.longitude),
            "latitude": float(site.latitude),
        }
        for site in sites
        if site.latitude is not None and site.longitude is not None
    ]
    if not points:
        return None
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "width": "container",
        "height": 250,
        "projection": {"type": "equalEarth"},
        "layer": [
            {
                "data": {
                    "url": static("vendor/world-atlas/countries-110m.json"),
                    "format": {"type": "topojson", "feature": "countries"},
                },
                "mark": {"type": "geoshape", "strokeWidth": 0.4},
            },
            {
                "data": {"values": points},
                "mark": {"type": "circle", "size": 90, "opacity": 0.9},
                "encoding": {
                    "longitude": {"field": "longitude", "type": "quantitative"},
                    "latitude": {"field": "latitude", "type": "quantitative"},
                    "tooltip": [
                        {"field": "site", "type": "nominal", "title": "Site"},
                        {"field": "place", "type": "nominal", "title": "Place"},
                    ],
                },
            },
        ],
    }


def _left_off_the_map(sites: Sequence[Facility]) -> tuple[str, ...]:
    """Names of the sites without coordinates; none when there is no map to miss them on."""
    missing = tuple(site.name for site in sites if site.latitude is None)
    return missing if len(missing) < len(sites) else ()


# -- quality record ----------------------------------------------------------------------------------


def certificate_is_valid(certificate: Certificate, today: datetime.date) -> bool:
    """Known to be valid on the day; without an expiry date it is not known."""
    begun = certificate.issued_on is None or certificate.issued_on <= today
    return begun and certificate.expires_on is not None and certificate.expires_on >= today


def certificate_state(certificate: Certificate, today: datetime.date) -> State:
    """Valid, expiring within `EXPIRING_DAYS`, expired, not yet valid, or unknown."""
    if certificate.issued_on and certificate.issued_on > today:
        return State("Not yet valid", "warn", "clock")
    if certificate.expires_on is None:
        return State("Expiry unknown", "neutral", "help")
    days = (certificate.expires_on - today).days
    if days < 0:
        return State("Expired", "bad", "x")
    if days <= EXPIRING_DAYS:
        when = "today" if days == 0 else "tomorrow" if days == 1 else f"in {days} days"
        return State(f"Valid, expires {when}", "warn", "alert-triangle")
    return State("Valid", "good", "check")


INSPECTION_STATES = {
    "nai": ("good", "check"),
    "vai": ("warn", "alert-triangle"),
    "oai": ("bad", "x"),
    "pending": ("neutral", "clock"),
}


def _entries(sites: Iterable[Facility], today: datetime.date) -> tuple[Entry, ...]:
    """The quality record, newest first; what has no date comes last."""
    entries: list[Entry] = []
    for site in sites:
        entries += [_certificate_entry(site, c, today) for c in site.certificates.all()]
        entries += [_inspection_entry(site, i) for i in site.inspections.all()]
        entries += [_action_entry(site, a) for a in site.actions.all()]
    entries.sort(key=lambda e: (e.kind, e.title))
    entries.sort(key=lambda e: e.on or datetime.date.min, reverse=True)
    return tuple(entries)


def _certificate_entry(site: Facility, certificate: Certificate, today: datetime.date) -> Entry:
    scope = [term.label for term in certificate.scope_services.all()]
    scope += [term.label for term in certificate.scope_dosage_forms.all()]
    body = certificate.body or (certificate.regulator.label if certificate.regulator else "")
    details = (
        f"Number {certificate.number}" if certificate.number else "",
        f"Issued by {body}" if body else "Issuing body unknown",
        f"Scope: {certificate.scope}" if certificate.scope else "",
        f"Covers {', '.join(scope)}" if scope else "" if certificate.scope else "Scope unknown",
    )
    return Entry(
        on=certificate.issued_on,
        until=certificate.expires_on,
        kind="Certificate",
        title=certificate.type.label,
        site=site,
        state=certificate_state(certificate, today),
        fact=certificate,
        details=tuple(filter(None, details)),
    )


def _inspection_entry(site: Facility, inspection: Inspection) -> Entry:
    tone, icon = INSPECTION_STATES[inspection.outcome]
    count = inspection.observations
    observed = "number of observations unknown" if count is None else f"{count} observations"
    details = (
        inspection.get_kind_display() if inspection.kind else "Kind of inspection unknown",
        f"Area: {inspection.product_area}" if inspection.product_area else "",
        "1 observation" if count == 1 else observed.capitalize(),
        f"Closed out on {inspection.closed_out_on}" if inspection.closed_out_on else "",
    )
    return Entry(
        on=inspection.ended_on or inspection.started_on,
        until=None,
        kind="Inspection",
        title=f"Inspection by {inspection.regulator.label}",
        site=site,
        state=State(inspection.get_outcome_display(), tone, icon),
        fact=inspection,
        details=tuple(filter(None, details)),
    )


def _action_entry(site: Facility, action: RegulatoryAction) -> Entry:
    open_ = action.closed_on is None
    details = (
        f"By {action.regulator.label}",
        f"Reference {action.reference}" if action.reference else "",
        action.summary,
    )
    return Entry(
        on=action.issued_on,
        until=action.closed_on,
        kind="Regulatory action",
        title=action.get_kind_display(),
        site=site,
        state=State("Open", "bad", "alert-circle") if open_ else State("Closed", "neutral", "check"),
        fact=action,
        details=tuple(filter(None, details)),
    )
