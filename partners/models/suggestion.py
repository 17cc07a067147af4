"""What people propose to the curators. A proposal changes nothing in the catalogue until a curator accepts it."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from partners.enums import SuggestionState

from .facility import Facility
from .register import RegisterEstablishment


class LinkSuggestion(models.Model):
    """Somebody thinks that a register establishment and a catalogue site are the same place, and says why.

    Who proposed it is for curators only: it would tell one sponsor what another is looking at.
    """

    establishment = models.ForeignKey(RegisterEstablishment, models.CASCADE, related_name="suggestions")
    facility = models.ForeignKey(Facility, models.CASCADE, related_name="link_suggestions")
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    proposer_name = models.CharField(max_length=200)
    reason = models.TextField(max_length=1000)
    state = models.CharField(max_length=10, choices=SuggestionState, default=SuggestionState.OPEN)
    proposed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["establishment", "facility"],
                condition=Q(state=SuggestionState.OPEN),
                name="link_suggestion_open_once",
                violation_error_message="This site is already suggested and waits for a curator.",
            ),
            models.CheckConstraint(
                condition=Q(state=SuggestionState.OPEN, decided_at__isnull=True)
                | (~Q(state=SuggestionState.OPEN) & Q(decided_at__isnull=False)),
                name="link_suggestion_decided_with_date",
                violation_error_message="A decided suggestion has a date, an open one has none.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="link_suggestion_has_reason",
                violation_error_message="Say why the two are the same place.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.establishment} = {self.facility}"
