"""The first page after signing in, and the choice of sponsor for people who work for several."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.middleware import SESSION_KEY
from quotes.project_page import next_action
from quotes.selectors import home_overview


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    overview = home_overview(request.sponsor)
    rows = [{"project": project, "next": next_action(project)} for project in overview.projects]
    return render(
        request, "quotes/home.html", {"rows": rows, "reports": overview.reports, "rfqs": overview.rfqs}
    )


@require_POST
def switch_sponsor(request: HttpRequest) -> HttpResponse:
    """Work for another of one's own sponsors from now on."""
    wanted = request.POST.get("sponsor", "")
    membership = next((m for m in request.memberships if str(m.sponsor_id) == wanted), None)
    if membership is None:
        messages.error(request, "You are not a member of that sponsor.")
    else:
        request.session[SESSION_KEY] = membership.sponsor_id
        messages.success(request, f"You now work for {membership.sponsor}.")
    return redirect("quotes:home")
