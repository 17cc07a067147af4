"""The history on the desk: to search, to read field by field, and to take changes back."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, path, reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.decorators import display

from cmo_selector.audit.desk import ReadOnlyAdmin
from cmo_selector.http import whole_number
from partners.history import selectors
from partners.history.services import HistoryError, revert_change, undo_act
from partners.models import Certificate, Change

from .saved import SavedFiltersMixin


class TableFilter(admin.SimpleListFilter):
    title = "kind of row"
    parameter_name = "table"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        models = selectors.watched_models().items()
        return sorted(((t, capfirst(str(m._meta.verbose_name))) for t, m in models), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(table=self.value()) if self.value() else queryset


@admin.register(Change)
class ChangeAdmin(SavedFiltersMixin, ReadOnlyAdmin):
    list_display = ("at", "row", "kind", "fields_changed", "actor_name", "how", "why")
    list_display_links = ("at", "row")
    list_filter = (
        TableFilter,
        ("kind", ChoicesDropdownFilter),
        ("how", ChoicesDropdownFilter),
        ("at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    search_fields = ("=object_id", "=act", "actor_name")
    search_help_text = "Number of a row, id of an act, or name of a person"

    @display(description="Row")
    def row(self, change: Change) -> str:
        model = selectors.watched_models().get(change.table)
        thing = capfirst(str(model._meta.verbose_name)) if model else change.table
        return f"{thing} {change.object_id}" if change.object_id else f"{thing}: synthetic rows"

    @display(description="Fields")
    def fields_changed(self, change: Change) -> str:
        names = [*(change.before or ()), *(change.after or ())] if change.kind == "changed" else []
        return ", ".join(sorted({name.removesuffix("_id").replace("_", " ") for name in names}))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in {"act", "object_id", "table", "organisation_id"} or super().lookup_allowed(
            lookup, value, request
        )

    def get_urls(self) -> list:
        revert = self.admin_site.admin_view(require_POST(self.revert_view))
        return [path("<int:pk>/revert/", revert, name="partners_change_revert"), *super().get_urls()]

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        if whole_number(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self._page(request, get_object_or_404(Change, pk=object_id))

    def revert_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        change = get_object_or_404(Change, pk=pk)
        if not self.may_revert(request, change):
            raise PermissionDenied
        why = request.POST.get("why", "").strip()
        try:
            if not why:
                raise HistoryError("Say why the change is taken back.")
            if request.POST.get("what") == "act" and change.act:
                for other in selectors.changes_of_act(change.act).distinct("table").order_by("table"):
                    if not self.may_revert(request, other):
                        raise PermissionDenied
                number = undo_act(actor=request.user, act=change.act, why=why)
                messages.success(request, f"{number} changes taken back. The history shows it.")
            else:
                revert_change(actor=request.user, change=change, why=why)
                messages.success(request, "The change was taken back. The history shows it.")
        except HistoryError as error:
            messages.error(request, str(error))
            return self._page(request, change, why=why)
        return redirect("admin:partners_change_changelist")

    def may_revert(self, request: HttpRequest, change: Change) -> bool:
        """Taking a change back needs what changing the row needs; a link of a certificate is part of it."""
        model = selectors.watched_models().get(change.table)
        if model is None or change.object_id is None:
            return False
        name = (Certificate if model._meta.auto_created else model)._meta.model_name
        return request.user.has_perm(f"partners.change_{name}")  # type: ignore[union-attr]

    def _page(self, request: HttpRequest, change: Change, why: str = "") -> HttpResponse:
        (entry,) = selectors.describe([change])
        row_url, row_history_url = self._row_urls(change)
        context = {
            **self.admin_site.each_context(request),
            "title": entry.title,
            "opts": self.opts,
            "entry": entry,
            "row_url": row_url,
            "row_history_url": row_history_url,
            "act_count": selectors.changes_of_act(change.act).count() if change.act else 1,
            "may_revert": self.may_revert(request, change),
            "why": why,
        }
        return render(request, "partners/desk/change.html", context)

    @staticmethod
    def _row_urls(change: Change) -> tuple[str, str]:
        model = selectors.watched_models().get(change.table)
        if model is None or not model._base_manager.filter(pk=change.object_id).exists():
            return "", ""
        try:
            return tuple(  # type: ignore[return-value]
                reverse(f"admin:partners_{model._meta.model_name}_{page}", args=[change.object_id])
                for page in ("change", "history")
            )
        except NoReverseMatch:  # a link of a many-to-many field
            return "", ""


class HistoryMixin:
    """The history page of a row shows its recorded changes, whoever made them and however."""

    shown_changes = 50

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        row = self.get_object(request, object_id)  # type: ignore[attr-defined]
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        if not self.has_view_or_change_permission(request, row):  # type: ignore[attr-defined]
            raise PermissionDenied
        changes = selectors.changes_of_row(row)
        entries = selectors.describe(changes[: self.shown_changes])
        query = f"?table={row._meta.db_table}&object_id={row.pk}"
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"History of {row}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "entries": entries,
            "more": changes.count() > self.shown_changes,
            "all_url": reverse("admin:partners_change_changelist") + query,
            **(extra_context or {}),
        }
        return render(request, "partners/desk/history.html", context)
