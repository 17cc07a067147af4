"""Saved searches of the person who is signed in, and stopping their e-mails without signing in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cmo_selector.accounts.roles import Action
from cmo_selector.db import constraint_errors
from partners.access import sees_prices
from partners.searching import filter_of
from quotes.access import sponsor_action
from quotes.digest_mail import search_of
from quotes.enums import DigestRhythm
from quotes.forms.search_forms import SavedSearchForm
from quotes.models import SavedSearch
from quotes.models.search import QUERY_LENGTH
from quotes.searches import saved_rows, searches_of
from quotes.services import searches as services


def get_search(request: HttpRequest, search_id: int) -> SavedSearch:
    """The person's own saved search, or 404."""
    search = searches_of(request.user, request.sponsor).filter(pk=search_id).first()
    if search is None:
        raise Http404("There is no such saved search.")
    return search


@require_safe
@sponsor_action(Action.VIEW)
def search_list(request: HttpRequest) -> HttpResponse:
    """The person's saved searches, each in words."""
    rows = saved_rows(request.user, request.sponsor, prices=sees_prices(request))
    return render(request, "quotes/searches/list.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.VIEW)
def search_new(request: HttpRequest) -> HttpResponse:
    """Keep the search whose parameters stand in this page's address, as on the browse page."""
    prices = sees_prices(request)
    found = filter_of(request.sponsor, prices=prices)(request.GET)
    first = next((chip.label for chip in found.chips), "All partners")
    initial = {"name": " · ".join(chip.label for chip in found.chips)[:80] or first, "digest": "none"}
    form = SavedSearchForm(request.POST if request.method == "POST" else None, initial=initial)
    too_long = len(found.query()) > QUERY_LENGTH
    if request.method == "POST" and form.is_valid():
        if too_long:
            form.add_error(None, "This search has too many filters to be kept. Remove some, then save it.")
        elif _saved(request, form, query=found.query(), prices=prices):
            messages.success(request, f"“{form.cleaned_data['name']}” is saved.")
            return redirect("quotes:searches")
    spelling = services.spelling_of(found.query(), request.sponsor, prices=prices)
    context = {"form": form, "found": found, "spelling": spelling, "back": found.url()}
    return render(request, "quotes/searches/form.html", context, status=400 if form.errors else 200)


def _saved(request: HttpRequest, form: SavedSearchForm, *, query: str, prices: bool) -> bool:
    with constraint_errors(form):
        try:
            services.save_search(
                actor=request.user, sponsor=request.sponsor, query=query, prices=prices, **form.cleaned_data
            )
        except services.SearchRefused as refused:
            form.add_error(refused.field, str(refused))
    return not form.errors


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.VIEW)
def search_edit(request: HttpRequest, search_id: int) -> HttpResponse:
    """Rename a saved search, and set how often it is followed by e-mail."""
    search, prices = get_search(request, search_id), sees_prices(request)
    initial = {"name": search.name, "digest": search.digest}
    form = SavedSearchForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with constraint_errors(form):
            try:
                services.change_search(actor=request.user, search=search, prices=prices, **form.cleaned_data)
            except services.SearchRefused as refused:
                form.add_error(refused.field, str(refused))
        if not form.errors:
            messages.success(request, f"“{form.cleaned_data['name']}” is saved.")
            return redirect("quotes:searches")
    found = filter_of(request.sponsor, prices=prices)(QueryDict(search.query))
    spelling = services.spelling_of(search.query, request.sponsor, prices=prices)
    context = {"form": form, "found": found, "spelling": spelling, "search": search, "back": found.url()}
    return render(request, "quotes/searches/form.html", context, status=400 if form.errors else 200)


@require_POST
@sponsor_action(Action.VIEW)
def search_delete(request: HttpRequest, search_id: int) -> HttpResponse:
    search = get_search(request, search_id)
    name = search.name
    services.delete_search(actor=request.user, search=search)
    messages.success(request, f"“{name}” is deleted.")
    return redirect("quotes:searches")


@csrf_exempt  # mail programs post here at one click, without a page of ours before it (RFC 8058); the link is signed
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the e-mails about one saved search: GET asks, POST stops, twice is no mistake. No sign-in is needed."""
    search_id = search_of(token)
    if search_id is None:
        return render(request, "quotes/searches/unsubscribe.html", {"state": "unknown"}, status=404)
    search = SavedSearch.objects.filter(pk=search_id).select_related("sponsor").first()
    if search is None or (search.digest == DigestRhythm.NONE and request.method != "POST"):
        return render(request, "quotes/searches/unsubscribe.html", {"state": "off", "search": search})
    if request.method == "POST":
        services.stop_digest(search=search)
        return render(request, "quotes/searches/unsubscribe.html", {"state": "stopped", "search": search})
    return render(request, "quotes/searches/unsubscribe.html", {"state": "ask", "search": search})
