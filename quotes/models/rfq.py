"""Requests for quotation: what is asked of every partner alike, and what was sent, version by version."""

from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from quotes.rfq_enums import Basis, RfqState, Treatment

from .project import Project
from .tenancy import SponsorOwned

MOST_PERIODS = 15


class Rfq(SponsorOwned):
    """One request. Money of the sponsor is in the project's currency; periods are years from `first_year`.

    `sections` holds texts by key; `drivers` a list of {name, label, unit, low, base, high}, each with one number
    per period written as text; `questions` a list of {id, text}; `criteria` a list of {text, weight}. `edition`
    counts the saves and is the optimistic lock.
    """

    sponsor_path = "project__sponsor"

    project = models.ForeignKey(Project, models.CASCADE, related_name="rfqs")
    title = models.CharField(max_length=160)
    code_name = models.CharField(
        max_length=80, help_text="Shown instead of all names until the NDA is in place."
    )
    template = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=RfqState, default=RfqState.DRAFT)
    sections = models.JSONField(default=dict, blank=True)
    milestones = models.TextField(blank=True, max_length=4000)
    first_year = models.PositiveSmallIntegerField()
    periods = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(MOST_PERIODS)]
    )
    drivers = models.JSONField(default=list, blank=True)
    questions = models.JSONField(default=list, blank=True)
    documents = models.JSONField(default=list, blank=True, help_text="What a bidder sends along.")
    enclosures = models.JSONField(default=list, blank=True, help_text="What the sponsor gives to bidders.")
    criteria = models.JSONField(default=list, blank=True)
    discount_rate = models.DecimalField(max_digits=6, decimal_places=4, default=Decimal("0.10"))
    mid_year = models.BooleanField(default=False)
    batch_driver = models.CharField(max_length=40, blank=True)
    p_success = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    grams_per_batch = models.DecimalField(max_digits=16, decimal_places=4, null=True, blank=True)
    dose_mg = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    fill_loss = models.DecimalField(max_digits=5, decimal_places=4, null=True, blank=True)
    unit_driver = models.CharField(max_length=40, blank=True)
    unit_size = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    unit_label = models.CharField(max_length=40, blank=True)
    month_value = models.DecimalField(
        max_digits=16,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="What a month's delay costs the project.",
    )
    reach = models.JSONField(
        default=list,
        blank=True,
        help_text="Chance that each year is reached, as a fraction in text; none is certainty.",
    )
    needed_grams = models.DecimalField(
        max_digits=18,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="Released material needed in all years.",
    )
    overage = models.DecimalField(
        max_digits=5, decimal_places=4, default=Decimal(0), help_text="Share made beyond the need."
    )
    deadline = models.DateTimeField(null=True, blank=True)
    sealed = models.BooleanField(default=False)
    nda_required = models.BooleanField(default=True)
    nda_text = models.TextField(blank=True, max_length=20_000)
    edition = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "request for quotation"
        verbose_name_plural = "requests for quotation"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "title"],
                name="rfq_title_once_per_project",
                violation_error_message="This project already has an RFQ with that title.",
            ),
            models.CheckConstraint(
                condition=~Q(state=RfqState.OPEN) | Q(deadline__isnull=False, sent_at__isnull=False),
                name="rfq_open_has_deadline",
                violation_error_message="An open RFQ needs a deadline.",
            ),
            models.CheckConstraint(
                condition=Q(periods__gte=1, periods__lte=MOST_PERIODS),
                name="rfq_periods_in_range",
                violation_error_message=f"A programme has 1 to {MOST_PERIODS} years.",
            ),
            models.CheckConstraint(
                condition=Q(discount_rate__gte=0, discount_rate__lt=1),
                name="rfq_discount_rate_in_range",
                violation_error_message="The discount rate is between 0 % and 100 %.",
            ),
            models.CheckConstraint(
                condition=(Q(p_success__isnull=True) | Q(p_success__gt=0, p_success__lte=1))
                & (Q(fill_loss__isnull=True) | Q(fill_loss__gte=0, fill_loss__lt=1))
                & (Q(grams_per_batch__isnull=True) | Q(grams_per_batch__gt=0))
                & (Q(dose_mg__isnull=True) | Q(dose_mg__gt=0))
                & (Q(unit_size__isnull=True) | Q(unit_size__gt=0))
                & (Q(needed_grams__isnull=True) | Q(needed_grams__gt=0))
                & Q(overage__gte=0, overage__lt=10),
                name="rfq_yield_in_range",
                violation_error_message="Yields are above zero; the batch success rate is at most 100 %.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("quotes:rfq", args=[self.project_id, self.pk])

    @property
    def years(self) -> list[int]:
        return [self.first_year + t for t in range(self.periods)]

    @property
    def past_deadline(self) -> bool:
        return self.deadline is not None and timezone.now() >= self.deadline

    @property
    def prices_sealed(self) -> bool:
        """Whether nobody may see quotes yet."""
        return self.sealed and not self.past_deadline

    @property
    def takes_quotes(self) -> bool:
        archived = self.project.archived_at is not None
        return self.state == RfqState.OPEN and not self.past_deadline and not archived


class ScopeLine(SponsorOwned):
    """One line of the scope every bidder is asked to price: a code of the line catalogue in a work package.

    Quantities come from a demand `driver`, or are typed as `quantities`, one per period. `benchmark` fills a gap
    that no other quote fills, `sponsor_cost` is what the sponsor pays when a bidder excludes the line; both one
    amount per period in the project's currency, as text.
    """

    sponsor_path = "rfq__project__sponsor"

    rfq = models.ForeignKey(Rfq, models.CASCADE, related_name="lines")
    code = models.SlugField(max_length=40)
    label = models.CharField(max_length=160)
    package = models.CharField(max_length=120)
    deliverable = models.CharField(max_length=400, blank=True)
    basis = models.CharField(max_length=10, choices=Basis, default=Basis.LUMP)
    treatment = models.CharField(max_length=12, choices=Treatment, default=Treatment.FIXED)
    driver = models.CharField(max_length=40, blank=True)
    quantities = models.JSONField(default=list, blank=True)
    benchmark = models.JSONField(null=True, blank=True)
    sponsor_cost = models.JSONField(null=True, blank=True)
    order = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rfq", "code"],
                name="scope_code_once_per_rfq",
                violation_error_message="That line is already in the scope.",
            ),
            models.CheckConstraint(
                condition=~Q(label="") & ~Q(package=""),
                name="scope_line_named",
                violation_error_message="A line of the scope needs a name and a work package.",
            ),
        ]

    def __str__(self) -> str:
        return self.label


class RfqVersion(SponsorOwned):
    """What the partners were sent, frozen. Versions are 1, 2, 3 …"""

    sponsor_path = "rfq__project__sponsor"

    rfq = models.ForeignKey(Rfq, models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField()
    content = models.JSONField()
    note = models.CharField(max_length=400, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["rfq", "number"],
                name="rfq_version_once",
                violation_error_message="Somebody else has just published a version of this RFQ.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rfq}, version {self.number}"
