"""Reports of a project: asking for the PDF, watching it being made, downloading it."""

import io

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from cmo_selector.http import is_fragment
from cmo_selector.templatetags.fmt import format_datetime
from quotes.access import get_project, sponsor_action
from quotes.brief import NothingToRank
from quotes.enums import Appendix, ReportKind, ReportState
from quotes.forms import ReportForm
from quotes.models import Project, Report
from quotes.report_page import (
    CHANGED,
    calculations_of,
    can_be_compared,
    file_size,
    is_unchanged,
    of_this_format,
    progress_of,
    readable_by,
    report_of,
    reports_of,
    schedules_of,
    shares_of,
    shortlisted,
    something_to_compare,
    status_of,
    summary_of,
)
from quotes.reports.canonical import canonical
from quotes.services.projects import ProjectArchived
from quotes.services.report_files import NotReachable, read_file
from quotes.services.reports import (
    NothingToReport,
    NothingToRetry,
    cancel_report,
    request_report,
    retry_report,
)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STOP_POLLING = 286  # htmx takes the answer and asks no more


def _report(request: HttpRequest, project: Project, report_id: int) -> Report:
    report = report_of(project, report_id)
    if report is None:
        raise Http404("There is no such report.")
    return report


def readable(request: HttpRequest, found: Report) -> bool:
    """Whether the person's role may open the report's figures and file."""
    return readable_by(found, may(request.membership.role, Action.SEE_PRICES))


