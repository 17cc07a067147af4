"""Vocabularies: terms are renamed, ordered and retired in the list itself; two can be made one."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextareaWidget

from cmo_selector.http import whole_number
from partners import models
from partners.jobs import ask_to_refresh_evidence
from partners.matching.terms import TermError, merge_terms, set_synonyms, synonyms, usage

from .base import CatalogueAdmin


class TermForm(forms.ModelForm):
    """A term with its synonyms, one on each line."""

    synonyms = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        help_text="One on each line. The search takes them and the label for one another.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["synonyms"].initial = "\n".join(synonyms(self.instance))


class RowForm(forms.ModelForm):
    """A term edited within the list: each field says whose it is, for who does not see the column's head."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = f"{field.label} of {self.instance}"


class VocabularyAdmin(CatalogueAdmin):
    form = TermForm
    list_display = ("label", "code", "order", "active")
    list_editable = ("order", "active")
    list_filter = ("active",)
    search_fields = ("label", "code")
    list_per_page = 100
    actions = ("merge_two",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return (*super().get_list_display(request), "used")

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, **{"form": RowForm, **kwargs})

    @display(description="Used by")
    def used(self, term: models.Vocabulary) -> str:
        return f"{term.used:,}"

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The terms of the page with how many rows use each: one query per kind of row that can."""
        changes = super().get_changelist_instance(request)
        numbers = usage(self.model, [term.pk for term in changes.result_list])
        for term in changes.result_list:
            term.used = numbers[term.pk]
        return changes

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> tuple:
        """Retired terms stay on old rows but are not offered anew."""
        found, distinct = super().get_search_results(request, queryset, search_term)
        if request.path == reverse("admin:autocomplete"):
            found = found.filter(active=True)
        return found, distinct

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "synonyms" in form.cleaned_data:
            set_synonyms(actor=request.user, term=obj, phrases=form.cleaned_data["synonyms"].splitlines())

    @admin.action(description="Make one term of the two ticked", permissions=["change"])
    def merge_two(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        keys = list(queryset.values_list("pk", flat=True)[:3])
        if len(keys) != 2:
            messages.error(request, "Tick exactly two.")
            return None
        url = reverse(f"admin:partners_{self.opts.model_name}_merge")
        return redirect(f"{url}?a={keys[0]}&b={keys[1]}")

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.merge_view)
        return [path("merge/", view, name=f"partners_{self.opts.model_name}_merge"), *super().get_urls()]

    def merge_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        data = request.POST if request.method == "POST" else request.GET
        numbers = (data.get("a", ""), data.get("b", ""))
        back = f"admin:partners_{self.opts.model_name}_changelist"
        if None in map(whole_number, numbers):
            messages.error(request, "Tick two terms of the list.")
            return redirect(back)
        terms = [get_object_or_404(self.model, pk=number) for number in numbers]
        if request.method == "POST":
            keep, merged = terms if data.get("keep") == numbers[0] else reversed(terms)
            try:
                done = merge_terms(actor=request.user, keep=keep, merged=merged, why=data.get("why", ""))
            except TermError as error:
                messages.error(request, str(error))
            else:
                total = sum(map(len, done.moved.values()))
                messages.success(
                    request,
                    f"“{merged}” is retired; {total:,} rows use “{keep}” now. It can be taken back here.",
                )
                return redirect("admin:partners_termmerge_change", done.pk)
        used = usage(self.model, [term.pk for term in terms])
        context = {
            **self.admin_site.each_context(request),
            "title": "Make one term of two",
            "opts": self.opts,
            "terms": [(term, used[term.pk]) for term in terms],
            "why": data.get("why", ""),
        }
        return render(request, "partners/desk/merge_terms.html", context)

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
    """The tree in its order: each branch, then what is below it."""

    list_display = ("in_tree", "code", "parent", "order", "active")
    list_display_links = ("in_tree",)
    list_select_related = ("parent__parent",)
    ordering = (
        Coalesce("parent__parent__order", "parent__order", "order"),
        Coalesce("parent__parent_id", "parent_id", "id"),
        F("parent__parent_id").asc(nulls_first=True),
        Coalesce("parent__order", "order"),
        F("parent_id").asc(nulls_first=True),
        "order",
        "label",
    )
    list_filter = ("active", ("parent", admin.RelatedOnlyFieldListFilter))
    autocomplete_fields = ("parent",)

    @display(description="Label")
    def in_tree(self, term: models.Service) -> str:
        depth = (1 if term.parent_id else 0) + (1 if term.parent_id and term.parent.parent_id else 0)
        return "— " * depth + term.label


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
    list_display = ("label", "register", "code", "service", "dosage_form")
    list_select_related = ("service", "dosage_form")
    list_filter = ("register",)
    search_fields = ("label", "code", "service__label", "dosage_form__label")
    autocomplete_fields = ("service", "dosage_form")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        self._facts_follow(request)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._facts_follow(request)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        super().delete_queryset(request, queryset)
        self._facts_follow(request)

    def _facts_follow(self, request: HttpRequest) -> None:
        """What registers say is read anew with the changed words, by a worker."""
        transaction.on_commit(ask_to_refresh_evidence)
        messages.info(request, "The facts that rest on registers are brought up to date in the background.")


@admin.register(models.Source)
class SourceAdmin(CatalogueAdmin):
    list_display = ("title", "code", "publisher", "dated_on", "licence", "illustrative")
    list_filter = ("illustrative",)
    search_fields = ("title", "code", "publisher")
    prepopulated_fields = {"code": ("title",)}
