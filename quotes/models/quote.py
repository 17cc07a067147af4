"""Quotes as the partners gave them, the scenarios they are compared in, and the award."""

from collections.abc import Sequence

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from partners.models.commercial import currency_code
from quotes.rfq_enums import Demand, LineState, PricingModel, QuoteState

from .invitation import Invitation
from .rfq import Rfq
from .tenancy import SponsorOwned


class Quote(SponsorOwned):
    """One partner's quote to one RFQ. Amounts are in `currency`.

    `draft` holds what was typed, field by field, exactly as typed: nothing is lost while it is still wrong. The
    other columns and the lines hold the last submitted revision. `edition` counts the saves of the draft.
    """

    sponsor_path = "rfq__project__sponsor"
    refused: Sequence[str] = ()  # what the last `save_draft` did not keep

    rfq = models.ForeignKey(Rfq, models.CASCADE, related_name="quotes")
    organisation = models.ForeignKey("partners.Organisation", models.PROTECT, related_name="+")
    invitation = models.OneToOneField(
        Invitation, models.SET_NULL, null=True, blank=True, related_name="quote"
    )
    state = models.CharField(max_length=12, choices=QuoteState, default=QuoteState.DRAFT)
    draft = models.JSONField(default=dict, blank=True)
    edition = models.PositiveIntegerField(default=0)
    revision = models.PositiveSmallIntegerField(default=0)
    reference = models.CharField(max_length=80, blank=True)
    currency = models.CharField(max_length=3, blank=True, validators=[currency_code])
    headline = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    escalation = models.DecimalField(max_digits=7, decimal_places=6, null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    slot_from = models.DateField(null=True, blank=True, help_text="First slot offered.")
    slots = models.CharField(max_length=600, blank=True)
    assumptions = models.TextField(blank=True, max_length=8000)
    exclusions = models.TextField(blank=True, max_length=8000)
    answers = models.JSONField(default=dict, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["organisation__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rfq", "organisation"],
                name="quote_partner_once",
                violation_error_message="There is already a quote of this partner.",
            ),
            models.CheckConstraint(
                condition=Q(state=QuoteState.DRAFT)
                | (~Q(currency="") & Q(submitted_at__isnull=False, revision__gte=1)),
                name="quote_submitted_is_complete",
                violation_error_message="A submitted quote needs a currency.",
            ),
            models.CheckConstraint(
                condition=(Q(headline__isnull=True) | Q(headline__gte=0))
                & (Q(escalation__isnull=True) | Q(escalation__gt=-1)),
                name="quote_amounts_in_range",
                violation_error_message="Prices are not negative.",
            ),
        ]

    def __str__(self) -> str:
        return f"Quote of {self.organisation}"

    @property
    def project(self):
        return self.rfq.project


class QuoteLine(SponsorOwned):
    """One line of a submitted quote. `values` holds what the pricing model reads, numbers as text (quote_sheet.py)."""

    sponsor_path = "quote__rfq__project__sponsor"

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="lines")
    code = models.SlugField(max_length=40)
    state = models.CharField(max_length=10, choices=LineState)
    model = models.CharField(max_length=12, choices=PricingModel, blank=True)
    values = models.JSONField(default=dict, blank=True)
    assumption = models.CharField(max_length=1000, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["quote", "code"],
                name="quote_line_once",
                violation_error_message="That line is there twice.",
            ),
            models.CheckConstraint(
                condition=~Q(state=LineState.QUOTED) | ~Q(model=""),
                name="quote_line_quoted_has_model",
                violation_error_message="A quoted line needs a pricing model.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.get_state_display()}"


class QuoteRevision(SponsorOwned):
    """A quote as it was submitted, frozen, with the hash on its receipt."""

    sponsor_path = "quote__rfq__project__sponsor"

    quote = models.ForeignKey(Quote, models.CASCADE, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField()
    content_hash = models.CharField(max_length=64)
    rfq_version = models.PositiveSmallIntegerField(null=True)
    submitted_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["quote", "number"],
                name="quote_revision_once",
                violation_error_message="That revision was submitted by somebody else at the same time.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.quote}, revision {self.number}"


class CostScenario(SponsorOwned):
    """One future in which quotes are compared: quantities per driver and period, as text.

    A scenario that `follows` a kind of demand takes its quantities from the RFQ (costing_inputs.py says how); one that
    follows nothing has its own in `drivers`, and cancelled ones in `cancelled`. What a delay of `delay_months` costs
    the project is shown beside the programme's cost, not in it.
    """

    sponsor_path = "rfq__project__sponsor"

    rfq = models.ForeignKey(Rfq, models.CASCADE, related_name="scenarios")
    name = models.CharField(max_length=60)
    follows = models.CharField(max_length=5, choices=Demand, blank=True)
    drivers = models.JSONField(default=dict, blank=True)
    cancelled = models.JSONField(default=dict, blank=True)
    delay_months = models.DecimalField(
        max_digits=5, decimal_places=1, default=0, validators=[MinValueValidator(0)]
    )
    probability = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    order = models.PositiveSmallIntegerField(default=0)
    edition = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rfq", "name"],
                name="scenario_name_once",
                violation_error_message="There is already a scenario with that name.",
            ),
            models.CheckConstraint(
                condition=(Q(probability__isnull=True) | Q(probability__gte=0, probability__lte=1))
                & Q(delay_months__gte=0),
                name="scenario_in_range",
                violation_error_message="A probability is between 0 % and 100 %; a delay is not negative.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Award(SponsorOwned):
    """The decision for one quote of an RFQ. One per RFQ, so that two people cannot award twice."""

    sponsor_path = "rfq__project__sponsor"

    rfq = models.OneToOneField(Rfq, models.CASCADE, related_name="award")
    quote = models.ForeignKey(Quote, models.PROTECT, related_name="+")
    reason = models.TextField(max_length=4000)
    figures = models.JSONField(default=dict)
    awarded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    awarded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="award_has_reason",
                violation_error_message="Say why this partner gets the award.",
            )
        ]

    def __str__(self) -> str:
        return f"Award of {self.rfq}"
