"""Sites: what they can do, with what, and when they have room."""

from django.contrib import admin
from django.db.models import Q
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter

from partners import models

from .base import EVIDENCE_FILTERS, FactAdmin, FactInline
from .matching import MergeAction
from .searching import partner_keys, site_keys, sites_of, words_of


class SiteIdentifierInline(FactInline):
    model = models.Identifier
    main_fields = ("scheme", "value")


class CapabilityInline(FactInline):
    model = models.Capability
    main_fields = ("service", "modality", "dosage_form", "gmp")
    autocomplete_fields = ("service", "modality", "dosage_form", "source")


class CertificateInline(FactInline):
    model = models.Certificate
    main_fields = ("type", "number", "issued_on", "expires_on")
    autocomplete_fields = ("type", "source")


class InspectionInline(FactInline):
    model = models.Inspection
    main_fields = ("regulator", "ended_on", "outcome", "observations")
    autocomplete_fields = ("regulator", "source")


class AuditInline(FactInline):
    model = models.Audit
    main_fields = ("auditor", "standard", "audited_on", "outcome", "open_actions")


class ActionInline(FactInline):
    model = models.RegulatoryAction
    main_fields = ("regulator", "kind", "issued_on", "closed_on", "close_out_unknown")
    autocomplete_fields = ("regulator", "source")


class SlotInline(FactInline):
    model = models.CapacitySlot
    main_fields = ("starts_on", "ends_on", "status", "quantity", "unit")
    autocomplete_fields = ("unit", "source")


class EquipmentInline(FactInline):
    model = models.Equipment
    main_fields = ("name", "quantity", "size", "size_unit")
    autocomplete_fields = ("size_unit", "source")


@admin.register(models.Facility)
class FacilityAdmin(MergeAction, FactAdmin):
    merge_kind = "site"
    ordering = ("organisation__name", "name", "pk")
    actions = ("compare_two", *FactAdmin.actions)
    list_display = ("name", "organisation", "city", "country", "active", "evidence_level", "retrieved_on")
    list_select_related = ("organisation",)
    list_filter = (
        "active",
        ("country", ChoicesDropdownFilter),
        ("organisation", AutocompleteSelectFilter),
        *EVIDENCE_FILTERS,
    )
    search_fields = ("name", "city", "organisation__name")
    search_help_text = "Name, city, partner or identifier"
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("organisation", "source")
    main_fields = (
        "organisation",
        ("name", "slug"),
        "street",
        ("city", "postal_code"),
        ("region", "country"),
        ("latitude", "longitude"),
        "located_by",
        ("opened_year", "capabilities_complete_on"),
        "active",
    )
    inlines = (
        SiteIdentifierInline,
        CapabilityInline,
        CertificateInline,
        InspectionInline,
        AuditInline,
        ActionInline,
        SlotInline,
        EquipmentInline,
    )

    def get_queryset(self, request):
        """A site is called by its partner, in the autocompletes too."""
        return super().get_queryset(request).select_related("organisation")

    def get_search_results(self, request, queryset, search_term):
        for word in words_of(search_term):
            keys = [site_keys(word), sites_of(partner_keys(word))]
            if all(isinstance(found, list) for found in keys):
                queryset = queryset.filter(pk__in={*keys[0], *keys[1]})
            else:
                queryset = queryset.filter(Q(pk__in=keys[0]) | Q(pk__in=keys[1]))
        return queryset, False

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else self.prepopulated_fields


@admin.register(models.Capability)
class CapabilityAdmin(FactAdmin):
    list_display = (
        "service", "modality", "dosage_form", "facility", "scale_min", "scale_max", "scale_unit", "gmp",
        "evidence_level", "retrieved_on",
    )  # fmt: skip
    list_select_related = ("service", "modality", "dosage_form", "facility__organisation", "scale_unit")
    list_filter = (
        ("service", AutocompleteSelectFilter),
        ("modality", AutocompleteSelectFilter),
        ("dosage_form", AutocompleteSelectFilter),
        "gmp",
        *EVIDENCE_FILTERS,
    )
    search_fields = ("facility__organisation__name", "facility__name", "service__label", "modality__label")
    autocomplete_fields = (
        "facility", "service", "modality", "dosage_form", "production_system", "scale_unit", "source",
    )  # fmt: skip
    main_fields = (
        "facility",
        ("service", "modality"),
        ("dosage_form", "production_system"),
        ("stage_from", "stage_to"),
        ("scale_min", "scale_max"),
        "scale_unit",
        ("gmp", "biosafety_level"),
        ("oel_ug_m3", "band_name"),
        ("dedicated_for", "programmes"),
        "note",
    )


@admin.register(models.Equipment)
class EquipmentAdmin(FactAdmin):
    list_display = ("name", "facility", "quantity", "size", "size_unit", "evidence_level", "retrieved_on")
    list_select_related = ("facility__organisation", "size_unit")
    list_filter = EVIDENCE_FILTERS
    search_fields = ("name", "facility__name", "facility__organisation__name")
    autocomplete_fields = ("facility", "size_unit", "source")
    main_fields = ("facility", ("name", "quantity"), ("size", "size_unit"))


@admin.register(models.CapacitySlot)
class CapacitySlotAdmin(FactAdmin):
    list_display = (
        "facility", "service", "modality", "starts_on", "ends_on", "status", "quantity", "unit", "retrieved_on",
    )  # fmt: skip
    list_select_related = ("facility__organisation", "service", "modality", "unit")
    list_filter = (("status", ChoicesDropdownFilter), ("starts_on", RangeDateFilter), *EVIDENCE_FILTERS)
    search_fields = ("facility__name", "facility__organisation__name", "service__label")
    autocomplete_fields = ("facility", "service", "modality", "unit", "source")
    main_fields = (
        "facility",
        ("service", "modality"),
        ("starts_on", "ends_on"),
        "status",
        ("quantity", "unit"),
    )
