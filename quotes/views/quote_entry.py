"""Entering a quote by hand that came by e-mail or as a PDF: the same form, the same checks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cmo_selector.accounts.roles import Action
from partners.models import Organisation
from quotes.access import sponsor_action
from quotes.models import Quote
from quotes.quote_upload import attach, detach, own_files
from quotes.response_page import edition_of, error_list, line_inputs, quote_inputs
from quotes.rfq_selectors import document
from quotes.services.rates import rates_of
from quotes.services.responses import (
    StaleDraft,
    asked_of,
    left_unfinished,
    not_kept,
    save_draft,
    submit_quote,
)
from quotes.services.rfq import RfqError
from quotes.views.rfq import CONFLICT, INVALID, archived_refused, get_rfq


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def quote_enter(request: HttpRequest, project_id: int, rfq_id: int, slug: str) -> HttpResponse:
    """The quote of one partner, typed by the sourcing manager. A quote the partner gives itself is not shown here."""
    rfq = get_rfq(request, project_id, rfq_id)
    organisation = Organisation.objects.active().filter(slug=slug).first()
    if organisation is None:
        raise Http404("There is no such partner.")
    quote = Quote.objects.filter(rfq=rfq, organisation=organisation).select_related("invitation").first()
    if quote is not None and quote.entered_by_id is None:
        if not left_unfinished(quote):
            messages.error(
                request, f"{organisation} answers through its own link; its quote cannot be entered by hand."
            )
            return redirect("quotes:rfq", rfq.project_id, rfq.pk)
        quote = None  # the partner's own draft is not ours to read
    page: dict[str, Any] = {
        "quote": quote,
        "draft": quote.draft if quote else {},
        "sheet": None,
        "status": 200,
    }
    if request.method == "POST":
        typed = request.POST.dict()
        try:
            edition = edition_of(typed)
            quote = save_draft(
                rfq=rfq, organisation=organisation, values=typed, edition=edition, actor=request.user
            )
            if quote.refused:
                messages.warning(request, not_kept(quote.refused))
            if typed.get("remove_file"):
                messages.success(request, detach(typed["remove_file"], quote, actor=request.user))
                return redirect(f"{request.path}#files")
            if refused := attach(request, quote, actor=request.user):
                page.update(quote=quote, draft=quote.draft, file_errors=refused, status=INVALID)
                return _page(request, rfq, organisation, page)
            if "submit" not in typed:
                messages.success(request, "Saved as a draft. It is compared once you submit it.")
                return redirect(request.path)
            quote, sheet = submit_quote(
                quote=quote, edition=quote.edition, by=str(request.user), actor=request.user
            )
            if not sheet.errors:
                messages.success(request, f"The quote of {organisation} is in the comparison.")
                return redirect("quotes:rfq", rfq.project_id, rfq.pk)
            page = {"quote": quote, "draft": quote.draft, "sheet": sheet, "status": INVALID}
        except StaleDraft as stale:
            page.update(
                draft={**page["draft"], **typed}, problem=str(stale), edition=stale.edition, status=CONFLICT
            )
        except RfqError as error:
            page.update(draft={**page["draft"], **typed}, problem=str(error), status=INVALID)
    return _page(request, rfq, organisation, page)


def _page(request: HttpRequest, rfq, organisation: Organisation, page: dict[str, Any]) -> HttpResponse:
    asked = asked_of(rfq)
    doc = document(asked)
    rates = rates_of(rfq.project)
    quote, sheet, draft = page["quote"], page["sheet"], page["draft"]
    labels = {line["code"]: line["label"] for line in asked["lines"]}
    context = {
        "project": rfq.project,
        "rfq": rfq,
        "organisation": organisation,
        "edition": page.get("edition", quote.edition if quote else 0),
        "problem": page.get("problem", ""),
        "quote_inputs": quote_inputs(draft, sheet, sorted({rates.base, *rates.rates})),
        "packages": line_inputs(asked, doc["packages"], draft, sheet),
        "answers": [
            {"id": q["id"], "text": q["text"], "value": draft.get(f"a-{q['id']}", "")}
            for q in asked["questions"]
        ],
        "errors": error_list(sheet, labels),
        "untouched": [labels[code] for code in sheet.untouched] if sheet else [],
        "file_errors": page.get("file_errors", []),
        **own_files(rfq, quote, asked),
    }
    return render(request, "quotes/rfq/enter.html", context, status=page["status"])
