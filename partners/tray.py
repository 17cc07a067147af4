"""The compare tray: up to six partners that somebody keeps in the session while browsing."""

from collections.abc import Iterable

from django.contrib.sessions.backends.base import SessionBase
from django.core.validators import slug_re

from partners.models import Organisation

SESSION_KEY = "compare"
FEWEST, MOST = 2, 6
LONGEST_SLUG = 120


class TrayError(Exception):
    """Why the tray cannot be changed as asked, in words for the person who asked."""


def is_slug(text: str) -> bool:
    """Whether a text can be the short name of a partner at all."""
    return len(text) <= LONGEST_SLUG and bool(slug_re.match(text))


def slugs_in(session: SessionBase) -> list[str]:
    """Short names in the tray, in the order of adding."""
    kept = session.get(SESSION_KEY, [])
    return [slug for slug in kept if isinstance(slug, str)] if isinstance(kept, list) else []


def in_order(slugs: Iterable[str]) -> list[Organisation]:
    """Partners by short name, in that order; those that no longer exist are left out. No query for none."""
    wanted = list(dict.fromkeys(slugs))
    if not wanted:
        return []
    found = {partner.slug: partner for partner in Organisation.objects.filter(slug__in=wanted)}
    return [found[slug] for slug in wanted if slug in found]


def add(session: SessionBase, slug: str) -> list[Organisation]:
    """Put a partner into the tray and return all in it; one that is in it already stays where it is.

    Raises TrayError for a partner that does not exist and for a seventh one.
    """
    kept = slugs_in(session)
    partners = in_order([*kept, slug] if is_slug(slug) else kept)
    if slug not in {partner.slug for partner in partners}:
        raise TrayError("There is no such partner in the catalogue.")
    if len(partners) > MOST:
        raise TrayError(
            f"{MOST} partners can be compared at once. Remove one before adding {partners[-1].name}."
        )
    session[SESSION_KEY] = [partner.slug for partner in partners]
    return partners


def remove(session: SessionBase, slug: str) -> list[Organisation]:
    """Take a partner out of the tray, if it is in it, and return those left."""
    partners = in_order(kept for kept in slugs_in(session) if kept != slug)
    session[SESSION_KEY] = [partner.slug for partner in partners]
    return partners


def clear(session: SessionBase) -> list[Organisation]:
    """Empty the tray."""
    session.pop(SESSION_KEY, None)
    return []
