"""Commercial terms, prices, track record, measures and documents."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter

from partners import models

from .base import EVIDENCE_FILTERS, FactAdmin


@admin.register(models.CommercialTerms)
class CommercialTermsAdmin(FactAdmin):
    list_display = (
        "organisation", "minimum_project", "currency", "payment_days", "cancellation_share",
        "evidence_level", "retrieved_on",
    )  # fmt: skip
    list_select_related = ("organisation",)
    list_filter = EVIDENCE_FILTERS
    search_fields = ("organisation__name", "payment_note", "cancellation_note")
    autocomplete_fields = ("organisation", "source")
    main_fields = (
        "organisation",
        ("minimum_project", "currency"),
        ("payment_days", "payment_note"),
        ("cancellation_notice_months", "cancellation_share"),
        "cancellation_note",
    )


@admin.register(models.IndicativePrice)
class IndicativePriceAdmin(FactAdmin):
    list_display = (
        "organisation", "basis", "low", "high", "currency", "service", "modality", "retrieved_on",
    )  # fmt: skip
    list_select_related = ("organisation", "service", "modality")
    list_filter = (("basis", ChoicesDropdownFilter), *EVIDENCE_FILTERS)
    search_fields = ("organisation__name", "service__label", "modality__label")
    autocomplete_fields = ("organisation", "service", "modality", "source")
    main_fields = ("organisation", ("service", "modality"), ("basis", "currency"), ("low", "high"))


@admin.register(models.TrackRecord)
class TrackRecordAdmin(FactAdmin):
    list_display = ("organisation", "kind", "count", "facility", "modality", "last_year", "evidence_level")
    list_select_related = ("organisation", "facility__organisation", "modality")
    list_filter = (("kind", ChoicesDropdownFilter), ("modality", AutocompleteSelectFilter), *EVIDENCE_FILTERS)
    search_fields = ("organisation__name", "facility__name", "description")
    autocomplete_fields = (
        "organisation", "facility", "modality", "service", "dosage_form", "regulator", "source",
    )  # fmt: skip
    main_fields = (
        ("organisation", "facility"),
        ("kind", "count"),
        ("service", "modality"),
        ("dosage_form", "regulator"),
        ("first_year", "last_year"),
        "description",
    )


@admin.register(models.MetricValue)
class MetricValueAdmin(FactAdmin):
    list_display = ("organisation", "metric", "display", "facility", "period_end", "evidence_level")
    list_select_related = ("organisation", "metric", "facility__organisation")
    list_filter = (("metric", AutocompleteSelectFilter), *EVIDENCE_FILTERS)
    search_fields = ("organisation__name", "metric__label")
    autocomplete_fields = ("organisation", "facility", "metric", "source")
    main_fields = (("organisation", "facility"), ("metric", "period_end"), ("number", "flag"), "text")


@admin.register(models.Document)
class DocumentAdmin(FactAdmin):
    list_display = ("title", "type", "organisation", "facility", "dated_on", "evidence_level")
    list_select_related = ("type", "organisation", "facility__organisation")
    list_filter = (("type", AutocompleteSelectFilter), *EVIDENCE_FILTERS)
    search_fields = ("title", "organisation__name")
    autocomplete_fields = ("organisation", "facility", "type", "source")
    main_fields = (("organisation", "facility"), ("type", "title"), ("url", "dated_on"))
