"""Importing a register on the desk: upload, preview, apply in the background, and what came of it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from partners.enums import RegisterKind, UploadState
from partners.importers import uploads
from partners.importers.core import CLOSING_LIMIT_ROWS, CLOSING_LIMIT_SHARE
from partners.importers.files import MEGABYTE, ROW_LIMIT
from partners.models import RegisterUpload

from .rejected import rejected_csv
from .upload_job import UploadJobAdmin

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
        widget=UnfoldAdminFileFieldWidget(attrs={"data-most-bytes": uploads.SIZE_LIMIT}),
        help_text="As downloaded: CSV (commas or semicolons), tab-separated text (each may be gzipped) or XLSX; at "
        f"most {uploads.SIZE_LIMIT // MEGABYTE} MB and {ROW_LIMIT:,} rows.",
    )
    file_date = forms.DateField(
        label="The day the file stands for",
        required=False,
        widget=UnfoldAdminDateWidget,
        help_text="Empty: a date in the file's name (2025-08-29), else the pages say that it is not known.",
    )

    def clean_file_date(self) -> Any:
        date = self.cleaned_data["file_date"]
        if date and date > timezone.localdate():
            raise forms.ValidationError("The date is in the future.")
        return date


@admin.register(RegisterUpload)
class RegisterUploadAdmin(UploadJobAdmin):
    list_display = ("file_name", "kind", "told_state", "uploaded_at", "uploaded_by")
    list_filter = (("kind", ChoicesDropdownFilter), ("state", ChoicesDropdownFilter))
    search_fields = ("file_name",)
    form_title = "Import a register"
    form_template = "partners/desk/upload_form.html"
    page_template = "partners/desk/upload.html"

    # -- pages ------------------------------------------------------------------------------------

    def upload_form(self, request: HttpRequest) -> UploadForm:
        return UploadForm(request.POST or None, request.FILES or None)

    def upload(self, request: HttpRequest, form: UploadForm) -> RegisterUpload:
        data = form.cleaned_data
        return uploads.store(
            actor=request.user,  # type: ignore[arg-type]
            kind=data["kind"],
            file=data["file"],
            file_date=data["file_date"],
        )

    def page_context(self, request: HttpRequest, upload: RegisterUpload) -> dict[str, Any]:
        report = upload.report or {}
        return {
            "totals": [(label, report[name], note) for name, label, note in TOTALS if name in report],
            "changes": _by_change(report),
            "warnings": _warnings(report),
            "rejected": report.get("rejected_rows", [])[:REJECTED_SHOWN],
            "facts": {what: count for what, count in report.get("facts", {}).items() if count},
            "nothing_new": not any(report.get(name) for name in ("created", "updated", "closed")),
            "ask_about_closing": _closes_most(report),
            "may_act": self.may_act(request, upload),
            "may_retry": upload.state in (UploadState.FAILED, UploadState.CANCELLED) and bool(upload.file),
        }

    # -- acts -------------------------------------------------------------------------------------

    def apply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        closing = request.POST.get("allow_closing") == "on"
        return self.act(
            request,
            pk,
            lambda job: uploads.request_apply(actor=request.user, upload=job, allow_closing=closing),
        )

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.act(request, pk, lambda job: uploads.cancel(actor=request.user, upload=job))

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        closing = request.POST.get("allow_closing") == "on"
        return self.act(
            request, pk, lambda job: uploads.retry(actor=request.user, upload=job, allow_closing=closing)
        )

    def rejected_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        upload = get_object_or_404(RegisterUpload, pk=pk)
        rows = (upload.report or {}).get("rejected_rows", [])
        return rejected_csv(rows, f"rejected-{upload.kind}-{upload.pk}.csv")


def _closes_most(report: dict[str, Any]) -> bool:
    """Whether the importer will ask for a word before it closes so much."""
    closed = report.get("closed", 0)
    now = closed + report.get("updated", 0) + report.get("unchanged", 0)  # those that were back count too
    return closed >= CLOSING_LIMIT_ROWS and closed > CLOSING_LIMIT_SHARE * (now - report.get("reopened", 0))


def _warnings(report: dict[str, Any]) -> list[tuple[str, int, int | None]]:
    """Each sort of warning: its text, how many rows have it, and the line of the first where that is known."""
    first: dict[str, int] = {}
    for example in report.get("warning_examples", []):
        first.setdefault(example["warning"], example["line"])
    return [(text, count, first.get(text)) for text, count in report.get("warnings", {}).items()]


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
