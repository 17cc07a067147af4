"""Reports of a project: asking for the PDF, watching it being made, downloading it."""

import io

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from cmo_selector.http import is_fragment
from cmo_selector.templatetags.fmt import format_datetime
from quotes.access import get_project, sponsor_action
from quotes.brief import NothingToRank
from quotes.enums import ReportState
from quotes.models import Project, Report
from quotes.report_page import (
    file_size,
    progress_of,
    readable_by,
    report_of,
    reports_of,
    status_of,
    summary_of,
)
from quotes.services.projects import ProjectArchived
from quotes.services.reports import NothingToRetry, read_file, request_report, retry_report

STOP_POLLING = 286  # htmx takes the answer and asks no more


def _report(request: HttpRequest, project: Project, report_id: int) -> Report:
    report = report_of(project, report_id)
    if report is None:
        raise Http404("There is no such report.")
    return report


def _sees_prices(request: HttpRequest) -> bool:
    return may(request.membership.role, Action.SEE_PRICES)


@require_safe
@sponsor_action(Action.VIEW)
def report_list(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    page = reports_of(project, request.GET.get("page"))
    return render(request, "quotes/reports/list.html", {"project": project, "page": page})


@require_POST
@sponsor_action(Action.REQUEST_REPORT)
def report_create(request: HttpRequest, project_id: int) -> HttpResponse:
    """Freeze the project as it stands and have its PDF made."""
    project = get_project(request, project_id)
    try:
        report = request_report(actor=request.user, project=project)
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
    readable = readable_by(found, _sees_prices(request))
    return {
        "project": project,
        "report": found,
        "progress": progress_of(found),
        "readable": readable,
        "size": file_size(found) if done else None,
        "summary": summary_of(found) if done and readable else None,
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
    """Try a failed report again, from its own snapshot."""
    project = get_project(request, project_id)
    try:
        retry_report(actor=request.user, report=_report(request, project, report_id))
    except NothingToRetry as nothing:
        messages.error(request, str(nothing))
    return redirect("quotes:report", project.pk, report_id)


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def report_download(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """The PDF, after its checksum was verified; a page that offers a new one when the file is gone."""
    project = get_project(request, project_id)
    found = _report(request, project, report_id)
    if not readable_by(found, _sees_prices(request)):
        raise PermissionDenied("This report contains prices, which your role does not show.")
    if found.state != ReportState.DONE:
        messages.info(request, "The PDF is not ready yet.")
        return redirect("quotes:report", project.pk, found.pk)
    content = read_file(found)
    if content is None:
        context = {"project": project, "report": found}
        return render(request, "quotes/reports/missing.html", context, status=410)
    name = f"{slugify(project.name)[:60] or 'project'}-decision-report-{found.requested_at:%Y-%m-%d}.pdf"
    response = FileResponse(
        io.BytesIO(content), as_attachment=True, filename=name, content_type="application/pdf"
    )
    response["Content-Length"] = len(content)
    response["X-Content-Type-Options"] = "nosniff"
    return response
