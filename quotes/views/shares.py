"""Links to a report for people without an account: making and closing them, and what their visitors see."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cmo_selector.accounts.roles import Action
from quotes.access import get_project, sponsor_action
from quotes.enums import ReportState, ShareEvent
from quotes.forms import PasscodeForm, ShareForm
from quotes.models import ReportShare
from quotes.report_page import report_of
from quotes.services import shares
from quotes.services.report_files import NotReachable, read_file
from quotes.views.reports import pdf_response, readable

GONE = "This link is not open: it has expired, was closed, or is not complete. Ask the person who sent it."
WRONG = "That is not the passcode. Check for capital letters and spaces."
WAIT = "Too many wrong passcodes. Try again in a quarter of an hour, or ask the sender for a new link."


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.SHARE_REPORT)
def share_create(request: HttpRequest, project_id: int, report_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    report = report_of(project, report_id)
    if report is None:
        raise Http404("There is no such report.")
    if not readable(request, report):
        raise PermissionDenied("This report contains prices, which your role does not show.")
    form = ShareForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            share = shares.share_report(actor=request.user, report=report, **form.cleaned_data)
        except shares.NotShareable as not_yet:
            messages.error(request, str(not_yet))
        else:
            messages.success(request, f"The copy for {share.recipient} is being printed. Its link is below.")
        return redirect("quotes:report", project.pk, report.pk)
    context = {"project": project, "report": report, "form": form}
    return render(request, "quotes/reports/share.html", context, status=422 if form.is_bound else 200)


@require_POST
@sponsor_action(Action.SHARE_REPORT)
def share_revoke(request: HttpRequest, project_id: int, share_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    found = ReportShare.objects.for_sponsor(request.sponsor).select_related("report__project__sponsor")
    share = found.filter(pk=share_id, report__project=project).first()
    if share is None:
        raise Http404("There is no such link.")
    if shares.revoke_share(actor=request.user, share=share):
        messages.success(request, f"The link of {share.recipient} is closed.")
    else:
        messages.info(request, "That link was closed before.")
    if "list" in request.POST:
        return redirect("quotes:share_list")
    return redirect("quotes:report", project.pk, share.report_id)


@require_safe
@never_cache
@sponsor_action(Action.SHARE_REPORT)
def share_list(request: HttpRequest) -> HttpResponse:
    """Every open link of the organisation, whoever made it."""
    context = {"links": shares.open_links(request.sponsor)}
    return render(request, "quotes/reports/links.html", context)


def _private(response: HttpResponse) -> HttpResponse:
    """No search engine keeps the address; the site's referrer policy already hides it from other sites."""
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _gone(request: HttpRequest) -> HttpResponse:
    return _private(render(request, "quotes/reports/shared_gone.html", {"text": GONE}, status=404))


def _key(share: ReportShare) -> str:
    return f"share-{share.pk}-{share.nonce[:8]}"


def _unlocked(request: HttpRequest, share: ReportShare) -> bool:
    return not share.passcode or bool(request.session.get(_key(share)))


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """What the recipient sees: the passcode first where there is one, then the document. POST: the passcode."""
    share = shares.share_of(token)
    if share is None:
        return _gone(request)
    if _unlocked(request, share):
        return _private(render(request, "quotes/reports/shared.html", _page(share, token)))
    form, status = PasscodeForm(request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                if shares.try_passcode(share, form.cleaned_data["passcode"]):
                    request.session[_key(share)] = True
                    return _private(redirect("quotes:shared", token))
                form.add_error("passcode", WRONG)
            except shares.TooManyTries:
                form.add_error("passcode", WAIT)
                status = 429
    return _private(
        render(request, "quotes/reports/shared_passcode.html", {"form": form, "share": share}, status=status)
    )


def _page(share: ReportShare, token: str) -> dict:
    report = share.report
    return {
        "share": share,
        "token": token,
        "report": report,
        "ready": report.state == ReportState.DONE,
        "away": False,
        "failed": report.state in (ReportState.FAILED, ReportState.STOPPED),
    }


@login_not_required
@require_POST
@never_cache
def shared_download(request: HttpRequest, token: str) -> HttpResponse:
    """The recipient's copy as a file; the link's view log gets a line."""
    share = shares.share_of(token)
    if share is None:
        return _gone(request)
    if not _unlocked(request, share) or share.report.state != ReportState.DONE:
        return redirect("quotes:shared", token)
    try:
        content = read_file(share.report)
    except NotReachable:
        page = {**_page(share, token), "away": True}
        return _private(render(request, "quotes/reports/shared.html", page, status=503))
    if content is None:
        page = {**_page(share, token), "failed": True, "ready": False}
        return _private(render(request, "quotes/reports/shared.html", page, status=410))
    shares.note(share, ShareEvent.DOWNLOAD)
    return _private(pdf_response(share.report, content))
