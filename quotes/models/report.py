"""Requested reports: the row is the truth about the job, the snapshot the truth about its figures."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from quotes.enums import Paper, ReportKind, ReportState, ReportStep
from quotes.reports.options import EVERYTHING, ReportOptions

from .noticed import Noticed
from .project import Project
from .tenancy import SponsorOwned


def report_path(report: "Report", filename: str) -> str:
    return f"reports/{report.project.sponsor_id}/{report.pk}/{filename}"


def every_appendix() -> list[str]:
    return list(EVERYTHING)


class Report(Noticed, SponsorOwned):
    """One PDF of one frozen snapshot.

    A worker claims a queued row by compare-and-swap and holds it until `lease_until`, which it extends while it
    works; a running row past it belongs to a dead worker and is queued again. `attempts` counts claims.
    """

    sponsor_path = "project__sponsor"

    project = models.ForeignKey(Project, models.CASCADE, related_name="reports")
    title = models.CharField(max_length=200)
    snapshot = models.JSONField()
    snapshot_hash = models.CharField(max_length=64)
    engine_version = models.CharField(max_length=20)
    kind = models.CharField(max_length=12, choices=ReportKind, default=ReportKind.DECISION)
    about_partner = models.PositiveBigIntegerField(
        null=True, blank=True, help_text="For a dossier: the id of its partner in the snapshot."
    )
    previous = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The report that this one opens by comparing itself with.",
    )
    paper = models.CharField(max_length=8, choices=Paper, default=Paper.A4)
    appendices = models.JSONField(default=every_appendix, help_text="Codes of Appendix, in its order.")
    recipient = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=8, choices=ReportState, default=ReportState.QUEUED)
    step = models.CharField(max_length=10, choices=ReportStep, default=ReportStep.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    file = models.FileField(upload_to=report_path, blank=True)
    file_sha256 = models.CharField(max_length=64, blank=True)
    pages = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=400, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    notify = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who is told the outcome: whoever asked for it last.",
    )
    seen_at = models.DateTimeField(
        null=True, blank=True, help_text="When that person looked at the outcome in the app."
    )
    file_removed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its file reached the end of the retention period."
    )

    class Meta:
        ordering = ["-requested_at", "-pk"]
        indexes = [
            models.Index(
                fields=["state", "lease_until"],
                condition=Q(state__in=["queued", "running"]),
                name="report_open",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=ReportState.DONE) | (~Q(file="") & ~Q(file_sha256="")),
                name="report_done_has_file",
                violation_error_message="A finished report needs its file.",
            ),
            models.CheckConstraint(
                condition=~Q(state=ReportState.FAILED) | ~Q(error=""),
                name="report_failed_has_reason",
                violation_error_message="A failed report needs a reason.",
            ),
            models.CheckConstraint(
                condition=Q(kind=ReportKind.DOSSIER, about_partner__isnull=False)
                | (~Q(kind=ReportKind.DOSSIER) & Q(about_partner=None)),
                name="report_dossier_has_partner",
                violation_error_message="A dossier is about one partner, and nothing else is.",
            ),
        ]

    # By this process's clock, for its worker: until when it goes on without having reached the database.
    held_until: float = 0.0

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.notify_id is None:
            self.notify_id = self.requested_by_id
        super().save(*args, **kwargs)

    @property
    def previous_snapshot(self) -> dict | None:
        """The earlier figures this report compares itself with; None without one of the same format.

        Figures with prices never stand beside figures without: the lines "before" would say what is withheld.
        """
        if self.previous is None:
            return None
        earlier, mine = self.previous.snapshot, self.snapshot
        alike = all(earlier.get(key) == mine.get(key) for key in ("schema", "prices_included"))
        return earlier if alike else None

    @property
    def options(self) -> ReportOptions:
        return ReportOptions(
            kind=self.kind,
            paper=self.paper,
            appendices=tuple(self.appendices),
            recipient=self.recipient,
            partner=self.about_partner,
        )
