"""What all admins of facts share: the evidence of a row is asked for in one place and the same way."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from cmo_selector.audit.desk import AuditedAdmin

from .facts import FreshnessFilter, VerifyActions, provenance
from .history import HistoryMixin
from .saved import SavedFiltersMixin
from .sheets import SheetsMixin

EVIDENCE = ("source", "source_reference", "retrieved_on", "evidence_level", "valid_until")
EVIDENCE_FILTERS = (
    FreshnessFilter,
    ("evidence_level", ChoicesDropdownFilter),
    ("source", AutocompleteSelectFilter),
    ("retrieved_on", RangeDateFilter),
)
INLINE_EVIDENCE = ("source", "retrieved_on", "evidence_level")


class CatalogueAdmin(SheetsMixin, SavedFiltersMixin, HistoryMixin, AuditedAdmin):
    """Admin of a model whose rows have a history and go out to spreadsheets and back, with saved filters."""


class FactAdmin(VerifyActions, CatalogueAdmin):
    """Admin of an evidenced model: `main_fields` first, then the evidence."""

    main_fields: tuple[Any, ...] = ()
    list_filter_submit = True
    save_on_top = False
    date_hierarchy = None

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list:
        return [
            (None, {"fields": self.main_fields}),
            (
                "Evidence",
                {
                    "fields": (*EVIDENCE, *(("provenance",) if obj else ())),
                    "description": "Where the fact comes from, and how far to trust it.",
                },
            ),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*super().get_readonly_fields(request, obj), *(("provenance",) if obj else ()))

    @display(description="Provenance")
    def provenance(self, obj: Any) -> str:
        return provenance(obj)

    def get_list_select_related(self, request: HttpRequest) -> tuple[str, ...]:
        return ("source", *(self.list_select_related or ()))


class FactInline(TabularInline):
    """Rows of a fact model below what they belong to; the rest of a row is behind its link."""

    extra = 0
    show_change_link = True
    tab = True
    per_page = 10
    main_fields: tuple[str, ...] = ()
    autocomplete_fields: tuple[str, ...] = ("source",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.main_fields, *INLINE_EVIDENCE]
