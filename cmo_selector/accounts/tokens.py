"""Tokens with which a program reads the API as a person: shown once, kept as a hash, named, taken back at any time."""

from __future__ import annotations

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone

from cmo_selector.audit.services import record

from .models import ApiToken, Membership, Sponsor, User

PREFIX = "cmo_"
MOST = 20  # tokens of one person that are in force


class TokenRefused(ValueError):
    """No token can be made; the message says why."""


def token_hash(token: str) -> str:
    """How a token is kept. It is random and long, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


@transaction.atomic
def create_token(*, actor: User, sponsor: Sponsor | None, name: str) -> tuple[ApiToken, str]:
    """A new token of the person at the sponsor they work for, and its text, which is not kept.

    Raises TokenRefused, and IntegrityError for a name that another token in force has.
    """
    User.objects.select_for_update(no_key=True).only("pk").get(pk=actor.pk)
    if ApiToken.objects.filter(user=actor, revoked_at=None).count() >= MOST:
        raise TokenRefused(f"You have {MOST} tokens; take one back first.")
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=actor, sponsor=sponsor, name=name, hint=text[: len(PREFIX) + 4], token_hash=token_hash(text)
    )
    record(actor=actor, verb="api_token.created", obj=token, sponsor=sponsor)
    return token, text


@transaction.atomic
def revoke_token(*, actor: User, token: ApiToken) -> bool:
    """Take a token back. False when it was taken back already."""
    done = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    if done:
        record(actor=actor, verb="api_token.revoked", obj=token, sponsor=token.sponsor)
    return bool(done)


def find_token(text: str) -> tuple[User, Membership | None] | None:
    """Whose token it is, and their membership at its sponsor; None for one that is not, or no longer, in force.

    A token dies with the membership it was made for, and with the account.
    """
    token = (
        ApiToken.objects.filter(token_hash=token_hash(text), revoked_at=None, user__is_active=True)
        .select_related("user")
        .first()
    )
    if token is None:
        return None
    if token.sponsor_id is None:
        return token.user, None
    membership = Membership.objects.filter(user=token.user_id, sponsor=token.sponsor_id)
    found = membership.select_related("sponsor").first()
    return (token.user, found) if found else None
