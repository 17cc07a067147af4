"""What public registers say about sites: Form 483s, letters and actions, inspections, drug listings.

A row is one row of a register's file, cleaned but not interpreted. `key` identifies it within its register from
one file to the next. `facility` (a listing: `organisation`) is the catalogue entry it was linked to; the facts
made from it are kept by `partners.importers.evidence`. `left_on` is the date of the first file without it.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Concat

from partners.enums import ActionKind, ActionListing, InspectionOutcome

from .evidence import Source
from .facility import Facility
from .organisation import Organisation


class JoinedText(models.Func):
    """The texts of an array in one, by a function of our own, because an index takes no `array_to_string`."""

    function = "partners_joined_text"
    output_field = models.TextField()


def _texts(*columns: models.F | models.Func) -> Concat:
    """What a search of a register reads: these columns, a blank between them."""
    between = [part for column in columns for part in (column, Value(" "))]
    return Concat(*between[:-1], output_field=models.TextField())


#: What a search reads of a row; the indexes on trigrams below are on exactly these expressions.
ACTION_TEXT = _texts(F("firm_name"), F("subject"), F("issuing_office"))
INSPECTION_TEXT = _texts(F("firm_name"), F("city"))
LISTING_TEXT = _texts(F("name"), F("labeler"), JoinedText("substances"))


def _beginnings(column: str, name: str) -> models.Index:
    """An index that answers what a number begins with."""
    return models.Index(fields=[column], opclasses=["varchar_pattern_ops"], name=name)


class RegisterRow(models.Model):
    """What all registers' rows share. `fei` has no leading zeros and is empty where the file has none."""

    key = models.CharField(max_length=400)
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    first_seen_on = models.DateField()
    last_seen_on = models.DateField()
    left_on = models.DateField(null=True, blank=True)
    link_refused = models.BooleanField(
        db_default=False, default=False, help_text="A curator unlinked the row; no import links it again."
    )

    class Meta:
        abstract = True


class RegisterForm483(RegisterRow):
    """A Form 483 (observations at the end of an FDA inspection) that the FDA published.

    `document` is the number of the PDF at fda.gov/media, or its path where it has none; one PDF may serve two
    records. The register's own record ids are not kept: they change from file to file. `recorded_on` is the
    FDA's "record date"; hundreds of July 2015 are dates of posting, not of an inspection.
    """

    document = models.CharField(max_length=300)
    fei = models.CharField(max_length=12, blank=True, db_index=True)
    firm_name = models.CharField(max_length=200)
    record_type = models.CharField(max_length=60, blank=True)
    recorded_on = models.DateField(null=True, blank=True)
    posted_on = models.DateField(null=True, blank=True)
    url = models.URLField(max_length=400)
    facility = models.ForeignKey(
        Facility, models.SET_NULL, null=True, blank=True, related_name="register_483s"
    )

    class Meta:
        verbose_name = "published Form 483"
        ordering = ["-recorded_on", "pk"]
        indexes = [
            GinIndex(fields=["firm_name"], opclasses=["gin_trgm_ops"], name="form483_name_trgm"),
            _beginnings("document", "form483_document"),
            models.Index(F("recorded_on").desc(nulls_last=True), "id", name="form483_by_date"),
            models.Index(F("posted_on").desc(nulls_last=True), "id", name="form483_by_posting"),
            models.Index(fields=["firm_name", "id"], name="form483_by_name"),
            models.Index(fields=["record_type"], name="form483_type"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                name="form483_key_once",
                violation_error_message="The register already has this Form 483.",
            )
        ]

    def __str__(self) -> str:
        return f"Form 483, {self.firm_name}, {self.recorded_on or 'undated'}"


