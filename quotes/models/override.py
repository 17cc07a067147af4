"""Must-haves that a partner fails and a person lets pass for one project."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from cmo_selector.accounts.roles import Role
from partners.scoring.types import Rule

from .project import Need, Project
from .tenancy import SponsorOwned

BUILT_IN = {  # musts of every project, by their rule; their need id in the engine
    Rule.NO_OPEN_ACTION: "no-open-action",
    Rule.RESTRICTED_PARTY: "restricted-party",
}


class MustOverride(SponsorOwned):
    """One failed must of one partner, let pass with a reason. Lifted ones are kept; one at a time is in force.

    Either `need` (the project's own need) or `rule` (one of the two checks that always run) is set.
    """

    sponsor_path = "project__sponsor"

    project = models.ForeignKey(Project, models.CASCADE, related_name="must_overrides")
    organisation = models.ForeignKey("partners.Organisation", models.PROTECT, related_name="+")
    need = models.ForeignKey(Need, models.CASCADE, null=True, blank=True, related_name="overrides")
    rule = models.CharField(
        max_length=20, blank=True, choices=[(r.value, r.value.replace("_", " ")) for r in BUILT_IN]
    )
    reason = models.TextField()
    failed_because = models.TextField(help_text="What the rule said when it was let pass.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices())
    created_at = models.DateTimeField(auto_now_add=True)
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["organisation__name", "created_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(need__isnull=False, rule="") | (Q(need__isnull=True) & ~Q(rule="")),
                name="override_of_one_must",
                violation_error_message="Name the must that is let pass.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="override_has_reason",
                violation_error_message="Say why the must is let pass.",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="override_lifted_by_somebody",
                violation_error_message="A lifted override names who lifted it.",
            ),
            models.UniqueConstraint(
                fields=["project", "organisation", "need", "rule"],
                condition=Q(lifted_at__isnull=True),
                nulls_distinct=False,
                name="override_once_in_force",
                violation_error_message="This must is already let pass for this partner.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.need or self.get_rule_display()} let pass"

    @property
    def need_key(self) -> str:
        """The need's id in the engine."""
        return str(self.need_id) if self.need_id else BUILT_IN[Rule(self.rule)]
