"""The exchange rates of a project: fixed for a day, so that a comparison does not move by itself."""

from django.conf import settings
from django.db import models

from .project import Project
from .tenancy import SponsorOwned


class ProjectRates(SponsorOwned):
    """Units of the project's currency for one unit of each other currency, as text, on `day`.

    `typed` names the currencies whose rate somebody typed; the others are the ECB's.
    """

    sponsor_path = "project__sponsor"

    project = models.OneToOneField(Project, models.CASCADE, related_name="rates")
    base = models.CharField(max_length=3)
    day = models.DateField()
    rates = models.JSONField(default=dict)
    typed = models.JSONField(default=list)
    source = models.CharField(max_length=120)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "project rates"

    def __str__(self) -> str:
        return f"Exchange rates of {self.project} on {self.day}"
