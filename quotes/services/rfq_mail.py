"""E-mails to partners' contacts. A row says that one is owed; sending it is the messenger's work.

A worker claims a queued row by compare-and-swap with a lease, asks whether the e-mail is still wanted, makes a link of
its own for it, marks the row `sending`, hands it over and closes it as `sent`. So a message delivered twice, two beats
at once or a slow mail server send nothing twice: the server's answer is waited for less long than the lease
(EMAIL_TIMEOUT). A worker that dies before `sending` costs nothing; one that dies while sending leaves a row of which
nobody knows whether it went out: it becomes `unconfirmed`, and a person decides on the RFQ's page.

A server that refuses is asked again after a growing pause, for as long as the e-mail is of use.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from cmo_selector.broker import tell
from cmo_selector.mail import ServerAway, message_id, server_is_away
from quotes.links import link_url, new_link, token_hash
from quotes.models import Invitation, InvitationEmail, InvitationLink, Rfq
from quotes.rfq_enums import NDA_PASSED, EmailKind, EmailState, InvitationState, MessageKind, RfqState
from quotes.services.rfq import RfqError, lock_rfq

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=5)
PAUSE = dt.timedelta(minutes=5)  # after the first refusal; one more with every further one
LONGEST_PAUSE = dt.timedelta(hours=1)
REMIND_BEFORE = (dt.timedelta(days=7), dt.timedelta(days=2))
ANSWERING = (InvitationState.INVITED, InvitationState.DRAFTING)
BEFORE_THE_DEADLINE = (EmailKind.REMINDER, EmailKind.EXTENDED)  # of no use after it
FOR_THE_QUOTE = (EmailKind.INVITATION, EmailKind.AMENDED)  # nor these, when they were owed before it
SUBJECTS = {
    EmailKind.INVITATION: "Request for quotation: {name}",
    EmailKind.REMINDER: "Reminder, quotes are due {deadline:%d %B}: {name}",
    EmailKind.EXTENDED: "Deadline extended to {deadline:%d %B}: {name}",
    EmailKind.AMENDED: "The request has changed: {name}",
    EmailKind.ANSWER: "A question was answered: {name}",
    EmailKind.CLARIFICATION: "A clarification is asked for: {name}",
    EmailKind.RECEIPT: "Your quote was received: {name}",
}


# -- owing ----------------------------------------------------------------------------------------


def queue_email(invitation: Invitation, kind: str, key: str) -> bool:
    """Owe an e-mail, once per kind and key; the worker is told after the commit. Returns whether it is new."""
    row, new = InvitationEmail.objects.get_or_create(invitation=invitation, kind=kind, key=key)
    if new:
        transaction.on_commit(lambda: _tell_worker(row.pk))
    return new


def _tell_worker(email_id: int) -> None:
    from quotes.tasks import send_rfq_email

    tell(send_rfq_email, email_id)


@transaction.atomic
def send_again(*, actor: User, email: InvitationEmail) -> None:
    """A person wants an e-mail that failed, waits or may not have arrived to be sent now. Raises RfqError."""
    rfq = lock_rfq(email.invitation.rfq)
    row = (
        InvitationEmail.objects.select_for_update(of=("self",), no_key=True)
        .select_related("invitation__rfq__project", "invitation__organisation")
        .get(pk=email.pk)
    )
    if row.state == EmailState.SENT:
        raise RfqError("This e-mail has been sent meanwhile.")
    if row.state == EmailState.SENDING and row.lease_until and row.lease_until > timezone.now():
        raise RfqError("This e-mail is being sent at this moment. Look again in a few minutes.")
    if why := unwanted(row):
        raise RfqError(f"This e-mail is of no use any more: {why}")
    row.state, row.attempts, row.lease_until, row.error = EmailState.QUEUED, 0, None, ""
    row.save(update_fields=["state", "attempts", "lease_until", "error"])
    record(
        actor=actor,
        verb="rfq.email_sent_again",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"organisation": row.invitation.organisation.slug, "e-mail": row.get_kind_display()},
    )
    transaction.on_commit(lambda: _tell_worker(row.pk))


# -- sending --------------------------------------------------------------------------------------


def _free(now: dt.datetime) -> Q:
    return Q(state=EmailState.QUEUED) & (Q(lease_until=None) | Q(lease_until__lt=now))


def _held(row: InvitationEmail, state: str) -> QuerySet[InvitationEmail]:
    return InvitationEmail.objects.filter(pk=row.pk, state=state, attempts=row.attempts)


def send_email(email_id: int) -> bool:
    """Send one owed e-mail; False when it is sent, taken by somebody else, refused or no longer wanted."""
    try:
        return _send(email_id)
    except ServerAway:
        return False


def _send(email_id: int) -> bool:
    """The same; raises ServerAway, with the row put back, when the next e-mail would fare no better."""
    now = timezone.now()
    won = InvitationEmail.objects.filter(_free(now), pk=email_id).update(
        lease_until=now + LEASE, attempts=F("attempts") + 1
    )
    if not won:
        return False
    row = InvitationEmail.objects.select_related(
        "invitation__rfq__project__sponsor", "invitation__organisation", "invitation__invited_by"
    ).get(pk=email_id)
    if why := unwanted(row):
        state = EmailState.FAILED if row.error else EmailState.DROPPED
        _held(row, EmailState.QUEUED).update(
            state=state, error=" ".join(filter(None, [why, row.error]))[:300], lease_until=None
        )
        return False
    token = new_link(row.invitation)
    try:
        message = message_of(row, link_url(token))
        if not _held(row, EmailState.QUEUED).update(
            state=EmailState.SENDING, lease_until=timezone.now() + LEASE
        ):
            return False  # the lease was lost: somebody else has the row
        message.send()
    except Exception as error:
        # The link that never left is no use to anybody.
        InvitationLink.objects.filter(token_hash=token_hash(token)).delete()
        _refused(row, error)
        if server_is_away(error):
            raise ServerAway from error
        return False
    InvitationEmail.objects.filter(pk=row.pk).update(
        state=EmailState.SENT, sent_at=timezone.now(), error="", lease_until=None
    )
    return True


def _refused(row: InvitationEmail, error: Exception) -> None:
    """Ask again later; an address that the server knows not to exist is for a person to mend."""
    if isinstance(error, OSError | smtplib.SMTPException):
        logger.warning("e-mail %s could not be sent (%s)", row.pk, type(error).__name__)
    else:  # a fault of this program: the other rows go on
        logger.exception("e-mail %s could not be written", row.pk)
    values = {
        "state": EmailState.QUEUED,
        "error": f"{type(error).__name__}: {error}"[:300],
        "lease_until": timezone.now() + min(PAUSE * row.attempts, LONGEST_PAUSE),
    }
    if isinstance(error, smtplib.SMTPRecipientsRefused) and all(
        code >= 500 for code, _ in error.recipients.values()
    ):
        values.update(state=EmailState.FAILED, lease_until=None)
    InvitationEmail.objects.filter(pk=row.pk, attempts=row.attempts).exclude(state=EmailState.SENT).update(
        **values
    )


def unwanted(row: InvitationEmail) -> str:
    """Why an owed e-mail must not go out any more, in a sentence; empty while it is of use."""
    invitation, now = row.invitation, timezone.now()
    rfq = invitation.rfq
    if invitation.state == InvitationState.REVOKED:
        return "The invitation was revoked."
    if row.kind != EmailKind.RECEIPT:
        if rfq.state == RfqState.CANCELLED:
            return "The RFQ was cancelled."
        if rfq.project.archived_at is not None:
            return "The project was archived."
        if invitation.state == InvitationState.DECLINED:
            return "The partner has declined."
    if now >= invitation.expires_at:
        return "The partner's links have ended."
    # a link renewed after the deadline is for reading, a change published after it announces an extension
    asks = row.kind in BEFORE_THE_DEADLINE or (row.kind in FOR_THE_QUOTE and row.created_at < rfq.deadline)
    if asks and now >= rfq.deadline:
        return "The deadline has passed."
    if asks and rfq.state != RfqState.OPEN:
        return f"The RFQ is {rfq.get_state_display().lower()}."
    if row.kind in BEFORE_THE_DEADLINE and _deadline_of(row) != rfq.deadline:
        return "The deadline has been extended since."
    if row.kind == EmailKind.REMINDER and invitation.state not in ANSWERING:
        return "The partner has answered."
    if row.kind == EmailKind.CLARIFICATION:
        asked = rfq.messages.filter(kind=MessageKind.CLARIFICATION, answered_at=None)
        return "" if asked.filter(pk=int(row.key)).exists() else "The partner has answered."
    return ""


def _deadline_of(row: InvitationEmail) -> dt.datetime:
    """The deadline that an extension or a reminder tells of; its key holds it."""
    text = row.key.rpartition("-")[0] if row.kind == EmailKind.REMINDER else row.key
    return dt.datetime.fromisoformat(text)


def shown_name(invitation: Invitation) -> str:
    """What may be said outside the gate: the code name until the NDA is in place."""
    return invitation.rfq.title if invitation.nda in NDA_PASSED else invitation.rfq.code_name


def message_of(row: InvitationEmail, url: str) -> EmailMessage:
    """The e-mail as it is sent. It never says more than the NDA gate allows."""
    invitation = row.invitation
    rfq = invitation.rfq
    # the version it was owed for: a newer one has an e-mail of its own
    number = row.key[1:] if row.kind == EmailKind.AMENDED else ""
    context = {
        "invitation": invitation,
        "rfq": rfq,
        "name": shown_name(invitation),
        "url": url,
        "sponsor": rfq.project.sponsor,
        "row": row,
        "version": rfq.versions.filter(number=int(number)).first() if number else None,
        "open_gate": invitation.nda in NDA_PASSED,
    }
    subject = SUBJECTS[EmailKind(row.kind)].format(name=context["name"], deadline=rfq.deadline)
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=render_to_string(f"emails/rfq/{row.kind}.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[invitation.contact_email],
        reply_to=[invitation.invited_by.email],
        headers={"Message-ID": message_id(f"rfq-email-{row.pk}")},
    )


# -- beat's side ----------------------------------------------------------------------------------


def owe_reminders(now: dt.datetime | None = None) -> int:
    """A reminder to everybody who has not answered, a week and two days before the deadline. Idempotent.

    Only the nearest one counts, and none to a partner who was told of the deadline later than that: one invited six
    days before it gets one reminder, not two, and an extension to the day after tomorrow reminds nobody at once.
    Returns how many are new.
    """
    now = now or timezone.now()
    new = 0
    for rfq in Rfq.objects.filter(
        state=RfqState.OPEN,
        project__archived_at=None,
        deadline__gt=now,
        deadline__lte=now + max(REMIND_BEFORE),
    ):
        due = [before for before in REMIND_BEFORE if rfq.deadline - before <= now]
        told = Q(emails__kind__in=[EmailKind.INVITATION, EmailKind.EXTENDED])
        waiting = rfq.invitations.filter(state__in=ANSWERING).annotate(
            told_at=Max("emails__created_at", filter=told)
        )
        for invitation in waiting:
            heard = max(invitation.created_at, invitation.told_at or invitation.created_at)
            news = [before for before in due if heard < rfq.deadline - before]
            if not news:
                continue
            with transaction.atomic():
                key = f"{rfq.deadline.isoformat()}-{min(news).days}"
                new += queue_email(invitation, EmailKind.REMINDER, key)
    return new


def send_due(now: dt.datetime | None = None) -> int:
    """Beat's round: owe the reminders, send what is still unsent, close what a dead worker left half sent.

    A mail server that is away is asked once. Returns how many were sent.
    """
    owe_reminders(now)
    now = timezone.now()
    InvitationEmail.objects.filter(state=EmailState.SENDING, lease_until__lt=now).update(
        state=EmailState.UNCONFIRMED,
        lease_until=None,
        error="The worker stopped while sending: nobody knows whether it went out.",
    )
    sent = 0
    for email_id in list(InvitationEmail.objects.filter(_free(now)).values_list("pk", flat=True)):
        try:
            sent += _send(email_id)
        except ServerAway:
            break
    return sent
