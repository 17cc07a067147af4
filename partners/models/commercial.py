"""Commercial terms, indicative prices, track record, metrics and documents of a partner."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from partners.enums import PriceBasis, TrackRecordKind

from .evidence import Evidenced
from .facility import Facility
from .organisation import Organisation
from .vocabulary import DocumentType, DosageForm, Metric, Modality, Regulator, Service

currency_code = RegexValidator(r"^[A-Z]{3}$", "Use the three-letter ISO 4217 code, e.g. USD.")


class CommercialTerms(Evidenced):
    """What a partner says it contracts on. Money is in `currency`; shares are 0-1."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="terms")
    minimum_project = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, validators=[currency_code])
    payment_days = models.PositiveSmallIntegerField(null=True, blank=True)
    payment_note = models.CharField(max_length=300, blank=True)
    cancellation_notice_months = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    cancellation_share = models.DecimalField(
        max_digits=5,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="Share of the batch price at shortest notice, 0-1.",
    )
    cancellation_note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "commercial terms"
        ordering = ["organisation", "-retrieved_on", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(minimum_project__isnull=True) | (Q(minimum_project__gte=0) & ~Q(currency="")),
                name="terms_minimum_has_currency",
                violation_error_message="Give the currency of the minimum project value; it must not be negative.",
            ),
            models.CheckConstraint(
                condition=Q(cancellation_share__isnull=True) | Q(cancellation_share__range=(0, 1)),
                name="terms_cancellation_share_0_to_1",
                violation_error_message="The cancellation share is between 0 and 1.",
            ),
        ]

    def __str__(self) -> str:
        return f"Terms of {self.organisation}"


class IndicativePrice(Evidenced):
    """A price range a partner gave before any quote. Never a benchmark."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="prices")
    service = models.ForeignKey(Service, models.PROTECT, null=True, blank=True, related_name="+")
    modality = models.ForeignKey(Modality, models.PROTECT, null=True, blank=True, related_name="+")
    basis = models.CharField(max_length=20, choices=PriceBasis)
    low = models.DecimalField(max_digits=16, decimal_places=2)
    high = models.DecimalField(max_digits=16, decimal_places=2)
    currency = models.CharField(max_length=3, validators=[currency_code])

    class Meta:
        ordering = ["organisation", "basis", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(low__gte=0, high__gte=F("low")),
                name="price_range_ordered",
                violation_error_message="The price range runs from low to high and is not negative.",
            )
        ]

    def __str__(self) -> str:
        low, high = (f"{price:,.2f}".removesuffix(".00") for price in (self.low, self.high))
        return f"{self.currency} {low}–{high} {self.get_basis_display()}"


class TrackRecord(Evidenced):
    """What has been done, counted: approvals, PPQ campaigns, INDs, transfers, trials."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="track_record")
    facility = models.ForeignKey(Facility, models.CASCADE, null=True, blank=True, related_name="track_record")
    kind = models.CharField(max_length=16, choices=TrackRecordKind)
    count = models.PositiveIntegerField(null=True, blank=True)
    modality = models.ForeignKey(Modality, models.PROTECT, null=True, blank=True, related_name="+")
    service = models.ForeignKey(Service, models.PROTECT, null=True, blank=True, related_name="+")
    dosage_form = models.ForeignKey(DosageForm, models.PROTECT, null=True, blank=True, related_name="+")
    regulator = models.ForeignKey(Regulator, models.PROTECT, null=True, blank=True, related_name="+")
    first_year = models.PositiveSmallIntegerField(null=True, blank=True)
    last_year = models.PositiveSmallIntegerField(null=True, blank=True)
    description = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "track record"
        ordering = ["organisation", "kind", "-last_year", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(first_year__isnull=True)
                | Q(last_year__isnull=True)
                | Q(last_year__gte=F("first_year")),
                name="track_record_years_ordered",
                violation_error_message="The last year comes before the first year.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.count if self.count is not None else 'number unknown'}"


class MetricValue(Evidenced):
    """A stated or measured value of a metric, for a partner or for one of its sites."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="metric_values")
    facility = models.ForeignKey(
        Facility, models.CASCADE, null=True, blank=True, related_name="metric_values"
    )
    metric = models.ForeignKey(Metric, models.PROTECT, related_name="values")
    number = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    flag = models.BooleanField(null=True, blank=True)
    text = models.CharField(max_length=200, blank=True)
    period_end = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["metric__order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(number__isnull=False) | Q(flag__isnull=False) | ~Q(text=""),
                name="metric_value_given",
                violation_error_message="Give a number, yes or no, or a text.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.metric}: {self.display}"

    @property
    def display(self) -> str:
        """The value as people read it, with its unit."""
        if self.number is not None:
            number = f"{self.number.normalize():,f}"
            return f"{number} {self.metric.unit}".strip()
        if self.flag is not None:
            return "yes" if self.flag else "no"
        return self.text


class Document(Evidenced):
    """A document that exists about a partner; only its description and link are kept here."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="documents")
    facility = models.ForeignKey(Facility, models.CASCADE, null=True, blank=True, related_name="documents")
    type = models.ForeignKey(DocumentType, models.PROTECT, related_name="documents")
    title = models.CharField(max_length=240)
    url = models.URLField(blank=True)
    dated_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-dated_on", "title", "pk"]

    def __str__(self) -> str:
        return self.title
