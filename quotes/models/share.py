"""Links that open one report to a person without an account."""

import secrets

from django.conf import settings
from django.core.signing import Signer
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from quotes.enums import ShareEvent

from .noticed import Noticed
from .report import Report
from .tenancy import SponsorOwned

SIGNER = Signer(salt="quotes.report-share")


def new_nonce() -> str:
    return secrets.token_hex(16)


class ReportShare(Noticed, SponsorOwned):
    """A time-limited, revocable link to one report's PDF.

    The report is a copy printed for `recipient`, so that every page says whose copy it is. The link's token is
    `nonce` and row signed with the site's secret key, so neither a guess nor the database alone opens it.
    `passcode` is a password hash, empty when none was set. `guessed_at` is when the link was closed because of too
    many wrong ones, of which its maker is told.
    """

    sponsor_path = "report__project__sponsor"

    report = models.ForeignKey(Report, models.CASCADE, related_name="shares")
    recipient = models.CharField(max_length=80)
    nonce = models.CharField(max_length=32, unique=True, default=new_nonce, editable=False)
    passcode = models.CharField(max_length=160, blank=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    guessed_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(guessed_at=None) | Q(revoked_at__isnull=False),
                name="share_guessed_is_closed",
                violation_error_message="A link whose passcode was guessed at too often is closed.",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")),
                name="share_expires_after_it_began",
                violation_error_message="A link cannot expire before it is made.",
            ),
            models.CheckConstraint(
                condition=~Q(recipient=""),
                name="share_names_its_recipient",
                violation_error_message="Say whom the link is for.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report} for {self.recipient}"

    @property
    def token(self) -> str:
        return SIGNER.sign_object([self.pk, self.nonce])

    @property
    def open(self) -> bool:
        return self.revoked_at is None and timezone.now() < self.expires_at


class ShareView(SponsorOwned):
    """One line of a link's view log: what happened and when. No address or device of the reader is kept."""

    sponsor_path = "share__report__project__sponsor"

    share = models.ForeignKey(ReportShare, models.CASCADE, related_name="views")
    event = models.CharField(max_length=10, choices=ShareEvent)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["share", "event", "at"], name="share_view_by_event")]

    def __str__(self) -> str:
        return f"{self.get_event_display()} {self.at:%Y-%m-%d %H:%M}"
