"""What a sponsor keeps to itself about a partner of the shared catalogue."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from quotes.enums import QUALIFIED, AgreementStatus, PartnerStanding, QualificationStatus

from .tenancy import SponsorOwned

MOST_TAGS = 20
TAG_LENGTH = 40
KINDS = (("nda", "NDA"), ("msa", "MSA"), ("qualification", "Qualification"))


def _signed_has_date(kind: str, label: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=~Q(**{f"{kind}_status": AgreementStatus.SIGNED}) | Q(**{f"{kind}_on__isnull": False}),
        name=f"relation_{kind}_signed_has_date",
        violation_error_message=f"Give the day on which the {label} was signed.",
    )


def _ends_after_it_began(kind: str, label: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{kind}_on__isnull": True})
        | Q(**{f"{kind}_expires_on__isnull": True})
        | Q(**{f"{kind}_expires_on__gte": F(f"{kind}_on")}),
        name=f"relation_{kind}_ends_after_it_began",
        violation_error_message=f"The {label} cannot expire before the day of its status.",
    )


class PartnerRelation(SponsorOwned):
    """Notes, tags, flag and agreements of one sponsor about one partner; `version` counts the saves."""

    sponsor_path = "sponsor"

    sponsor = models.ForeignKey("accounts.Sponsor", models.CASCADE, related_name="partner_relations")
    organisation = models.ForeignKey("partners.Organisation", models.PROTECT, related_name="+")
    standing = models.CharField(max_length=10, choices=PartnerStanding, blank=True)
    standing_reason = models.CharField(max_length=300, blank=True)
    tags = ArrayField(models.CharField(max_length=TAG_LENGTH), size=MOST_TAGS, default=list, blank=True)
    notes = models.TextField(max_length=10_000, blank=True)
    nda_status = models.CharField(max_length=12, choices=AgreementStatus, blank=True)
    nda_on = models.DateField(null=True, blank=True, help_text="Day of the status.")
    nda_expires_on = models.DateField(null=True, blank=True)
    msa_status = models.CharField(max_length=12, choices=AgreementStatus, blank=True)
    msa_on = models.DateField(null=True, blank=True, help_text="Day of the status.")
    msa_expires_on = models.DateField(null=True, blank=True)
    qualification_status = models.CharField(max_length=12, choices=QualificationStatus, blank=True)
    qualification_on = models.DateField(null=True, blank=True, help_text="Day of the status.")
    qualification_expires_on = models.DateField(null=True, blank=True)
    version = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["organisation__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["sponsor", "organisation"],
                name="relation_once_per_sponsor_and_partner",
                violation_error_message="Your organisation already keeps notes on this partner.",
            ),
            models.CheckConstraint(
                condition=~Q(standing=PartnerStanding.BLOCKED) | ~Q(standing_reason=""),
                name="relation_blocked_has_reason",
                violation_error_message="Say why the partner is blocked.",
            ),
            _signed_has_date("nda", "NDA"),
            _ends_after_it_began("nda", "NDA"),
            _signed_has_date("msa", "MSA"),
            _ends_after_it_began("msa", "MSA"),
            models.CheckConstraint(
                condition=~Q(qualification_status__in=QUALIFIED) | Q(qualification_on__isnull=False),
                name="relation_qualified_has_date",
                violation_error_message="Give the day on which the partner was qualified.",
            ),
            _ends_after_it_began("qualification", "qualification"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} for {self.sponsor}"

    @property
    def agreements(self) -> list[dict]:
        """NDA, MSA and qualification as a page shows them; `lapsed` when one in force has passed its expiry."""
        today = timezone.localdate()
        rows = []
        in_force = (AgreementStatus.SIGNED, *QUALIFIED)
        for kind, label in KINDS:
            status, ends = getattr(self, f"{kind}_status"), getattr(self, f"{kind}_expires_on")
            rows.append(
                {
                    "label": label,
                    "status": getattr(self, f"get_{kind}_status_display")(),
                    "on": getattr(self, f"{kind}_on"),
                    "expires_on": ends,
                    "in_force": status in in_force and not (ends and ends < today),
                    "lapsed": bool(status in in_force and ends and ends < today),
                }
            )
        return rows
