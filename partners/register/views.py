"""Pages of the public register. The list and the record read; a suggestion is the only thing written."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import push_url

from partners.models import RegisterEstablishment
from partners.paging import page_or_nearest
from partners.register import selectors
from partners.register.books import BOOKS, Book
from partners.register.filters import RegisterFilter
from partners.register.forms import SiteSearchForm, SuggestionForm
from partners.register.records import RecordFilter, establishments_of, newest_file
from partners.register.services import SuggestionError, suggest_link

PER_PAGE = 50
RESULTS = "results"  # id of the element that htmx swaps
TABS = (selectors.ESTABLISHMENTS, *BOOKS)


@require_safe
def register_list(request: HttpRequest) -> HttpResponse:
    """Search over the register: the page, or only its results when htmx swaps them."""
    found = RegisterFilter(request.GET, RegisterEstablishment.objects.all())
    page, page_remark = page_or_nearest(Paginator(found.qs, PER_PAGE), request.GET.get("page", "1"))
    count = page.paginator.count
    fragment = request.htmx.target == RESULTS and not request.htmx.history_restore_request
    context = {
        **_frame(selectors.ESTABLISHMENTS),
        "filter": found,
        "page": page,
        "rows": [
            (row, [selectors.in_words(operation) for operation in row.operations]) for row in page.object_list
        ],
        "count": count,
        "fragment": fragment,
        "remarks": [*found.remarks, *([page_remark] if page_remark else [])],
        "similar": [] if count else selectors.similar_firms(found.text),
        "register_is_empty": not count and not RegisterEstablishment.objects.exists(),
        "typed": request.GET.get("q", ""),
        "today": timezone.localdate(),
        "file_date": selectors.last_file_date(),
    }
    return _answer(request, context)


@require_safe
def records(request: HttpRequest, book: Book) -> HttpResponse:
    """Search over one of the other registers, in the same frame."""
    run, file_date = newest_file(book)
    found = RecordFilter(request.GET, book, run)
    page, page_remark = page_or_nearest(Paginator(found.qs, PER_PAGE), request.GET.get("page", "1"))
    rows, count = list(page.object_list), page.paginator.count
    linkable = establishments_of(rows) if book.owner == "facility" else {}
    context = {
        **_frame(book),
        "filter": found,
        "page": page,
        "rows": [(row, linkable.get(getattr(row, "fei", ""))) for row in rows],
        "count": count,
        "fragment": request.htmx.target == RESULTS and not request.htmx.history_restore_request,
        "remarks": [*found.remarks, *([page_remark] if page_remark else [])],
        "similar": []
        if count
        else selectors.similar_firms(found.text, model=book.model, field=book.words[0]),
        "register_is_empty": not count and not book.model.objects.exists(),
        "typed": request.GET.get("q", ""),
        "file_date": file_date,
    }
    return _answer(request, context)


def _frame(book: Book | selectors.Establishments) -> dict[str, Any]:
    """What the list's page says about the register that is open, and the tabs to the others."""
    return {
        "book": book,
        "list_url": reverse(book.url_name),
        "tabs": [(other.title, reverse(other.url_name), other is book) for other in TABS],
    }


def _answer(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """The page, or only its results when htmx swaps them."""
    fragment = context["fragment"]
    response = render(request, f"partners/register/list.html{'#results' if fragment else ''}", context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    if fragment:
        push_url(response, context["filter"].url(page=context["page"].number))
    return response


@require_safe
def establishment(request: HttpRequest, duns: str) -> HttpResponse:
    """Everything the register states about one establishment."""
    row = selectors.establishment(duns)
    if row is None:
        return _not_found(request, duns)
    record = selectors.establishment_record(row, reader=request.user.pk)
    return render(request, "partners/register/establishment.html", {"record": record, "row": row})


@require_http_methods(["GET", "HEAD", "POST"])
def suggest(request: HttpRequest, duns: str) -> HttpResponse:
    """Propose a catalogue site for an establishment that has none."""
    row = selectors.establishment(duns)
    if row is None:
        return _not_found(request, duns)
    if row.facility_id:
        messages.info(request, "This establishment is linked to a catalogue site already.")
        return redirect("register:establishment", duns)
    form = SuggestionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            suggest_link(
                actor=request.user,
                establishment=row,
                facility=form.cleaned_data["facility"],
                reason=form.cleaned_data["reason"],
            )
        except SuggestionError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Thank you. A curator will look at your suggestion.")
            return redirect("register:establishment", duns)
    search = SiteSearchForm({"site": request.POST.get("site", request.GET.get("site", row.city))})
    search.is_valid()
    sites = selectors.candidate_sites(search.cleaned_data["site"])
    context = {
        "row": row,
        "form": form,
        "searched": search.cleaned_data["site"],
        "remarks": search.fields["site"].remarks,
        "sites": sites[: selectors.MOST_CANDIDATES],
        "more": len(sites) > selectors.MOST_CANDIDATES,
        "chosen": request.POST.get("facility", ""),
    }
    return render(request, "partners/register/suggest.html", context, status=400 if form.errors else 200)


def _not_found(request: HttpRequest, duns: str) -> HttpResponse:
    return render(request, "partners/register/not_found.html", {"number": duns}, status=404)
