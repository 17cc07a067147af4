"""The quality record of sites."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter

from partners import models
from partners.curation.gmp_scope import read_scope

from .base import EVIDENCE_FILTERS, FactAdmin


@admin.register(models.Certificate)
class CertificateAdmin(FactAdmin):
    actions = ("read_operations", *FactAdmin.actions)
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

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "scope" in form.changed_data:
            self._read(request, form.instance)

    @admin.action(
        description="Read the EU operations of their scope: 1.2.1.13 becomes a service",
        permissions=["change"],
    )
    def read_operations(self, request: HttpRequest, queryset: QuerySet) -> None:
        new = sum(
            self._read(request, one) for one in queryset.select_related("type", "facility__organisation")
        )
        if not new:
            messages.info(request, "No scope names an operation whose service is not there already.")

    @staticmethod
    def _read(request: HttpRequest, certificate: models.Certificate) -> int:
        found = read_scope(actor=request.user, certificate=certificate)  # type: ignore[arg-type]
        if found.services:
            words = ", ".join(map(str, found.services))
            messages.success(request, f"{certificate}: its scope also means {words}.")
        if found.unknown:
            numbers = ", ".join(found.unknown)
            messages.warning(
                request,
                f"{certificate}: the cross-walk has nothing for {numbers}; add an entry, or choose by hand.",
            )
        return len(found.services)


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


@admin.register(models.Audit)
class AuditAdmin(FactAdmin):
    list_display = (
        "facility", "auditor", "standard", "audited_on", "outcome", "open_actions", "evidence_level",
    )  # fmt: skip
    list_select_related = ("facility__organisation",)
    list_filter = (
        ("outcome", ChoicesDropdownFilter),
        ("auditor", ChoicesDropdownFilter),
        ("standard", ChoicesDropdownFilter),
        ("audited_on", RangeDateFilter),
        *EVIDENCE_FILTERS,
    )
    search_fields = ("facility__name", "facility__organisation__name", "scope")
    autocomplete_fields = ("facility", "source")
    main_fields = (
        "facility",
        ("auditor", "auditor_name"),
        ("standard", "audited_on"),
        "scope",
        ("outcome", "open_actions"),
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
