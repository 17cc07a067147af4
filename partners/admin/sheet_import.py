"""Reading an edited spreadsheet on the desk: upload, preview of every cell, apply in the background."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners.enums import ConflictChoice, RowOutcome, UploadAim, UploadState
from partners.importers.files import MEGABYTE
from partners.importers.jobs import SIZE_LIMIT
from partners.models import SheetImport, SheetRow
from partners.sheets import imports
from partners.sheets.reading import ROW_LIMIT
from partners.sheets.registry import SHEETS
from partners.sheets.sheet import VERSION

from .rejected import rejected_csv
from .upload_job import UploadJobAdmin

ROWS_PER_PAGE = 50
ROWS_WITH_CHOICES = 20  # each cell is a field of the form, and a form may have 1,000
CELL_FIELD = re.compile(r"cell-([0-9]{1,18})-(.{1,100})", re.ASCII)  # of a form: row and heading
MEANINGS = {
    RowOutcome.CREATED: "new in the catalogue",
    RowOutcome.CHANGED: "say something else than the catalogue",
    RowOutcome.UNCHANGED: "say what the catalogue says",
    RowOutcome.CONFLICT: "changed in the catalogue since they were exported",
    RowOutcome.REJECTED: "cannot be used; each has its reason",
}
#: what is looked at first
ORDER = (
    RowOutcome.REJECTED, RowOutcome.CONFLICT, RowOutcome.CHANGED, RowOutcome.CREATED, RowOutcome.UNCHANGED,
)  # fmt: skip


class SheetUploadForm(forms.Form):
    sheet = forms.ChoiceField(label="List", widget=UnfoldAdminSelectWidget)
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget(attrs={"data-most-bytes": SIZE_LIMIT}),
        help_text="An edited export or template: XLSX, or in UTF-8 CSV (commas or semicolons) or tab-separated text; "
        f"at most {SIZE_LIMIT // MEGABYTE} MB and {ROW_LIMIT:,} rows.",
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists = [(name, kind.title) for name, kind in SHEETS.items() if imports.may_import(user, name)]
        self.fields["sheet"].choices = sorted(lists, key=lambda pair: pair[1])


@admin.register(SheetImport)
class SheetImportAdmin(UploadJobAdmin):
    list_display = ("file_name", "told_list", "told_state", "uploaded_at", "uploaded_by")
    list_filter = (("state", ChoicesDropdownFilter),)
    search_fields = ("file_name", "sheet")
    form_title = "Import a spreadsheet"
    form_template = "partners/desk/sheet_form.html"
    page_template = "partners/desk/sheet_import.html"

    @display(description="List", ordering="sheet")
    def told_list(self, job: SheetImport) -> str:
        return job.sheet_title

    def may_act(self, request: HttpRequest, job: SheetImport) -> bool:
        return self.has_add_permission(request) and imports.may_import(request.user, job.sheet)

    def has_view_permission(self, request: HttpRequest, obj: SheetImport | None = None) -> bool:
        """A file shows what the list holds, so it needs what looking at the list needs."""
        allowed = super().has_view_permission(request, obj)
        return allowed and (obj is None or request.user.has_perm(f"partners.view_{obj.sheet}"))  # type: ignore[union-attr]

    # -- pages ------------------------------------------------------------------------------------

    def upload_form(self, request: HttpRequest) -> SheetUploadForm:
        return SheetUploadForm(
            request.POST or None,
            request.FILES or None,
            user=request.user,
            initial={"sheet": request.GET.get("sheet", "")},
        )

    def upload(self, request: HttpRequest, form: SheetUploadForm) -> SheetImport:
        data = form.cleaned_data
        return imports.store(actor=request.user, sheet=data["sheet"], file=data["file"])  # type: ignore[arg-type]

    def page_context(self, request: HttpRequest, job: SheetImport) -> dict[str, Any]:
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        counts = imports.outcomes(job)
        shown = request.GET.get("show", "")
        if shown not in counts:
            shown = next((str(outcome) for outcome in ORDER if counts[outcome]), "")
        per_page = ROWS_WITH_CHOICES if shown == RowOutcome.CONFLICT else ROWS_PER_PAGE
        page = Paginator(job.rows.filter(outcome=shown), per_page).get_page(request.GET.get("page"))
        for row in page:
            for cell in row.cells:
                cell["chosen"] = row.decided.get(cell["column"], "")
        may_retry = job.state in (UploadState.FAILED, UploadState.CANCELLED)
        return {
            "counts": [
                (outcome, outcome.label, counts[outcome], MEANINGS[outcome]) for outcome in RowOutcome
            ],
            "total": sum(counts.values()),
            "shown": shown,
            "shown_label": RowOutcome(shown).label if shown else "",
            "page": page,
            "rejected": counts[RowOutcome.REJECTED],
            "conflicting": counts[RowOutcome.CONFLICT],
            "undecided": imports.undecided(job).count() if counts[RowOutcome.CONFLICT] else 0,
            "to_write": counts[RowOutcome.CREATED] + counts[RowOutcome.CHANGED],
            "choices": ConflictChoice.choices,
            "may_act": self.may_act(request, job),
            "may_retry": may_retry and (bool(job.file) or job.aim == UploadAim.APPLY),
            "list_url": reverse(f"admin:partners_{job.sheet}_changelist") if job.sheet in SHEETS else "",
            "export_url": reverse(f"admin:partners_{job.sheet}_export") if job.sheet in SHEETS else "",
            "decide_attrs": {"formaction": reverse("admin:partners_sheetimport_decide", args=[job.pk])},
            "change_name": f"admin:partners_{job.sheet}_change",
        }

    # -- acts -------------------------------------------------------------------------------------

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(require_POST(self.decide_view))
        return [path("<int:pk>/decide/", view, name="partners_sheetimport_decide"), *super().get_urls()]

    def apply_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """With what was chosen on the page, which is kept even if the rest is refused."""

        def apply(job: SheetImport) -> None:
            self._decide(request, job)
            imports.request_apply(
                actor=request.user,  # type: ignore[arg-type]
                job=job,
                leave_out=request.POST.get("leave_out") == "on",
                conflicts=request.POST.get("conflicts", ""),
            )

        return self.act(request, pk, apply)

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Keep what was chosen for the cells in conflict of one page of rows."""
        response = self.act(request, pk, lambda job: self._decide(request, job))
        page = request.POST.get("page", "")
        query = urlencode({"show": RowOutcome.CONFLICT.value, **({"page": page} if page.isdigit() else {})})
        return redirect(f"{response['Location']}?{query}")

    def _decide(self, request: HttpRequest, job: SheetImport) -> None:
        decisions: dict[int, dict[str, str]] = {}
        for name, choice in request.POST.items():
            if found := CELL_FIELD.fullmatch(name):
                decisions.setdefault(int(found[1]), {})[found[2]] = str(choice)
        if decisions:
            changed = imports.decide(actor=request.user, job=job, decisions=decisions)  # type: ignore[arg-type]
            if changed:
                messages.success(request, f"Choices kept for {changed} row{'s' if changed > 1 else ''}.")

    def cancel_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.act(request, pk, lambda job: imports.cancel(actor=request.user, job=job))  # type: ignore[arg-type]

    def retry_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self.act(request, pk, lambda job: imports.retry(actor=request.user, job=job))  # type: ignore[arg-type]

    def rejected_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Rejected rows as a file that can be put right and uploaded again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        job = get_object_or_404(SheetImport, pk=pk)
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return rejected_csv(_rejected(job), f"rejected-{job.sheet}-{job.pk}.csv")


