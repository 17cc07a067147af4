"""A partner's own pages, behind its secret link and without an account.

An unknown or tampered link is one 404, the same for all, so that nothing can be counted up; an expired or revoked one
says so. Nothing of another bidder is ever shown. Answers are never cached and never indexed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.templatetags.fmt import format_datetime
from quotes.bid_sheet import LARGEST_FILE, BadSheet, read_bid_sheet, write_sheet
from quotes.models import Invitation, Quote
from quotes.quote_sheet import Sheet
from quotes.quote_upload import attach, detach, own_files
from quotes.response_page import edition_of, error_list, line_inputs, quote_inputs
from quotes.rfq_enums import NDA_PASSED, InvitationState, MessageKind
from quotes.rfq_selectors import document
from quotes.services.rates import rates_of
from quotes.services.responses import (
    NDA_LARGEST,
    StaleDraft,
    accept_nda,
    asked_of,
    checked,
    decline,
    known_fields,
    not_kept,
    save_draft,
    submit_quote,
    upload_nda,
)
from quotes.services.rfq import RfqError
from quotes.services.rfq_messages import answer_clarification, ask_question, can_ask, shown_to
from quotes.views.respond_gate import TALK, behind_link

INVALID, CONFLICT = 422, 409
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@behind_link(gate=False)
def respond(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    if invitation.nda not in NDA_PASSED:
        return _gate_page(request, invitation, token)
    quote = _quote_of(invitation)
    asked = asked_of(invitation.rfq)
    sheet = checked(invitation.rfq, quote.draft, asked) if quote and "check" in request.GET else None
    return _page(request, invitation, token, quote=quote, asked=asked, sheet=sheet)


def _quote_of(invitation: Invitation) -> Quote | None:
    return Quote.objects.filter(rfq=invitation.rfq, organisation=invitation.organisation).first()


def _gate_page(
    request: HttpRequest, invitation: Invitation, token: str, error: RfqError | None = None
) -> HttpResponse:
    context = {
        "invitation": invitation,
        "rfq": invitation.rfq,
        "token": token,
        "error": error,
        "signer": request.POST.get("signer", ""),
    }
    return render(request, "quotes/respond/gate.html", context, status=INVALID if error else 200)


def _page(
    request: HttpRequest,
    invitation: Invitation,
    token: str,
    *,
    quote: Quote | None,
    asked: dict[str, Any],
    sheet: Sheet | None = None,
    draft: dict[str, str] | None = None,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    """The request, the quote's form and the questions on one page."""
    rfq = invitation.rfq
    doc = document(asked)
    rates = rates_of(rfq.project)
    typed = draft if draft is not None else (quote.draft if quote else {})
    labels = {line["code"]: line["label"] for line in asked["lines"]}
    open_now = rfq.takes_quotes and invitation.state != InvitationState.DECLINED
    by_hand = quote is not None and quote.entered_by_id is not None
    context = {
        "invitation": invitation,
        "rfq": rfq,
        "doc": doc,
        "token": token,
        "quote": quote,
        "edition": quote.edition if quote else 0,
        "quote_inputs": quote_inputs(typed, sheet, sorted({rates.base, *rates.rates})),
        "packages": line_inputs(asked, doc["packages"], typed, sheet),
        "answers": [
            {"id": q["id"], "text": q["text"], "value": typed.get(f"a-{q['id']}", "")}
            for q in asked["questions"]
        ],
        "errors": error_list(sheet, labels),
        "untouched": [labels[code] for code in sheet.untouched] if sheet else [],
        "can_answer": open_now and not by_hand,
        "can_ask": can_ask(rfq),
        "by_hand": by_hand,
        "revisions": list(quote.revisions.defer("content")) if quote else [],
        **own_files(rfq, quote, asked),
        **shown_to(invitation, rfq),
        **extra,
    }
    return render(request, "quotes/respond/respond.html", context, status=status)


