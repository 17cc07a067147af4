"""What register rows that are linked to the catalogue say about it: the facts they stand for, nothing more.

Each function reads the linked rows of some registers and yields facts as they should be. A fact's
`source_reference` names the record within the source, so that the next file finds it again. A row that has left
its register gives a fact that is no longer to be relied on after that day (`valid_until`).
"""

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeVar

from django.db.models import QuerySet

from partners.enums import ActionListing, EvidenceLevel, InspectionOutcome, TrackRecordKind
from partners.models import (
    Capability,
    Certificate,
    CertificateType,
    DosageForm,
    Inspection,
    RegisterAction,
    RegisterEstablishment,
    RegisterForm483,
    RegisterInspection,
    RegisterListing,
    RegisterRow,
    Regulator,
    RegulatoryAction,
    Service,
    ServiceCrosswalk,
    TrackRecord,
)

CROSSWALK = "fda_drls"
CERTIFICATE_TYPE = "fda-registration"
REGULATOR = "fda"
DOSAGE_FORMS = "fda_ndc"
REFERENCE_LENGTH = 160  # Evidenced.source_reference
NOTE_LENGTH = 300  # Inspection.note, Capability.note, TrackRecord.description

# The FDA put hundreds of older Form 483s on its list in a few days, with the day of posting as "record date"
# (2015-07-10: 180 of 1,496). None of them is taken for the day of an inspection.
POSTING_MONTH = (2015, 7)
GRAVITY = (InspectionOutcome.NAI, InspectionOutcome.VAI, InspectionOutcome.OAI)


Sites = Collection[int] | None  # ids of sites (of listings: partners) to look at; None: all
Row = TypeVar("Row", bound=RegisterRow)


class Vocabulary:
    """The terms facts are written down with; `missing` names what the database lacks."""

    def __init__(self) -> None:
        self.certificate_type = CertificateType.objects.filter(code=CERTIFICATE_TYPE).first()
        self.regulator = Regulator.objects.filter(code=REGULATOR).first()
        self.services: dict[str, Service] = {
            entry.label: entry.service
            for entry in ServiceCrosswalk.objects.filter(register=CROSSWALK).select_related("service")
            if entry.service
        }
        self.dosage_forms: dict[str, DosageForm] = {
            entry.label: entry.dosage_form
            for entry in ServiceCrosswalk.objects.filter(register=DOSAGE_FORMS).select_related("dosage_form")
            if entry.dosage_form
        }

    @property
    def complete(self) -> bool:
        return bool(self.certificate_type and self.regulator and self.services and self.dosage_forms)


def _evidence(row: Any, reference: str) -> dict[str, Any]:
    return {
        "source_id": row.source_id,
        "source_reference": reference,
        "retrieved_on": row.last_seen_on,
        "evidence_level": EvidenceLevel.PUBLIC_REGISTER,
        "valid_until": row.left_on,
    }


# -- establishments --------------------------------------------------------------------------------


def _at(rows: QuerySet, sites: Sites) -> QuerySet:
    """The rows that are linked to a site, or to one of the given sites."""
    return rows.filter(facility__isnull=False) if sites is None else rows.filter(facility__in=sites)


def _establishments(sites: Sites) -> Iterable[RegisterEstablishment]:
    return _at(RegisterEstablishment.objects.order_by("pk"), sites).iterator()


def registrations(vocabulary: Vocabulary, sites: Sites = None) -> Iterator[Certificate]:
    """The registration itself, with its expiry. It proves no inspection."""
    for row in _establishments(sites):
        yield Certificate(
            facility_id=row.facility_id,
            type=vocabulary.certificate_type,
            regulator=vocabulary.regulator,
            scope="Registered operations: " + "; ".join(row.operations),
            expires_on=row.expires_on,
            **_evidence(row, row.duns),
        )


def capabilities(vocabulary: Vocabulary, sites: Sites = None) -> Iterator[Capability]:
    """Registered operations as services, through the cross-walk; words it has nothing for are left out."""
    for row in _establishments(sites):
        words: dict[Service, list[str]] = defaultdict(list)
        for word in row.operations:
            if service := vocabulary.services.get(word):
                words[service].append(word)
        for service, stated in words.items():
            yield Capability(
                facility_id=row.facility_id,
                service=service,
                note=_cut(f"Registered as: {'; '.join(stated)}"),
                **_evidence(row, row.duns),
            )


# -- inspections and Form 483s -----------------------------------------------------------------------


