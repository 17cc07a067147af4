"""A sponsor's project: the product, what is needed, and how much each criterion weighs."""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from partners.enums import PriceBasis, Stage, TrackRecordKind
from partners.models.commercial import currency_code
from partners.scoring.types import CRITERIA
from quotes.enums import HAZARD_CHOICES, ControlledSchedule, Market, NeedLevel, NeedRule, Profile

from .tenancy import SponsorOwned


class Project(SponsorOwned):
    """One sourcing decision. Amounts of money are in `currency`; scales in `scale_unit`.

    `price_target` is what would fully satisfy (100 points), `price_limit` the worst acceptable (0 points).
    """

    sponsor_path = "sponsor"

    sponsor = models.ForeignKey("accounts.Sponsor", models.PROTECT, related_name="projects")
    name = models.CharField(max_length=160)
    profile = models.CharField(max_length=10, choices=Profile, default=Profile.DRUG)
    product = models.CharField(max_length=200, blank=True)
    indication = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    modality = models.ForeignKey("partners.Modality", models.PROTECT, null=True, blank=True, related_name="+")
    dosage_form = models.ForeignKey(
        "partners.DosageForm", models.PROTECT, null=True, blank=True, related_name="+"
    )
    stage = models.PositiveSmallIntegerField(choices=Stage, default=Stage.IND_ENABLING)
    markets = ArrayField(models.CharField(max_length=2, choices=Market), default=list, blank=True)
    scale_now = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    scale_next = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    scale_unit = models.ForeignKey(
        "partners.ScaleUnit", models.PROTECT, null=True, blank=True, related_name="+"
    )
    volumes = models.TextField(blank=True, help_text="Batches, units and demand per year in words.")
    need_date = models.DateField(null=True, blank=True)
    decide_by = models.DateField(null=True, blank=True)
    federal_funding = models.BooleanField(default=False)
    price_basis = models.CharField(max_length=20, choices=PriceBasis, blank=True)
    price_target = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    price_limit = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD", validators=[currency_code])
    # what a hand-over between partners, and a later technology transfer, is taken to cost
    handover_months = models.DecimalField(max_digits=5, decimal_places=1, default=Decimal(3))
    handover_cost = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    transfer_months_low = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    transfer_months_high = models.DecimalField(max_digits=5, decimal_places=1, null=True, blank=True)
    transfer_cost = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    discount_facts = models.BooleanField(default=False)
    # how the score treats what is unknown: 0 takes the middle of the interval … 1 its lowest end
    caution = models.DecimalField(max_digits=3, decimal_places=2, default=Decimal(0))
    min_coverage = models.PositiveSmallIntegerField(
        "least coverage",
        default=60,
        help_text="Share of the weight, in per cent, below which nobody is ranked.",
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-updated_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["sponsor", "name"],
                name="project_name_once_per_sponsor",
                violation_error_message="There is already a project with that name.",
            ),
            models.CheckConstraint(
                condition=Q(price_target__isnull=True)
                | Q(price_limit__isnull=True)
                | Q(price_target__lt=F("price_limit")),
                name="project_price_target_below_limit",
                violation_error_message="The target price must be below the worst acceptable price.",
            ),
            models.CheckConstraint(
                condition=Q(scale_now__isnull=True, scale_next__isnull=True) | Q(scale_unit__isnull=False),
                name="project_scale_has_unit",
                violation_error_message="Give the unit of the scale.",
            ),
            models.CheckConstraint(
                condition=(Q(scale_now__isnull=True) | Q(scale_now__gt=0))
                & (Q(scale_next__isnull=True) | Q(scale_next__gt=0))
                & (Q(price_target__isnull=True) | Q(price_target__gte=0)),
                name="project_amounts_positive",
                violation_error_message="Scales and prices must be above zero.",
            ),
            models.CheckConstraint(
                condition=Q(caution__gte=0, caution__lte=1, min_coverage__lte=100),
                name="project_scoring_settings_sound",
                violation_error_message="Caution runs from 0 to 1, the least coverage from 0 to 100 %.",
            ),
            models.CheckConstraint(
                condition=Q(handover_months__gte=0, handover_months__lte=120)
                & (Q(handover_cost__isnull=True) | Q(handover_cost__gte=0))
                & (Q(transfer_cost__isnull=True) | Q(transfer_cost__gte=0))
                & (
                    Q(transfer_months_low__isnull=True, transfer_months_high__isnull=True)
                    | Q(
                        transfer_months_low__gte=0,
                        transfer_months_high__gte=F("transfer_months_low"),
                        transfer_months_high__lte=240,
                    )
                ),
                name="project_transfer_terms_sound",
                violation_error_message=(
                    "A hand-over takes 0 to 120 months, a transfer 0 to 240, the shortest not above the longest; "
                    "costs must not be negative."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("quotes:project", args=[self.pk])


class Need(SponsorOwned):
    """One requirement of a project; which fields count depends on `rule` (see quotes/needs.py)."""

    sponsor_path = "project__sponsor"

    project = models.ForeignKey(Project, models.CASCADE, related_name="needs")
    rule = models.CharField(max_length=20, choices=NeedRule)
    level = models.CharField(max_length=6, choices=NeedLevel, default=NeedLevel.MUST)
    same_site = models.BooleanField(
        default=True, help_text="Must hold at the one site that does the main work."
    )
    service = models.ForeignKey("partners.Service", models.PROTECT, null=True, blank=True, related_name="+")
    modality = models.ForeignKey("partners.Modality", models.PROTECT, null=True, blank=True, related_name="+")
    dosage_form = models.ForeignKey(
        "partners.DosageForm", models.PROTECT, null=True, blank=True, related_name="+"
    )
    production_system = models.ForeignKey(
        "partners.ProductionSystem", models.PROTECT, null=True, blank=True, related_name="+"
    )
    gmp = models.BooleanField(default=False)
    quantity = models.DecimalField(max_digits=18, decimal_places=4, null=True, blank=True)
    unit = models.ForeignKey("partners.ScaleUnit", models.PROTECT, null=True, blank=True, related_name="+")
    at_most = models.BooleanField(default=False)
    certificate_type = models.ForeignKey(
        "partners.CertificateType", models.PROTECT, null=True, blank=True, related_name="+"
    )
    regulator = models.ForeignKey(
        "partners.Regulator", models.PROTECT, null=True, blank=True, related_name="+"
    )
    track_record_kind = models.CharField(max_length=16, choices=TrackRecordKind, blank=True)
    metric = models.ForeignKey("partners.Metric", models.PROTECT, null=True, blank=True, related_name="+")
    contract_structure = models.ForeignKey(
        "partners.ContractStructure", models.PROTECT, null=True, blank=True, related_name="+"
    )
    countries = ArrayField(models.CharField(max_length=2), default=list, blank=True)
    hazard = models.CharField("dedicated for", max_length=16, choices=HAZARD_CHOICES, blank=True)
    schedule = models.CharField(max_length=3, choices=ControlledSchedule, blank=True)
    market = models.CharField(max_length=2, choices=Market, blank=True)
    by = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=300, blank=True)
    order = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quantity__isnull=True) | Q(quantity__gte=0),
                name="need_quantity_not_negative",
                violation_error_message="A quantity must not be negative.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}: {self.get_rule_display()}"


