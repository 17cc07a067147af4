"""Sites: where things are made, tested or run. Capabilities, quality and capacity hang here, not on the partner."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Collate
from django_countries.fields import CountryField

from .evidence import Evidenced
from .organisation import Organisation
from .text import SearchKey


class Facility(Evidenced):
    """One site of a partner.

    `capabilities_complete_on` is set when the partner stated on that day that the site's list of capabilities
    is complete; only then does a capability that is not listed mean "no" instead of "unknown".
    Coordinates are decimal degrees; `located_by` says how exact they are.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="facilities")
    slug = models.SlugField(max_length=120)
    name = models.CharField(max_length=200)
    street = models.CharField(max_length=300, blank=True)
    city = models.CharField(max_length=120, blank=True)
    region = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=40, blank=True)
    country = CountryField()
    latitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    longitude = models.DecimalField(max_digits=8, decimal_places=5, null=True, blank=True)
    located_by = models.CharField(
        max_length=10,
        blank=True,
        choices=[("address", "Address"), ("city", "City centre"), ("country", "Country")],
    )
    opened_year = models.PositiveSmallIntegerField(null=True, blank=True)
    active = models.BooleanField(default=True)
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    capabilities_complete_on = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "facilities"
        ordering = ["organisation__name", "name", "pk"]
        indexes = [
            models.Index(fields=["country"], name="facility_country"),
            models.Index(Collate(SearchKey("name"), "C"), name="facility_name_key"),
            models.Index(Collate(SearchKey("city"), "C"), F("country"), name="facility_city_key"),
            GinIndex(
                OpClass(SearchKey("name"), name="gin_trgm_ops"),
                OpClass(SearchKey("city"), name="gin_trgm_ops"),
                name="facility_place_trgm",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug"],
                name="facility_slug_once_per_organisation",
                violation_error_message="This partner already has a site with that short name.",
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="facility_coordinates_on_earth",
                violation_error_message="Give both latitude (-90 to 90) and longitude (-180 to 180), or neither.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.organisation})"


class Equipment(Evidenced):
    """A piece of equipment that matters for a choice, with its size."""

    facility = models.ForeignKey(Facility, models.CASCADE, related_name="equipment")
    name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField(null=True, blank=True)
    size = models.DecimalField(max_digits=14, decimal_places=3, null=True, blank=True)
    size_unit = models.ForeignKey("ScaleUnit", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name_plural = "equipment"
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(size__isnull=True) | Q(size_unit__isnull=False),
                name="equipment_size_has_unit",
                violation_error_message="Give the unit of the size.",
            )
        ]

    def __str__(self) -> str:
        return self.name
