"""The page that suggests what of the catalogue a row of a register belongs to."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from partners.register import selectors
from partners.register.books import Book
from partners.register.forms import SuggestionForm, TargetSearchForm
from partners.register.records import first_words, record_of
from partners.register.services import SuggestionError, suggest_link
from partners.register.subject import Subject, of_establishment, of_record
from partners.register.views import not_found


@require_http_methods(["GET", "HEAD", "POST"])
def suggest(request: HttpRequest, duns: str) -> HttpResponse:
    """Propose a catalogue site for an establishment that has none."""
    row = selectors.establishment(duns)
    return not_found(request, duns) if row is None else _suggest(request, of_establishment(row))


@require_http_methods(["GET", "HEAD", "POST"])
def suggest_record(request: HttpRequest, book: Book, pk: int) -> HttpResponse:
    """Propose a site (a partner for a listing) for a row of one of the other registers."""
    row = record_of(book, pk)
    if row is None:
        raise Http404(f"The register holds no such {book.noun}.")
    return _suggest(request, of_record(book, row, first_words(book, row)))


def _suggest(request: HttpRequest, subject: Subject) -> HttpResponse:
    if subject.linked:
        messages.info(request, f"This row is linked to a catalogue {subject.what} already.")
        return redirect(subject.url)
    form = SuggestionForm(request.POST or None, owner=subject.owner)
    if request.method == "POST" and form.is_valid():
        try:
            suggest_link(
                actor=request.user,
                row=subject.row,
                target=form.cleaned_data[subject.owner],
                reason=form.cleaned_data["reason"],
            )
        except SuggestionError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Thank you. A curator will look at your suggestion.")
            return redirect(subject.url)
    search = TargetSearchForm({"site": request.POST.get("site", request.GET.get("site", subject.search))})
    search.is_valid()
    site = subject.owner == "facility"
    candidates = selectors.candidate_sites if site else selectors.candidate_partners
    targets = candidates(search.cleaned_data["site"])
    context = {
        "subject": subject,
        "form": form,
        "searched": search.cleaned_data["site"],
        "remarks": search.fields["site"].remarks,
        "targets": targets[: selectors.MOST_CANDIDATES],
        "more": len(targets) > selectors.MOST_CANDIDATES,
        "chosen": request.POST.get(subject.owner, ""),
    }
    return render(request, "partners/register/suggest.html", context, status=400 if form.errors else 200)
