"""What the admins of all apps share: light lists, and every change in the audit log."""

import json
from typing import Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin

from cmo_selector.audit import services
from cmo_selector.estimate import EstimatedPaginator


class AuditedAdmin(ModelAdmin):
    """An admin whose additions, changes and deletions are audit events, in the transaction of the change."""

    list_per_page = 50
    paginator = EstimatedPaginator
    show_full_result_count = False  # counting a register twice for every search is slow
    warn_unsaved_form = True
    compressed_fields = True

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if isinstance(db_field, models.URLField):
            kwargs.setdefault("assume_scheme", "https")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        with transaction.atomic():
            return super().changelist_view(request, extra_context)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._record(request, obj, "added", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        self._record(request, obj, "changed", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self._record(request, obj, "deleted", "")
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, obj: models.Model, what: str, message: Any) -> None:
        """The message is the admin's own list of changed fields; labels in it may be lazy translations."""
        changes = json.loads(json.dumps(message, cls=DjangoJSONEncoder))
        verb = f"{obj._meta.model_name}.{what}"
        services.record(
            actor=request.user,  # type: ignore[arg-type]
            verb=verb,
            obj=obj,
            data={"desk": changes} if changes else {},
        )


class ReadOnlyMixin:
    """Rows that are looked at here and written elsewhere."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnlyMixin, AuditedAdmin):
    """A list and its rows without any way to change them."""
