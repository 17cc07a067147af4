"""Reports in the API: asking for one, watching it being made, and taking its figures and its PDF away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router, Schema, Status
from ninja.errors import HttpError
from pydantic import ConfigDict

from cmo_selector.accounts.access import require
from cmo_selector.accounts.roles import Action, may
from quotes.access import get_project
from quotes.brief import NothingToRank
from quotes.enums import Appendix, Paper, ReportKind, ReportState
from quotes.models import Project, Report
from quotes.report_page import CHANGED, is_unchanged, of_this_format, readable_by, report_of, status_of
from quotes.report_queue import queue_positions
from quotes.reports.canonical import canonical
from quotes.reports.options import EVERYTHING, ReportOptions
from quotes.services.projects import ProjectArchived
from quotes.services.report_files import NotReachable, read_file
from quotes.services.reports import NothingToReport, request_report

router = Router()
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST = 100  # the newest ones that the list holds


class ReportRequest(Schema):
    """What is printed, and how. `partner`: the partner a dossier is about; `calculation`: the kept make-or-buy
    calculation that is frozen in full, the newest unless it is named. Nothing else changes a figure."""

    model_config = ConfigDict(extra="forbid")

    kind: ReportKind = ReportKind.DECISION
    partner: int | None = None
    calculation: int | None = None
    paper: Paper = Paper.A4
    appendices: list[Appendix] | None = None
    recipient: str = ""


class ReportStatus(Schema):
    """Where a report's job stands, and where its parts are once it is done."""

    id: int
    title: str
    kind: ReportKind
    state: ReportState
    step: str
    reports_before: int
    error: str | None
    pages: int | None
    snapshot_sha256: str
    file_sha256: str | None
    recipient: str | None
    requested_at: str
    finished_at: str | None
    links: dict[str, str]


@router.get(
    "/{int:project_id}/reports",
    response=list[ReportStatus],
    url_name="project-reports",
    summary="The reports of a project, newest first",
)
def project_reports(request: HttpRequest, project_id: int) -> list[dict[str, Any]]:
    require(request, Action.VIEW)
    project = get_project(request, project_id)
    found = Report.objects.filter(project=project).defer("snapshot").order_by("-requested_at", "-pk")
    shown = list(found[:MOST])
    before = queue_positions(shown)
    return [_status(request, report, before) for report in shown]


@router.post(
    "/{int:project_id}/reports",
    response={202: ReportStatus, 200: ReportStatus},
    url_name="project-reports",
    summary="Ask for a report",
    description="Freezes the project as it stands and queues its PDF: 202. When nothing has changed since an earlier "
    "report, that one is the answer: 200.",
)
def ask_for_report(request: HttpRequest, project_id: int, wanted: ReportRequest) -> Status:
    require(request, Action.REQUEST_REPORT)
    project = get_project(request, project_id)
    recipient = " ".join(wanted.recipient.split())
    if len(recipient) > Report._meta.get_field("recipient").max_length:
        raise HttpError(422, "The recipient's name is longer than 80 characters.")
    if wanted.calculation is not None and wanted.kind != ReportKind.MEMO:
        raise HttpError(422, "A make-or-buy memo is about one calculation, and nothing else is.")
    appendices = EVERYTHING if wanted.appendices is None else tuple(str(a) for a in wanted.appendices)
    try:
        options = ReportOptions(
            kind=wanted.kind,
            partner=wanted.partner,
            paper=wanted.paper,
            appendices=appendices,
            recipient=recipient,
        )
    except ValueError as impossible:
        raise HttpError(422, str(impossible)) from impossible
    try:
        report = request_report(
            actor=request.user,  # type: ignore[arg-type]
            project=project,
            options=options,
            calculation=wanted.calculation,
        )
    except (NothingToRank, NothingToReport, ProjectArchived) as refused:
        raise HttpError(409, str(refused)) from refused
    return Status(200 if report.reused else 202, _status(request, report))


