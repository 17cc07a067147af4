"""Public registers as they were read: establishments, the import runs that brought them, and rejected rows."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat, Upper

from partners.enums import RegisterKind

from .evidence import Source
from .facility import Facility

#: What a search of the register reads, in capitals; the index below is on exactly this expression.
ESTABLISHMENT_TEXT = Upper(Concat(F("firm_name"), Value(" "), F("registrant_name"), Value(" "), F("city")))


class RegisterImport(models.Model):
    """One run of an importer over one file. Kept for dry runs too only when they are applied."""

    kind = models.CharField(max_length=20, choices=RegisterKind)
    layout = models.CharField(
        max_length=24, blank=True, help_text="Which of the register's lists, when it has several."
    )
    source = models.ForeignKey(Source, models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    file_date = models.DateField(null=True, blank=True)
    file_date_stated = models.BooleanField(
        default=True,
        db_default=True,
        help_text="Off when nobody stated the file's date: then it is the day on which the file was read.",
    )
    rows = models.PositiveIntegerField()
    created = models.PositiveIntegerField()
    updated = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    closed = models.PositiveIntegerField(default=0, help_text="Rows of the register no longer in the file.")
    applied_at = models.DateTimeField(auto_now_add=True)
    applied_by = models.CharField(max_length=160, blank=True)

    class Meta:
        ordering = ["-applied_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.file_name}, {self.applied_at:%Y-%m-%d}"


class RejectedRow(models.Model):
    """A line that could not be imported, kept whole with the reason."""

    run = models.ForeignKey(RegisterImport, models.CASCADE, related_name="rejected_rows")
    line = models.PositiveIntegerField()
    reason = models.CharField(max_length=300)
    raw = models.JSONField()

    class Meta:
        ordering = ["run", "line"]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class RegisterEstablishment(models.Model):
    """One row of the FDA drug establishment register; the D-U-N-S number is its key.

    `fei` has no leading zeros and is empty where the file has none. `facility` is the catalogue site it was
    linked to by FEI or D-U-N-S. `left_on` is the file date of the first file that no longer held it.
    """

    duns = models.CharField(max_length=9, unique=True)
    fei = models.CharField(max_length=12, blank=True, db_index=True)
    firm_name = models.CharField(max_length=300)
    address = models.CharField(max_length=600)
    street = models.CharField(max_length=400, blank=True)
    city = models.CharField(max_length=160, blank=True)
    region = models.CharField(max_length=160, blank=True)
    postal_code = models.CharField(max_length=60, blank=True)
    country = models.CharField(max_length=2, blank=True)
    operations = ArrayField(models.CharField(max_length=60), default=list)
    expires_on = models.DateField(null=True, blank=True)
    registrant_name = models.CharField(max_length=300, blank=True)
    registrant_duns = models.CharField(max_length=9, blank=True)
    excluded = models.BooleanField(default=False)
    facility = models.ForeignKey(
        Facility, models.SET_NULL, null=True, blank=True, related_name="register_establishments"
    )
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    first_seen_on = models.DateField()
    last_seen_on = models.DateField()
    left_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["firm_name", "pk"]
        indexes = [
            GinIndex(fields=["operations", "country"], name="establishment_operations"),
            GinIndex(fields=["firm_name"], opclasses=["gin_trgm_ops"], name="establishment_name_trgm"),
            GinIndex(OpClass(ESTABLISHMENT_TEXT, name="gin_trgm_ops"), name="establishment_text_trgm"),
            models.Index(fields=["country"], name="establishment_country"),
            models.Index(Upper("firm_name"), "id", name="establishment_by_name"),
        ]

    def __str__(self) -> str:
        return self.firm_name
