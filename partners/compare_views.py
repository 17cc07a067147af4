"""The compare tray and the side-by-side page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.http import is_fragment, page_of_ours
from partners import compare_export, selectors, tray
from partners.access import sees_prices
from partners.compare import Comparison, build_comparison
from partners.export_views import XLSX, attachment
from partners.forms import quoted
from partners.models import Organisation

PARAMETER = "partner"
MOST_READ = 30  # short names of an address that are looked at
NAMED = 3  # short names that a remark repeats


@require_POST
def change_tray(request: HttpRequest) -> HttpResponse:
    """Add, remove or clear; answers with the tray itself to htmx, else goes back to where it was pressed."""
    refusal = ""
    try:
        if "add" in request.POST:
            partners = tray.add(request.session, request.POST["add"])
        elif "remove" in request.POST:
            partners = tray.remove(request.session, request.POST["remove"])
        elif "clear" in request.POST:
            partners = tray.clear(request.session)
        else:
            raise tray.TrayError("Say which partner to add or to remove.")
    except tray.TrayError as error:
        refusal = str(error)
        partners = tray.in_order(tray.slugs_in(request.session))
    if is_fragment(request):
        context = {"partners": partners, "refusal": refusal, "path": _back(request), "fragment": True}
        return render(request, "partners/_compare_tray.html", context, status=422 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Where the button was pressed, if that is a page of ours."""
    target = request.POST.get("next", "")
    return target if page_of_ours(request, target) else reverse("partners:list")


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """Two to six partners, named in the address so that it can be shared; without names, those in the tray."""
    kept = tray.slugs_in(request.session)
    if not request.GET.getlist(PARAMETER) and len(kept) >= tray.FEWEST:
        return redirect(compare_url(kept))
    partners, remarks = _asked(request)
    only = request.GET.get("only") == "differences"
    comparison = _comparison(partners, only, prices=sees_prices(request))
    slugs = [partner.slug for partner in partners]
    context = {
        "partners": partners,
        "comparison": comparison,
        "remarks": remarks,
        "only": only,
        "all_url": compare_url(slugs),
        "only_url": compare_url(slugs, only=True),
        "xlsx_url": compare_url(slugs, only=only, name="partners:compare_xlsx"),
        "columns": [
            (partner, compare_url([s for s in slugs if s != partner.slug], only=only)) for partner in partners
        ],
        "span": len(partners) + 1,
        "fewest": tray.FEWEST,
        "path": request.get_full_path(),
    }
    return render(request, "partners/compare.html", context)


@require_safe
def compare_xlsx(request: HttpRequest) -> HttpResponse:
    """The same table as a workbook, with every statement's source on a second sheet."""
    partners, _ = _asked(request)
    only = request.GET.get("only") == "differences"
    comparison = _comparison(partners, only, prices=sees_prices(request))
    if comparison is None:
        return redirect(compare_url([partner.slug for partner in partners]))
    body = compare_export.workbook(comparison)
    return attachment(HttpResponse(body, content_type=XLSX), f"comparison-{timezone.localdate()}.xlsx")


def compare_url(slugs: list[str], *, only: bool = False, name: str = "partners:compare") -> str:
    """The address of a comparison."""
    query = QueryDict(mutable=True)
    query.setlist(PARAMETER, slugs)
    if only:
        query["only"] = "differences"
    return reverse(name) + (f"?{query.urlencode()}" if query else "")


def _comparison(partners: list[Organisation], only: bool, *, prices: bool) -> Comparison | None:
    """The table, or None when there are too few partners for one."""
    if len(partners) < tray.FEWEST:
        return None
    slugs = [partner.slug for partner in partners]
    records = {partner.slug: partner for partner in selectors.partner_records(slugs, prices=prices)}
    found = [records[slug] for slug in slugs if slug in records]
    return build_comparison(found, prices=prices, only_differences=only)


def _asked(request: HttpRequest) -> tuple[list[Organisation], list[str]]:
    """The partners that the address names, once each and in its order, and what of it was left out."""
    named = [name for name in dict.fromkeys(request.GET.getlist(PARAMETER)) if name]
    read, remarks = named[:MOST_READ], []
    partners = tray.in_order(name for name in read if tray.is_slug(name))
    found = {partner.slug for partner in partners}
    unknown = [name for name in read if name not in found]
    if unknown:
        shown = ", ".join(quoted(name) for name in unknown[:NAMED])
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        remarks.append(f"No partner is called {shown}{more}.")
    surplus = len(partners) - tray.MOST + len(named) - len(read)
    if surplus > 0:
        remarks.append(f"{tray.MOST} partners can be compared at once; {surplus} further ones were left out.")
    return partners[: tray.MOST], remarks
