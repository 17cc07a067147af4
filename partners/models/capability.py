"""What a site can do, and when it has room to do it."""

from django.db import models
from django.db.models import F, Q

from partners.enums import SlotStatus, Stage

from .evidence import Evidenced
from .facility import Facility
from .vocabulary import DosageForm, Modality, ProductionSystem, ScaleUnit, Service


class Capability(Evidenced):
    """One process at one site: modality × service × stage range × scale range × form × system × containment.

    Empty means unknown, e.g. a register that states "API MANUFACTURE" says nothing about modality or scale.
    `oel_ug_m3` is the lowest 8-hour time-weighted occupational exposure limit the site handles, in µg/m³;
    `band_name` is the partner's own containment band, shown but never compared.
    """

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="capabilities")
    service = models.ForeignKey(Service, models.PROTECT, related_name="capabilities")
    modality = models.ForeignKey(Modality, models.PROTECT, null=True, blank=True, related_name="capabilities")
    dosage_form = models.ForeignKey(
        DosageForm, models.PROTECT, null=True, blank=True, related_name="capabilities"
    )
    production_system = models.ForeignKey(
        ProductionSystem, models.PROTECT, null=True, blank=True, related_name="capabilities"
    )
    stage_from = models.PositiveSmallIntegerField(choices=Stage, null=True, blank=True)
    stage_to = models.PositiveSmallIntegerField(choices=Stage, null=True, blank=True)
    scale_min = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    scale_max = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    scale_unit = models.ForeignKey(ScaleUnit, models.PROTECT, null=True, blank=True, related_name="+")
    gmp = models.BooleanField(null=True, blank=True, help_text="GMP for human use. Empty: unknown.")
    oel_ug_m3 = models.DecimalField("OEL (µg/m³)", max_digits=12, decimal_places=4, null=True, blank=True)
    band_name = models.CharField("containment band", max_length=40, blank=True)
    biosafety_level = models.PositiveSmallIntegerField(null=True, blank=True)
    dedicated_for = models.CharField(
        max_length=120, blank=True, help_text="E.g. cytotoxic, beta-lactam, live virus."
    )
    programmes = models.PositiveIntegerField(
        null=True, blank=True, help_text="Programmes run with this process here."
    )
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "capabilities"
        ordering = ["service__order", "modality__order", "pk"]
        indexes = [models.Index(fields=["modality", "service"], name="capability_modality_service")]
        constraints = [
            models.CheckConstraint(
                condition=Q(stage_to__isnull=True)
                | Q(stage_from__isnull=True)
                | Q(stage_to__gte=F("stage_from")),
                name="capability_stage_range",
                violation_error_message="The last stage comes before the first stage.",
            ),
            models.CheckConstraint(
                condition=Q(scale_min__isnull=True)
                | Q(scale_max__isnull=True)
                | Q(scale_max__gte=F("scale_min")),
                name="capability_scale_range",
                violation_error_message="The largest scale is below the smallest scale.",
            ),
            models.CheckConstraint(
                condition=Q(scale_min__isnull=True, scale_max__isnull=True) | Q(scale_unit__isnull=False),
                name="capability_scale_has_unit",
                violation_error_message="Give the unit of the scale.",
            ),
            models.CheckConstraint(
                condition=(Q(scale_min__isnull=True) | Q(scale_min__gte=0))
                & (Q(oel_ug_m3__isnull=True) | Q(oel_ug_m3__gt=0)),
                name="capability_amounts_positive",
                violation_error_message="Scale must not be negative and an OEL must be above zero.",
            ),
            models.CheckConstraint(
                condition=Q(biosafety_level__isnull=True) | Q(biosafety_level__range=(1, 4)),
                name="capability_biosafety_1_to_4",
                violation_error_message="Biosafety level is 1, 2, 3 or 4.",
            ),
        ]

    def __str__(self) -> str:
        parts = [str(self.service)] + [str(p) for p in (self.modality, self.dosage_form) if p]
        return " · ".join(parts)


class CapacitySlot(Evidenced):
    """Free (or taken) capacity at a site between two dates. `quantity` in `unit` is what is free in it."""

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="slots")
    service = models.ForeignKey(Service, models.PROTECT, null=True, blank=True, related_name="+")
    modality = models.ForeignKey(Modality, models.PROTECT, null=True, blank=True, related_name="+")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=SlotStatus, default=SlotStatus.OPEN)
    quantity = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    unit = models.ForeignKey(ScaleUnit, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["starts_on", "pk"]
        indexes = [models.Index(fields=["starts_on"], condition=Q(status="open"), name="slot_open_start")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="slot_ends_after_start",
                violation_error_message="The slot ends before it starts.",
            ),
            models.CheckConstraint(
                condition=Q(quantity__isnull=True) | Q(unit__isnull=False),
                name="slot_quantity_has_unit",
                violation_error_message="Give the unit of the quantity.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_status_display()} from {self.starts_on}"
