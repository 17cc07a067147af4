"""Files chosen in a quote's form: the partner's page and the entry by hand send them along with what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from cmo_selector.accounts.models import User
from cmo_selector.http import whole_number
from quotes.attached import live_files, missing_documents
from quotes.models import Quote, Rfq
from quotes.services.attachments import LARGEST, MOST_FILES, add_quote_file, remove_quote_file
from quotes.services.rfq import RfqError
from quotes.uploads import ACCEPT, MEGABYTE, WORDS

FILE_RULES = {
    "accept": ACCEPT,
    "file_rules": f"{WORDS}; at most {LARGEST // MEGABYTE} MB each, {MOST_FILES} files. No macros, no links out.",
}


def attach(request: HttpRequest, quote: Quote, *, actor: User | None = None) -> list[str]:
    """Keep the files of the form. Returns why some were refused; the others are kept."""
    refused = []
    for file in request.FILES.getlist("files"):
        try:
            add_quote_file(
                quote=quote,
                name=file.name or "",
                content=file.read(LARGEST + 1),
                document=request.POST.get("document", ""),
                actor=actor,
            )
        except RfqError as error:
            refused.append(str(error))
    return refused


def detach(pressed: str, quote: Quote, *, actor: User | None = None) -> str:
    """Take out the file whose button was pressed; says what happened. Raises RfqError when it is too late."""
    row = quote.attachments.filter(pk=whole_number(pressed), removed_at=None).first()
    if row is None:
        return "The file was removed before."
    remove_quote_file(attachment=row, actor=actor)
    return f"{row.name} is removed."


def own_files(rfq: Rfq, quote: Quote | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the form shows of a quote's files. One query."""
    files = live_files(rfq=rfq, quote=quote) if quote else []
    return {
        "files": files,
        "asked_documents": asked["documents"],
        "missing_documents": missing_documents(asked["documents"], files),
        **FILE_RULES,
    }
