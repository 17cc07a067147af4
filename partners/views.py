"""Pages of the catalogue: browse and profile. They read; nothing here writes."""

from django.core.paginator import EmptyPage, Page, PageNotAnInteger, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from partners import finding, selectors
from partners.access import sees_prices
from partners.cards import build_card
from partners.filters import PartnerFilter
from partners.forms import quoted
from partners.models import Organisation
from partners.profile import build_profile
from partners.similar import similar_partners

PER_PAGE = 25
RESULTS = "results"  # id of the element that htmx swaps


@require_safe
def partner_list(request: HttpRequest) -> HttpResponse:
    """Search and facets over the catalogue: the page, or only its results when htmx swaps them."""
    found = PartnerFilter(request.GET, Organisation.objects.all())
    page, page_remark = _page(Paginator(found.qs, PER_PAGE), request.GET.get("page", "1"))
    count = page.paginator.count
    fragment = request.htmx.target == RESULTS and not request.htmx.history_restore_request
    context = {
        "filter": found,
        "page": page,
        "cards": [
            build_card(partner, found.criteria)
            for partner in selectors.cards(page.object_list, found.criteria)
        ],
        "count": count,
        "fragment": fragment,
        "remarks": [*found.remarks, *([page_remark] if page_remark else [])],
        "similar": [] if count else finding.similar_names(found.text),
        "catalogue_is_empty": not count and not Organisation.objects.active().exists(),
        "typed": request.GET.get("q", ""),
    }
    response = render(request, f"partners/list.html{'#results' if fragment else ''}", context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    if fragment:
        push_url(response, found.url(page=page.number))
    return response


def _page(paginator: Paginator, asked: str) -> tuple[Page, str]:
    """The page asked for, or the nearest one there is with a remark that says so."""
    try:
        return paginator.page(asked), ""
    except PageNotAnInteger:
        return paginator.page(1), f"{quoted(asked)} is not a page number; this is the first page."
    except EmptyPage:
        last = paginator.num_pages
        pages = "there is only one page" if last == 1 else f"there are {last:,} pages"
        return paginator.page(last), f"There is no page {quoted(asked)}: {pages}. This is the last one."


@require_safe
def partner_profile(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything known about one partner, and what is not."""
    prices = sees_prices(request)
    partner = selectors.partner_profile(slug, prices=prices)
    if partner is None:
        words = slug.replace("-", " ").replace("_", " ").strip()
        return render(request, "partners/not_found.html", {"words": words}, status=404)
    context = {
        "partner": partner,
        "profile": build_profile(partner, selectors.metrics_to_ask(), prices=prices),
        "similar": similar_partners(partner),
        "browse_url": reverse("partners:list"),
    }
    return render(request, "partners/profile.html", context)
