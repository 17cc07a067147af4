"""Restricted-party lists on the desk: reading a list from CSV, and deciding which partner is a listed party."""

import datetime
import hashlib
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import INPUT_CLASSES

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners.models import ListedParty, PartyMatch, RestrictedPartyList
from partners.restricted.importing import LARGEST_FILE, ListFileError, import_list
from partners.restricted.services import PartyError, accept, propose_matches, reject, undo

from .base import EVIDENCE_FILTERS, CatalogueAdmin, FactAdmin
from .saved import SavedFiltersMixin

KEPT_FOR = 3600  # seconds: a file that was read once is written without being chosen again
NOT_KEPT = "The file that was read before is no longer kept. Choose it again."


class ListFileForm(forms.Form):
    """A list as CSV. Without “write”, only what would change is shown. `kept` is the content of a dry run before."""

    file = forms.FileField(
        label="CSV file",
        widget=forms.FileInput(
            attrs={
                "accept": ".csv,.txt,.tsv,text/csv",
                "class": " ".join(INPUT_CLASSES),
                "data-most-bytes": LARGEST_FILE,
            }
        ),
        help_text="UTF-8; columns name and effective_from, and, if known, country, effective_until, reference.",
    )
    source_title = forms.CharField(
        max_length=240,
        label="Title of the source",
        help_text="As published.",
        widget=forms.TextInput(attrs={"class": " ".join(INPUT_CLASSES)}),
    )
    file_date = forms.DateField(
        label="Date of the file",
        widget=forms.DateInput(attrs={"type": "date", "class": " ".join(INPUT_CLASSES)}),
    )
    complete = forms.BooleanField(
        required=False,
        initial=True,
        label="The file is the complete list: parties it does not hold have left it",
    )
    write = forms.BooleanField(required=False, label="Write. Otherwise it is a dry run")

    def __init__(self, *args: Any, kept: bytes | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = kept
        self.fields["file"].required = kept is None

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file is None:
            return self.kept or b""
        if file.size > LARGEST_FILE:
            raise forms.ValidationError(f"The file is larger than {LARGEST_FILE // 1_000_000} MB.")
        return file.read()

    def clean_file_date(self) -> datetime.date:
        if self.cleaned_data["file_date"] > timezone.localdate():
            raise forms.ValidationError("That day is in the future.")
        return self.cleaned_data["file_date"]


@admin.register(RestrictedPartyList)
class RestrictedPartyListAdmin(CatalogueAdmin):
    list_display = ("name", "publisher", "code", "illustrative")
    list_filter = ("illustrative",)
    search_fields = ("name", "publisher", "code")
    prepopulated_fields = {"code": ("name",)}
    change_form_outer_before_template = "partners/desk/party_list_before.html"

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(self.import_view)
        return [
            path("<int:pk>/import/", view, name="partners_restrictedpartylist_import"),
            *super().get_urls(),
        ]

    def import_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        party_list = get_object_or_404(RestrictedPartyList, pk=pk)
        if not self.has_change_permission(request, party_list):
            raise PermissionDenied
        kept_as = _kept_as(request, party_list, request.POST.get("kept", ""))
        kept = cache.get(kept_as) if kept_as else None
        form = ListFileForm(request.POST or None, request.FILES or None, kept=kept)
        if kept_as and kept is None and not request.FILES:
            form.fields["file"].error_messages["required"] = NOT_KEPT
        report, token = None, request.POST.get("kept") if kept is not None else None
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            try:
                report = import_list(
                    party_list=party_list,
                    content=data["file"],
                    source_title=data["source_title"],
                    file_date=data["file_date"],
                    apply=data["write"],
                    complete=data["complete"],
                    actor=request.user,
                )
            except ListFileError as error:
                form.add_error("file", str(error))
            else:
                token = None if report.applied else hashlib.sha256(data["file"]).hexdigest()
                if token:
                    cache.set(_kept_as(request, party_list, token), data["file"], KEPT_FOR)
                else:
                    new = propose_matches(party_list=party_list)
                    messages.success(request, f"The list was read; {new} new matches wait for a decision.")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Read {party_list} from a file",
            "opts": self.opts,
            "party_list": party_list,
            "form": form,
            "report": report,
            "kept": token,
        }
        return render(request, "partners/desk/party_list_import.html", context)


def _kept_as(request: HttpRequest, party_list: RestrictedPartyList, token: str) -> str:
    """The name under which a person's file of a list is kept; empty when the token is none."""
    known = len(token) == 64 and token.isalnum()
    return f"party-list:{request.user.pk}:{party_list.pk}:{token}" if known else ""


@admin.register(ListedParty)
class ListedPartyAdmin(FactAdmin):
    list_display = ("name", "list", "country", "effective_from", "effective_until", "source")
    list_select_related = ("list",)
    list_filter = (("list", AutocompleteSelectFilter), *EVIDENCE_FILTERS)
    search_fields = ("name", "list__name")
    autocomplete_fields = ("list", "source")
    main_fields = (("list", "country"), "name", ("effective_from", "effective_until"))


@admin.register(PartyMatch)
class PartyMatchAdmin(SavedFiltersMixin, ReadOnlyAdmin):
    list_display = ("party", "organisation", "percent", "because", "state", "decided_by")
    list_select_related = ("party__list", "organisation", "decided_by")
    list_filter = (("state", ChoicesDropdownFilter), ("party__list", AutocompleteSelectFilter))
    list_filter_submit = True
    search_fields = ("party__name", "organisation__name")
    actions = ("accept", "reject", "undo")

    @display(description="Confidence", ordering="-confidence")
    def percent(self, match: PartyMatch) -> str:
        return f"{match.confidence:.0f} %"

    @display(description="Because")
    def because(self, match: PartyMatch) -> str:
        return "; ".join(match.reasons)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_partymatch")  # type: ignore[union-attr]

    @admin.action(description="Accept: the partner is that party", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[PartyMatch]) -> None:
        self._each(request, queryset, accept, "accepted")

    @admin.action(description="Reject: another company", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[PartyMatch]) -> None:
        self._each(request, queryset, reject, "rejected")

    @admin.action(description="Undo the decision", permissions=["decide"])
    def undo(self, request: HttpRequest, queryset: QuerySet[PartyMatch]) -> None:
        self._each(request, queryset, undo, "open again")

    def _each(self, request: HttpRequest, queryset: QuerySet[PartyMatch], decide: Any, what: str) -> None:
        done = 0
        for match in queryset:
            try:
                decide(actor=request.user, match=match)
            except PartyError as error:
                messages.error(request, str(error))
            else:
                done += 1
        if done:
            messages.success(request, f"{done} {what}.")
