"""What could go wrong with a shortlisted partner, and what is done about it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from quotes.enums import RiskLevel

from .project import Project
from .shortlist import ShortlistEntry
from .tenancy import SponsorOwned

HIGH, MEDIUM = 6, 3  # of 9; a convention of this product


class ShortlistRisk(SponsorOwned):
    """One line of a partner's risk register. Likelihood and impact are 1 to 3; a closed risk stays on record."""

    sponsor_path = "entry__project__sponsor"

    entry = models.ForeignKey(ShortlistEntry, models.CASCADE, related_name="risks")
    text = models.CharField("risk", max_length=200)
    likelihood = models.PositiveSmallIntegerField(choices=RiskLevel, default=RiskLevel.MEDIUM)
    impact = models.PositiveSmallIntegerField(choices=RiskLevel, default=RiskLevel.MEDIUM)
    response = models.CharField(max_length=400, blank=True, help_text="What is done about it.")
    owner = models.CharField(max_length=80, blank=True, help_text="Who looks after it.")
    closed = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["closed", "-likelihood", "-impact", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "text"],
                name="risk_once_per_partner",
                violation_error_message="This risk is in the partner's register already.",
            ),
            models.CheckConstraint(
                condition=Q(likelihood__range=(1, 3)) & Q(impact__range=(1, 3)),
                name="risk_levels_1_to_3",
                violation_error_message="Likelihood and impact are low, medium or high.",
            ),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def project(self) -> Project:
        return self.entry.project

    @property
    def rating(self) -> int:
        """Likelihood × impact, 1 to 9."""
        return self.likelihood * self.impact

    @property
    def rating_word(self) -> str:
        return "high" if self.rating >= HIGH else "medium" if self.rating >= MEDIUM else "low"
