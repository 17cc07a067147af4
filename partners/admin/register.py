"""Public registers as they were read: looked at here, written by the importers only."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_GET
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners import models
from partners.importers.linking import unlink_rows

from .history import HistoryMixin
from .rejected import rejected_csv, rejected_of_run
from .saved import SavedFiltersMixin


@admin.register(models.RegisterEstablishment)
class RegisterEstablishmentAdmin(SavedFiltersMixin, HistoryMixin, ReadOnlyAdmin):
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


class RegisterRowAdmin(HistoryMixin, ReadOnlyAdmin):
    """Rows of a register that may be linked to a site or a partner."""

    list_select_related = ("facility__organisation",)
    list_filter_submit = True
    actions = ("unlink",)

    def has_unlink_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_facility")  # type: ignore[union-attr]

    @admin.action(description="Not this site: unlink, and do not link again", permissions=["unlink"])
    def unlink(self, request: HttpRequest, queryset: QuerySet) -> None:
        number = unlink_rows(actor=request.user, rows=queryset)  # type: ignore[arg-type]
        self.message_user(request, f"{number} of {queryset.count()} rows unlinked; their facts are gone.")


@admin.register(models.RegisterForm483)
class RegisterForm483Admin(RegisterRowAdmin):
    list_display = ("firm_name", "fei", "recorded_on", "posted_on", "document", "facility", "left_on")
    list_filter = (
        ("recorded_on", RangeDateFilter),
        ("facility", admin.EmptyFieldListFilter),
        ("left_on", admin.EmptyFieldListFilter),
    )
    search_fields = ("firm_name", "=fei", "=document")


@admin.register(models.RegisterAction)
class RegisterActionAdmin(RegisterRowAdmin):
    list_display = (
        "firm_name", "listing", "action_type", "issued_on", "fei", "country", "case_id", "facility", "left_on",
    )  # fmt: skip
    list_filter = (
        ("listing", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("issued_on", RangeDateFilter),
        ("facility", admin.EmptyFieldListFilter),
        ("left_on", admin.EmptyFieldListFilter),
    )
    search_fields = ("firm_name", "=fei", "=case_id", "subject")


@admin.register(models.RegisterInspection)
class RegisterInspectionAdmin(RegisterRowAdmin):
    list_display = (
        "firm_name", "fei", "ended_on", "outcome", "project_area", "product_type", "facility", "left_on",
    )  # fmt: skip
    list_filter = (
        ("outcome", ChoicesDropdownFilter),
        ("ended_on", RangeDateFilter),
        ("facility", admin.EmptyFieldListFilter),
        ("left_on", admin.EmptyFieldListFilter),
    )
    search_fields = ("firm_name", "=fei", "=inspection_id")


@admin.register(models.RegisterListing)
class RegisterListingAdmin(RegisterRowAdmin):
    list_display = ("name", "dosage_form", "labeler", "product_ndc", "started_on", "organisation", "left_on")
    list_select_related = ("organisation",)
    list_filter = (
        ("organisation", admin.EmptyFieldListFilter),
        ("left_on", admin.EmptyFieldListFilter),
    )
    list_filter_submit = True
    search_fields = ("name", "labeler", "=product_ndc")


@admin.register(models.RegisterImport)
class RegisterImportAdmin(ReadOnlyAdmin):
    list_display = (
        "applied_at", "kind", "file_name", "file_date", "file_date_stated", "rows", "created", "updated",
        "unchanged", "rejected", "closed", "applied_by",
    )  # fmt: skip
    list_filter = (("kind", ChoicesDropdownFilter),)
    search_fields = ("file_name", "sha256", "applied_by")
    readonly_fields = ("download_rejected",)

    @display(description="Rejected rows")
    def download_rejected(self, run: models.RegisterImport) -> str:
        if not run.rejected:
            return "None"
        url = reverse("admin:partners_registerimport_rejected", args=[run.pk])
        return format_html('<a class="text-link" href="{}">Download {} as CSV</a>', url, run.rejected)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(require_GET(self.rejected_view))
        return [
            path("<int:pk>/rejected.csv", view, name="partners_registerimport_rejected"),
            *super().get_urls(),
        ]

    def rejected_view(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(models.RegisterImport, pk=pk)
        return rejected_csv(rejected_of_run(run), f"rejected-{run.kind}-{run.file_date or run.pk}.csv")


@admin.register(models.RejectedRow)
class RejectedRowAdmin(ReadOnlyAdmin):
    list_display = ("run", "line", "reason")
    list_select_related = ("run",)
    search_fields = ("reason",)
