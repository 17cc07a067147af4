"""Importing a register on the desk: upload, preview, apply in the background, and what came of it."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners.enums import RegisterKind, UploadAim, UploadState
from partners.importers import uploads
from partners.importers.core import CLOSING_LIMIT_ROWS
from partners.importers.files import MEGABYTE, ROW_LIMIT
from partners.models import RegisterUpload

from .rejected import rejected_csv

FORM_OVERHEAD = MEGABYTE  # bytes of a request that are not the file
REJECTED_SHOWN = 50
TOTALS = (
    ("rows", "Rows in the file", ""),
    ("created", "Created", "new in the register"),
    ("updated", "Updated", "say something else than before"),
    ("unchanged", "Unchanged", ""),
    ("rejected", "Rejected", "could not be used; each has its reason below"),
    ("closed", "Closed", "in the register before, not in this file"),
)


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label="Register", choices=RegisterKind.choices, widget=UnfoldAdminSelectWidget)
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text=f"As downloaded: CSV or tab-separated text (may be gzipped) or XLSX; at most "
        f"{uploads.SIZE_LIMIT // MEGABYTE} MB and {ROW_LIMIT:,} rows.",
    )
    file_date = forms.DateField(
        label="The day the file stands for",
        required=False,
        widget=UnfoldAdminDateWidget,
        help_text="Empty: a date in the file's name (2025-08-29), or today.",
    )

    def clean_file_date(self) -> Any:
        date = self.cleaned_data["file_date"]
        if date and date > timezone.localdate():
            raise forms.ValidationError("The date is in the future.")
        return date


@admin.register(RegisterUpload)
class RegisterUploadAdmin(ReadOnlyAdmin):
    list_display = ("file_name", "kind", "told_state", "uploaded_at", "uploaded_by")
    list_select_related = ("uploaded_by",)
    list_filter = (("kind", ChoicesDropdownFilter), ("state", ChoicesDropdownFilter))
    list_filter_submit = True
    search_fields = ("file_name",)

    @display(
        description="State",
        label={"Applied": "success", "Failed": "danger", "Read, not applied yet": "warning"},
    )
    def told_state(self, upload: RegisterUpload) -> str:
        return upload.get_state_display()

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return request.user.has_perm("partners.add_registerupload")  # type: ignore[union-attr]

    def get_urls(self) -> list:
        def act(name: str, view: Any) -> Any:
            return path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(require_POST(view)),
                name=f"partners_registerupload_{name}",
            )

        rejected = self.admin_site.admin_view(require_GET(self.rejected_view))
        return [
            path("add/", self.guarded_add_view, name="partners_registerupload_add"),
            act("apply", self.apply_view),
            act("cancel", self.cancel_view),
            act("retry", self.retry_view),
            path("<int:pk>/rejected.csv", rejected, name="partners_registerupload_rejected"),
            *super().get_urls(),
        ]

    # -- pages ------------------------------------------------------------------------------------

    @property
    def guarded_add_view(self) -> Any:
        """The upload page; a request that is too large is refused before anything reads its body."""
        inner = self.admin_site.admin_view(self.upload_view)  # protects against forgery itself

        @csrf_exempt
        def view(request: HttpRequest) -> HttpResponse:
            length = request.META.get("CONTENT_LENGTH") or "0"
            if not length.isdigit() or int(length) > uploads.SIZE_LIMIT + FORM_OVERHEAD:
                limit = uploads.SIZE_LIMIT // MEGABYTE
                message = f"The file is larger than {limit} MB, the most that can be uploaded."
                return HttpResponse(message, status=413, content_type="text/plain; charset=utf-8")
            return inner(request)

        return view

    def upload_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                upload = uploads.store(
                    actor=request.user,  # type: ignore[arg-type]
                    kind=form.cleaned_data["kind"],
                    file=form.cleaned_data["file"],
                    file_date=form.cleaned_data["file_date"],
                )
            except uploads.UploadError as error:
                form.add_error("file", str(error))
            else:
                return redirect("admin:partners_registerupload_change", upload.pk)
        context = self._context(request, title="Import a register", form=form)
        return render(request, "partners/desk/upload_form.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        if not str(object_id).isdigit():
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        upload = get_object_or_404(RegisterUpload.objects.select_related("uploaded_by", "run"), pk=object_id)
        report = upload.report or {}
        context = self._context(
            request,
            title=str(upload),
            upload=upload,
            report=report,
            totals=[(label, report[name], note) for name, label, note in TOTALS if name in report],
            changes=_by_change(report),
            rejected=report.get("rejected_rows", [])[:REJECTED_SHOWN],
            facts={what: count for what, count in report.get("facts", {}).items() if count},
            nothing_new=not any(report.get(name) for name in ("created", "updated", "closed")),
            ask_about_closing=report.get("closed", 0) >= CLOSING_LIMIT_ROWS,
            may_act=self.has_add_permission(request),
            previewed=upload.state == UploadState.READY,
            may_cancel=upload.working or upload.state == UploadState.READY,
            may_retry=upload.state in (UploadState.FAILED, UploadState.CANCELLED) and bool(upload.file),
            applying=upload.aim == UploadAim.APPLY,
        )
        return render(request, "partners/desk/upload.html", context)

    def _context(self, request: HttpRequest, **more: Any) -> dict[str, Any]:
        return {**self.admin_site.each_context(request), "opts": self.opts, **more}

    # -- acts -------------------------------------------------------------------------------------

    def apply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        closing = request.POST.get("allow_closing") == "on"
        return self._act(request, pk, uploads.request_apply, allow_closing=closing)

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, pk, uploads.cancel)

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        closing = request.POST.get("allow_closing") == "on"
        return self._act(request, pk, uploads.retry, allow_closing=closing)

    def _act(self, request: HttpRequest, pk: int, service: Any, **options: Any) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        upload = get_object_or_404(RegisterUpload, pk=pk)
        try:
            service(actor=request.user, upload=upload, **options)
        except uploads.UploadError as error:
            messages.error(request, str(error))
        return redirect("admin:partners_registerupload_change", pk)

    def rejected_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        upload = get_object_or_404(RegisterUpload, pk=pk)
        rows = (upload.report or {}).get("rejected_rows", [])
        return rejected_csv(rows, f"rejected-{upload.kind}-{upload.pk}.csv")


def _by_change(report: dict[str, Any]) -> list[tuple[str, int, list[dict[str, Any]]]]:
    """The sample of changes by sort, with how many there are in all."""
    found = []
    for change in ("updated", "created", "closed"):
        rows = [
            {
                **row,
                "key": str(row["key"]).replace("|", " · "),
                "fields": {name.replace("_", " "): pair for name, pair in row["fields"].items()},
            }
            for row in report.get("changes", [])
            if row["change"] == change
        ]
        if rows:
            found.append((change, report[change], rows))
    return found