@admin.register(SheetRow)
class SheetRowAdmin(ReadOnlyAdmin):
    """Rows of all spreadsheets, to be searched: of the lists that one may look at."""

    list_display = ("job", "line", "outcome", "name")
    list_select_related = ("job",)
    list_filter = (("outcome", ChoicesDropdownFilter),)
    list_filter_submit = True
    search_fields = ("name", "job__file_name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SheetRow]:
        seen = [name for name in SHEETS if request.user.has_perm(f"partners.view_{name}")]  # type: ignore[union-attr]
        return super().get_queryset(request).filter(job__sheet__in=seen)


def _rejected(job: SheetImport) -> Iterator[dict[str, Any]]:
    titles = {c.name: c.heading for c in SHEETS[job.sheet].open().columns} if job.sheet in SHEETS else {}
    titles[VERSION] = VERSION  # the order of an export; JSON keeps none
    for row in job.rows.filter(outcome=RowOutcome.REJECTED).order_by("line").iterator():
        raw = {title: row.raw[name] for name, title in titles.items() if name in row.raw}
        yield {"line": row.line, "reason": reasons(row), "raw": raw}


def reasons(row: SheetRow) -> str:
    """What is wrong with a row, cell by cell."""
    return "; ".join(" ".join(filter(None, (f["cell"], f["column"], f["text"]))) for f in row.faults)
