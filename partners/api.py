"""The catalogue in the API: partners found by the very parameters of the browse page, and one partner's whole record.

A page leaves out what it cannot use and says so; a program would not read that, so here it is refused (422).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from ninja import Query, Router

from partners import selectors, tray
from partners.access import sees_prices
from partners.api_schemas import (
    PARTNER_FACTS,
    PRICE_FACTS,
    SITE_FACTS,
    Partner,
    PartnerList,
    fact,
    term,
)
from partners.browse import MatchingSite, Result, browse
from partners.facets.panel import Entry
from partners.filters import CodesFilter, PartnerFilter
from partners.models import Organisation

router = Router()
MOST_PER_PAGE = 100
OWN = ("page", "per_page", "facets")
#: how a page shows the result means nothing to a program, but an address copied from a page is taken as it is
FILTERS = PartnerFilter.base_filters


class BadParameters(ValueError):
    """Parameters that cannot be used; `details` says which and why."""

    def __init__(self, details: list[dict[str, str]]):
        super().__init__("; ".join(detail["message"] for detail in details))
        self.details = details


def _documented() -> list[dict[str, Any]]:
    """The filters as OpenAPI parameters."""
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": " ".join(filter(None, [f"{one.label}.", one.extra.get("help_text", "")])),
            "schema": {"type": "array", "items": {"type": "string"}}
            if isinstance(one, CodesFilter)
            else {"type": "string"},
            "explode": True,
        }
        for name, one in FILTERS.items()
    ]


@router.get(
    "",
    response=PartnerList,
    url_name="partners",
    summary="Search partners",
    openapi_extra={"parameters": _documented()},
)
def partner_list(
    request: HttpRequest,
    page: int = Query(1, ge=1),
    per_page: int = Query(25, ge=1, le=MOST_PER_PAGE),
    facets: bool = False,
) -> dict[str, Any]:
    """Partners that fulfil the filters, which are those of the browse page's address. Several values of one filter are
    alternatives, filters must all hold, and filters about sites hold for one and the same site unless `network=1`.
    With `facets=1` every value comes with the number of partners that choosing it would give."""
    result = _search(request)
    found, remark = result.page(page, per_page)
    if remark:
        raise BadParameters([{"parameter": "page", "message": remark}])
    sites = result.sites_of(found.object_list)
    partners = selectors.cards(found.object_list, result.criteria.certificate_on)
    pages = found.paginator.num_pages
    return {
        "count": result.count,
        "read_as": list(result.read_as),
        "page": page,
        "pages": pages,
        "per_page": per_page,
        "next": _page_url(request, page + 1) if page < pages else None,
        "previous": _page_url(request, page - 1) if page > 1 else None,
        "search_page": request.build_absolute_uri(result.filter.url()),
        "facets": _facets(result) if facets else None,
        "results": [_summary(request, partner, sites[partner.pk]) for partner in partners],
    }


@router.get("/{slug}", response=Partner, url_name="partner", summary="One partner with all its facts")
def partner(request: HttpRequest, slug: str) -> dict[str, Any]:
    """Everything known about a partner and its sites, each fact with source, date and evidence level. Terms and prices
    are null for roles that do not see them; `hidden` names what is."""
    prices = sees_prices(request)
    found = selectors.partner_profile(slug, prices=prices) if tray.is_slug(slug) else None
    if found is None:
        raise Http404(f"There is no partner “{slug}”.")
    return {
        **fact(found),
        **_addresses(request, found),
        **_facts(found, PARTNER_FACTS),
        **(_facts(found, PRICE_FACTS) if prices else dict.fromkeys(PRICE_FACTS)),
        "hidden": [] if prices else list(PRICE_FACTS),
        "sites": [
            {**fact(site), "id": site.pk, **_facts(site, SITE_FACTS)} for site in found.facilities.all()
        ],
    }


# -- searching -----------------------------------------------------------------------------------------


def _search(request: HttpRequest) -> Result:
    known = (*FILTERS, *OWN)
    bad = [
        {"parameter": name[:80], "message": f"There is no parameter “{name[:80]}”.{_meant(name, known)}"}
        for name in request.GET
        if name not in known
    ]
    result = browse(request.GET, request.sponsor, prices=sees_prices(request))  # type: ignore[attr-defined]
    said = {
        remark: name
        for name, field in result.filter.form.fields.items()
        for remark in getattr(field, "remarks", ())
    }
    bad += [{"parameter": said.get(remark, ""), "message": remark} for remark in result.filter.remarks]
    if bad:
        raise BadParameters(bad)
    return result


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name[:80], list(known), n=1)
    return f" Did you mean “{close[0]}”?" if close else ""


def _page_url(request: HttpRequest, page: int) -> str:
    query = request.GET.copy()
    query["page"] = str(page)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _facets(result: Result) -> list[dict[str, Any]]:
    facets = [facet for group in result.panel for facet in group.facets]
    return [
        {"parameter": name, "label": facet.label, "values": [_value(e) for e in entries]}
        for facet in facets
        for name, entries in _by_parameter(facet.entries).items()
    ]


def _by_parameter(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """The values of a facet of the page by the parameter they belong to: one facet may ask for two."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        found.setdefault(entry.facet, []).append(entry)
    return found


def _value(entry: Entry) -> dict[str, Any]:
    return {
        "code": entry.term.code,
        "label": entry.term.label,
        "count": entry.count,
        "chosen": entry.checked,
        "below": [_value(child) for child in entry.children],
    }


# -- partners ------------------------------------------------------------------------------------------


def _addresses(request: HttpRequest, found: Organisation) -> dict[str, str]:
    return {
        "url": request.build_absolute_uri(reverse("api:partner", args=[found.slug])),
        "page": request.build_absolute_uri(found.get_absolute_url()),
    }


def _facts(owner: Any, kinds: dict[str, tuple[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [fact(row) for row in getattr(owner, relation).all()] for name, (relation, _) in kinds.items()
    }


def _summary(request: HttpRequest, found: Any, matching: list[MatchingSite]) -> dict[str, Any]:
    sites = {site.pk: site for site in found.sites}
    capabilities = [c for site in found.sites for c in site.capabilities.all()]
    places = {str(site.country): site.country.name for site in found.sites if site.country}
    return {
        "slug": found.slug,
        "name": found.name,
        "illustrative": found.illustrative,
        **_addresses(request, found),
        "types": _terms(row.type for row in found.type_facts.all()),
        "countries": [{"code": code, "label": places[code]} for code in sorted(places)],
        "sites": found.site_count,
        "services": _terms(c.service for c in capabilities),
        "modalities": _terms(c.modality for c in capabilities),
        "valid_certificates": _terms(c.type for site in found.sites for c in site.valid_now),
        "matching_sites": [
            {
                "id": match.id,
                "name": sites[match.id].name,
                "city": sites[match.id].city,
                "country": {"code": str(sites[match.id].country), "label": sites[match.id].country.name},
                "meets": list(match.meets),
            }
            for match in matching
            if match.id in sites
        ],
        "evidence_level": {"code": found.evidence_level, "label": found.get_evidence_level_display()},
        "checked_on": found.checked_on,
    }


def _terms(rows: Iterable[Any]) -> list[dict[str, str] | None]:
    """Every term once, in the order of its vocabulary."""
    return [term(row) for row in sorted({row for row in rows if row}, key=lambda t: (t.order, t.label))]
