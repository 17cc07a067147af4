"""A sponsor's people score the shortlisted partners, each alone, and agree on what differs."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from partners.scoring.types import CRITERIA

from .project import Project
from .tenancy import SponsorOwned

CODES = [(code, f"{code} {label}") for code, label in CRITERIA.items()]


def _in_range(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(points__gte=0, points__lte=100),
        name=name,
        violation_error_message="Points run from 0 to 100.",
    )


class Evaluation(SponsorOwned):
    """The group evaluation of one project.

    `locked_at`: since then criteria and weights cannot change, because a response depends on them; `weights` are those
    at that moment. `closed_at`: scoring has ended and the results may be read.
    """

    sponsor_path = "project__sponsor"

    project = models.OneToOneField(Project, models.CASCADE, related_name="evaluation")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    weights = models.JSONField(default=dict, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"Evaluation of {self.project}"


class EvaluationScore(SponsorOwned):
    """One person's points for one criterion of one partner."""

    sponsor_path = "evaluation__project__sponsor"

    evaluation = models.ForeignKey(Evaluation, models.CASCADE, related_name="scores")
    evaluator = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    organisation = models.ForeignKey("partners.Organisation", models.PROTECT, related_name="+")
    criterion = models.CharField(max_length=3, choices=CODES)
    points = models.PositiveSmallIntegerField()
    comment = models.CharField(max_length=500, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "evaluator", "organisation", "criterion"],
                name="evaluation_score_once",
                violation_error_message="This criterion is scored already.",
            ),
            _in_range("evaluation_score_0_to_100"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.points}"


class AgreedScore(SponsorOwned):
    """What the group agreed on for one criterion of one partner, and why."""

    sponsor_path = "evaluation__project__sponsor"

    evaluation = models.ForeignKey(Evaluation, models.CASCADE, related_name="agreed")
    organisation = models.ForeignKey("partners.Organisation", models.PROTECT, related_name="+")
    criterion = models.CharField(max_length=3, choices=CODES)
    points = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evaluation", "organisation", "criterion"],
                name="agreed_score_once",
                violation_error_message="There is already an agreed score for this criterion.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="agreed_score_has_reason",
                violation_error_message="Say why the group agreed on these points.",
            ),
            _in_range("agreed_score_0_to_100"),
        ]

    def __str__(self) -> str:
        return f"{self.criterion}: {self.points} agreed"
