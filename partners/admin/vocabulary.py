"""Vocabularies: terms are renamed, ordered and retired in the list itself."""

from django.contrib import admin

from partners import models

from .base import CatalogueAdmin


class VocabularyAdmin(CatalogueAdmin):
    list_display = ("label", "code", "order", "active")
    list_editable = ("order", "active")
    list_filter = ("active",)
    search_fields = ("label", "code")
    list_per_page = 200

    def get_readonly_fields(self, request, obj=None):
        """The code is what data files and saved addresses refer to: it is chosen once."""
        return ("code",) if obj else ()


@admin.register(models.OrganisationType)
class OrganisationTypeAdmin(VocabularyAdmin):
    list_display = ("label", "code", "family", "order", "active")


@admin.register(models.Modality)
class ModalityAdmin(VocabularyAdmin):
    list_display = ("label", "code", "group", "order", "active")
    list_filter = ("active", "group")


@admin.register(models.Service)
class ServiceAdmin(VocabularyAdmin):
    list_display = ("label", "code", "parent", "order", "active")
    list_select_related = ("parent",)
    list_filter = ("active", ("parent", admin.RelatedOnlyFieldListFilter))
    autocomplete_fields = ("parent",)


@admin.register(models.DosageForm)
class DosageFormAdmin(VocabularyAdmin):
    list_display = ("label", "code", "route", "order", "active")


@admin.register(models.ScaleUnit)
class ScaleUnitAdmin(VocabularyAdmin):
    list_display = ("label", "code", "symbol", "ucum", "order", "active")
    search_fields = ("label", "code", "symbol")


@admin.register(models.Regulator)
class RegulatorAdmin(VocabularyAdmin):
    list_display = ("label", "code", "market", "country", "order", "active")


@admin.register(models.Metric)
class MetricAdmin(VocabularyAdmin):
    list_display = ("label", "code", "kind", "unit", "order", "active")
    list_filter = ("active", "kind")


@admin.register(
    models.ProductionSystem,
    models.Industry,
    models.ContractStructure,
    models.CertificateType,
    models.DocumentType,
)
class PlainVocabularyAdmin(VocabularyAdmin):
    pass


@admin.register(models.ServiceCrosswalk)
class ServiceCrosswalkAdmin(CatalogueAdmin):
    list_display = ("label", "register", "code", "service")
    list_select_related = ("service",)
    list_filter = ("register",)
    search_fields = ("label", "code", "service__label")
    autocomplete_fields = ("service",)


@admin.register(models.Source)
class SourceAdmin(CatalogueAdmin):
    list_display = ("title", "code", "publisher", "dated_on", "licence", "illustrative")
    list_filter = ("illustrative",)
    search_fields = ("title", "code", "publisher")
    prepopulated_fields = {"code": ("title",)}
