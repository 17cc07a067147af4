"""Public registers as they were read: looked at here, written by the importers only."""

from django.contrib import admin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners import models

from .history import HistoryMixin


@admin.register(models.RegisterEstablishment)
class RegisterEstablishmentAdmin(HistoryMixin, ReadOnlyAdmin):
    list_display = ("firm_name", "duns", "fei", "city", "country", "expires_on", "facility", "left_on")
    list_select_related = ("facility__organisation",)
    list_filter = (
        ("expires_on", RangeDateFilter),
        ("facility", admin.EmptyFieldListFilter),
        ("left_on", admin.EmptyFieldListFilter),
        "excluded",
    )
    list_filter_submit = True
    search_fields = ("firm_name", "=duns", "=fei", "city", "registrant_name")


@admin.register(models.RegisterImport)
class RegisterImportAdmin(ReadOnlyAdmin):
    list_display = (
        "applied_at", "kind", "file_name", "file_date", "rows", "created", "updated", "unchanged", "rejected",
        "closed", "applied_by",
    )  # fmt: skip
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("file_name", "sha256", "applied_by")


@admin.register(models.RejectedRow)
class RejectedRowAdmin(ReadOnlyAdmin):
    list_display = ("run", "line", "reason")
    list_select_related = ("run",)
    search_fields = ("reason",)
