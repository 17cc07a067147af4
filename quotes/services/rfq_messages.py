"""Questions of partners, answered to all without a name, and clarifications asked of one partner."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.models import Invitation, Quote, Rfq, RfqMessage, ScopeLine
from quotes.rfq_enums import EmailKind, InvitationState, MessageKind, RfqState
from quotes.services.rfq import RfqError, lock_for_bidder, lock_rfq
from quotes.services.rfq_mail import queue_email

MOST_QUESTIONS = 100  # of one partner
SILENT = (InvitationState.DECLINED, InvitationState.REVOKED)


def can_ask(rfq: Rfq) -> bool:
    """Whether partners may ask: while it is open, after the deadline too."""
    return rfq.state == RfqState.OPEN and rfq.project.archived_at is None


@transaction.atomic
def ask_question(*, invitation: Invitation, text: str) -> RfqMessage:
    """A partner's question. Raises RfqError."""
    rfq = lock_for_bidder(invitation.rfq)
    if rfq.state != RfqState.OPEN:
        raise RfqError("The RFQ is no longer open for questions.", "text")
    if not text.strip():
        raise RfqError("Write your question.", "text")
    if invitation.messages.count() >= MOST_QUESTIONS:
        raise RfqError(f"You have asked {MOST_QUESTIONS} questions; please call instead.", "text")
    message = RfqMessage.objects.create(rfq=rfq, invitation=invitation, text=text.strip()[:4000])
    record(
        actor=None,
        verb="rfq.question_asked",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"organisation": invitation.organisation.slug},
    )
    return message


@transaction.atomic
def answer_question(*, actor: User, message: RfqMessage, answer: str) -> RfqMessage:
    """Answer once; every partner in the race is told. Raises RfqError when it is answered already."""
    rfq = lock_rfq(message.rfq)
    if not answer.strip():
        raise RfqError("Write the answer.", "answer")
    changed = RfqMessage.objects.filter(pk=message.pk, kind=MessageKind.QUESTION, answered_at=None).update(
        answer=answer.strip()[:8000], answered_at=timezone.now(), answered_by=actor
    )
    if not changed:
        raise RfqError("Somebody else has answered this question already; their answer is shown.", "answer")
    for invitation in rfq.invitations.exclude(state__in=SILENT):
        queue_email(invitation, EmailKind.ANSWER, str(message.pk))
    record(actor=actor, verb="rfq.question_answered", obj=rfq, sponsor=rfq.project.sponsor)
    message.refresh_from_db()
    return message


@transaction.atomic
def ask_clarification(*, actor: User, quote: Quote, line: ScopeLine | None, text: str = "") -> RfqMessage:
    """Ask one partner about its quote, usually about a gap. Asking the same again while it is open does nothing."""
    rfq = lock_rfq(quote.rfq)
    if quote.invitation is None or quote.invitation.state in SILENT:
        raise RfqError(
            "This quote was entered by hand or its invitation has ended: ask the partner by e-mail."
        )
    text = text.strip() or (
        f"“{line.label}” has no price in your quote. Is it included elsewhere, excluded, or what does it cost?"
        if line
        else ""
    )
    if not text:
        raise RfqError("Write what is to be clarified.", "text")
    open_ones = RfqMessage.objects.filter(
        invitation=quote.invitation,
        kind=MessageKind.CLARIFICATION,
        code=line.code if line else "",
        answered_at=None,
    )
    if (same := open_ones.filter(text=text[:4000]).first()) is not None:
        return same
    message = RfqMessage.objects.create(
        rfq=rfq,
        invitation=quote.invitation,
        kind=MessageKind.CLARIFICATION,
        code=line.code if line else "",
        text=text[:4000],
        asked_by=actor,
    )
    queue_email(quote.invitation, EmailKind.CLARIFICATION, str(message.pk))
    record(
        actor=actor,
        verb="quote.clarification_asked",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"organisation": quote.organisation.slug, "line": line.label if line else ""},
    )
    return message


@transaction.atomic
def answer_clarification(*, invitation: Invitation, message_id: int, answer: str) -> None:
    """The partner's answer, once. It changes no figure: the partner revises its quote for that."""
    lock_for_bidder(invitation.rfq)
    if not answer.strip():
        raise RfqError("Write your answer.", f"answer-{message_id}")
    changed = RfqMessage.objects.filter(
        pk=message_id, invitation=invitation, kind=MessageKind.CLARIFICATION, answered_at=None
    ).update(answer=answer.strip()[:8000], answered_at=timezone.now())
    if not changed:
        raise RfqError("This was answered already.", f"answer-{message_id}")
    record(
        actor=None,
        verb="quote.clarification_answered",
        obj=invitation.rfq,
        sponsor=invitation.rfq.project.sponsor,
        data={"organisation": invitation.organisation.slug},
    )


def shown_to(invitation: Invitation, rfq: Rfq) -> dict[str, list[RfqMessage]]:
    """What one partner may read: all answered questions (nobody's name), its own open ones, its clarifications."""
    messages = list(RfqMessage.objects.filter(rfq=rfq).order_by("asked_at", "pk"))
    mine = [m for m in messages if m.invitation_id == invitation.pk]
    return {
        "answered": [m for m in messages if m.kind == MessageKind.QUESTION and m.answered_at],
        "waiting": [m for m in mine if m.kind == MessageKind.QUESTION and not m.answered_at],
        "clarifications": [m for m in mine if m.kind == MessageKind.CLARIFICATION],
    }