def inspections(vocabulary: Vocabulary, sites: Sites = None) -> Iterator[Inspection]:
    """Classified inspections, and the inspections that a published Form 483 shows without saying how they ended.

    A Form 483 recorded on the day a classified inspection of the same site ended belongs to that inspection.
    """
    classified: dict[tuple[int, datetime.date], Inspection] = {}
    by_inspection: dict[tuple[int, str], list[RegisterInspection]] = defaultdict(list)
    for row in _at(RegisterInspection.objects.order_by("key"), sites):
        by_inspection[row.facility_id, row.inspection_id].append(row)
    for (facility_id, number), rows in by_inspection.items():
        row = _current(rows)
        fact = Inspection(
            facility_id=facility_id,
            regulator=vocabulary.regulator,
            ended_on=row.ended_on,
            outcome=max((r.outcome for r in rows), key=GRAVITY.index),
            product_area=_listed(sorted(r.project_area or r.product_type for r in rows))[:120],
            note=_cut(_issued_to(row.firm_name)),
            **_evidence(row, f"Inspection {number}"),
        )
        classified[facility_id, row.ended_on] = fact
        yield fact
    for row in _at(RegisterForm483.objects.order_by("-recorded_on", "key"), sites):
        day = inspected_on(row)
        twin = classified.get((row.facility_id, day)) if day else None
        if twin is not None:
            twin.url = twin.url or _url(row)
            continue
        said = "Form 483 published; how the inspection was classified is not in this register. "
        if row.recorded_on and day is None:
            said += f"Its record date, {row.recorded_on}, looks like a day of posting. "
        yield Inspection(
            facility_id=row.facility_id,
            regulator=vocabulary.regulator,
            ended_on=day,
            outcome=InspectionOutcome.UNKNOWN,
            note=_cut(said + _issued_to(row.firm_name)),
            url=_url(row),
            **_evidence(row, _short(f"Form 483 {row.document}, {row.recorded_on or 'undated'}")),
        )


def inspected_on(row: RegisterForm483) -> datetime.date | None:
    """The day the Form 483 was issued, where the record date can be believed."""
    day = row.recorded_on
    return None if day is None or (day.year, day.month) == POSTING_MONTH else day


def _url(row: RegisterForm483) -> str:
    """The address of the PDF; nothing when the catalogue has no room for it."""
    return row.url if len(row.url) <= Inspection._meta.get_field("url").max_length else ""


def _issued_to(name: str) -> str:
    """Sites are sold: the register's name of the time is told, and not taken for the partner's."""
    return f"Name in the register: {name.rstrip('.')}."


# -- letters and actions -----------------------------------------------------------------------------


def actions(vocabulary: Vocabulary, sites: Sites = None) -> Iterator[RegulatoryAction]:
    """Letters, injunctions and seizures. The lists state none of them closed, and none of them open.

    One action that stands in several lists (known by its case) is one fact; the posted letter adds its address.
    """
    cases: dict[tuple[int, str, str], list[RegisterAction]] = defaultdict(list)
    for row in _at(RegisterAction.objects.exclude(kind="").order_by("pk"), sites):
        cases[row.facility_id, row.kind, row.case_id or row.key].append(row)
    for (facility_id, kind, case), rows in cases.items():
        stated = [row for row in rows if row.listing != ActionListing.POSTED_LETTERS] or rows
        row = _current(stated)
        posted = next((r for r in rows if r.listing == ActionListing.POSTED_LETTERS), None)
        summary = [
            _issued_to(row.firm_name),
            f"Addressed to: {posted.firm_name.rstrip('.')}." if posted else "",
            f"Product type: {_listed(r.product_type for r in stated)}." if row.product_type else "",
            f"Subject: {posted.subject}." if posted and posted.subject else "",
            "The register does not say whether it was closed out.",
        ]
        yield RegulatoryAction(
            facility_id=facility_id,
            regulator=vocabulary.regulator,
            kind=kind,
            issued_on=row.issued_on,
            close_out_unknown=True,
            reference=row.case_id,
            summary=" ".join(filter(None, summary)),
            url=posted.url if posted else "",
            **_evidence(row, _short(f"Case {case}")),
        )


# -- drug listings -----------------------------------------------------------------------------------


def listings(vocabulary: Vocabulary, partners: Sites = None) -> Iterator[TrackRecord]:
    """What a labeler lists: one fact for each substance and dosage form, with the number of its listings."""
    groups: dict[tuple[int, str, str], list[RegisterListing]] = defaultdict(list)
    rows = RegisterListing.objects.filter(organisation__isnull=False).order_by("key")
    for row in rows if partners is None else rows.filter(organisation__in=partners):
        substance = "; ".join(row.substances) or row.name
        groups[row.organisation_id, substance, row.dosage_form].append(row)
    for (organisation_id, substance, form), rows in groups.items():
        current = [row for row in rows if row.left_on is None] or rows
        row = _current(rows)
        kinds = _listed(r.product_type.lower() for r in current)
        labelers = _listed(r.labeler for r in current)
        years = [r.started_on.year for r in current if r.started_on]
        text = f"{substance}, {form.lower() or 'form not stated'} ({kinds}); labeler {labelers}"
        yield TrackRecord(
            organisation_id=organisation_id,
            kind=TrackRecordKind.LISTING,
            count=len(current),
            dosage_form=vocabulary.dosage_forms.get(form),
            regulator=vocabulary.regulator,
            first_year=min(years, default=None),
            description=_cut(text),
            **_evidence(row, _short(f"{substance} · {form}")),
        )


# -- common ------------------------------------------------------------------------------------------


def _current(rows: list[Row]) -> Row:
    """Of rows that say the same: one still in its register before one that left, then of the newest file."""
    return max(rows, key=lambda row: (row.left_on is None, row.last_seen_on, -row.pk))


def _listed(items: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, items)))


def _cut(text: str) -> str:
    """A text that fits the notes and descriptions of facts."""
    return text if len(text) <= NOTE_LENGTH else text[: NOTE_LENGTH - 1] + "…"


def _short(reference: str) -> str:
    """A reference that fits, still telling long ones apart."""
    if len(reference) <= REFERENCE_LENGTH:
        return reference
    digest = hashlib.sha256(reference.encode()).hexdigest()[:8]
    return f"{reference[: REFERENCE_LENGTH - 10]}… {digest}"