@require_POST
@behind_link(gate=False)
def nda(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """Accept the text, or upload a signed copy."""
    signer = request.POST.get("signer", "")
    try:
        if file := request.FILES.get("file"):
            content = file.read(NDA_LARGEST + 1)
            upload_nda(invitation=invitation, signer=signer, name=file.name or "", content=content)
        elif not request.POST.get("accept"):
            raise RfqError("Tick the box to accept the NDA, or upload a signed copy.", "accept")
        else:
            accept_nda(invitation=invitation, signer=signer)
    except RfqError as error:
        if invitation.nda not in NDA_PASSED and error.field:
            return _gate_page(request, invitation, token, error)
    return redirect("respond", token)


@require_POST
@behind_link()
def save(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """Save the draft; with `submit` read and submit it, or show what is wrong beside each field."""
    typed, edition = request.POST.dict(), edition_of(request.POST)
    try:
        quote = save_draft(
            rfq=invitation.rfq,
            organisation=invitation.organisation,
            values=typed,
            edition=edition,
            invitation=invitation,
        )
        if quote.refused:
            messages.warning(request, not_kept(quote.refused))
        if typed.get("remove_file"):
            messages.success(request, detach(typed["remove_file"], quote))
            return redirect(f"{reverse('respond', args=[token])}#files")
        if refused := attach(request, quote):
            return _kept(request, invitation, token, typed, "", status=INVALID, file_errors=refused)
        if "submit" not in typed:
            messages.success(request, "Saved. Nothing is sent to the sponsor before you submit.")
            return redirect("respond", token)
        quote, sheet = submit_quote(
            quote=quote, edition=quote.edition, by=invitation.contact_name or invitation.contact_email
        )
    except StaleDraft as stale:
        return _kept(request, invitation, token, typed, str(stale), edition=stale.edition, status=CONFLICT)
    except RfqError as error:
        return _kept(request, invitation, token, typed, str(error), status=INVALID)
    if sheet.errors:
        return _page(
            request,
            invitation,
            token,
            quote=quote,
            asked=asked_of(invitation.rfq),
            sheet=sheet,
            status=INVALID,
        )
    return redirect("respond_receipt", token, quote.revision)


def _kept(
    request: HttpRequest,
    invitation: Invitation,
    token: str,
    typed: dict[str, str],
    problem: str,
    *,
    status: int,
    edition: int | None = None,
    **extra: Any,
) -> HttpResponse:
    """The page again with what was typed and why it could not be saved."""
    quote = _quote_of(invitation)
    extra["problem"] = problem
    if edition is not None:
        extra["edition"] = edition
    return _page(
        request,
        invitation,
        token,
        quote=quote,
        asked=asked_of(invitation.rfq),
        draft={**(quote.draft if quote else {}), **typed},
        status=status,
        **extra,
    )


@require_POST
@behind_link()
def autosave(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """Keep single fields as they are typed. Answers JSON: the new edition, or why it could not be kept."""
    try:
        quote = save_draft(
            rfq=invitation.rfq,
            organisation=invitation.organisation,
            values=request.POST.dict(),
            invitation=invitation,
        )
    except RfqError as error:
        return JsonResponse({"error": str(error)}, status=CONFLICT)
    told = {"refused": not_kept(quote.refused)} if quote.refused else {}
    return JsonResponse({"edition": quote.edition, "saved": format_datetime(timezone.now()), **told})


@require_safe
@behind_link()
def sheet_file(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """The bid sheet with what was typed so far."""
    rfq = invitation.rfq
    quote, asked = _quote_of(invitation), asked_of(rfq)
    content = write_sheet(
        asked,
        document(asked)["packages"],
        quote.draft if quote else {},
        rfq_id=rfq.pk,
        organisation_id=invitation.organisation_id,
        deadline=format_datetime(rfq.deadline),
    )
    answer = HttpResponse(content, content_type=XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="bid-sheet-{rfq.pk}.xlsx"'
    return answer


@require_POST
@behind_link()
def upload(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """A filled-in bid sheet into the draft; cells that cannot be used are named, the others are kept."""
    file = request.FILES.get("sheet")
    refused: list[tuple[str, str]] = []
    typed = known_fields(
        request.POST.dict()
    )  # the form around the upload comes along, so that nothing is lost
    try:
        if file is None:
            raise BadSheet("Choose the filled-in bid sheet first.")
        found = read_bid_sheet(
            file.read(LARGEST_FILE + 1), rfq_id=invitation.rfq_id, organisation_id=invitation.organisation_id
        )
        saved = save_draft(
            rfq=invitation.rfq,
            organisation=invitation.organisation,
            values={**typed, **found.values},
            edition=edition_of(request.POST) if "edition" in request.POST else None,
            invitation=invitation,
        )
        refused = [*found.refused, *((name, "The request does not ask for it.") for name in saved.refused)]
    except StaleDraft as stale:
        return _kept(request, invitation, token, typed, str(stale), edition=stale.edition, status=CONFLICT)
    except (BadSheet, RfqError) as error:
        return _kept(request, invitation, token, typed, "", status=INVALID, sheet_problem=str(error))
    quote, asked = _quote_of(invitation), asked_of(invitation.rfq)
    read = sum(1 for text in found.values.values() if text)
    messages.success(request, f"Bid sheet read: {read} filled cells are in the form. Check, then submit.")
    return _page(
        request,
        invitation,
        token,
        quote=quote,
        asked=asked,
        sheet=checked(invitation.rfq, quote.draft, asked),
        refused=refused,
        status=INVALID if refused else 200,
    )


@require_safe
@behind_link()
def receipt(request: HttpRequest, invitation: Invitation, token: str, number: int) -> HttpResponse:
    quote = _quote_of(invitation)
    revision = quote.revisions.filter(number=number).first() if quote else None
    if revision is None:
        return render(request, "quotes/respond/closed.html", {"why": "unknown"}, status=404)
    context = {
        "invitation": invitation,
        "rfq": invitation.rfq,
        "quote": quote,
        "revision": revision,
        "token": token,
        "quoted": sum(line["state"] == "quoted" for line in revision.content["lines"]),
        "gaps": sum(line["state"] == "not_quoted" for line in revision.content["lines"]),
    }
    return render(request, "quotes/respond/receipt.html", context)


def _act(
    request: HttpRequest, invitation: Invitation, token: str, act: Callable[[], Any], done: str
) -> HttpResponse:
    """Run one service; a refusal is shown with what was typed, before the gate on its page, behind it on ours."""
    try:
        act()
    except RfqError as error:
        if invitation.nda not in NDA_PASSED:
            return _gate_page(request, invitation, token, error)
        return _page(
            request,
            invitation,
            token,
            quote=_quote_of(invitation),
            asked=asked_of(invitation.rfq),
            status=INVALID,
            talk_error=error,
            talk_note=_apart(invitation, error),
            talk_text=next((text for name in TALK if (text := request.POST.get(name, ""))), ""),
        )
    messages.success(request, done)
    return redirect("respond", token)


def _apart(invitation: Invitation, error: RfqError) -> str:
    """The refusal when no form is left on the page to show it beside its field."""
    field, rfq = error.field or "", invitation.rfq
    beside = (field == "text" and can_ask(rfq)) or (field == "reason" and rfq.takes_quotes)
    if field.startswith("answer-"):
        asked = invitation.messages.filter(kind=MessageKind.CLARIFICATION, pk=field.removeprefix("answer-"))
        beside = asked.exists()
    return "" if beside else str(error)


@require_POST
@behind_link()
def ask(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    return _act(
        request,
        invitation,
        token,
        lambda: ask_question(invitation=invitation, text=request.POST.get("text", "")),
        "Your question was sent. The answer goes to all bidders, without your name.",
    )


@require_POST
@behind_link()
def clarify(request: HttpRequest, invitation: Invitation, token: str, message_id: int) -> HttpResponse:
    return _act(
        request,
        invitation,
        token,
        lambda: answer_clarification(
            invitation=invitation, message_id=message_id, answer=request.POST.get("answer", "")
        ),
        "Your answer was sent to the sponsor only.",
    )


@require_POST
@behind_link(gate=False)
def refuse(request: HttpRequest, invitation: Invitation, token: str) -> HttpResponse:
    """Decline with a reason, before or behind the gate."""
    return _act(
        request,
        invitation,
        token,
        lambda: decline(invitation=invitation, reason=request.POST.get("reason", "")),
        "You have declined. The sponsor sees your reason.",
    )
