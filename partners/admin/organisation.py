"""Partners and what is known about them as a whole."""

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from partners import models

from .base import EVIDENCE_FILTERS, FactAdmin, FactInline
from .matching import MergeAction
from .searching import partner_keys, words_of


class TypeInline(FactInline):
    model = models.OrganisationTypeFact
    main_fields = ("type",)
    autocomplete_fields = ("type", "source")


class StructureInline(FactInline):
    model = models.ContractStructureFact
    main_fields = ("structure",)
    autocomplete_fields = ("structure", "source")


class IndustryInline(FactInline):
    model = models.IndustryFact
    main_fields = ("industry",)
    autocomplete_fields = ("industry", "source")


class AliasInline(FactInline):
    model = models.Alias
    main_fields = ("name", "kind", "used_from", "used_until")


class OwnershipInline(FactInline):
    model = models.Ownership
    main_fields = ("owner", "owned_from", "owned_until")


class OrganisationIdentifierInline(FactInline):
    model = models.Identifier
    main_fields = ("scheme", "value")


class FacilityInline(FactInline):
    model = models.Facility
    main_fields = ("name", "slug", "city", "country", "active")


@admin.register(models.Organisation)
class OrganisationAdmin(MergeAction, FactAdmin):
    merge_kind = "partner"
    ordering = ("name", "pk")
    actions = ("compare_two", *FactAdmin.actions)
    list_display = ("name", "record", "evidence_level", "retrieved_on", "active")
    list_filter = (
        "illustrative",
        "active",
        ("type_facts__type", AutocompleteSelectFilter),
        *EVIDENCE_FILTERS,
    )
    search_fields = ("name",)
    search_help_text = "A name, another name, an identifier or the short name in the address"
    prepopulated_fields = {"slug": ("name",)}
    autocomplete_fields = ("source",)
    main_fields = (
        ("name", "slug"),
        ("illustrative", "active"),
        "summary",
        "website",
        ("founded_year", "employees"),
        "grouping_note",
    )
    inlines = (
        TypeInline,
        StructureInline,
        IndustryInline,
        OwnershipInline,
        AliasInline,
        OrganisationIdentifierInline,
        FacilityInline,
    )

    def get_search_results(self, request, queryset, search_term):
        for word in words_of(search_term):
            queryset = queryset.filter(pk__in=partner_keys(word))
        return queryset, False

    @display(description="Record", ordering="illustrative", label={"Real": "info", "Illustrative": "warning"})
    def record(self, obj):
        return "Illustrative" if obj.illustrative else "Real"

    def get_prepopulated_fields(self, request, obj=None):
        """The slug is the partner's address: it follows the name only while the partner is new."""
        return {} if obj else self.prepopulated_fields


class PartnerFactAdmin(FactAdmin):
    """One fact about a partner and a term of a vocabulary (`term`)."""

    term = ""

    def get_list_display(self, request):
        return ("organisation", self.term, "evidence_level", "retrieved_on", "source")

    def get_list_filter(self, request):
        return ((self.term, AutocompleteSelectFilter), *EVIDENCE_FILTERS)

    def get_search_fields(self, request):
        return ("organisation__name", f"{self.term}__label")

    def get_autocomplete_fields(self, request):
        return ("organisation", self.term, "source")

    def get_list_select_related(self, request):
        return ("source", "organisation", self.term)

    def get_fieldsets(self, request, obj=None):
        return [(None, {"fields": ("organisation", self.term)}), *super().get_fieldsets(request, obj)[1:]]


@admin.register(models.OrganisationTypeFact)
class OrganisationTypeFactAdmin(PartnerFactAdmin):
    term = "type"


@admin.register(models.ContractStructureFact)
class ContractStructureFactAdmin(PartnerFactAdmin):
    term = "structure"


@admin.register(models.IndustryFact)
class IndustryFactAdmin(PartnerFactAdmin):
    term = "industry"


@admin.register(models.Alias)
class AliasAdmin(FactAdmin):
    list_display = ("name", "kind", "organisation", "used_from", "used_until", "evidence_level", "source")
    list_select_related = ("organisation",)
    list_filter = (("kind", ChoicesDropdownFilter), *EVIDENCE_FILTERS)
    search_fields = ("name", "organisation__name")
    autocomplete_fields = ("organisation", "source")
    main_fields = ("organisation", ("name", "kind"), ("used_from", "used_until"))


@admin.register(models.Ownership)
class OwnershipAdmin(FactAdmin):
    list_display = ("owner", "organisation", "owned_from", "owned_until", "evidence_level", "source")
    list_select_related = ("organisation",)
    list_filter = (("owned_from", RangeDateFilter), *EVIDENCE_FILTERS)
    search_fields = ("owner", "organisation__name")
    autocomplete_fields = ("organisation", "source")
    main_fields = ("organisation", "owner", ("owned_from", "owned_until"), "note")


@admin.register(models.Identifier)
class IdentifierAdmin(FactAdmin):
    list_display = ("value", "scheme", "organisation", "facility", "evidence_level", "source")
    list_select_related = ("organisation", "facility__organisation")
    list_filter = (("scheme", ChoicesDropdownFilter), *EVIDENCE_FILTERS)
    search_fields = ("value", "organisation__name", "facility__name", "facility__organisation__name")
    autocomplete_fields = ("organisation", "facility", "source")
    main_fields = (("organisation", "facility"), ("scheme", "value"))


@admin.register(models.RestrictedPartyEntry)
class RestrictedPartyEntryAdmin(FactAdmin):
    list_display = ("name_on_list", "list", "organisation", "effective_from", "effective_until", "source")
    list_select_related = ("list", "organisation")
    list_filter = (("list", AutocompleteSelectFilter), *EVIDENCE_FILTERS)
    search_fields = ("name_on_list", "organisation__name", "list__name")
    autocomplete_fields = ("list", "organisation", "source")
    main_fields = (("list", "organisation"), "name_on_list", ("effective_from", "effective_until"))
