"""Who was asked to quote: invitations, their secret links, the e-mails about them, and questions."""

import datetime as dt

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cmo_selector.templatetags.fmt import format_datetime
from quotes.rfq_enums import EmailKind, EmailState, InvitationState, MessageKind, NdaState

from .rfq import Rfq
from .tenancy import SponsorOwned

LATE = dt.timedelta(minutes=5)  # after which an e-mail that nobody took is worth a word


def nda_path(invitation: "Invitation", filename: str) -> str:
    return f"nda/{invitation.rfq.project.sponsor_id}/{invitation.pk}/{filename}"


class Invitation(SponsorOwned):
    """One partner asked for a quote, through one contact. The NDA gate stands before everything confidential."""

    sponsor_path = "rfq__project__sponsor"

    rfq = models.ForeignKey(Rfq, models.CASCADE, related_name="invitations")
    organisation = models.ForeignKey("partners.Organisation", models.PROTECT, related_name="+")
    contact_name = models.CharField(max_length=120, blank=True)
    contact_email = models.EmailField(max_length=254)
    state = models.CharField(max_length=10, choices=InvitationState, default=InvitationState.INVITED)
    nda = models.CharField(max_length=10, choices=NdaState, default=NdaState.WAITING)
    nda_signer = models.CharField(max_length=160, blank=True)
    nda_at = models.DateTimeField(null=True, blank=True)
    nda_file = models.FileField(upload_to=nda_path, blank=True)
    expires_at = models.DateTimeField()
    decline_reason = models.CharField(max_length=600, blank=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["organisation__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rfq", "organisation"],
                name="invitation_partner_once",
                violation_error_message="This partner is already invited.",
            ),
            models.CheckConstraint(
                condition=~Q(state=InvitationState.DECLINED) | ~Q(decline_reason=""),
                name="invitation_declined_has_reason",
                violation_error_message="Say why you decline.",
            ),
            models.CheckConstraint(
                condition=~Q(nda__in=[NdaState.ACCEPTED, NdaState.UPLOADED])
                | (~Q(nda_signer="") & Q(nda_at__isnull=False)),
                name="invitation_nda_signed_by_someone",
                violation_error_message="Give the name of the person who signs the NDA.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.rfq}"

    @property
    def project(self):
        """The audit log files what happens to an invitation with its project."""
        return self.rfq.project


class InvitationLink(SponsorOwned):
    """One secret link; only its hash is kept. Several may lead to one invitation (one per e-mail)."""

    sponsor_path = "invitation__rfq__project__sponsor"

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"Link of {self.invitation}"


class InvitationEmail(SponsorOwned):
    """One e-mail to a contact: the row is the truth, the worker the messenger. `key` makes it happen once.

    A queued row's lease is a worker's claim, or the pause after a refusal; `error` is the last reason.
    """

    sponsor_path = "invitation__rfq__project__sponsor"

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="emails")
    kind = models.CharField(max_length=14, choices=EmailKind)
    key = models.CharField(
        max_length=60, help_text="What this e-mail is about, e.g. the deadline reminded of."
    )
    state = models.CharField(max_length=12, choices=EmailState, default=EmailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=[EmailState.QUEUED, EmailState.SENDING]),
                name="email_open",
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["invitation", "kind", "key"],
                name="email_once",
                violation_error_message="That e-mail is already on its way.",
            ),
            models.CheckConstraint(
                condition=~Q(state=EmailState.SENT) | Q(sent_at__isnull=False),
                name="email_sent_has_time",
                violation_error_message="A sent e-mail has the time of its sending.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} to {self.invitation.contact_email}"

    @property
    def trouble(self) -> str:
        """What a person should know about an e-mail that has not gone out, in words; empty when all is well."""
        if self.state in (EmailState.FAILED, EmailState.UNCONFIRMED):
            return f"{self.get_state_display().lower()}. {self.error}"
        if self.state == EmailState.QUEUED and self.error:
            again = f", again at {format_datetime(self.lease_until)}" if self.lease_until else ""
            return f"not sent yet, asked {self.attempts} times{again}. {self.error}"
        late = timezone.now() - self.created_at > LATE
        if self.state == EmailState.QUEUED and late and self.attempts == 0:
            return f"waits since {format_datetime(self.created_at)}. No worker has taken it yet."
        return ""


class RfqMessage(SponsorOwned):
    """A partner's question, answered to all without its name; or a clarification asked of one partner."""

    sponsor_path = "rfq__project__sponsor"

    rfq = models.ForeignKey(Rfq, models.CASCADE, related_name="messages")
    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="messages")
    kind = models.CharField(max_length=14, choices=MessageKind, default=MessageKind.QUESTION)
    code = models.SlugField(max_length=40, blank=True, help_text="The line of the scope it is about.")
    text = models.TextField(max_length=4000)
    answer = models.TextField(max_length=8000, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answer="", answered_at__isnull=True)
                | (~Q(answer="") & Q(answered_at__isnull=False)),
                name="rfq_message_answered_once",
                violation_error_message="An answer needs a text.",
            ),
            models.CheckConstraint(
                condition=~Q(text=""),
                name="rfq_message_has_text",
                violation_error_message="Write the question.",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]
