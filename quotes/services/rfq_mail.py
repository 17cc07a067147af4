"""E-mails to partners' contacts. A row says that one is owed; sending it is the messenger's work.

A worker claims a row by compare-and-swap with a lease, makes a link of its own for the e-mail, sends, and writes
`sent_at`. A message delivered twice, two beats at once or a worker that died send nothing twice while the lease holds.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F, Q
from django.template.loader import render_to_string
from django.utils import timezone
from kombu.exceptions import OperationalError

from quotes.links import link_url, new_link, token_hash
from quotes.models import Invitation, InvitationEmail, InvitationLink, Rfq
from quotes.rfq_enums import NDA_PASSED, EmailKind, InvitationState, RfqState

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=5)
MOST_ATTEMPTS = 8
REMIND_BEFORE = (dt.timedelta(days=7), dt.timedelta(days=2))
ANSWERING = (InvitationState.INVITED, InvitationState.DRAFTING)
SUBJECTS = {
    EmailKind.INVITATION: "Request for quotation: {name}",
    EmailKind.REMINDER: "Reminder, quotes are due {deadline:%d %B}: {name}",
    EmailKind.EXTENDED: "Deadline extended to {deadline:%d %B}: {name}",
    EmailKind.AMENDED: "The request has changed: {name}",
    EmailKind.ANSWER: "A question was answered: {name}",
    EmailKind.CLARIFICATION: "A clarification is asked for: {name}",
    EmailKind.RECEIPT: "Your quote was received: {name}",
}


def queue_email(invitation: Invitation, kind: str, key: str) -> bool:
    """Owe an e-mail, once per kind and key; the worker is told after the commit. Returns whether it is new."""
    row, new = InvitationEmail.objects.get_or_create(invitation=invitation, kind=kind, key=key)
    if new:
        transaction.on_commit(lambda: _tell_worker(row.pk))
    return new


def _tell_worker(email_id: int) -> None:
    from quotes.tasks import send_rfq_email

    try:
        send_rfq_email.delay(email_id)
    except OperationalError as error:
        logger.warning("e-mail %s waits: the broker is out of reach (%s)", email_id, type(error).__name__)


def send_email(email_id: int) -> bool:
    """Send one owed e-mail; False when it is sent, taken by somebody else, given up or no longer wanted."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    won = InvitationEmail.objects.filter(free, pk=email_id, sent_at=None, attempts__lt=MOST_ATTEMPTS).update(
        lease_until=now + LEASE, attempts=F("attempts") + 1
    )
    if not won:
        return False
    row = InvitationEmail.objects.select_related(
        "invitation__rfq__project__sponsor", "invitation__organisation", "invitation__invited_by"
    ).get(pk=email_id)
    if row.invitation.state == InvitationState.REVOKED:
        InvitationEmail.objects.filter(pk=row.pk).update(
            error="The invitation was revoked.", lease_until=None
        )
        return False
    token = new_link(row.invitation)
    try:
        message_of(row, link_url(token)).send()
    except (OSError, smtplib.SMTPException) as error:
        # The link that never left is no use to anybody; the row keeps the reason and its lease as a pause.
        InvitationLink.objects.filter(token_hash=token_hash(token)).delete()
        InvitationEmail.objects.filter(pk=row.pk).update(error=f"{type(error).__name__}: {error}"[:300])
        logger.warning("e-mail %s could not be sent (%s)", row.pk, type(error).__name__)
        return False
    InvitationEmail.objects.filter(pk=row.pk).update(sent_at=timezone.now(), error="", lease_until=None)
    return True


def shown_name(invitation: Invitation) -> str:
    """What may be said outside the gate: the code name until the NDA is in place."""
    return invitation.rfq.title if invitation.nda in NDA_PASSED else invitation.rfq.code_name


def message_of(row: InvitationEmail, url: str) -> EmailMessage:
    """The e-mail as it is sent. It never says more than the NDA gate allows."""
    invitation = row.invitation
    rfq = invitation.rfq
    context = {
        "invitation": invitation,
        "rfq": rfq,
        "name": shown_name(invitation),
        "url": url,
        "sponsor": rfq.project.sponsor,
        "row": row,
        "version": rfq.versions.first(),
        "open_gate": invitation.nda in NDA_PASSED,
    }
    subject = SUBJECTS[EmailKind(row.kind)].format(name=context["name"], deadline=rfq.deadline)
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=render_to_string(f"emails/rfq/{row.kind}.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[invitation.contact_email],
        reply_to=[invitation.invited_by.email],
    )


def owe_reminders(now: dt.datetime | None = None) -> int:
    """A reminder to everybody who has not answered, a week and two days before the deadline. Idempotent.

    Only the nearest one counts: an RFQ sent six days before its deadline gets one reminder, not two. Returns how
    many are new.
    """
    now = now or timezone.now()
    new = 0
    for rfq in Rfq.objects.filter(
        state=RfqState.OPEN,
        project__archived_at=None,
        deadline__gt=now,
        deadline__lte=now + max(REMIND_BEFORE),
    ):
        due = [
            before
            for before in REMIND_BEFORE
            if rfq.deadline - before <= now and rfq.sent_at < rfq.deadline - before
        ]
        if not due:
            continue
        key = f"{rfq.deadline.isoformat()}-{min(due).days}"
        for invitation in rfq.invitations.filter(state__in=ANSWERING):
            with transaction.atomic():
                new += queue_email(invitation, EmailKind.REMINDER, key)
    return new


def send_due(now: dt.datetime | None = None) -> int:
    """Beat's round: owe the reminders, send what is still unsent. Returns how many were sent."""
    owe_reminders(now)
    waiting = InvitationEmail.objects.filter(sent_at=None, attempts__lt=MOST_ATTEMPTS).values_list(
        "pk", flat=True
    )
    return sum(send_email(email_id) for email_id in list(waiting))