def _weight_field(code: str) -> models.DecimalField:
    return models.DecimalField(CRITERIA[code], max_digits=5, decimal_places=2, default=Decimal(0))


class TenWeights(models.Model):
    """The ten weights in points; constraints of the concrete model see to it that they sum to 100."""

    FIELDS = {code: code.lower() for code in CRITERIA}

    c1 = _weight_field("C1")
    c2 = _weight_field("C2")
    c3 = _weight_field("C3")
    c4 = _weight_field("C4")
    c5 = _weight_field("C5")
    c6 = _weight_field("C6")
    c7 = _weight_field("C7")
    c8 = _weight_field("C8")
    c9 = _weight_field("C9")
    c10 = _weight_field("C10")

    class Meta:
        abstract = True

    def as_dict(self) -> dict[str, float]:
        """Criterion code → points."""
        return {code: float(getattr(self, name)) for code, name in self.FIELDS.items()}


def weights_sum_to_100(name: str) -> models.CheckConstraint:
    rest = [F(field) for code, field in TenWeights.FIELDS.items() if code != "C1"]
    total = Decimal(100) - rest[0]
    for field in rest[1:]:
        total = total - field
    return models.CheckConstraint(
        condition=Q(c1=total), name=name, violation_error_message="The ten weights must sum to 100."
    )


def weights_not_negative(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(**{f"{field}__gte": 0 for field in TenWeights.FIELDS.values()}),
        name=name,
        violation_error_message="A weight must not be negative.",
    )


class ProjectWeights(TenWeights, SponsorOwned):
    """The ten weights of a project, in points that sum to 100. Prefilled from the stage, editable."""

    sponsor_path = "project__sponsor"

    project = models.OneToOneField(Project, models.CASCADE, related_name="weights")
    from_defaults = models.BooleanField(default=True, help_text="Still the stage's defaults, never edited.")
    updated_at = models.DateTimeField(auto_now=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who approved these very weights; other ones are approved by nobody yet.",
    )
    approved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "project weights"
        constraints = [
            weights_sum_to_100("weights_sum_to_100"),
            weights_not_negative("weights_not_negative"),
            models.CheckConstraint(
                condition=Q(approved_by=None, approved_at=None)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="weights_approved_by_somebody",
                violation_error_message="An approval needs who gave it and when.",
            ),
        ]

    def __str__(self) -> str:
        return f"Weights of {self.project}"
