"""The e-mail about a saved search, and the signed link that stops it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from partners.models import Organisation
from quotes.models import SavedSearch, SearchDigest
from quotes.services.searches import EXACT_ONLY

SALT = "quotes.search-digest"
MOST_LISTED = 40  # partners of one kind; the rest is counted


def unsubscribe_token(search: SavedSearch) -> str:
    """Names the search and proves that we wrote it; it never expires, like the e-mails that hold it."""
    return signing.Signer(salt=SALT).sign(str(search.pk))


def search_of(token: str) -> int | None:
    """The saved search a token names, whether it still exists or not; None for a token that we did not write."""
    try:
        return int(signing.Signer(salt=SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None


def _site(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"


def message_of(row: SearchDigest) -> EmailMessage:
    """The e-mail, with the headers by which a mail program stops it at one click (RFC 8058)."""
    search = row.search
    stop = _site(reverse("quotes:unsubscribe", args=[unsubscribe_token(search)]))
    query = f"?{search.query}" if search.query else ""
    context = {
        "search": search,
        "url": _site(reverse("partners:list") + query),
        "manage": _site(reverse("quotes:searches")),
        "stop": stop,
        "count": len(row.content["found"]),
        "groups": _groups(row.content),
        "spelling": f"{row.content['spelling']} {EXACT_ONLY}" if row.content.get("spelling") else "",
    }
    host = settings.SITE_URL.split("//", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    return EmailMessage(
        subject=" ".join(f"{search.name}: {_summary(row.content)}".split()),
        body=render_to_string("emails/search_digest.txt", context),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[search.owner.email],
        headers={
            "List-Unsubscribe": f"<{stop}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Message-ID": f"<search-digest-{row.pk}@{host or 'localhost'}>",
            "Auto-Submitted": "auto-generated",
        },
    )


def _summary(content: dict[str, Any]) -> str:
    words = {"new": "new", "changed": "changed", "left": "no longer found"}
    return ", ".join(f"{len(content[kind])} {said}" for kind, said in words.items() if content[kind])


def _groups(content: dict[str, Any]) -> list[dict[str, Any]]:
    """(heading, lines, more) of every kind that has something to say, partners by name."""
    groups = []
    for kind, heading in (
        ("new", "New in this search"),
        ("changed", "Changed"),
        ("left", "No longer found"),
    ):
        ids = [int(pk) for pk in content[kind]]
        partners = Organisation.objects.in_bulk(ids)
        found = sorted((partners[pk] for pk in ids if pk in partners), key=lambda p: p.name.lower())
        lines = [
            {
                "name": partner.name,
                "illustrative": partner.illustrative,
                "url": _site(partner.get_absolute_url()) if partner.active else "",
                "what": ", ".join(content["changed"].get(str(partner.pk), ())) if kind == "changed" else "",
            }
            for partner in found[:MOST_LISTED]
        ]
        if ids:
            groups.append(
                {"heading": heading, "count": len(ids), "lines": lines, "more": len(ids) - len(lines)}
            )
    return groups
