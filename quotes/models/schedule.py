"""Reports that are asked for by themselves: every week, or when something about the shortlist changes."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from quotes.enums import Paper, ReportKind, ReportRhythm

from .noticed import Noticed
from .project import Project
from .report import Report, every_appendix
from .tenancy import SponsorOwned


class ReportSchedule(Noticed, SponsorOwned):
    """A standing request for one kind of report, in the name and with the rights of `created_by`.

    `next_at` is when it is looked at next: a weekly one then asks for a report, one on change asks for it only if
    its snapshot differs from that of `last_report`. A stopped schedule says why and stays for the record. `given_up_at`
    is when it was stopped because its reports could not be made, of which its author is told.
    """

    sponsor_path = "project__sponsor"

    project = models.ForeignKey(Project, models.CASCADE, related_name="report_schedules")
    rhythm = models.CharField(max_length=8, choices=ReportRhythm)
    kind = models.CharField(max_length=12, choices=ReportKind, default=ReportKind.DECISION)
    paper = models.CharField(max_length=8, choices=Paper, default=Paper.A4)
    appendices = models.JSONField(default=every_appendix)
    recipient = models.CharField(max_length=80, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField()
    last_report = models.ForeignKey(Report, models.SET_NULL, null=True, blank=True, related_name="+")
    faults = models.PositiveSmallIntegerField(default=0, help_text="Looks in a row that met a fault.")
    failed = models.PositiveSmallIntegerField(
        default=0, help_text="Reports in a row, before the last one, that could not be made."
    )
    problem = models.CharField(max_length=400, blank=True, help_text="Why the last look asked for no report.")
    stopped_at = models.DateTimeField(null=True, blank=True)
    stopped_because = models.CharField(max_length=200, blank=True)
    given_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [models.Index(fields=["next_at"], condition=Q(stopped_at=None), name="report_schedule_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "rhythm", "kind"],
                condition=Q(stopped_at=None),
                name="report_schedule_once",
                violation_error_message="The project already has such a schedule.",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None, stopped_because="")
                | (Q(stopped_at__isnull=False) & ~Q(stopped_because="")),
                name="report_schedule_stopped_with_reason",
                violation_error_message="A stopped schedule says why.",
            ),
            models.CheckConstraint(
                condition=Q(given_up_at=None) | Q(stopped_at__isnull=False),
                name="report_schedule_given_up_is_stopped",
                violation_error_message="A schedule that was given up is stopped.",
            ),
            models.CheckConstraint(
                condition=~Q(kind=ReportKind.DOSSIER),
                name="report_schedule_not_of_one_partner",
                violation_error_message="A dossier is about one partner and is asked for by hand.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.get_rhythm_display().lower()}"
