"""Sending an RFQ and what follows: invitations, links, deadline, closing. E-mails are rows; a worker sends them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from cmo_selector.templatetags.fmt import format_datetime
from partners.exchange import NoRate
from partners.models import Organisation
from quotes.enums import AgreementStatus, PartnerStanding, ShortlistStatus
from quotes.links import new_link
from quotes.models import Invitation, InvitationLink, PartnerRelation, Quote, Rfq, RfqVersion, ShortlistEntry
from quotes.readiness import readiness
from quotes.rfq_enums import EmailKind, InvitationState, NdaState, QuoteState, RfqState, allowed
from quotes.services.rates import ensure_rates
from quotes.services.relations import save_relation
from quotes.services.rfq import RfqError, lock_rfq, publish_version
from quotes.services.rfq_mail import queue_email
from quotes.versions import StaleVersion

LINK_LIFE_AFTER_DEADLINE = dt.timedelta(days=30)  # partners read answers and their receipt after the deadline
FOLLOWED = (
    ShortlistStatus.IDENTIFIED,
    ShortlistStatus.LONGLIST,
    ShortlistStatus.SHORTLISTED,
    ShortlistStatus.RFI,
)


@dataclass(frozen=True)
class Contact:
    """Who is asked at one partner."""

    organisation: Organisation
    name: str
    email: str


def move(rfq: Rfq, state: str) -> None:
    """Change the RFQ's state if its transitions allow it. Raises RfqError."""
    if not allowed(RfqState, rfq.state, state):
        raise RfqError(
            f"An RFQ that is {rfq.get_state_display().lower()} cannot become {RfqState(state).label.lower()}."
        )
    rfq.state = state


@transaction.atomic
def send_rfq(*, actor: User, rfq: Rfq, contacts: Iterable[Contact], edition: int) -> list[Invitation]:
    """Publish the RFQ's version and invite the contacts; partners already invited stay as they are.

    Raises RfqError when the RFQ is not ready, nobody is named, or an address cannot be used.
    """
    current = lock_rfq(rfq)
    if current.edition != edition:
        raise RfqError(
            "The RFQ was changed since you opened this page. Look at the preview again, then send."
        )
    if current.state not in (RfqState.DRAFT, RfqState.OPEN):
        raise RfqError(f"This RFQ is {current.get_state_display().lower()}: nobody can be invited any more.")
    if blocked := readiness(current, list(current.lines.all())).blocked:
        raise RfqError("Not ready to send: " + " ".join(point.ask for point in blocked))
    contacts = list(contacts)
    invited = set(current.invitations.values_list("organisation_id", flat=True))
    fresh = [contact for contact in contacts if contact.organisation.pk not in invited]
    if not fresh:
        raise RfqError(
            "Name at least one partner that is not invited yet, with the e-mail address of its contact."
        )
    for contact in fresh:
        _check_contact(current, contact)
    if current.state == RfqState.DRAFT:
        move(current, RfqState.OPEN)
        current.sent_at = timezone.now()
    try:
        ensure_rates(actor=actor, project=current.project)
    except NoRate as error:
        raise RfqError(str(error)) from None
    current.save(update_fields=["state", "sent_at", "updated_at"])
    version = publish_version(actor=actor, rfq=current)
    invitations = [_invite(actor, current, contact) for contact in fresh]
    if version and version.number > 1:
        _tell_all(current, EmailKind.AMENDED, f"v{version.number}", but={i.pk for i in invitations})
    return invitations


def _check_contact(rfq: Rfq, contact: Contact) -> None:
    try:
        validate_email(contact.email)
    except ValidationError:
        raise RfqError(
            f"“{contact.email}” is not an e-mail address.", f"email-{contact.organisation.pk}"
        ) from None
    relation = _relation(rfq, contact.organisation)
    if relation and relation.standing == PartnerStanding.BLOCKED:
        raise RfqError(
            f"{contact.organisation} is blocked in your notes: {relation.standing_reason}",
            f"email-{contact.organisation.pk}",
        )


def _relation(rfq: Rfq, organisation: Organisation) -> PartnerRelation | None:
    return PartnerRelation.objects.filter(sponsor=rfq.project.sponsor, organisation=organisation).first()


def nda_to_start(rfq: Rfq, organisation: Organisation) -> str:
    """Whether the gate is open from the start: no NDA asked for, or a signed one on file that has not lapsed."""
    if not rfq.nda_required:
        return NdaState.NOT_NEEDED
    relation = _relation(rfq, organisation)
    today = timezone.localdate()
    signed = relation is not None and relation.nda_status == AgreementStatus.SIGNED
    if signed and (relation.nda_expires_on is None or relation.nda_expires_on >= today):
        return NdaState.ON_FILE
    return NdaState.WAITING


