"""Kept what-if scenarios of a project: a name and the changes, never a fact of the shared catalogue."""

from django.conf import settings
from django.db import models

from .tenancy import SponsorOwned


class WhatIfScenario(SponsorOwned):
    """A scratch scenario kept under a name. `changes` is its address: {"c1": "30", "n.17": "off", …}."""

    sponsor_path = "project__sponsor"

    project = models.ForeignKey("quotes.Project", models.CASCADE, related_name="whatif_scenarios")
    name = models.CharField(max_length=60)
    changes = models.JSONField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "project",
                models.functions.Lower("name"),
                name="whatif_name_once_per_project",
                violation_error_message="There is already a scenario with that name. Choose another name.",
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="whatif_has_a_name",
                violation_error_message="Give the scenario a name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
