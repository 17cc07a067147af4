"""The quality record of a site: certificates, inspections, audits, regulatory actions."""

from django.db import models
from django.db.models import F, Q

from partners.enums import (
    ActionKind,
    AuditorKind,
    AuditOutcome,
    AuditStandard,
    InspectionKind,
    InspectionOutcome,
)

from .evidence import Evidenced
from .facility import Facility
from .vocabulary import CertificateType, DosageForm, Regulator, Service


class Certificate(Evidenced):
    """A certificate, licence or registration. Its scope matters as much as its existence."""

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="certificates")
    type = models.ForeignKey(CertificateType, models.PROTECT, related_name="certificates")
    regulator = models.ForeignKey(
        Regulator, models.PROTECT, null=True, blank=True, related_name="certificates"
    )
    body = models.CharField(max_length=160, blank=True, help_text="Issuing body when it is not a regulator.")
    number = models.CharField(max_length=80, blank=True)
    scope = models.TextField(blank=True)
    scope_services = models.ManyToManyField(Service, blank=True, related_name="+")
    scope_dosage_forms = models.ManyToManyField(DosageForm, blank=True, related_name="+")
    issued_on = models.DateField(null=True, blank=True)
    expires_on = models.DateField(null=True, blank=True)
    url = models.URLField(blank=True)

    class Meta:
        ordering = ["type__order", "-expires_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_on__isnull=True)
                | Q(issued_on__isnull=True)
                | Q(expires_on__gte=F("issued_on")),
                name="certificate_expires_after_issue",
                violation_error_message="The certificate expires before it was issued.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.number}".strip()


class Inspection(Evidenced):
    """One inspection of a site by an agency."""

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="inspections")
    regulator = models.ForeignKey(Regulator, models.PROTECT, related_name="inspections")
    kind = models.CharField(max_length=12, choices=InspectionKind, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    product_area = models.CharField(max_length=120, blank=True)
    outcome = models.CharField(max_length=8, choices=InspectionOutcome, default=InspectionOutcome.PENDING)
    observations = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Form 483 observations, if any."
    )
    closed_out_on = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    url = models.URLField(blank=True)

    class Meta:
        ordering = ["-ended_on", "pk"]
        indexes = [models.Index(fields=["regulator", "ended_on"], name="inspection_agency_date")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_on__isnull=True)
                | Q(started_on__isnull=True)
                | Q(ended_on__gte=F("started_on")),
                name="inspection_ends_after_start",
                violation_error_message="The inspection ends before it starts.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.regulator} {self.ended_on or 'undated'}: {self.get_outcome_display()}"


class Audit(Evidenced):
    """An audit of a site by a sponsor, a qualified person or a third party; what authorities do is an `Inspection`.

    `outcome` is the gravest finding; `open_actions` counts what the site has still to do about the findings.
    """

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="audits")
    auditor = models.CharField(max_length=12, choices=AuditorKind)
    auditor_name = models.CharField(
        max_length=160, blank=True, help_text="Only when the auditor agreed to be named."
    )
    standard = models.CharField(max_length=8, choices=AuditStandard, blank=True)
    scope = models.CharField(
        max_length=200, blank=True, help_text="Operations or systems that were looked at."
    )
    audited_on = models.DateField(null=True, blank=True, help_text="Last day of the audit.")
    outcome = models.CharField(max_length=8, choices=AuditOutcome, default=AuditOutcome.UNKNOWN)
    open_actions = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Corrective actions not closed yet; empty for unknown."
    )

    class Meta:
        ordering = ["-audited_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(outcome=AuditOutcome.NONE) | Q(open_actions__isnull=True) | Q(open_actions=0),
                name="audit_no_findings_no_actions",
                violation_error_message="An audit without findings leaves no open actions.",
            )
        ]

    def __str__(self) -> str:
        by = self.get_auditor_display().lower()
        return f"Audit by {by} {self.audited_on or 'undated'}: {self.get_outcome_display()}"


class RegulatoryAction(Evidenced):
    """A letter, alert, decree or recall; open as long as `closed_on` is empty.

    `close_out_unknown` is set when the source states the action but never says whether it was closed out: such
    an action counts neither as open nor as closed.
    """

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="actions")
    regulator = models.ForeignKey(Regulator, models.PROTECT, related_name="actions")
    kind = models.CharField(max_length=20, choices=ActionKind)
    issued_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)
    close_out_unknown = models.BooleanField(
        default=False, help_text="The source does not say whether the action was closed out."
    )
    reference = models.CharField(max_length=80, blank=True)
    summary = models.TextField(blank=True)
    url = models.URLField(max_length=400, blank=True)

    class Meta:
        ordering = ["-issued_on", "pk"]
        indexes = [models.Index(fields=["facility"], condition=Q(closed_on__isnull=True), name="action_open")]
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_on__isnull=True) | Q(closed_on__gte=F("issued_on")),
                name="action_closed_after_issue",
                violation_error_message="The action was closed before it was issued.",
            ),
            models.CheckConstraint(
                condition=Q(close_out_unknown=False) | Q(closed_on__isnull=True),
                name="action_closed_is_known",
                violation_error_message="An action with a closing date has a known close-out.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.issued_on}"