@transaction.atomic
def keep_nda_on_file(*, actor: User, invitation: Invitation) -> None:
    """A person decides that the NDA accepted for this RFQ counts for later ones too. Raises RfqError."""
    current = _lock_invitation(invitation)
    if current.nda not in (NdaState.ACCEPTED, NdaState.UPLOADED):
        raise RfqError("This partner has not signed an NDA here.")
    sponsor = current.rfq.project.sponsor
    relation = _relation(current.rfq, current.organisation)
    if relation and relation.nda_status == AgreementStatus.SIGNED:
        raise RfqError("A signed NDA is in your notes already. Change it there.")
    try:
        save_relation(
            actor=actor,
            sponsor=sponsor,
            organisation=current.organisation,
            values={
                "nda_status": AgreementStatus.SIGNED,
                "nda_on": timezone.localdate(current.nda_at),
                "nda_expires_on": None,
            },
            seen=relation.version if relation else 0,
        )
    except StaleVersion as stale:
        raise RfqError(
            "Somebody has just changed your notes on this partner. Look at them, then try again."
        ) from stale


def _invite(actor: User, rfq: Rfq, contact: Contact) -> Invitation:
    invitation = Invitation.objects.create(
        rfq=rfq,
        organisation=contact.organisation,
        contact_name=contact.name.strip(),
        contact_email=contact.email.strip(),
        nda=nda_to_start(rfq, contact.organisation),
        expires_at=rfq.deadline + LINK_LIFE_AFTER_DEADLINE,
        invited_by=actor,
    )
    queue_email(invitation, EmailKind.INVITATION, "1")
    set_shortlist_status(rfq, contact.organisation, ShortlistStatus.RFP_INVITED, FOLLOWED)
    record(
        actor=actor,
        verb="rfq.partner_invited",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"organisation": contact.organisation.slug, "nda": invitation.get_nda_display()},
    )
    return invitation


def set_shortlist_status(
    rfq: Rfq, organisation: Organisation, status: str, from_states: Iterable[str]
) -> None:
    """Move the partner on along the engagement statuses; a person's later status is left alone."""
    entry = (
        ShortlistEntry.objects.filter(
            project=rfq.project, organisation=organisation, status__in=list(from_states)
        )
        .select_for_update(no_key=True)
        .first()
    )
    if entry is None:
        return
    before, entry.status = entry.status, status
    entry.save(update_fields=["status", "updated_at"])
    record(
        actor=None,
        verb="shortlist.changed",
        obj=entry,
        sponsor=rfq.project.sponsor,
        data={"status": [before, status]},
    )


def _tell_all(rfq: Rfq, kind: str, key: str, but: set[int] = frozenset()) -> int:
    """One e-mail to every partner still in the race; the key makes it happen once."""
    live = rfq.invitations.exclude(state__in=[InvitationState.DECLINED, InvitationState.REVOKED])
    rows = [invitation for invitation in live if invitation.pk not in but]
    for invitation in rows:
        queue_email(invitation, kind, key)
    return len(rows)


@transaction.atomic
def publish_changes(*, actor: User, rfq: Rfq, note: str) -> RfqVersion:
    """A further version of an open RFQ, announced to all partners alike. Raises RfqError."""
    current = lock_rfq(rfq)
    if current.state != RfqState.OPEN:
        raise RfqError("Only an open RFQ has partners to tell about a change.")
    if not note.strip():
        raise RfqError("Say in one sentence what changed; every partner reads it.", "note")
    version = publish_version(actor=actor, rfq=current, note=note.strip())
    if version is None:
        raise RfqError("Nothing has changed since the last version.", "note")
    _tell_all(current, EmailKind.AMENDED, f"v{version.number}")
    return version


@transaction.atomic
def extend_deadline(*, actor: User, rfq: Rfq, deadline: dt.datetime) -> Rfq:
    """A later deadline, the same for all, announced to all. A closed RFQ opens again."""
    current = lock_rfq(rfq)
    if current.state not in (RfqState.OPEN, RfqState.CLOSED):
        raise RfqError("Only an RFQ that was sent has a deadline to extend.", "deadline")
    if deadline <= timezone.now():
        raise RfqError("The deadline is in the past. Give a day and time to come.", "deadline")
    if deadline <= current.deadline:
        raise RfqError(
            f"Give a deadline after the present one, {format_datetime(current.deadline)}: partners rely on it.",
            "deadline",
        )
    if current.sealed and current.past_deadline:
        raise RfqError(
            "The quotes are unsealed already; a later deadline would let some bid with knowledge of them."
        )
    before, current.deadline = current.deadline, deadline
    move(current, RfqState.OPEN)
    current.save(update_fields=["deadline", "state", "updated_at"])
    current.invitations.update(expires_at=deadline + LINK_LIFE_AFTER_DEADLINE)
    _tell_all(current, EmailKind.EXTENDED, deadline.isoformat())
    record(
        actor=actor,
        verb="rfq.deadline_extended",
        obj=current,
        sponsor=current.project.sponsor,
        data={"deadline": [format_datetime(before), format_datetime(deadline)]},
    )
    return current