@require_safe
@sponsor_action(Action.VIEW)
def report_list(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    page = reports_of(project, request.GET.get("page"))
    context = {
        "project": project,
        "page": page,
        "schedules": schedules_of(project),
        "comparable": something_to_compare(project, may(request.membership.role, Action.SEE_PRICES)),
    }
    return render(request, "quotes/reports/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.REQUEST_REPORT)
def report_create(request: HttpRequest, project_id: int) -> HttpResponse:
    """GET: choose how it is printed. POST: freeze the project as it stands and have its PDF made.

    A POST that chooses nothing (the button of another page) gets everything on A4.
    """
    project = get_project(request, project_id)
    chosen = ReportForm(
        request.POST if "paper" in request.POST else None,
        initial={
            "kind": request.GET.get("kind", ReportKind.DECISION),
            "partner": request.GET.get("partner"),
            "calculation": request.GET.get("calculation"),
        },
        partners=shortlisted(project),
        calculations=calculations_of(project) if may(request.membership.role, Action.SEE_PRICES) else (),
    )
    if request.method != "POST" or (chosen.is_bound and not chosen.is_valid()):
        return _new(request, project, chosen)
    options, calculation = (chosen.options, chosen.memo_calculation) if chosen.is_bound else (None, None)
    try:
        report = request_report(actor=request.user, project=project, options=options, calculation=calculation)
    except NothingToReport as nothing:
        chosen.add_error("kind", str(nothing))
        return _new(request, project, chosen)
    except NothingToRank as nothing:
        messages.error(request, f"No report was created. {nothing}")
        return redirect("quotes:project_step", project.pk, "needs")
    except ProjectArchived as archived:
        messages.error(request, f"No report was created. {archived}")
        return redirect("quotes:report_list", project.pk)
    if report.reused:
        asked = format_datetime(report.requested_at)
        messages.info(request, f"Nothing has changed since {asked}: this is the report of that time.")
    return redirect("quotes:report", project.pk, report.pk)


def _new(request: HttpRequest, project: Project, chosen: ReportForm) -> HttpResponse:
    context = {"project": project, "form": chosen}
    return render(request, "quotes/reports/new.html", context, status=422 if chosen.is_bound else 200)


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def report(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """Progress while it is being made, then the download with what is in it."""
    project = get_project(request, project_id)
    found = _report(request, project, report_id)
    return render(request, "quotes/reports/report.html", _context(request, project, found))


def _context(request: HttpRequest, project: Project, found: Report) -> dict:
    done = found.state == ReportState.DONE
    open_to_role = readable(request, found)
    return {
        "project": project,
        "report": found,
        "progress": progress_of(found),
        "readable": open_to_role,
        "compared": done and can_be_compared(found, may(request.membership.role, Action.SEE_PRICES)),
        **(file_size(found) if done else {"size": None, "away": False}),
        "printable": of_this_format(found),
        "summary": summary_of(found) if done and open_to_role else None,
        "shares": shares_of(found) if may(request.membership.role, Action.SHARE_REPORT) else [],
        "site": f"{request.scheme}://{request.get_host()}",
        "appendices": " · ".join(Appendix(code).label for code in found.appendices),
    }


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def report_status(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """The part of the report page that changes. Ended jobs answer 286, which ends htmx's polling."""
    project = get_project(request, project_id)
    if not is_fragment(request):
        return report(request, project_id, report_id)
    found = status_of(project, report_id)
    if found is None:
        raise Http404("There is no such report.")
    progress = progress_of(found)
    if progress.open:
        context = {"project": project, "report": found, "progress": progress}
        return render(request, "quotes/reports/report.html#status", context)
    context = _context(request, project, _report(request, project, report_id))
    return render(request, "quotes/reports/report.html#status", context, status=STOP_POLLING)


@require_POST
@sponsor_action(Action.REQUEST_REPORT)
def report_retry(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """Try a failed report again, or print one again whose file is lost: from its own snapshot."""
    project = get_project(request, project_id)
    try:
        retry_report(actor=request.user, report=_report(request, project, report_id))
    except NothingToRetry as nothing:
        messages.error(request, str(nothing))
    return redirect("quotes:report", project.pk, report_id)


@require_POST
@sponsor_action(Action.REQUEST_REPORT)
def report_cancel(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """Stop a report that waits or is being made."""
    project = get_project(request, project_id)
    if not cancel_report(actor=request.user, report=_report(request, project, report_id)):
        messages.info(request, "The report had ended before it could be cancelled.")
    return redirect("quotes:report", project.pk, report_id)


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def report_download(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """The PDF, after its checksum was verified; a page that offers a new one when the file is gone."""
    project = get_project(request, project_id)
    found = _report(request, project, report_id)
    if not readable(request, found):
        raise PermissionDenied("This report contains prices, which your role does not show.")
    if found.state != ReportState.DONE:
        messages.info(request, "The PDF is not ready yet.")
        return redirect("quotes:report", project.pk, found.pk)
    context = {"project": project, "report": found, "printable": of_this_format(found)}
    try:
        content = read_file(found)
    except NotReachable:
        return render(request, "quotes/reports/missing.html", {**context, "away": True}, status=503)
    if content is None:
        return render(request, "quotes/reports/missing.html", {**context, "away": False}, status=410)
    return pdf_response(found, content)


def pdf_response(found: Report, content: bytes) -> FileResponse:
    return _attachment(found, content, "pdf", "application/pdf")


def _attachment(found: Report, content: bytes, ending: str, content_type: str) -> FileResponse:
    project = slugify(found.project.name)[:60] or "project"
    name = f"{project}-{slugify(found.get_kind_display())}-{found.requested_at:%Y-%m-%d}.{ending}"
    response = FileResponse(io.BytesIO(content), as_attachment=True, filename=name, content_type=content_type)
    response["Content-Length"] = len(content)
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _frozen(request: HttpRequest, project_id: int, report_id: int) -> Report:
    """A report whose figures this person may take away, in a format that this version reads."""
    found = _report(request, get_project(request, project_id), report_id)
    if not readable(request, found):
        raise PermissionDenied("This report contains prices, which your role does not show.")
    if not of_this_format(found):
        raise Http404("This report was frozen in an older format; only its PDF can be downloaded.")
    if not is_unchanged(found):
        raise Http404(CHANGED)
    return found


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def report_xlsx(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """The frozen figures as a workbook."""
    from quotes.reports.workbook import workbook

    found = _frozen(request, project_id, report_id)
    return _attachment(found, workbook(found.snapshot, found.snapshot_hash), "xlsx", XLSX)


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def report_json(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """The snapshot itself: the canonical bytes whose SHA-256 stands on every page of the PDF."""
    found = _frozen(request, project_id, report_id)
    return _attachment(found, canonical(found.snapshot), "json", "application/json")
