"""Pages of the public register. They read; a suggestion (`suggest_views`) is the only thing written."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from partners.importers.kinds import KINDS
from partners.models import RegisterEstablishment
from partners.paging import page_or_nearest
from partners.register import selectors
from partners.register.books import BOOKS, Book
from partners.register.filters import RegisterFilter
from partners.register.records import RecordFilter, first_words, record_of
from partners.register.subject import of_record, record_url

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
        **_frame(selectors.ESTABLISHMENTS, selectors.read_files(selectors.ESTABLISHMENTS.kinds)),
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
    }
    return _answer(request, context)


@require_safe
def records(request: HttpRequest, book: Book) -> HttpResponse:
    """Search over one of the other registers, in the same frame."""
    files = selectors.read_files(book.kinds)
    found = RecordFilter(request.GET, book, files.run)
    page, page_remark = page_or_nearest(Paginator(found.qs, PER_PAGE), request.GET.get("page", "1"))
    count = page.paginator.count
    context = {
        **_frame(book, files),
        "filter": found,
        "page": page,
        "rows": [(row, record_url(book, row), record_url(book, row, "suggest")) for row in page.object_list],
        "count": count,
        "fragment": request.htmx.target == RESULTS and not request.htmx.history_restore_request,
        "remarks": [*found.remarks, *([page_remark] if page_remark else [])],
        "similar": [] if count else selectors.similar_firms(found.text, model=book.model, field=book.name),
        "register_is_empty": not count and not book.model.objects.exists(),
        "typed": request.GET.get("q", ""),
    }
    return _answer(request, context)


def _frame(book: Book | selectors.Establishments, files: selectors.ReadFiles) -> dict[str, Any]:
    """What the list's page says about the register that is open, and the tabs to the others."""
    return {
        "book": book,
        "files": files.newest,
        "undated": files.undated,
        "kinds": [kind.value for kind in book.kinds],
        "fills": [spec for kind in book.kinds for spec in KINDS[kind].lists],
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
        return not_found(request, duns)
    record = selectors.establishment_record(row, reader=request.user.pk)
    undated = selectors.read_files(selectors.ESTABLISHMENTS.kinds).undated
    context = {"record": record, "row": row, "undated": undated}
    return render(request, "partners/register/establishment.html", context)


@require_safe
def record(request: HttpRequest, book: Book, pk: int) -> HttpResponse:
    """Everything one row of another register states, and what it is linked to."""
    row = record_of(book, pk)
    if row is None:
        raise Http404(f"The register holds no such {book.noun}.")
    own = row.suggestions.filter(proposed_by=request.user)
    context = {
        "book": book,
        "row": row,
        "subject": of_record(book, row, first_words(book, row)),
        "suggestions": own.select_related("facility__organisation", "organisation"),
        "register_url": reverse("register:list"),
        "undated": selectors.read_files(book.kinds).undated,
    }
    return render(request, "partners/register/record.html", context)


def not_found(request: HttpRequest, duns: str) -> HttpResponse:
    return render(request, "partners/register/not_found.html", {"number": duns}, status=404)
