"""What all admins of facts share: the evidence of a row is asked for in one place and the same way."""

from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from cmo_selector.audit.desk import AuditedAdmin

from .facts import FreshnessFilter, VerifyActions, provenance
from .history import HistoryMixin
from .saved import SavedFiltersMixin
from .searching import WordSearch
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


class FactAdmin(WordSearch, VerifyActions, CatalogueAdmin):
    """Admin of an evidenced model: `main_fields` first, then the evidence. What was entered last stands first."""

    main_fields: tuple[Any, ...] = ()
    ordering: tuple[str, ...] = ("-pk",)
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


class KnownSelect(AutocompleteSelect):
    """An autocomplete that need not ask for the row it shows: `known` is that row, which came with its fact."""

    known: Model | None = None

    def optgroups(self, name: str, value: list[str], attr: Any = None) -> list:
        if self.known is None or [str(self.known.pk)] != [str(v) for v in value]:
            return super().optgroups(name, value, attr)
        label = self.choices.field.label_from_instance(self.known)
        options = [self.create_option(name, self.known.pk, label, {str(self.known.pk)}, 0)]
        if not self.is_required:
            options.insert(0, self.create_option(name, "", "", False, 0))
        return [(None, options, 0)]


class FactForm(ModelForm):
    """Hands the rows that came with a fact to the widgets that show them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            widget = getattr(field.widget, "widget", field.widget)
            if isinstance(widget, KnownSelect):
                widget.known = self.instance._state.fields_cache.get(name)


class FactInline(TabularInline):
    """Rows of a fact model below what they belong to; the rest of a row is behind its link.

    The queries of a page do not grow with its rows: what a row refers to comes with it.
    """

    form = FactForm

    extra = 0
    show_change_link = True
    tab = True
    per_page = 10
    main_fields: tuple[str, ...] = ()
    autocomplete_fields: tuple[str, ...] = ("source",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.main_fields, *INLINE_EVIDENCE]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related(*self.get_autocomplete_fields(request))

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KnownSelect(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
