"""A partner's quality record: certificates, inspections, audits and actions of its sites. No queries here."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from partners.enums import ActionKind, AuditOutcome, EvidenceLevel, InspectionOutcome
from partners.models import Audit, Certificate, Evidenced, Facility, Inspection, RegulatoryAction

EXPIRING_DAYS = 90


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
    kind: str  # "Certificate", "Inspection", "Audit" or "Regulatory action"
    mark: str  # the kind as the chart tells it: one of `profile_charts.SHAPES`
    title: str
    site: Facility
    state: State
    short: str  # the state in a word, for the chart
    fact: Evidenced
    details: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Id of the line on the page, such as `inspection-12`."""
        return f"{self.fact._meta.model_name}-{self.fact.pk}"


def certificate_is_valid(certificate: Certificate, today: datetime.date) -> bool:
    """Known to be valid on the day; without an expiry date it is not known."""
    begun = certificate.issued_on is None or certificate.issued_on <= today
    return (
        begun
        and certificate.is_in_force(today)
        and certificate.expires_on is not None
        and certificate.expires_on >= today
    )


def certificate_state(certificate: Certificate, today: datetime.date) -> State:
    """Valid, expiring within `EXPIRING_DAYS`, expired, not yet valid, unknown, or not stated any more.

    A source that was read before the stated end says nothing about a renewal, so the certificate is not called
    expired: nothing untrue may be said of its holder.
    """
    if not certificate.is_in_force(today):
        registered = certificate.evidence_level == EvidenceLevel.PUBLIC_REGISTER
        gone = "No longer in the register" if registered else "No longer to be relied on"
        return State(gone, "neutral", "help")
    if certificate.issued_on and certificate.issued_on > today:
        return State("Not yet valid", "warn", "clock")
    if certificate.expires_on is None:
        return State("Expiry unknown", "neutral", "help")
    days = (certificate.expires_on - today).days
    if days < 0 and certificate.retrieved_on <= certificate.expires_on:
        return State("Renewal unknown", "neutral", "help")
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
    "unknown": ("neutral", "help"),
}
AUDIT_STATES = {
    "none": ("good", "check"),
    "minor": ("good", "check"),
    "major": ("warn", "alert-triangle"),
    "critical": ("bad", "x"),
    "unknown": ("neutral", "help"),
}
SHORT_OUTCOMES = {InspectionOutcome.PENDING: "pending", InspectionOutcome.UNKNOWN: "class unknown"}
FORM_483 = "Form 483"  # how the reference of a fact begins that rests on a published Form 483


def is_open(action: RegulatoryAction) -> bool:
    """Known to be open: not closed, and its source would say if it were."""
    return action.closed_on is None and not action.close_out_unknown


def action_state(action: RegulatoryAction) -> State:
    """Open, closed, or nobody knows which."""
    if action.close_out_unknown:
        return State("Close-out unknown", "warn", "help")
    return State("Open", "bad", "alert-circle") if is_open(action) else State("Closed", "neutral", "check")


def quality_record(sites: Iterable[Facility], today: datetime.date) -> tuple[Entry, ...]:
    """The quality record, newest first; what has no date comes last."""
    entries: list[Entry] = []
    for site in sites:
        entries += [_certificate_entry(site, c, today) for c in site.certificates.all()]
        entries += [_inspection_entry(site, i) for i in site.inspections.all()]
        entries += [_audit_entry(site, a) for a in site.audits.all()]
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
    state = certificate_state(certificate, today)
    return Entry(
        on=certificate.issued_on,
        until=certificate.expires_on,
        kind="Certificate",
        mark="Certificate",
        title=certificate.type.label,
        site=site,
        state=state,
        short=state.label.partition(",")[0],
        fact=certificate,
        details=tuple(filter(None, details)),
    )


def _inspection_entry(site: Facility, inspection: Inspection) -> Entry:
    tone, icon = INSPECTION_STATES[inspection.outcome]
    count = inspection.observations
    observed = "number of observations unknown" if count is None else f"{count} observations"
    published = inspection.source_reference.startswith(FORM_483)
    details = (
        inspection.get_kind_display() if inspection.kind else "Kind of inspection unknown",
        f"Area: {inspection.product_area}" if inspection.product_area else "",
        "1 observation" if count == 1 else observed.capitalize(),
        f"Closed out on {inspection.closed_out_on}" if inspection.closed_out_on else "",
        inspection.note,
    )
    return Entry(
        on=inspection.ended_on or inspection.started_on,
        until=None,
        kind="Inspection",
        mark=FORM_483 if published else "Inspection",
        title=f"{FORM_483 if published else 'Inspection'} by {inspection.regulator.label}",
        site=site,
        state=State(inspection.get_outcome_display(), tone, icon),
        short=SHORT_OUTCOMES.get(inspection.outcome, inspection.outcome.upper()),
        fact=inspection,
        details=tuple(filter(None, details)),
    )


def _audit_entry(site: Facility, audit: Audit) -> Entry:
    tone, icon = AUDIT_STATES[audit.outcome]
    left = audit.open_actions
    still = (
        "Actions still open: unknown"
        if left is None
        else f"{left} action{'' if left == 1 else 's'} still open"
    )
    details = (
        audit.get_standard_display() if audit.standard else "Standard unknown",
        f"By {audit.auditor_name}" if audit.auditor_name else "",
        f"Scope: {audit.scope}" if audit.scope else "",
        still if audit.outcome != AuditOutcome.NONE else "",
    )
    return Entry(
        on=audit.audited_on,
        until=None,
        kind="Audit",
        mark="Audit",
        title=f"Audit by {_AUDITED_BY[audit.auditor]}",
        site=site,
        state=State(audit.get_outcome_display(), tone, icon),
        short=audit.outcome if audit.outcome != AuditOutcome.UNKNOWN else "outcome unknown",
        fact=audit,
        details=tuple(filter(None, details)),
    )


_AUDITED_BY = {"sponsor": "a sponsor or customer", "qp": "a qualified person", "third_party": "a third party"}


def _action_entry(site: Facility, action: RegulatoryAction) -> Entry:
    state = action_state(action)
    details = (
        f"By {action.regulator.label}",
        f"Reference {action.reference}" if action.reference else "",
        action.summary,
    )
    return Entry(
        on=action.issued_on,
        until=action.closed_on,
        kind="Regulatory action",
        mark="Warning letter" if action.kind == ActionKind.WARNING_LETTER else "Other action",
        title=action.get_kind_display(),
        site=site,
        state=state,
        short=state.label.lower(),
        fact=action,
        details=tuple(filter(None, details)),
    )
