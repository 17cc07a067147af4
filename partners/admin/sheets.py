"""Lists of the desk as spreadsheets: the rows that are shown, or those ticked, as XLSX or CSV, and a template."""

from __future__ import annotations

import copy
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from partners.sheets import imports, writing
from partners.sheets.reading import ROW_LIMIT
from partners.sheets.registry import SHEETS

FORMATS = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": "text/csv"}
#: what the export's own form sends beside the filters of the list
FORMAT, COLUMNS = "sheet_format", "sheet_column"


class SheetsMixin:
    """Above a list: its rows as a spreadsheet, a template, and where an edited one is read."""

    list_before_template = "partners/desk/list_before.html"

    @property
    def sheet_name(self) -> str:
        return str(self.opts.model_name)  # type: ignore[attr-defined]

    def get_urls(self) -> list:
        def page(where: str, view: Any, name: str) -> Any:
            guarded = self.admin_site.admin_view(require_safe(view))  # type: ignore[attr-defined]
            return path(where, guarded, name=f"partners_{self.sheet_name}_{name}")

        return [
            page("export/", self.export_view, "export"),
            page("export/file/", self.export_file_view, "export_file"),
            page("template.xlsx", self.template_view, "template"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        add = reverse("admin:partners_sheetimport_add")
        query = request.GET.urlencode()
        context = {
            "export_url": self._url("export") + (f"?{query}" if query else ""),
            "import_url": f"{add}?sheet={self.sheet_name}"
            if imports.may_import(request.user, self.sheet_name)
            else "",
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)  # type: ignore[misc]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        found = super().get_actions(request)  # type: ignore[misc]
        if "_popup" not in request.GET and self.has_view_permission(request):  # type: ignore[attr-defined]
            found["export_ticked"] = self.get_action("export_ticked")  # type: ignore[attr-defined]
        return found

    @admin.action(description="Export the ticked rows to a spreadsheet", permissions=["view"])
    def export_ticked(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        """To the export's page, with the ticked rows, or all of the list, as its filter."""
        if request.POST.get("select_across") == "1":
            query = request.GET.urlencode()
        else:
            query = "id__in=" + ",".join(str(pk) for pk in queryset.values_list("pk", flat=True))
        return redirect(f"{self._url('export')}?{query}")

    # -- pages ------------------------------------------------------------------------------------

    def export_view(self, request: HttpRequest) -> HttpResponse:
        rows = self._listed(request)
        sheet = SHEETS[self.sheet_name].open()
        number = rows.count()
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": f"Export {sheet.title.lower()}",
            "opts": self.opts,  # type: ignore[attr-defined]
            "number": number,
            "too_many": number > ROW_LIMIT,
            "row_limit": ROW_LIMIT,
            "filters": [(k, v) for k, vs in request.GET.lists() for v in vs],
            "keys": sheet.keys,
            "columns": [c for c in sheet.columns if not c.key],
            "file_url": self._url("export_file"),
            "template_url": self._url("template"),
            "back_url": self._url("changelist") + (f"?{request.GET.urlencode()}" if request.GET else ""),
        }
        return render(request, "partners/desk/sheet_export.html", context)

    def export_file_view(self, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
        rows = self._listed(request)
        kind = request.GET.get(FORMAT, "xlsx")
        if kind not in FORMATS:
            raise Http404("There are XLSX and CSV files.")
        if kind == "xlsx" and rows.count() > ROW_LIMIT:  # a workbook is made whole, a CSV file row by row
            messages.error(
                request, f"A workbook holds {ROW_LIMIT:,} rows at most; filter the list, or take CSV."
            )
            query = request.GET.copy()
            del query[FORMAT]
            query.pop(COLUMNS, None)
            return redirect(f"{self._url('export')}?{query.urlencode()}")
        sheet = SHEETS[self.sheet_name].open()
        columns = writing.chosen_columns(sheet, request.GET.getlist(COLUMNS))
        file = f"{self.sheet_name}-{timezone.localdate():%Y-%m-%d}.{kind}"
        headers = {"Content-Disposition": f'attachment; filename="{file}"'}
        if kind == "csv":
            lines = writing.as_csv(sheet, columns, rows)
            return StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8", headers=headers)
        return HttpResponse(
            writing.as_xlsx(sheet, columns, rows), content_type=FORMATS[kind], headers=headers
        )

    def template_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        sheet = SHEETS[self.sheet_name].open()
        headers = {"Content-Disposition": f'attachment; filename="{self.sheet_name}-template.xlsx"'}
        return HttpResponse(
            writing.as_xlsx(sheet, sheet.columns, None), content_type=FORMATS["xlsx"], headers=headers
        )

    def _listed(self, request: HttpRequest) -> QuerySet:
        """All rows of the list with the filters, the search and the order of the address."""
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        listed = copy.copy(request)
        listed.GET = request.GET.copy()  # type: ignore[assignment]
        for own in (FORMAT, COLUMNS, "p", "all"):
            listed.GET.pop(own, None)
        try:
            changes = self.get_changelist_instance(listed)  # type: ignore[attr-defined]
            return changes.get_queryset(listed)
        except IncorrectLookupParameters:
            raise Http404("The filter in the address cannot be read.") from None

    def _url(self, page: str) -> str:
        return reverse(f"admin:partners_{self.sheet_name}_{page}")