@router.get(
    "/{int:project_id}/reports/{int:report_id}",
    response=ReportStatus,
    url_name="project-report",
    summary="Where a report's job stands",
)
def project_report(request: HttpRequest, project_id: int, report_id: int) -> dict[str, Any]:
    require(request, Action.VIEW)
    report = status_of(get_project(request, project_id), report_id)
    if report is None:
        raise Http404("There is no such report.")
    return _status(request, report)


@router.get(
    "/{int:project_id}/reports/{int:report_id}/snapshot",
    url_name="project-report-snapshot",
    summary="The frozen figures of a report",
    description="The snapshot whose SHA-256 stands on every page of the PDF.",
)
def project_report_snapshot(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    report = _frozen(request, project_id, report_id)
    return HttpResponse(canonical(report.snapshot), content_type="application/json")


@router.get(
    "/{int:project_id}/reports/{int:report_id}/pdf",
    url_name="project-report-pdf",
    summary="The PDF of a report",
    description="409 while it is being made, 410 when its file is gone or damaged, 503 when the store does not answer.",
)
def project_report_pdf(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    report = _readable(request, project_id, report_id)
    if report.state != ReportState.DONE:
        raise HttpError(409, f"The PDF is not there: the report is {report.get_state_display().lower()}.")
    try:
        content = read_file(report)
    except NotReachable as away:
        raise HttpError(503, "The store of files does not answer. Try again in a few minutes.") from away
    if content is None:
        raise HttpError(
            410,
            "The stored PDF is missing or damaged. Its page offers to print it again from the same figures.",
        )
    return HttpResponse(content, content_type="application/pdf")


@router.get(
    "/{int:project_id}/reports/{int:report_id}/workbook",
    url_name="project-report-workbook",
    summary="The frozen figures of a report as XLSX",
)
def project_report_workbook(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    report = _frozen(request, project_id, report_id)
    from quotes.reports.workbook import workbook

    return HttpResponse(workbook(report.snapshot, report.snapshot_hash), content_type=XLSX)


def _frozen(request: HttpRequest, project_id: int, report_id: int) -> Report:
    """A report whose figures this person may read, in a format that this version reads."""
    report = _readable(request, project_id, report_id)
    if not of_this_format(report):
        raise HttpError(409, "This report was frozen in an older format; only its PDF can be downloaded.")
    if not is_unchanged(report):
        raise HttpError(410, CHANGED)
    return report


def _readable(request: HttpRequest, project_id: int, report_id: int) -> Report:
    """The report with its snapshot, for somebody whose role may read its figures."""
    require(request, Action.VIEW)
    project: Project = get_project(request, project_id)
    report = report_of(project, report_id)
    if report is None:
        raise Http404("There is no such report.")
    if not readable_by(report, may(request.membership.role, Action.SEE_PRICES)):  # type: ignore[attr-defined]
        raise PermissionDenied("This report contains prices, which your role does not show.")
    return report


def _status(request: HttpRequest, report: Report, before: Mapping[int, int] | None = None) -> dict[str, Any]:
    place = [report.project_id, report.pk]

    def address(name: str) -> str:
        return request.build_absolute_uri(reverse(name, args=place))

    links = {"self": address("api:project-report"), "page": address("quotes:report")}
    links |= {part: address(f"api:project-report-{part}") for part in ("snapshot", "workbook")}
    if report.state == ReportState.DONE:
        links["pdf"] = address("api:project-report-pdf")
    return {
        "id": report.pk,
        "title": report.title,
        "kind": report.kind,
        "state": report.state,
        "step": report.get_step_display(),
        "reports_before": (queue_positions([report]) if before is None else before).get(report.pk, 0),
        "error": report.error or None,
        "pages": report.pages,
        "snapshot_sha256": report.snapshot_hash,
        "file_sha256": report.file_sha256 or None,
        "recipient": report.recipient or None,
        "requested_at": report.requested_at.isoformat(),
        "finished_at": report.finished_at.isoformat() if report.finished_at else None,
        "links": links,
    }
