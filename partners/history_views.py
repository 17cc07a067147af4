"""What changed in a partner's record, for everybody who may read it. Curators are not named."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from cmo_selector.http import is_fragment
from partners.access import sees_prices
from partners.history.selectors import Entry, changes_of_partner, describe
from partners.models import Organisation
from partners.paging import page_or_nearest
from partners.views import partner_not_found

PER_PAGE = 50
ON_PROFILE = 10
ENTRIES_OPEN = 3  # an act with more changes than this is folded


@dataclass(frozen=True, slots=True)
class Act:
    """What one request, import or command changed, as far as it is on the page."""

    at: datetime.datetime
    how: str
    who: str
    why: str
    entries: tuple[Entry, ...]

    @property
    def folded(self) -> bool:
        return len(self.entries) > ENTRIES_OPEN


def acts(entries: Iterable[Entry]) -> list[Act]:
    """Neighbouring changes of one act together; a change without an act stands for itself."""
    found = []
    for _, group in groupby(entries, key=lambda e: (e.change.act or e.change.pk, e.why)):
        of = tuple(group)
        found.append(Act(of[0].at, of[0].how, of[0].who, of[0].why, of))
    return found


@require_safe
def partner_history(request: HttpRequest, slug: str) -> HttpResponse:
    """All changes, page by page; the newest few to the profile, which fetches them when they come into view."""
    partner = Organisation.objects.filter(slug=slug).first()
    if partner is None:
        return partner_not_found(request, slug)
    fragment = is_fragment(request)
    changes = changes_of_partner(partner.pk, prices=sees_prices(request)).order_by("-pk")
    asked = "1" if fragment else request.GET.get("page", "1")
    page, remark = page_or_nearest(Paginator(changes, ON_PROFILE if fragment else PER_PAGE), asked)
    context = {
        "partner": partner,
        "acts": acts(describe(page.object_list, people_named=False)),
        "page": page,
        "count": page.paginator.count,
        "count_title": f"{page.paginator.count:,} change{'' if page.paginator.count == 1 else 's'}",
        "remark": remark,
    }
    name = "partners/_history_newest.html" if fragment else "partners/history.html"
    response = render(request, name, context)
    patch_vary_headers(response, ("HX-Request",))
    return response
