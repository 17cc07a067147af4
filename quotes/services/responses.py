"""Quotes as they are given: the NDA gate, drafts kept as typed, submission, revision, declining.

The same functions serve the partner behind its link and the sourcing manager who enters a quote that came by e-mail.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.exchange import NoRate
from partners.models import Organisation
from quotes.attached import live_files, names_of
from quotes.enums import ShortlistStatus
from quotes.models import Attachment, Invitation, Quote, QuoteLine, QuoteRevision, Rfq
from quotes.quote_sheet import LINE_FIELDS, LONGEST, QUOTE_FIELDS, Raw, Sheet, read_sheet
from quotes.rfq_enums import NDA_PASSED, EmailKind, InvitationState, NdaState, QuoteState, RfqState, allowed
from quotes.services.rates import ensure_rates, rates_of
from quotes.services.rfq import RfqError, content_of, lock_for_bidder
from quotes.services.rfq_mail import queue_email
from quotes.services.rfq_send import FOLLOWED, set_shortlist_status
from quotes.uploads import MEGABYTE, BadFile, FileKind, check_file

FIELD_NAME = re.compile(r"(q|a|l)-[a-zA-Z0-9_\-]{1,100}\Z")
NDA_KINDS = (FileKind.PDF, FileKind.PNG, FileKind.JPEG, FileKind.DOCX)
NDA_LARGEST = 10 * MEGABYTE
ENDED = (InvitationState.DECLINED, InvitationState.REVOKED)
IN_TALKS = (*FOLLOWED, ShortlistStatus.RFP_INVITED, ShortlistStatus.NDA_SENT, ShortlistStatus.NDA_SIGNED)


class StaleDraft(RfqError):
    """Somebody saved the draft since the form was opened; `edition` is the one to save over knowingly."""

    def __init__(self, edition: int):
        super().__init__(
            "The quote was changed in another window since you opened this one. What you typed is kept below: "
            "check it, then save again."
        )
        self.edition = edition


# -- the gate -------------------------------------------------------------------------------------


@transaction.atomic
def accept_nda(*, invitation: Invitation, signer: str) -> None:
    """Someone with the right to sign accepts the NDA's text."""
    current = _gate(invitation, signer)
    current.nda = NdaState.ACCEPTED
    _pass_gate(current, signer)


@transaction.atomic
def upload_nda(*, invitation: Invitation, signer: str, name: str, content: bytes) -> None:
    """A signed NDA as PDF, picture or Word file of at most 10 MB, told by its content. Raises RfqError."""
    current = _gate(invitation, signer)
    words = "the signed NDA as PDF, picture (PNG, JPEG) or Word file"
    try:
        checked = check_file(name, content, largest=NDA_LARGEST, kinds=NDA_KINDS, words=words)
    except BadFile as bad:
        raise RfqError(str(bad), "file") from None
    current.nda = NdaState.UPLOADED
    current.nda_file.save(f"nda.{checked.kind}", ContentFile(content), save=False)
    _pass_gate(current, signer)


def _gate(invitation: Invitation, signer: str) -> Invitation:
    current = Invitation.objects.select_for_update(of=("self",), no_key=True).get(pk=invitation.pk)
    if current.nda in NDA_PASSED:
        raise RfqError("The NDA is in place already.")
    if not signer.strip():
        raise RfqError("Give the name and position of the person who signs.", "signer")
    return current


def _pass_gate(current: Invitation, signer: str) -> None:
    current.nda_signer, current.nda_at = signer.strip()[:160], timezone.now()
    current.save(update_fields=["nda", "nda_signer", "nda_at", "nda_file"])
    record(
        actor=None,
        verb="rfq.nda_in_place",
        obj=current.rfq,
        sponsor=current.rfq.project.sponsor,
        data={"organisation": current.organisation.slug, "signed by": current.nda_signer, "how": current.nda},
    )


# -- drafts ---------------------------------------------------------------------------------------


def asked_of(rfq: Rfq) -> dict[str, Any]:
    """What bidders price: the last published version, or the draft when there is none. One or two queries."""
    version = rfq.versions.order_by("-number").first()
    if version is None:
        return {**content_of(rfq), "version": None}
    return {**version.content, "version": version.number}


def nested(draft: Mapping[str, str]) -> Raw:
    """The flat draft (form names) as `read_sheet` takes it."""
    raw: Raw = {"quote": {}, "lines": {}, "answers": {}}
    for name, text in draft.items():
        kind, _, rest = name.partition("-")
        if kind == "q":
            raw["quote"][rest] = text
        elif kind == "a":
            raw["answers"][rest] = text
        else:
            code, _, part = rest.rpartition("-")
            raw["lines"].setdefault(code, {})[part] = text
    return raw


def known_fields(values: Mapping[str, str]) -> dict[str, str]:
    """Only the fields of a quote, cut to their greatest length."""
    found = {}
    for name, text in values.items():
        if not FIELD_NAME.match(name) or not isinstance(text, str):
            continue
        kind, _, rest = name.partition("-")
        part = rest.rpartition("-")[2]
        if (kind == "q" and rest in QUOTE_FIELDS) or kind == "a" or (kind == "l" and part in LINE_FIELDS):
            found[name] = text[:LONGEST].replace("\x00", "")
    return found


