"""The bell in the header and the page behind it: which of one's own reports have ended, read and unread."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action
from cmo_selector.http import is_fragment, whole_number
from quotes.access import get_project, sponsor_action
from quotes.notices import notices_of
from quotes.report_page import status_of
from quotes.services.report_upkeep import mark_seen

NEWS = "A report of yours has ended. The bell above leads to it."


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def notice_list(request: HttpRequest) -> HttpResponse:
    page = notices_of(request.user, request.sponsor, request.GET.get("page"))
    return render(request, "quotes/notices.html", {"page": page})


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def bell(request: HttpRequest) -> HttpResponse:
    """The bell alone, which asks again while a report is under way. `before`: what it showed last."""
    before = whole_number(request.GET.get("before"))
    more = before is not None and request.membership.unread_reports > before
    response = render(request, "quotes/_bell.html")
    if more:
        response["HX-Trigger"] = json.dumps({"toast": {"text": NEWS, "tone": "accent"}})
    return response


@require_POST
@sponsor_action(Action.VIEW)
def mark_all_read(request: HttpRequest) -> HttpResponse:
    mark_seen(user=request.user, sponsor=request.sponsor)
    return redirect("quotes:notices")


@require_POST
@sponsor_action(Action.VIEW)
def mark_read(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    """One report was looked at by whoever asked for it: other people's looking changes nothing."""
    report = status_of(get_project(request, project_id), report_id)
    if report is None:
        raise Http404("There is no such report.")
    changed = mark_seen(user=request.user, sponsor=request.sponsor, report=report)
    request.membership.unread_reports -= changed
    if is_fragment(request):
        return render(request, "quotes/_bell.html")
    return redirect("quotes:report", project_id, report_id)
