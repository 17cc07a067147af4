"""Controlled vocabularies (domain.md 3): data that curators edit, never code."""

from django.core.exceptions import ValidationError
from django.db import models

from partners.enums import MetricKind


class Vocabulary(models.Model):
    """One term: a stable code, a label for people, an order, and whether it is still offered."""

    code = models.SlugField(max_length=64, unique=True)
    label = models.CharField(max_length=160)
    description = models.TextField(blank=True)
    order = models.PositiveIntegerField(default=0)
    active = models.BooleanField(
        default=True, help_text="Retired terms stay on old rows but are not offered anew."
    )

    class Meta:
        abstract = True
        ordering = ["order", "label", "pk"]

    def __str__(self) -> str:
        return self.label


class OrganisationType(Vocabulary):
    """CMO, CDMO, CRO-clinical …; `family` is the everyday word a filter groups them under."""

    family = models.CharField(max_length=40, blank=True)


class Modality(Vocabulary):
    """What kind of product: small molecule, mAb, viral vector AAV, class II device …"""

    group = models.CharField(max_length=60, blank=True)

    class Meta(Vocabulary.Meta):
        verbose_name_plural = "modalities"


class Service(Vocabulary):
    """A node of the service tree; branches are nodes without a parent."""

    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")

    def clean(self) -> None:
        """No service stands below itself."""
        super().clean()
        if self.pk and self.parent_id and self.pk in self.and_above(self.parent_id):
            raise ValidationError(
                {"parent": f"“{self.parent}” stands below “{self}”; choose another parent."}
            )

    @classmethod
    def and_above(cls, pk: int | None) -> list[int]:
        """The keys of a service and of all above it, from below. One query."""
        parents = dict(cls._default_manager.values_list("pk", "parent_id"))
        found: list[int] = []
        while pk and pk not in found:
            found.append(pk)
            pk = parents.get(pk)
        return found


class DosageForm(Vocabulary):
    """Tablet, injection solution, cell suspension …; `route` names the usual routes."""

    route = models.CharField(max_length=120, blank=True)


class ProductionSystem(Vocabulary):
    """Expression or production system: CHO, HEK293 suspension, SPPS …"""


class ScaleUnit(Vocabulary):
    """Unit of a scale: L, kg, tablets/year …; `ucum` where one exists."""

    symbol = models.CharField(max_length=32)
    ucum = models.CharField(max_length=32, blank=True)


class Industry(Vocabulary):
    """Industry a partner serves: pharma, biotech, medical device …"""

    class Meta(Vocabulary.Meta):
        verbose_name_plural = "industries"


class ContractStructure(Vocabulary):
    """How work is contracted: end-to-end, component, private label, labour …"""


class Regulator(Vocabulary):
    """Agency; `market` is the code of the market it stands for (US, EU, UK, JP …)."""

    market = models.CharField(max_length=8, blank=True)
    country = models.CharField(max_length=2, blank=True)


class CertificateType(Vocabulary):
    """EU GMP certificate, ISO 13485, FDA establishment registration …"""


class DocumentType(Vocabulary):
    """CDA, quality agreement, audit report …"""


class Metric(Vocabulary):
    """A measure partners state or that is measured of them, e.g. on-time-in-full share in per cent."""

    kind = models.CharField(max_length=8, choices=MetricKind)
    unit = models.CharField(max_length=32, blank=True)
    question = models.CharField(
        max_length=300, blank=True, help_text="What to ask a partner when it is unknown."
    )


class ServiceCrosswalk(models.Model):
    """What a register's word or code means here: a service it proves (FDA SPL C84731 PACK), or a dosage form."""

    register = models.CharField(max_length=40)  # "fda_spl", "fda_drls", "eu_mia", "fda_ndc"
    code = models.CharField(max_length=120)
    label = models.CharField(max_length=160)
    service = models.ForeignKey(Service, models.PROTECT, null=True, blank=True, related_name="crosswalks")
    dosage_form = models.ForeignKey(
        DosageForm, models.PROTECT, null=True, blank=True, related_name="crosswalks"
    )

    class Meta:
        ordering = ["register", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["register", "code"],
                name="crosswalk_code_once_per_register",
                violation_error_message="This register already has an entry for that code.",
            ),
            models.CheckConstraint(
                condition=models.Q(service=None) | models.Q(dosage_form=None),
                name="crosswalk_to_one_term",
                violation_error_message="An entry means a service or a dosage form, not both.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.register} {self.code} {self.label}"
