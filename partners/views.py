"""Pages of the catalogue: browse and profile. They read; nothing here writes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from partners import selectors
from partners.access import sees_prices
from partners.browse import browse
from partners.cards import build_cards
from partners.profile import build_profile
from partners.result_map import build_map
from partners.shown import DEFAULT_VIEW
from partners.similar import similar_partners
from partners.table import build_table

RESULTS = "results"  # id of the element that htmx swaps


@require_safe
def partner_list(request: HttpRequest) -> HttpResponse:
    """Search and facets over the catalogue: the page, or only what changes of it when htmx swaps the results."""
    result = browse(request.GET, request.sponsor, prices=sees_prices(request))  # type: ignore[attr-defined]
    page, page_remark = result.page(request.GET.get("page", "1"))
    fragment = request.htmx.target == RESULTS and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    view = result.filter.shown_as if result.count else DEFAULT_VIEW
    cards = build_cards(result, page.object_list) if view != "map" else []
    found_map = build_map(result, request.GET.get("at", "")) if view == "map" else None
    map_remark = found_map.remark if found_map else ""
    context = {
        "result": result,
        "filter": result.filter,
        "page": page,
        "cards": cards,
        "table": build_table(cards, result) if view == "table" else None,
        "map": found_map,
        "count": result.count,
        "fragment": fragment,
        "remarks": [*result.filter.remarks, *filter(None, [page_remark, map_remark])],
        "catalogue_is_empty": not result.catalogue_size,
        "typed": request.GET.get("q", ""),
    }
    response = render(request, f"partners/list.html{'#results' if fragment else ''}", context)
    patch_vary_headers(response, ("HX-Request", "HX-Target"))
    if fragment:
        push_url(response, result.filter.url(page=page.number))
    return response


@require_safe
def partner_profile(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything known about one partner, and what is not."""
    prices = sees_prices(request)
    partner = selectors.partner_profile(slug, prices=prices)
    if partner is None:
        return partner_not_found(request, slug)
    if partner.merged_into_id:
        return redirect(partner.merged_into)
    context = {
        "partner": partner,
        "profile": build_profile(partner, selectors.metrics_to_ask(), prices=prices),
        "similar": similar_partners(partner),
        "browse_url": reverse("partners:list"),
    }
    return render(request, "partners/profile.html", context)


def partner_not_found(request: HttpRequest, slug: str) -> HttpResponse:
    """Says so, and offers a search for the words of the address."""
    words = slug.replace("-", " ").replace("_", " ").strip()
    return render(request, "partners/not_found.html", {"words": words}, status=404)
