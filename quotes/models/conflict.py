"""What a partner answered about competing products and conflicts of interest, for one project."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from quotes.enums import ConflictAnswer

from .project import Project
from .tenancy import SponsorOwned


class ConflictCheck(SponsorOwned):
    """The partner's answer, the day it was asked, and who recorded it. No row: nobody has recorded an answer."""

    sponsor_path = "project__sponsor"

    project = models.ForeignKey(Project, models.CASCADE, related_name="conflict_checks")
    organisation = models.ForeignKey("partners.Organisation", models.PROTECT, related_name="+")
    answer = models.CharField(max_length=10, choices=ConflictAnswer)
    asked_on = models.DateField()
    note = models.CharField(max_length=300, blank=True)
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["organisation__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "organisation"],
                name="conflict_once_per_project_and_partner",
                violation_error_message="There is already an answer of this partner for this project.",
            ),
            models.CheckConstraint(
                condition=Q(answer=ConflictAnswer.NONE) | ~Q(note=""),
                name="conflict_has_a_note",
                violation_error_message="Say what the conflict is.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} for {self.project}: {self.get_answer_display()}"
