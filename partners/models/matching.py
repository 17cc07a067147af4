"""Proposals that two records are one, what became of them, and merges that can be undone."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from partners.enums import MatchState

from .facility import Facility
from .organisation import Organisation
from .register import RegisterEstablishment


class MatchProposal(models.Model):
    """A register row that is probably a partner's site: `facility`, or a site not in the catalogue yet (empty).

    `confidence` is 0-100; `reasons` says in words what it rests on. `changes` are the entries of the history that
    accepting made, so that it can be undone.
    """

    establishment = models.ForeignKey(RegisterEstablishment, models.CASCADE, related_name="proposals")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="match_proposals")
    facility = models.ForeignKey(
        Facility, models.CASCADE, null=True, blank=True, related_name="match_proposals"
    )
    confidence = models.DecimalField(max_digits=4, decimal_places=1)
    name_score = models.DecimalField(max_digits=4, decimal_places=1)
    address_score = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True)
    reasons = ArrayField(models.CharField(max_length=200), default=list)
    state = models.CharField(max_length=10, choices=MatchState, default=MatchState.OPEN)
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    changes = ArrayField(models.BigIntegerField(), default=list, blank=True)

    class Meta:
        ordering = ["-confidence", "pk"]
        indexes = [
            models.Index(
                fields=["-confidence", "id"],
                condition=Q(state=MatchState.OPEN),
                name="match_open_by_confidence",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["establishment", "organisation"],
                name="match_once_per_row_and_partner",
                violation_error_message="This register row has been proposed for this partner already.",
            ),
            models.CheckConstraint(
                condition=Q(confidence__range=(0, 100)),
                name="match_confidence_0_to_100",
                violation_error_message="Confidence is between 0 and 100.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.establishment} = {self.facility or self.organisation}"


class Merge(models.Model):
    """Two partners, or two sites, that were one and became one. `split_at` is set when that was taken back.

    `changes` are the entries of the history; `moved` names the rows outside the catalogue that followed, as
    "app.model.field" → keys, and `kept_copies` what receivers of the merge need to take their part back.
    """

    kept_partner = models.ForeignKey(Organisation, models.CASCADE, null=True, blank=True, related_name="+")
    merged_partner = models.ForeignKey(Organisation, models.CASCADE, null=True, blank=True, related_name="+")
    kept_site = models.ForeignKey(Facility, models.CASCADE, null=True, blank=True, related_name="+")
    merged_site = models.ForeignKey(Facility, models.CASCADE, null=True, blank=True, related_name="+")
    why = models.CharField(max_length=300)
    changes = ArrayField(models.BigIntegerField(), default=list)
    moved = models.JSONField(default=dict)
    kept_copies = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    merged_at = models.DateTimeField(auto_now_add=True)
    split_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    split_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-merged_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kept_partner__isnull=False,
                    merged_partner__isnull=False,
                    kept_site__isnull=True,
                    merged_site__isnull=True,
                )
                | Q(
                    kept_partner__isnull=True,
                    merged_partner__isnull=True,
                    kept_site__isnull=False,
                    merged_site__isnull=False,
                ),
                name="merge_of_two_partners_or_two_sites",
                violation_error_message="Either two partners or two sites are merged.",
            ),
            models.CheckConstraint(
                condition=~Q(kept_partner=F("merged_partner")) & ~Q(kept_site=F("merged_site")),
                name="merge_of_two_different_things",
                violation_error_message="A record cannot be merged with itself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merged} into {self.kept}"

    @property
    def kept(self) -> Organisation | Facility:
        return self.kept_partner or self.kept_site  # type: ignore[return-value]

    @property
    def merged(self) -> Organisation | Facility:
        return self.merged_partner or self.merged_site  # type: ignore[return-value]


class TermMerge(models.Model):
    """Two terms of one vocabulary that were made one; `undone_at` is set when that was taken back.

    `moved` names the rows that took the other term, as "app.model.field" → keys; `changes` are the entries of the
    history for everything else (rows dropped, synonyms, the term retired). Labels are copied: terms may be deleted.
    """

    vocabulary = models.CharField(max_length=63)  # model name
    kept_id = models.BigIntegerField()
    merged_id = models.BigIntegerField()
    kept_label = models.CharField(max_length=160)
    merged_label = models.CharField(max_length=160)
    why = models.CharField(max_length=300)
    moved = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    changes = ArrayField(models.BigIntegerField(), default=list)
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    merged_at = models.DateTimeField(auto_now_add=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-merged_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(kept_id=F("merged_id")),
                name="term_merge_of_two_terms",
                violation_error_message="A term cannot be merged with itself.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.merged_label} into {self.kept_label}"


class NotTheSame(models.Model):
    """Two partners that look alike and are not one; they are not proposed again. `first` has the lower number."""

    first = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    second = models.ForeignKey(Organisation, models.CASCADE, related_name="+")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "not the same"
        ordering = ["-decided_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"],
                name="not_the_same_once",
                violation_error_message="These two were already told apart.",
            ),
            models.CheckConstraint(
                condition=Q(first__lt=F("second")),
                name="not_the_same_in_order",
                violation_error_message="The partner with the lower number comes first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first} is not {self.second}"
