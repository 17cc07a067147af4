"""Downloads of the browse result. They take the same address parameters as the page."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from partners import exports
from partners.access import sees_prices
from partners.browse import browse
from partners.spreadsheets import Book, csv_lines

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_IN_A_WORKBOOK = 2_000  # partners; a workbook is finished before it is sent, within one request


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
    partners = exports.export_partners(result, prices=prices)
    rows = exports.process_rows(partners, about_sites=result.criteria.about_sites, prices=prices)
    lines = csv_lines(exports.process_header(prices=prices), rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    return attachment(response, f"partners-{timezone.localdate()}.csv")


@require_safe
def partners_xlsx(request: HttpRequest) -> HttpResponse:
    """The same rows as a workbook, with the certificates and a sheet that says how it was asked for."""
    prices = sees_prices(request)
    result = browse(request.GET, request.sponsor, prices=prices)  # type: ignore[attr-defined]
    found, count = result.filter, result.count
    if count > MOST_IN_A_WORKBOOK:
        context = {"count": count, "most": MOST_IN_A_WORKBOOK, "query": found.query(), "back": found.url()}
        return render(request, "partners/export_too_large.html", context, status=422)

    def partners():
        return exports.export_partners(result, prices=prices)

    book = Book()
    header = exports.process_header(prices=prices)
    about_sites = result.criteria.about_sites
    book.sheet(
        "Processes", header, exports.process_rows(partners(), about_sites=about_sites, prices=prices),
        widths=(30, 22, 12, 24, 28),
    )  # fmt: skip
    book.sheet(
        "Certificates", exports.certificate_header(), exports.certificate_rows(partners()),
        widths=(30, 22, 12, 28, 28),
    )  # fmt: skip
    about = exports.about_rows(
        asked=[(chip.name, chip.label) for chip in found.chips],
        remarks=found.remarks,
        count=count,
        on=timezone.localdate(),
        prices=prices,
    )
    book.sheet("About", ("What", "Value"), about, widths=(28, 90))
    return attachment(HttpResponse(book.bytes(), content_type=XLSX), f"partners-{timezone.localdate()}.xlsx")
