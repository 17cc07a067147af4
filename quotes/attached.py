"""Which files belong to a frozen version or revision, and which ones a bidder may download."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quotes.models import Attachment, Invitation, Quote, Rfq


def names_of(rows: Iterable[Attachment]) -> list[dict[str, Any]]:
    """Attachments as a frozen version or revision names them."""
    return [
        {"id": row.pk, "name": row.name, "size": row.size, "sha256": row.sha256, "document": row.document}
        for row in rows
    ]


def live_files(*, rfq: Rfq, quote: Quote | None = None) -> list[Attachment]:
    """The files that the next version or revision would have. One query."""
    return list(Attachment.objects.filter(rfq=rfq, quote=quote, removed_at=None))


def kept_files(content: Mapping[str, Any], *, rfq: Rfq, quote: Quote | None = None) -> list[Attachment]:
    """The files that a frozen content names, in its order. One query, none when it names none."""
    ids = [row["id"] for row in content.get("files", [])]
    if not ids:
        return []
    found = Attachment.objects.filter(pk__in=ids, rfq=rfq, quote=quote).in_bulk()
    return [found[pk] for pk in ids if pk in found]


def bidder_file(invitation: Invitation, content: Mapping[str, Any], attachment_id: int) -> Attachment | None:
    """A file this bidder may download: one of the published version, or one of its own. None for all others."""
    found = Attachment.objects.filter(rfq=invitation.rfq, pk=attachment_id).select_related("quote").first()
    if found is None:
        return None
    if found.quote is not None:
        own = found.quote.organisation_id == invitation.organisation_id and found.quote.entered_by_id is None
        return found if own and found.removed_at is None else None
    return found if attachment_id in {row["id"] for row in content.get("files", [])} else None


def submitted_files(quote: Quote) -> list[Attachment]:
    """What the sponsor sees of a quote's files: those of its last submitted revision. Two queries."""
    last = quote.revisions.order_by("-number").values_list("content", flat=True).first()
    return kept_files(last or {}, rfq=quote.rfq, quote=quote)


def missing_documents(asked: Iterable[str], files: Iterable[Attachment]) -> list[str]:
    """The documents a bidder was asked for and did not send, as far as it said which file is which."""
    there = {row.document for row in files}
    return [document for document in asked if document not in there]
