"""Downloads of the browse result. They take the parameters of the page, and are sent while they are read."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from partners import exports
from partners.access import sees_prices
from partners.browse import Result, browse
from partners.spreadsheets import csv_lines
from partners.workbooks import Sheet, workbook

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def attachment(response: HttpResponse | StreamingHttpResponse, name: str) -> HttpResponse:
    """The response as a file of that name, which nothing on the way keeps: prices depend on who asks."""
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response  # type: ignore[return-value]


@require_safe
def partners_csv(request: HttpRequest) -> HttpResponse:
    """Every process of every partner found, sent line by line while it is read."""
    prices = sees_prices(request)
    result = browse(request.GET, request.sponsor, prices=prices)  # type: ignore[attr-defined]
    rows = exports.process_rows(
        exports.processes_of(result, prices=prices), about_sites=result.criteria.about_sites
    )
    lines = csv_lines(exports.process_header(prices=prices), rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    return attachment(response, f"partners-{timezone.localdate()}.csv")


@require_safe
def partners_xlsx(request: HttpRequest) -> HttpResponse:
    """The same rows as a workbook, with the certificates and a sheet that says how it was asked for."""
    prices = sees_prices(request)
    result = browse(request.GET, request.sponsor, prices=prices)  # type: ignore[attr-defined]
    response = StreamingHttpResponse(workbook(_sheets(result, prices=prices)), content_type=XLSX)
    return attachment(response, f"partners-{timezone.localdate()}.xlsx")


def _sheets(result: Result, *, prices: bool) -> Iterator[Sheet]:
    about = exports.about_rows(
        asked=[(chip.name, chip.label) for chip in result.filter.chips],
        remarks=result.filter.remarks,
        spelling=result.spelling,
        count=result.count,
        on=timezone.localdate(),
        prices=prices,
    )
    rows = exports.process_rows(
        exports.processes_of(result, prices=prices), about_sites=result.criteria.about_sites
    )
    yield Sheet("Processes", exports.process_header(prices=prices), rows, (30, 22, 12, 24, 28))
    certificates = exports.certificate_rows(exports.certificates_of(result))
    yield Sheet("Certificates", exports.certificate_header(), certificates, (30, 22, 12, 28, 28))
    yield Sheet("About", ("What", "Value"), about, (28, 90))