def only_asked(values: Mapping[str, str], asked: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The fields of lines and questions that were asked for, and the names of the others that were filled in."""
    known = {
        "a": {question["id"] for question in asked["questions"]},
        "l": {line["code"] for line in asked["lines"]},
    }
    kept, others = {}, {}
    for name, text in values.items():
        kind, _, rest = name.partition("-")
        about = rest.rpartition("-")[0] if kind == "l" else rest
        if kind == "q" or about in known.get(kind, ()):
            kept[name] = text
        elif text.strip():
            others[about] = True
    return kept, list(others)


def not_kept(names: list[str]) -> str:
    """A sentence about what `save_draft` did not keep."""
    shown = ", ".join(f"“{name[:40]}”" for name in names[:5]) + (" …" if len(names) > 5 else "")
    return f"Not kept, because the request does not ask for it: {shown}."


def checked(rfq: Rfq, draft: Mapping[str, str], asked: Mapping[str, Any]) -> Sheet:
    """What a draft means, with the errors beside their fields."""
    rates = rates_of(rfq.project)
    return read_sheet(
        nested(only_asked(draft, asked)[0]),  # a line that was dropped since does not stop the quote
        codes=[line["code"] for line in asked["lines"]],
        questions=[question["id"] for question in asked["questions"]],
        periods=len(asked["years"]),
        currencies={rates.base, *rates.rates},
        today=timezone.localdate(),
    )


@transaction.atomic
def save_draft(
    *,
    rfq: Rfq,
    organisation: Organisation,
    values: Mapping[str, str],
    edition: int | None = None,
    invitation: Invitation | None = None,
    actor: User | None = None,
) -> Quote:
    """Keep what was typed, right or wrong. `edition` None merges single fields (autosave) without a check.

    Only lines and questions that were asked for are kept, so that a draft has a bound; `refused` of the returned quote
    names the others.

    Raises StaleDraft, and RfqError when the RFQ takes no quotes any more.
    """
    current = lock_for_bidder(rfq, actor)
    refuse_late(current, by_hand=actor is not None)
    quote = _quote(current, organisation, invitation, actor)
    if edition is not None and quote.edition != edition:
        raise StaleDraft(quote.edition)
    asked_for, refused = only_asked(known_fields(values), asked_of(current))
    merged = {**quote.draft, **asked_for}
    merged = {name: text for name, text in merged.items() if text != ""}
    if merged != quote.draft:
        quote.draft, quote.edition = merged, quote.edition + 1
        quote.save(update_fields=["draft", "edition", "updated_at"])
    _start_answering(quote)
    quote.refused = refused
    return quote


def refuse_late(rfq: Rfq, *, by_hand: bool) -> None:
    """A partner answers until the deadline; by hand a late quote may be entered until the award."""
    if by_hand and rfq.state in (RfqState.OPEN, RfqState.CLOSED):
        if rfq.prices_sealed:
            raise RfqError("The quotes are sealed until the deadline: enter this one after it.")
        return
    if not rfq.takes_quotes:
        raise RfqError("The deadline has passed or the request is closed: quotes can no longer be changed.")


def _quote(rfq: Rfq, organisation: Organisation, invitation: Invitation | None, actor: User | None) -> Quote:
    quote, _ = Quote.objects.select_for_update(of=("self",), no_key=True).get_or_create(
        rfq=rfq, organisation=organisation, defaults={"invitation": invitation, "entered_by": actor}
    )
    if actor is not None and quote.entered_by_id is None:
        if not left_unfinished(quote):
            raise RfqError("This partner answers through its own link; its quote cannot be entered by hand.")
        _take_over(quote, actor)
    if invitation is not None and quote.entered_by_id is not None:
        raise RfqError(
            "The sponsor has entered your quote by hand. Ask the sponsor before you change it here."
        )
    if quote.state in (QuoteState.AWARDED, QuoteState.NOT_AWARDED):
        raise RfqError("This request is decided: quotes can no longer be changed.")
    return quote


def left_unfinished(quote: Quote) -> bool:
    """Whether the partner has ended without a quote that counts, so that one may be entered by hand."""
    ended = quote.invitation is not None and quote.invitation.state in ENDED
    return ended and quote.state in (QuoteState.DRAFT, QuoteState.WITHDRAWN)


def _take_over(quote: Quote, actor: User) -> None:
    """From now on the sponsor types this quote. What the partner typed and did not submit is shown to nobody."""
    quote.entered_by, quote.invitation, quote.draft, quote.edition = actor, None, {}, 0
    quote.save(update_fields=["entered_by", "invitation", "draft", "edition", "updated_at"])
    Attachment.objects.filter(quote=quote, removed_at=None).update(removed_at=timezone.now())


def _start_answering(quote: Quote) -> None:
    if quote.invitation_id:
        Invitation.objects.filter(pk=quote.invitation_id, state=InvitationState.INVITED).update(
            state=InvitationState.DRAFTING
        )


# -- submitting -----------------------------------------------------------------------------------


@transaction.atomic
def submit_quote(*, quote: Quote, edition: int, by: str, actor: User | None = None) -> tuple[Quote, Sheet]:
    """Read the draft and make it the quote's next revision. With errors in the sheet nothing is submitted.

    Raises StaleDraft, and RfqError when it is too late.
    """
    rfq = lock_for_bidder(quote.rfq, actor)
    refuse_late(rfq, by_hand=actor is not None)
    current = (
        Quote.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisation", "invitation")
        .get(pk=quote.pk)
    )
    current.rfq = rfq
    if current.edition != edition:
        raise StaleDraft(current.edition)
    if not allowed(QuoteState, current.state, QuoteState.SUBMITTED):
        raise RfqError("This request is decided: quotes can no longer be changed.")
    if current.invitation and not allowed(
        InvitationState, current.invitation.state, InvitationState.SUBMITTED
    ):
        raise RfqError(f"Your invitation is {current.invitation.get_state_display().lower()}.")
    asked = asked_of(rfq)
    sheet = checked(rfq, current.draft, asked)
    if sheet.errors:
        return current, sheet
    with suppress(NoRate):  # an RFQ that was sent before rates were fixed with the sending
        ensure_rates(actor=actor, project=rfq.project)
    _store(current, sheet)
    files = live_files(rfq=rfq, quote=current)
    content = _content(sheet)
    if files:
        content["files"] = names_of(files)
        Attachment.objects.filter(pk__in=[row.pk for row in files]).update(used=True)
    now = timezone.now()
    QuoteRevision.objects.create(
        quote=current,
        number=current.revision,
        content=content,
        content_hash=content_hash(content),
        rfq_version=asked["version"],
        submitted_at=now,
        submitted_by=by[:200],
    )
    if current.invitation:
        Invitation.objects.filter(pk=current.invitation_id).update(state=InvitationState.SUBMITTED)
        queue_email(current.invitation, EmailKind.RECEIPT, f"r{current.revision}")
    set_shortlist_status(rfq, current.organisation, ShortlistStatus.RFP_RECEIVED, IN_TALKS)
    record(
        actor=actor,
        verb="quote.submitted",
        obj=current,
        sponsor=rfq.project.sponsor,
        data={"revision": current.revision, "by": by, "lines": len(sheet.lines)},  # no prices in the log
    )
    return current, sheet


def _store(quote: Quote, sheet: Sheet) -> None:
    values = sheet.quote
    for name in ("reference", "slots", "assumptions", "exclusions"):
        setattr(quote, name, values.get(name, ""))
    for name in ("headline", "escalation", "valid_until", "slot_from"):
        setattr(quote, name, values.get(name))
    quote.currency, quote.answers = values["currency"], sheet.answers
    quote.state, quote.revision = QuoteState.SUBMITTED, quote.revision + 1
    quote.submitted_at = timezone.now()
    quote.save()
    quote.lines.all().delete()
    QuoteLine.objects.bulk_create(
        [
            QuoteLine(
                quote=quote,
                code=x.code,
                state=x.state,
                model=x.model,
                values=x.values,
                assumption=x.assumption,
            )
            for x in sheet.lines
        ]
    )


def _content(sheet: Sheet) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, dt.date) else str(value)

    return {
        "quote": {name: plain(value) for name, value in sheet.quote.items()},
        "lines": [asdict(line) for line in sheet.lines],
        "answers": sheet.answers,
    }


def content_hash(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@transaction.atomic
def decline(*, invitation: Invitation, reason: str) -> None:
    """The partner will not quote, and what it has submitted is withdrawn. Raises RfqError without a reason or when it
    is too late.
    """
    rfq = lock_for_bidder(invitation.rfq)
    if rfq.state != RfqState.OPEN:
        raise RfqError("The request is no longer open.")
    if not reason.strip():
        raise RfqError("Say why you decline; a few words are enough.", "reason")
    current = Invitation.objects.select_for_update(of=("self",), no_key=True).get(pk=invitation.pk)
    if current.state == InvitationState.DECLINED:
        return
    if not allowed(InvitationState, current.state, InvitationState.DECLINED):
        raise RfqError(f"Your invitation is {current.get_state_display().lower()}.")
    current.state, current.decline_reason = InvitationState.DECLINED, reason.strip()[:600]
    current.save(update_fields=["state", "decline_reason"])
    Quote.objects.filter(rfq=rfq, organisation=invitation.organisation, state=QuoteState.SUBMITTED).update(
        state=QuoteState.WITHDRAWN
    )
    set_shortlist_status(rfq, invitation.organisation, ShortlistStatus.RFP_DECLINED, IN_TALKS)
    record(
        actor=None,
        verb="rfq.declined",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"organisation": invitation.organisation.slug, "reason": current.decline_reason},
    )
