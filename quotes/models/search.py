"""Searches of the catalogue that a person keeps under a name, and the e-mails about what has changed in them."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from quotes.enums import DigestRhythm, DigestState

from .tenancy import SponsorOwned

NAME_LENGTH = 80
QUERY_LENGTH = 4000


class SavedSearch(SponsorOwned):
    """A search of one member of a sponsor. `query` is the address's query string, as the browse page writes it.

    While a digest is on, `known_partners` and `known_change` say what the last e-mail that surely went out (or the
    moment of switching it on) knew: the partners found, and the newest change of the catalogue. Only
    `services.digests` and `services.searches` set them.
    """

    sponsor_path = "sponsor"

    sponsor = models.ForeignKey("accounts.Sponsor", models.CASCADE, related_name="saved_searches")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=QUERY_LENGTH, blank=True)
    digest = models.CharField(max_length=6, choices=DigestRhythm, default=DigestRhythm.NONE)
    next_digest_at = models.DateTimeField(null=True, blank=True)
    known_partners = ArrayField(models.BigIntegerField(), null=True, blank=True)
    known_change = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "saved searches"
        ordering = [Lower("name"), "pk"]
        indexes = [
            models.Index(
                fields=["next_digest_at"], name="saved_search_due", condition=~Q(digest=DigestRhythm.NONE)
            )
        ]
        constraints = [
            models.UniqueConstraint(
                "sponsor",
                "owner",
                Lower("name"),
                name="saved_search_name_once",
                violation_error_message="You already have a saved search with that name.",
            ),
            models.CheckConstraint(
                condition=Q(digest=DigestRhythm.NONE, next_digest_at__isnull=True)
                | ~Q(digest=DigestRhythm.NONE)
                & Q(next_digest_at__isnull=False, known_partners__isnull=False, known_change__isnull=False),
                name="saved_search_digest_has_a_date",
                violation_error_message="A digest needs the day of the next e-mail and what is known already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SearchDigest(SponsorOwned):
    """One e-mail owed about a saved search, due at a moment; the row is the truth about it.

    `content` is what it says: partner ids under `new`, `changed` (with the kinds of facts) and `left`, and what is
    known after it, and the page's `spelling` when it shows similar names. A row in `sending` was handed to the mail
    server or is about to be; when its worker dies there, nobody knows, so it is closed as `unconfirmed` and its changes
    come again with the next digest.
    """

    sponsor_path = "search__sponsor"

    search = models.ForeignKey(SavedSearch, models.CASCADE, related_name="digests")
    due_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=DigestState, default=DigestState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    content = models.JSONField(default=dict, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-due_at", "-pk"]
        indexes = [
            models.Index(
                fields=["lease_until"],
                name="search_digest_open",
                condition=Q(state__in=[DigestState.QUEUED, DigestState.RUNNING, DigestState.SENDING]),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["search", "due_at"],
                name="search_digest_once",
                violation_error_message="This digest exists already.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.search}, {self.due_at:%Y-%m-%d}"
