"""Parties as a restricted-party list names them, and proposals that one of them is a partner.

A listed party says nothing about any partner. Only a curator's decision makes it a RestrictedPartyEntry.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from partners.enums import MatchState

from .evidence import Evidenced
from .organisation import Organisation, RestrictedPartyEntry, RestrictedPartyList


class ListedParty(Evidenced):
    """One line of a list: a name, as it is written there, with the dates between which it has effect."""

    list = models.ForeignKey(RestrictedPartyList, models.CASCADE, related_name="parties")
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2, blank=True)
    effective_from = models.DateField()
    effective_until = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "listed parties"
        ordering = ["list", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["list", "name"],
                name="listed_party_once_per_list",
                violation_error_message="This list already has that name.",
            ),
            models.CheckConstraint(
                condition=Q(effective_until__isnull=True) | Q(effective_until__gte=F("effective_from")),
                name="listed_party_ends_after_start",
                violation_error_message="The listing ends before it starts.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.list}"


class PartyMatch(models.Model):
    """A listed party that may be a partner: a proposal, until a curator accepts it and the entry is made."""

    party = models.ForeignKey(ListedParty, models.CASCADE, related_name="matches")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="party_matches")
    confidence = models.DecimalField(max_digits=4, decimal_places=1)
    reasons = ArrayField(models.CharField(max_length=200), default=list)
    state = models.CharField(max_length=10, choices=MatchState, default=MatchState.OPEN)
    entry = models.ForeignKey(
        RestrictedPartyEntry, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "party matches"
        ordering = ["-confidence", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["party", "organisation"],
                name="party_match_once",
                violation_error_message="This party was proposed for this partner already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.party.name} = {self.organisation}"
