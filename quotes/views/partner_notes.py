"""What a sponsor keeps to itself about a partner: the page to change it. The profile page shows it."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cmo_selector.accounts.roles import Action
from partners.models import Organisation
from quotes.access import sponsor_action
from quotes.forms.relation_forms import RelationForm
from quotes.models import PartnerRelation
from quotes.relations import relation_with
from quotes.services.relations import save_relation
from quotes.versions import StaleVersion


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.NOTE_PARTNERS)
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """Change the sponsor's own notes on a partner."""
    organisation = Organisation.objects.filter(slug=slug).first()
    if organisation is None:
        raise Http404("There is no such partner.")
    row = relation_with(request.sponsor, organisation) or PartnerRelation()
    form = RelationForm(request.POST if request.method == "POST" else None, instance=row)
    conflict = None
    if request.method == "POST" and form.is_valid():
        try:
            save_relation(
                actor=request.user,
                sponsor=request.sponsor,
                organisation=organisation,
                values=form.values,
                seen=form.cleaned_data["version"],
            )
        except StaleVersion as stale:
            conflict = stale.current
            form.add_error(
                None,
                "Somebody else of your organisation saved these notes while you were editing. Their version is "
                "shown beside yours: compare, then save again.",
            )
            # the next save is made knowingly, over the version now shown
            form.data = {**form.data.dict(), "version": str(conflict.version)}
        else:
            messages.success(request, f"Your notes on {organisation} are saved.")
            return redirect(organisation)
    context = {"organisation": organisation, "form": form, "conflict": conflict}
    return render(request, "quotes/partner_notes/edit.html", context, status=400 if form.errors else 200)
