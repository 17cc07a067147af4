"""What the text search reads: synonyms are edited here, documents only looked at."""

from django.contrib import admin

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners import models

from .base import CatalogueAdmin


@admin.register(models.SearchSynonym)
class SearchSynonymAdmin(CatalogueAdmin):
    list_display = ("phrase", "group")
    search_fields = ("phrase", "group")
    list_per_page = 200


@admin.register(models.SearchDocument)
class SearchDocumentAdmin(ReadOnlyAdmin):
    """Written by triggers of the database."""

    list_display = ("organisation", "names")
    list_select_related = ("organisation",)
    search_fields = ("names",)