@transaction.atomic
def set_rfq_state(*, actor: User, rfq: Rfq, state: str) -> Rfq:
    """Close or cancel. A sealed RFQ cannot be closed before its deadline: that would break the seal."""
    current = lock_rfq(rfq)
    if state not in (RfqState.CLOSED, RfqState.CANCELLED):
        raise RfqError("An RFQ can be closed or cancelled here.")
    if state == RfqState.CLOSED and current.prices_sealed:
        raise RfqError("The quotes are sealed until the deadline; the RFQ can be closed after it.")
    before = current.get_state_display()
    move(current, state)
    current.save(update_fields=["state", "updated_at"])
    record(
        actor=actor,
        verb=f"rfq.{state}",
        obj=current,
        sponsor=current.project.sponsor,
        data={"state": [before, current.get_state_display()]},
    )
    return current


@transaction.atomic
def revoke_invitation(*, actor: User, invitation: Invitation) -> None:
    """No link of the invitation works any more."""
    current = _lock_invitation(invitation)
    _move_invitation(current, InvitationState.REVOKED)
    current.save(update_fields=["state"])
    InvitationLink.objects.filter(invitation=current, revoked_at=None).update(revoked_at=timezone.now())
    record(
        actor=actor,
        verb="rfq.invitation_revoked",
        obj=current.rfq,
        sponsor=current.rfq.project.sponsor,
        data={"organisation": current.organisation.slug},
    )


@transaction.atomic
def renew_link(*, actor: User, invitation: Invitation, email: bool = True) -> str:
    """A new link; all earlier ones end. Sends it by e-mail, or returns the token for the person to pass on.

    A partner that was revoked, or has declined while quotes are taken, can answer again.
    """
    current = _lock_invitation(invitation)
    if not email and current.rfq.prices_sealed:
        raise RfqError(
            "The quotes are sealed until the deadline: a link would open one. It can only be sent to the contact."
        )
    _let_in_again(current)
    now = timezone.now()
    InvitationLink.objects.filter(invitation=current, revoked_at=None).update(revoked_at=now)
    record(
        actor=actor,
        verb="rfq.link_renewed",
        obj=current.rfq,
        sponsor=current.rfq.project.sponsor,
        data={"organisation": current.organisation.slug, "by_email": email},
    )
    if email:
        queue_email(current, EmailKind.INVITATION, now.isoformat())
        return ""
    return new_link(current)


def _let_in_again(invitation: Invitation) -> None:
    rfq = invitation.rfq
    if rfq.state == RfqState.CANCELLED:
        raise RfqError("This RFQ is cancelled: a link would open nothing.")
    if invitation.state == InvitationState.REVOKED:
        counts = Quote.objects.filter(invitation=invitation, state=QuoteState.SUBMITTED).exists()
        _move_invitation(invitation, InvitationState.SUBMITTED if counts else InvitationState.INVITED)
    elif invitation.state == InvitationState.DECLINED:
        if not rfq.takes_quotes:
            raise RfqError(
                "This partner has declined, and quotes are no longer taken. Extend the deadline first, or enter by "
                "hand what it sends you."
            )
        _move_invitation(invitation, InvitationState.INVITED)
        invitation.decline_reason = ""  # the log keeps it
        set_shortlist_status(
            rfq, invitation.organisation, ShortlistStatus.RFP_INVITED, [ShortlistStatus.RFP_DECLINED]
        )
    invitation.save(update_fields=["state", "decline_reason"])


def _lock_invitation(invitation: Invitation) -> Invitation:
    lock_rfq(invitation.rfq)
    return (
        Invitation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("rfq__project__sponsor", "organisation")
        .get(pk=invitation.pk)
    )


def _move_invitation(invitation: Invitation, state: str) -> None:
    if not allowed(InvitationState, invitation.state, state):
        raise RfqError(
            f"An invitation that is {invitation.get_state_display().lower()} cannot become "
            f"{InvitationState(state).label.lower()}."
        )
    invitation.state = state