class RegisterAction(RegisterRow):
    """A warning letter, injunction or seizure as one of FDA's lists states it.

    The same letter may stand in all three lists (`listing`). Only the posted letters have `posted_on`, `url`,
    `issuing_office` and `subject`, and they have no FEI. No list says whether an action was closed out.
    """

    listing = models.CharField(max_length=24, choices=ActionListing)
    fei = models.CharField(max_length=12, blank=True, db_index=True)
    firm_name = models.CharField(max_length=200)
    state = models.CharField(max_length=60, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO code; empty when not recognised.")
    country_name = models.CharField(max_length=80, blank=True, help_text="As the file writes it.")
    product_type = models.CharField(max_length=60, blank=True)
    action_type = models.CharField(max_length=60, help_text="As the file writes it.")
    kind = models.CharField(max_length=20, choices=ActionKind, blank=True)
    issued_on = models.DateField()
    case_id = models.CharField(
        "case or injunction ID", max_length=40, blank=True, help_text="May cover several sites."
    )
    posted_on = models.DateField(null=True, blank=True)
    url = models.URLField(max_length=400, blank=True)
    issuing_office = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    facility = models.ForeignKey(
        Facility, models.SET_NULL, null=True, blank=True, related_name="register_actions"
    )

    class Meta:
        verbose_name = "register action"
        ordering = ["-issued_on", "pk"]
        indexes = [
            GinIndex(fields=["firm_name"], opclasses=["gin_trgm_ops"], name="register_action_name_trgm"),
            GinIndex(OpClass(ACTION_TEXT, name="gin_trgm_ops"), name="register_action_text_trgm"),
            _beginnings("case_id", "register_action_case"),
            models.Index(fields=["-issued_on", "id"], name="register_action_by_date"),
            models.Index(fields=["country", "-issued_on", "id"], name="register_action_by_country"),
            models.Index(fields=["firm_name", "id"], name="register_action_by_name"),
            models.Index(
                fields=["country", "product_type", "kind", "listing"], name="register_action_facets"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["listing", "key"],
                name="register_action_key_once_per_list",
                violation_error_message="This list already has this action.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action_type}, {self.firm_name}, {self.issued_on}"


class RegisterInspection(RegisterRow):
    """A classified inspection of FDA's Data Dashboard; one inspection may have a row per project area."""

    inspection_id = models.CharField(max_length=20)
    fei = models.CharField(max_length=12, blank=True, db_index=True)
    firm_name = models.CharField(max_length=200)
    city = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=60, blank=True)
    postal_code = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO code; empty when not recognised.")
    country_name = models.CharField(max_length=80, blank=True, help_text="As the file writes it.")
    fiscal_year = models.PositiveSmallIntegerField(null=True, blank=True)
    citations_posted = models.BooleanField(null=True, blank=True)
    ended_on = models.DateField()
    outcome = models.CharField(max_length=8, choices=InspectionOutcome)
    project_area = models.CharField(max_length=160, blank=True)
    product_type = models.CharField(max_length=60, blank=True)
    details = models.CharField(max_length=300, blank=True)
    facility = models.ForeignKey(
        Facility, models.SET_NULL, null=True, blank=True, related_name="register_inspections"
    )

    class Meta:
        verbose_name = "register inspection"
        ordering = ["-ended_on", "pk"]
        indexes = [
            GinIndex(fields=["firm_name"], opclasses=["gin_trgm_ops"], name="register_inspection_name_trgm"),
            GinIndex(OpClass(INSPECTION_TEXT, name="gin_trgm_ops"), name="register_inspection_text_trgm"),
            _beginnings("inspection_id", "register_inspection_number"),
            models.Index(fields=["-ended_on", "id"], name="register_inspection_by_date"),
            models.Index(fields=["country", "-ended_on", "id"], name="register_inspection_by_country"),
            models.Index(fields=["firm_name", "id"], name="register_inspection_by_name"),
            models.Index(
                fields=["country", "fiscal_year", "product_type", "outcome", "project_area"],
                name="register_inspection_facets",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                name="register_inspection_key_once",
                violation_error_message="The register already has this inspection.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}, {self.firm_name}, {self.ended_on}"


class RegisterListing(RegisterRow):
    """A listing of FDA's NDC directory of unfinished drugs: what a labeler offers in bulk or half made.

    Lists run parallel: `strengths[i]` and `units[i]` belong to `substances[i]`.
    """

    product_ndc = models.CharField(max_length=20, db_index=True)
    product_type = models.CharField(max_length=60)
    name = models.CharField(max_length=600)
    dosage_form = models.CharField(max_length=120, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    category = models.CharField(max_length=80, blank=True)
    labeler = models.CharField(max_length=200)
    substances = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    strengths = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    units = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    schedule = models.CharField("DEA schedule", max_length=8, blank=True)
    certified_through = models.DateField(null=True, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, null=True, blank=True, related_name="register_listings"
    )

    class Meta:
        verbose_name = "register listing"
        ordering = ["labeler", "name", "pk"]
        indexes = [
            GinIndex(fields=["labeler"], opclasses=["gin_trgm_ops"], name="listing_labeler_trgm"),
            GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="listing_name_trgm"),
            GinIndex(OpClass(LISTING_TEXT, name="gin_trgm_ops"), name="listing_text_trgm"),
            GinIndex(fields=["substances"], name="listing_substances"),
            models.Index(fields=["name"], name="listing_by_name"),
            models.Index(fields=["labeler"], name="listing_by_labeler"),
            models.Index(F("started_on").desc(nulls_last=True), "id", name="listing_by_start"),
            models.Index(
                fields=["dosage_form", "category", "product_type", "schedule"], name="listing_facets"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                name="register_listing_key_once",
                violation_error_message="The register already has this listing.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.labeler}"
