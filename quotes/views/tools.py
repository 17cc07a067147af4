"""The tools: the address holds a whole calculation, so it can be sent, printed, exported, and kept with a project."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from partners.spreadsheets import Book, Value, csv_lines
from quotes.access import get_project, sponsor_action
from quotes.downloads import XLSX, file_answer
from quotes.enums import MONEY_TOOLS, ToolKind
from quotes.forms.tool_forms import KeepForm, ToolForm
from quotes.models import Project, ToolCalculation
from quotes.services.projects import ProjectArchived
from quotes.services.tools import NotKept, keep_calculation, remove_calculation
from quotes.tool_results import TOOLS, Outcome, Tool, outcome_of

EXAMPLES = {
    ToolKind.LEASE: "price=5600000&years=4&lease_payment=1640000&tax_rate=21&debt_rate=7&monthly_burn=900000",
    ToolKind.MAKE: "discount_rate=12&tax_rate=21&batches=0;0;6;10;12&probability=100;80;60;55;55"
    "&capex=30000000;20000000;0;0;0&life_years=15&fixed=0;3000000;9000000;9000000;9000000&fixed_per_year=9000000"
    "&variable_per_batch=700000&residual=15000000&cost=0;2000000;15000000;22000000;26000000&price_per_batch=2100000"
    "&months_make=30&months_buy=14&month_value=500000&hybrid_capex=3000000;1000000;0;0;0"
    "&hybrid_fixed=0;500000;1500000;1500000;1500000&hybrid_variable=60000&hybrid_cost=0;2000000;13000000;19000000;22500000",
}
PREFILL = "prefill"  # fills the form in without calculating
HEADER = ("Part", "What", "Value")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "quotes/tools/index.html")


@require_safe
def tool(request: HttpRequest, kind: str) -> HttpResponse:
    chosen = TOOLS[kind]
    form = _form(request, chosen)
    outcome = outcome_of(chosen, form)
    context = {
        "tool": chosen.kind,
        "form": form,
        "address": _address(kind),
        "outcome": outcome,
        "example": EXAMPLES.get(chosen.kind, ""),
        "query": request.GET.urlencode(),
        "keep": _keep_form(request, chosen) if outcome else None,
        **(outcome.page if outcome else {}),
    }
    return render(request, f"quotes/tools/{kind}.html", context)


def _form(request: HttpRequest, chosen: Tool) -> ToolForm:
    """Bound when the address holds a calculation."""
    if PREFILL in request.GET:
        return chosen.form(initial=request.GET.dict())
    return chosen.form(request.GET) if request.GET else chosen.form()


def _projects(request: HttpRequest):
    return (
        Project.objects.for_sponsor(request.sponsor).filter(archived_at=None).order_by("-updated_at", "-pk")
    )


def _keep_form(request: HttpRequest, chosen: Tool) -> KeepForm | None:
    """For members who may change projects; None for everybody else."""
    if request.sponsor is None or not may(request.membership.role, Action.EDIT_PROJECT):
        return None
    name = f"{chosen.kind.label}, {timezone.localdate().isoformat()}"
    return KeepForm(projects=_projects(request), initial={"name": name})


@require_safe
def tool_export(request: HttpRequest, kind: str, ending: str) -> HttpResponse:
    """Inputs and answer of the calculation in the address, as a file."""
    chosen = TOOLS.get(kind)
    if chosen is None:
        raise Http404("There is no such tool.")
    form = chosen.form(request.GET)
    outcome = outcome_of(chosen, form)
    if outcome is None:
        messages.error(request, "There is no complete calculation to export; check the fields below.")
        return redirect(f"{_address(kind)}?{request.GET.urlencode()}")
    rows = _rows(form, outcome)
    name = f"{slugify(chosen.kind.label)}-{timezone.localdate().isoformat()}.{ending}"
    if ending == "xlsx":
        book = Book()
        book.sheet(chosen.kind.label, HEADER, rows, widths=(22, 60, 60))
        return file_answer(book.bytes(), name, XLSX)
    answer = StreamingHttpResponse(csv_lines(HEADER, rows), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _rows(form: ToolForm, outcome: Outcome) -> list[tuple[str, str, Value]]:
    return [*(("Input", label, text) for label, text in form.inputs()), *outcome.rows]


def _address(kind: str) -> str:
    return reverse(f"tool_{kind}")


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def tool_keep(request: HttpRequest, kind: str) -> HttpResponse:
    """Keep the calculation with a project. A refusal shows the calculation again with what was typed."""
    chosen = TOOLS.get(kind)
    if chosen is None:
        raise Http404("There is no such tool.")
    query = QueryDict(request.POST.get("query", "")[:20_000])
    form = chosen.form(query)
    outcome = outcome_of(chosen, form)
    keep = KeepForm(request.POST, projects=_projects(request))
    if outcome is not None and keep.is_valid():
        project = keep.cleaned_data["project"]
        try:
            keep_calculation(
                actor=request.user,
                project=project,
                tool=chosen.kind,
                name=keep.cleaned_data["name"],
                query=query.urlencode(),
                headline=outcome.headline,
            )
            messages.success(request, f"Kept with {project.name}.")
            return redirect("quotes:calculations", project.pk)
        except (NotKept, ProjectArchived) as error:
            keep.add_error("name", str(error))
    context = {
        "tool": chosen.kind,
        "form": form,
        "address": _address(kind),
        "outcome": outcome,
        "query": query.urlencode(),
        "keep": keep,
        **(outcome.page if outcome else {}),
    }
    return render(request, f"quotes/tools/{kind}.html", context, status=422)


@require_safe
@sponsor_action(Action.VIEW)
def calculations(request: HttpRequest, project_id: int) -> HttpResponse:
    """What the project keeps. Amounts of money are for roles that see prices. Two queries beside the project."""
    project = get_project(request, project_id)
    rows = ToolCalculation.objects.filter(project=project).select_related("created_by")
    hidden = 0
    if not may(request.membership.role, Action.SEE_PRICES):
        hidden = rows.filter(tool__in=MONEY_TOOLS).count()
        rows = rows.exclude(tool__in=MONEY_TOOLS)
    context = {
        "project": project,
        "rows": list(rows),
        "hidden": hidden,
        "memo": any(row.tool == ToolKind.MAKE for row in rows),
    }
    return render(request, "quotes/tools/calculations.html", context)


@require_POST
@sponsor_action(Action.EDIT_PROJECT)
def calculation_remove(request: HttpRequest, project_id: int, calculation_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    row = (
        ToolCalculation.objects.for_sponsor(request.sponsor)
        .filter(project=project, pk=calculation_id)
        .first()
    )
    if row is None:
        raise Http404("There is no such calculation.")
    row.project = project
    try:
        remove_calculation(actor=request.user, calculation=row)
        messages.success(request, f"“{row.name}” is removed.")
    except ProjectArchived as archived:
        messages.error(request, str(archived))
    return redirect("quotes:calculations", project.pk)
