"""Pages for whoever is signed in: propose a correction or a partner, and see what became of one's proposals."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partners.access import sees_prices
from partners.curation.services import owner_of
from partners.models import CommercialTerms, IndicativePrice, LinkSuggestion, Organisation, Proposal
from partners.paging import page_or_nearest

from .fields import FACTS
from .forms import CorrectionForm, MissingFactSource, PartnerForm
from .new_facts import KINDS, form_of
from .services import ProposalError, mark_read, propose_correction, propose_fact, propose_partner

PER_PAGE = 25
THANKS = "Thank you. A curator will look at it; you will be told what was decided."


@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Everything one has proposed, newest first, with the answers."""
    rows = Proposal.objects.filter(proposed_by=request.user).select_related("organisation")
    page, remark = page_or_nearest(Paginator(rows, PER_PAGE), request.GET.get("page", "1"))
    new = Proposal.objects.filter(proposed_by=request.user, read_at=None).exclude(state="open").count()
    links = LinkSuggestion.objects.filter(proposed_by=request.user).select_related(
        *LinkSuggestion.ROWS, "facility__organisation", "organisation"
    )
    context = {"page": page, "remark": remark, "new": new, "links": links[:PER_PAGE]}
    return render(request, "partners/proposing/own.html", context)


@require_POST
def read(request: HttpRequest) -> HttpResponse:
    mark_read(actor=request.user)
    return redirect("proposals:own")


@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Propose a correction of one fact."""
    model = FACTS.get(kind)
    hidden = model in (CommercialTerms, IndicativePrice) and not sees_prices(request)
    fact = None if model is None or hidden else model._default_manager.filter(pk=pk).first()
    if fact is None:
        raise Http404("There is no such fact.")
    partner = owner_of(fact)
    wanted = {name: request.GET.get(name, "")[:1000] for name in ("column", "value")}
    form = CorrectionForm(request.POST or None, fact=fact, initial=wanted)
    if request.method == "POST" and form.is_valid():
        try:
            propose_correction(actor=request.user, fact=fact, **form.cleaned_data)
        except ProposalError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, THANKS)
            return redirect(partner or "proposals:own")
    context = {"fact": fact, "thing": str(fact._meta.verbose_name), "partner": partner, "form": form}
    return render(request, "partners/proposing/correct.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def new_partner(request: HttpRequest) -> HttpResponse:
    """Propose a partner that the catalogue lacks."""
    form = PartnerForm(request.POST or None, initial={"name": request.GET.get("name", "")[:200]})
    if request.method == "POST" and form.is_valid():
        try:
            propose_partner(actor=request.user, **form.proposed)
        except ProposalError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, THANKS)
            return redirect("proposals:own")
    return render(
        request, "partners/proposing/new_partner.html", {"form": form}, status=400 if form.errors else 200
    )


@require_http_methods(["GET", "HEAD", "POST"])
def new_fact(request: HttpRequest, slug: str, kind: str) -> HttpResponse:
    """Propose a fact that the catalogue lacks about a partner."""
    partner = Organisation.objects.active().filter(slug=slug).first()
    if partner is None or kind not in KINDS:
        raise Http404("There is no such partner, or no such kind of fact.")
    chosen = KINDS[kind]
    form, about = form_of(chosen, partner, request.POST or None), MissingFactSource(request.POST or None)
    if request.method == "POST" and form.is_valid() & about.is_valid():
        try:
            propose_fact(actor=request.user, organisation=partner, kind=kind, form=form, **about.cleaned_data)
        except ProposalError as error:
            about.add_error(error.field, str(error))
        else:
            messages.success(request, THANKS)
            return redirect(partner)
    context = {
        "partner": partner,
        "kinds": [(name, each.title) for name, each in KINDS.items()],
        "kind": kind,
        "title": chosen.title,
        "form": form,
        "about": about,
        "no_sites": chosen.owner == "facility" and not partner.facilities.filter(active=True).exists(),
    }
    wrong = request.method == "POST"
    return render(request, "partners/proposing/new_fact.html", context, status=400 if wrong else 200)
