"""The quality record of sites."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter

from partners import models

from .base import EVIDENCE_FILTERS, FactAdmin


@admin.register(models.Certificate)
class CertificateAdmin(FactAdmin):
    list_display = (
        "type", "number", "facility", "issued_on", "expires_on", "evidence_level", "retrieved_on",
    )  # fmt: skip
    list_select_related = ("type", "facility__organisation")
    list_filter = (("type", AutocompleteSelectFilter), ("expires_on", RangeDateFilter), *EVIDENCE_FILTERS)
    search_fields = ("number", "type__label", "facility__name", "facility__organisation__name")
    autocomplete_fields = ("facility", "type", "regulator", "scope_services", "scope_dosage_forms", "source")
    main_fields = (
        "facility",
        ("type", "number"),
        ("regulator", "body"),
        "scope",
        ("scope_services", "scope_dosage_forms"),
        ("issued_on", "expires_on"),
        "url",
    )


@admin.register(models.Inspection)
class InspectionAdmin(FactAdmin):
    list_display = ("facility", "regulator", "kind", "ended_on", "outcome", "observations", "evidence_level")
    list_select_related = ("facility__organisation", "regulator")
    list_filter = (
        ("outcome", ChoicesDropdownFilter),
        ("regulator", AutocompleteSelectFilter),
        ("ended_on", RangeDateFilter),
        *EVIDENCE_FILTERS,
    )
    search_fields = ("facility__name", "facility__organisation__name", "product_area")
    autocomplete_fields = ("facility", "regulator", "source")
    main_fields = (
        ("facility", "regulator"),
        ("kind", "product_area"),
        ("started_on", "ended_on"),
        "closed_out_on",
        ("outcome", "observations"),
        "note",
        "url",
    )


@admin.register(models.RegulatoryAction)
class RegulatoryActionAdmin(FactAdmin):
    list_display = (
        "facility", "kind", "regulator", "issued_on", "closed_on", "close_out_unknown", "reference",
        "evidence_level",
    )  # fmt: skip
    list_select_related = ("facility__organisation", "regulator")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("regulator", AutocompleteSelectFilter),
        ("closed_on", admin.EmptyFieldListFilter),
        "close_out_unknown",
        *EVIDENCE_FILTERS,
    )
    search_fields = ("reference", "summary", "facility__name", "facility__organisation__name")
    autocomplete_fields = ("facility", "regulator", "source")
    main_fields = (
        ("facility", "regulator"),
        ("kind", "reference"),
        ("issued_on", "closed_on", "close_out_unknown"),
        "summary",
        "url",
    )
