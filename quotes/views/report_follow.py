"""Following reports: what changed between two of them, and schedules that ask for new ones."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from quotes.access import get_project, sponsor_action
from quotes.forms.report_forms import CompareForm, ScheduleForm
from quotes.models import ReportSchedule
from quotes.report_page import comparable_reports, report_of
from quotes.reports.changes import changes_between, sentence
from quotes.reports.printable import clean
from quotes.services.projects import ProjectArchived
from quotes.services.schedules import ScheduleExists, create_schedule, stop_schedule

DIGITS = 18  # of an id: more cannot be asked of the database


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def report_changes(request: HttpRequest, project_id: int) -> HttpResponse:
    """What changed between two reports; without a choice, between the two newest snapshots."""
    project = get_project(request, project_id)
    asked = [request.GET[name] for name in ("old", "new") if name in request.GET]
    known = [int(text) for text in asked if text.isascii() and text.isdigit() and len(text) < DIGITS]
    choices = comparable_reports(project, may(request.membership.role, Action.SEE_PRICES), known)
    newest = {"old": choices[1][0], "new": choices[0][0]} if len(choices) > 1 else {}
    form = CompareForm(request.GET if asked else newest or None, choices=choices)
    context = {"project": project, "form": form, "choices": choices}
    if not form.is_bound or not form.is_valid():
        return render(request, "quotes/reports/changes.html", context, status=422 if form.is_bound else 200)
    old, new = (report_of(project, form.cleaned_data[name]) for name in ("old", "new"))
    before, after = clean(old.snapshot), clean(new.snapshot)
    groups = changes_between(before, after)
    context |= {"old": old, "new": new, "groups": groups, "sentence": sentence(groups, before["as_of"])}
    return render(request, "quotes/reports/changes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.REQUEST_REPORT)
def schedule_create(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    form = ScheduleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            create_schedule(
                actor=request.user, project=project, rhythm=form.cleaned_data["rhythm"], options=form.options
            )
        except ScheduleExists as exists:
            form.add_error("rhythm", str(exists))
        except ProjectArchived as archived:
            form.add_error(None, str(archived))
        else:
            messages.success(
                request, "The schedule is kept. Its first report is asked for within ten minutes."
            )
            return redirect("quotes:report_list", project.pk)
    context = {"project": project, "form": form}
    return render(request, "quotes/reports/schedule.html", context, status=422 if form.is_bound else 200)


@require_POST
@sponsor_action(Action.REQUEST_REPORT)
def schedule_stop(request: HttpRequest, project_id: int, schedule_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    found = ReportSchedule.objects.for_sponsor(request.sponsor).select_related("project__sponsor")
    schedule = found.filter(pk=schedule_id, project=project).first()
    if schedule is None:
        raise Http404("There is no such schedule.")
    if stop_schedule(actor=request.user, schedule=schedule):
        messages.success(request, "The schedule is stopped. The reports it asked for stay.")
    else:
        messages.info(request, "That schedule had been stopped before.")
    return redirect("quotes:report_list", project.pk)
