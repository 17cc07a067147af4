"""Saved filters: a curator's own names for the lists they come back to."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from cmo_selector.db import constraint_errors
from cmo_selector.http import whole_number
from partners.models import SavedFilter

MOST = 50  # of one person for one list


class SavedFilterForm(forms.ModelForm):
    class Meta:
        model = SavedFilter
        fields = ("name", "query")


class SavedFiltersMixin:
    """Above a list: the person's saved filters, and a way to save what is shown now."""

    list_before_template = "partners/desk/saved_filters.html"

    @property
    def saved_page(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}"  # type: ignore[attr-defined]

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(require_POST(self.save_filter_view))  # type: ignore[attr-defined]
        return [path("saved-filters/", view, name=f"{self.saved_page}_save_filter"), *super().get_urls()]  # type: ignore[misc]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        query = urlencode([(k, v) for k, v in parse_qsl(request.GET.urlencode()) if k != "p"])
        context = {
            "saved_filters": SavedFilter.objects.filter(user=request.user, page=self.saved_page),
            "saved_query": query,
            "save_url": reverse(f"admin:{self.saved_page}_save_filter"),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)  # type: ignore[misc]

    def save_filter_view(self, request: HttpRequest) -> HttpResponse:
        """Save or delete one; then back to the list as it was."""
        own = SavedFilter.objects.filter(user=request.user, page=self.saved_page)
        back = reverse(f"admin:{self.saved_page}_changelist")
        if "delete" in request.POST:
            deleted, _ = (
                own.filter(pk=request.POST["delete"]).delete()
                if whole_number(request.POST["delete"]) is not None
                else (0, {})
            )
            messages.success(
                request, "The saved filter was deleted." if deleted else "It was deleted already."
            )
            return redirect(back)
        form = SavedFilterForm(request.POST, instance=SavedFilter(user=request.user, page=self.saved_page))
        if own.count() >= MOST:
            messages.error(request, f"You already have {MOST} saved filters for this list; delete one first.")
        elif form.is_valid():
            with constraint_errors(form):
                form.save()
            if not form.errors:
                messages.success(request, f"Saved as “{form.cleaned_data['name']}”.")
        for name, errors in form.errors.items():
            messages.error(request, f"{name}: {' '.join(errors)}" if name != "__all__" else " ".join(errors))
        query = request.POST.get("query", "")[:2000]
        return redirect(f"{back}?{urlencode(parse_qsl(query))}" if query else back)
