"""The list under a search box, while somebody types. Not a page: the plain search form does without it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partners.forms import LONGEST_SEARCH, printable
from partners.suggest import suggestions

BOXES = ("quick-q", "id_q")  # ids of the inputs that ask


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Options for the text typed so far, grouped. `box` is the id of the asking input, in front of every id."""
    text = printable(request.GET.get("q", ""))
    box = request.GET.get("box", "")
    groups = [] if len(text) > LONGEST_SEARCH else suggestions(text)
    numbered, count = [], 0
    for group in groups:
        options = list(enumerate(group.options, start=count + 1))
        count += len(options)
        numbered.append((group, options))
    context = {"groups": numbered, "count": count, "text": text, "box": box if box in BOXES else BOXES[0]}
    return render(request, "partners/_suggestions.html", context)
