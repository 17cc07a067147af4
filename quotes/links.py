"""Secret links for people without an account: random, signed, kept only as a hash.

The signature lets a tampered link be refused before the database is asked; the hash means that whoever reads the
database cannot open a link. A token is 32 random bytes, so it cannot be guessed or counted up to.
"""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from quotes.models import Invitation, InvitationLink

RANDOM_BYTES = 32
LONGEST_TOKEN = 200


def _signer() -> Signer:
    return Signer(salt="quotes.respond", sep=".")


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def new_link(invitation: Invitation) -> str:
    """A further link of the invitation; the token is returned once and kept nowhere."""
    token = _signer().sign(secrets.token_urlsafe(RANDOM_BYTES))
    InvitationLink.objects.create(invitation=invitation, token_hash=token_hash(token))
    return token


def link_url(token: str) -> str:
    return settings.SITE_URL.rstrip("/") + reverse("respond", args=[token])


def find_link(token: str) -> InvitationLink | None:
    """The link of a token, expired or revoked ones too; None for anything else. One query at most."""
    if len(token) > LONGEST_TOKEN:
        return None
    try:
        _signer().unsign(token)
    except BadSignature:
        return None
    return (
        InvitationLink.objects.filter(token_hash=token_hash(token))
        .select_related(
            "invitation__organisation",
            "invitation__rfq__project__sponsor",
            "invitation__rfq__project__modality",
            "invitation__rfq__project__dosage_form",
            "invitation__invited_by",
        )
        .first()
    )
