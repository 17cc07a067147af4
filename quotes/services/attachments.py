"""Files put to an RFQ or a quote, and taken away again. What was published or submitted with them stays readable."""

from __future__ import annotations

import hashlib

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.models import Attachment, Quote, Rfq
from quotes.rfq_enums import QuoteState, allowed
from quotes.services.responses import refuse_late
from quotes.services.rfq import EDITABLE, RfqError, lock_for_bidder, lock_rfq
from quotes.uploads import MEGABYTE, BadFile, check_file

LARGEST = 20 * MEGABYTE  # of one file
MOST_FILES = 20  # of one RFQ, and of one quote
MOST_BYTES = 100 * MEGABYTE
MOST_KEPT_FILES = 100  # with those taken out again that a version or a revision still names
MOST_KEPT_BYTES = 500 * MEGABYTE


@transaction.atomic
def add_rfq_file(*, actor: User, rfq: Rfq, name: str, content: bytes, document: str = "") -> Attachment:
    """A file for all bidders; an open RFQ's partners get it with the next published version. Raises RfqError."""
    current = lock_rfq(rfq)
    if current.state not in EDITABLE:
        raise RfqError(f"This RFQ is {current.get_state_display().lower()} and can no longer be changed.")
    row = _keep(current, None, name, content, document if document in current.enclosures else "", actor)
    record(
        actor=actor,
        verb="rfq.file_added",
        obj=current,
        sponsor=current.project.sponsor,
        data={"name": row.name},
    )
    return row


@transaction.atomic
def add_quote_file(
    *, quote: Quote, name: str, content: bytes, document: str = "", actor: User | None = None
) -> Attachment:
    """A file of a bidder, or of whoever enters its quote by hand; it counts once the quote is submitted."""
    current, rfq = _open_quote(quote, actor)
    row = _keep(rfq, current, name, content, document if document in rfq.documents else "", actor)
    record(
        actor=actor,
        verb="quote.file_added",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"organisation": current.organisation.slug},  # its name may say more than the seal allows
    )
    return row


def _open_quote(quote: Quote, actor: User | None) -> tuple[Quote, Rfq]:
    rfq = lock_for_bidder(quote.rfq, actor)
    refuse_late(rfq, by_hand=actor is not None)
    current = (
        Quote.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisation")
        .get(pk=quote.pk)
    )
    if not allowed(QuoteState, current.state, QuoteState.SUBMITTED):
        raise RfqError("This request is decided: quotes can no longer be changed.")
    if (actor is None) is (current.entered_by_id is not None):
        raise RfqError("This quote is given by the other side; its files cannot be changed here.")
    return current, rfq


def _keep(
    rfq: Rfq, quote: Quote | None, name: str, content: bytes, document: str, actor: User | None
) -> Attachment:
    try:
        checked = check_file(name, content, largest=LARGEST)
    except BadFile as bad:
        raise RfqError(f"{name[:80] or 'The file'}: {bad}", "files") from None
    stored = list(Attachment.objects.filter(rfq=rfq, quote=quote).values_list("size", "sha256", "removed_at"))
    beside = [(size, sha256) for size, sha256, removed_at in stored if removed_at is None]
    digest = hashlib.sha256(content).hexdigest()
    if any(sha256 == digest for _, sha256 in beside):
        raise RfqError(f"{checked.name} is there already.", "files")
    if len(beside) >= MOST_FILES:
        raise RfqError(f"{checked.name}: there are {MOST_FILES} files already. Remove one first.", "files")
    if sum(size for size, _ in beside) + len(content) > MOST_BYTES:
        raise RfqError(
            f"{checked.name}: all files together are larger than {MOST_BYTES // MEGABYTE} MB. Send a smaller one.",
            "files",
        )
    kept = sum(size for size, _, _ in stored) + len(content)
    if len(stored) >= MOST_KEPT_FILES or kept > MOST_KEPT_BYTES:
        raise RfqError(
            f"{checked.name}: with the files of earlier versions, which stay readable, there are {MOST_KEPT_FILES} "
            f"files or {MOST_KEPT_BYTES // MEGABYTE} MB already. Send it by e-mail.",
            "files",
        )
    row = Attachment(
        rfq=rfq,
        quote=quote,
        name=checked.name,
        kind=checked.kind,
        size=len(content),
        sha256=digest,
        document=document,
        uploaded_by=actor,
    )
    row.file.save(checked.name, ContentFile(content), save=False)
    try:
        with transaction.atomic():
            row.save()
    except Exception:
        row.file.storage.delete(row.file.name)
        raise
    return row


@transaction.atomic
def remove_rfq_file(*, actor: User, attachment: Attachment) -> None:
    """Take a file out of the next version; what was published with it keeps it."""
    rfq = lock_rfq(attachment.rfq)
    if rfq.state not in EDITABLE:
        raise RfqError(f"This RFQ is {rfq.get_state_display().lower()} and can no longer be changed.")
    _remove(attachment)
    record(
        actor=actor,
        verb="rfq.file_removed",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"name": attachment.name},
    )


@transaction.atomic
def remove_quote_file(*, attachment: Attachment, actor: User | None = None) -> None:
    """Take a file out of the quote's next revision."""
    if attachment.quote is None:
        raise TypeError("the file belongs to no quote")
    quote, rfq = _open_quote(attachment.quote, actor)
    _remove(attachment)
    record(
        actor=actor,
        verb="quote.file_removed",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"organisation": quote.organisation.slug},
    )


def _remove(attachment: Attachment) -> None:
    """Hide the row; one that nothing frozen names goes with its file."""
    current = (
        Attachment.objects.select_for_update(no_key=True).filter(pk=attachment.pk, removed_at=None).first()
    )
    if current is None:
        return
    if current.used:
        current.removed_at = timezone.now()
        current.save(update_fields=["removed_at"])
        return
    storage, name = current.file.storage, current.file.name
    current.delete()
    transaction.on_commit(lambda: storage.delete(name))
