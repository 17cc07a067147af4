"""The partners a project is following up, in the order the team prefers."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from quotes.enums import ShortlistStatus

from .project import Project
from .tenancy import SponsorOwned


class ShortlistEntry(SponsorOwned):
    """A partner on a project's shortlist. Positions are 1, 2, 3 … without gaps, kept by services."""

    sponsor_path = "project__sponsor"

    project = models.ForeignKey(Project, models.CASCADE, related_name="shortlist")
    organisation = models.ForeignKey("partners.Organisation", models.PROTECT, related_name="+")
    position = models.PositiveIntegerField()
    status = models.CharField(max_length=14, choices=ShortlistStatus, default=ShortlistStatus.SHORTLISTED)
    reason = models.TextField(blank=True, help_text="Why this status; required for a rejection.")
    comment = models.TextField(blank=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "shortlist entries"
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "organisation"],
                name="shortlist_partner_once",
                violation_error_message="This partner is already on the shortlist.",
            ),
            models.UniqueConstraint(
                fields=["project", "position"],
                name="shortlist_position_once",
                deferrable=models.Deferrable.DEFERRED,
                violation_error_message="Two partners cannot hold the same position.",
            ),
            models.CheckConstraint(
                condition=~Q(status=ShortlistStatus.REJECTED) | ~Q(reason=""),
                name="shortlist_rejection_has_reason",
                violation_error_message="Say why the partner is rejected.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} on the shortlist of {self.project}"
