"""Dated exchange rates: looked at here, written by `import_fx` only."""

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateFilter

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners import models


@admin.register(models.ExchangeRate)
class ExchangeRateAdmin(ReadOnlyAdmin):
    list_display = ("day", "currency", "per_euro")
    list_filter = (("day", RangeDateFilter),)
    list_filter_submit = True
    search_fields = ("=currency",)


@admin.register(models.ExchangeRateImport)
class ExchangeRateImportAdmin(ReadOnlyAdmin):
    list_display = (
        "applied_at",
        "file_name",
        "first_day",
        "last_day",
        "rows",
        "created",
        "updated",
        "unchanged",
    )
    search_fields = ("file_name", "sha256")
