"""Calculations of the tools that a project keeps. The address holds the inputs; results are worked out anew."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from quotes.enums import ToolKind

from .project import Project
from .tenancy import SponsorOwned

LONGEST_QUERY = 6000


class ToolCalculation(SponsorOwned):
    """One kept calculation: the tool, its inputs as an address's query, and what it said when it was kept."""

    sponsor_path = "project__sponsor"

    project = models.ForeignKey(Project, models.CASCADE, related_name="calculations")
    tool = models.CharField(max_length=12, choices=ToolKind)
    name = models.CharField(max_length=120)
    query = models.CharField(max_length=LONGEST_QUERY)
    headline = models.CharField(max_length=300)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="calculation_name_once_per_project",
                violation_error_message="This project already keeps a calculation with that name.",
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(query=""),
                name="calculation_named",
                violation_error_message="Give the calculation a name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return f"{reverse(f'tool_{self.tool}')}?{self.query}"
