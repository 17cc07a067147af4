"""Writes to saved searches: keep, rename, delete, and switch the e-mail about changes on and off."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from cmo_selector.accounts.models import Sponsor, User
from cmo_selector.audit.services import record
from partners.browse import Result, browse
from partners.models import Change
from quotes.enums import DigestRhythm
from quotes.models import SavedSearch

HOUR = 6  # UTC; digests go out before the working day in Europe
MOST_FOLLOWED = 5_000  # partners of a search that is followed by e-mail
MOST_PER_PERSON = 100
#: A change gets its number when it is written and shows when its transaction ends; older ones have all ended.
SETTLED = dt.timedelta(minutes=15)
EXACT_ONLY = "E-mails follow partners that hold the text itself, not similar names."


class SearchRefused(ValueError):
    """The search cannot be kept like that; `field` is the form's field the message belongs to."""

    def __init__(self, message: str, field: str):
        super().__init__(message)
        self.field = field


def run(search: SavedSearch, *, prices: bool) -> Result:
    """What the search finds now, for somebody who may or may not see prices."""
    return browse(QueryDict(search.query), search.sponsor, prices=prices)


def spelling_of(query: str, sponsor: Sponsor, *, prices: bool) -> str:
    """Says that the search's text finds only similar names, and that e-mails do not follow them; else empty."""
    spelling = browse(QueryDict(query), sponsor, prices=prices).spelling
    return f"{spelling} {EXACT_ONLY}" if spelling else ""


def next_digest(rhythm: str, now: dt.datetime) -> dt.datetime:
    """The next moment at which a digest of that rhythm is due, after `now`."""
    due = now.astimezone(dt.UTC).replace(hour=HOUR, minute=0, second=0, microsecond=0)
    if due <= now:
        due += dt.timedelta(days=1)
    if rhythm == DigestRhythm.WEEKLY:
        due += dt.timedelta(days=-due.weekday() % 7)
    return due


def newest_settled_change(now: dt.datetime) -> int:
    """The number up to which all changes of the catalogue can be seen."""
    settled = Change.objects.filter(at__lte=now - SETTLED).order_by("-pk")
    return settled.values_list("pk", flat=True).first() or 0


@transaction.atomic
def save_search(
    *, actor: User, sponsor: Sponsor, name: str, query: str, digest: str, prices: bool
) -> SavedSearch:
    """Keep a search under a name. The query is written as the browse page writes it. Raises SearchRefused, and
    IntegrityError for a name that is in use."""
    found = browse(QueryDict(query), sponsor, prices=prices)
    if SavedSearch.objects.for_sponsor(sponsor).filter(owner=actor).count() >= MOST_PER_PERSON:
        raise SearchRefused(f"You have {MOST_PER_PERSON} saved searches; delete one first.", "name")
    search = SavedSearch(sponsor=sponsor, owner=actor, name=name, query=found.filter.query())
    _follow(search, digest, found)
    search.save()
    record(actor=actor, verb="saved_search.created", obj=search, sponsor=sponsor, data={"digest": digest})
    return search


@transaction.atomic
def change_search(*, actor: User, search: SavedSearch, name: str, digest: str, prices: bool) -> None:
    """Rename a search and set the rhythm of its digest. Raises SearchRefused, and IntegrityError for a name in use."""
    search = _lock(search)
    before = {"name": search.name, "digest": search.digest}
    search.name = name
    if digest != search.digest:
        _follow(search, digest, run(search, prices=prices) if digest != DigestRhythm.NONE else None)
    changed = {key: [old, getattr(search, key)] for key, old in before.items() if old != getattr(search, key)}
    if changed:
        search.save()
        record(actor=actor, verb="saved_search.changed", obj=search, sponsor=search.sponsor, data=changed)


@transaction.atomic
def delete_search(*, actor: User, search: SavedSearch) -> None:
    """Forget a search and its digests."""
    record(actor=actor, verb="saved_search.deleted", obj=search, sponsor=search.sponsor)
    search.delete()


@transaction.atomic
def stop_digest(*, search: SavedSearch) -> bool:
    """Switch the e-mail off, by whoever holds the link in it. False when it was off already."""
    search = _lock(search)
    if search.digest == DigestRhythm.NONE:
        return False
    _follow(search, DigestRhythm.NONE, None)
    search.save()
    record(actor=None, verb="saved_search.unsubscribed", obj=search, sponsor=search.sponsor)
    return True


def _lock(search: SavedSearch) -> SavedSearch:
    return (
        SavedSearch.objects.select_for_update(of=("self",), no_key=True)
        .select_related("sponsor")
        .get(pk=search.pk)
    )


def _follow(search: SavedSearch, digest: str, found: Result | None) -> None:
    """Set rhythm, next moment and what is known from now on."""
    search.digest = digest
    if found is None or digest == DigestRhythm.NONE:
        search.next_digest_at = search.known_partners = search.known_change = None
        return
    if len(found.exact_ids) > MOST_FOLLOWED:
        raise SearchRefused(
            f"An e-mail can follow at most {MOST_FOLLOWED:,} partners; this search finds {found.count:,}. "
            "Add a filter, or save it without e-mail.",
            "digest",
        )
    now = timezone.now()
    search.next_digest_at = next_digest(digest, now)
    if search.known_partners is None:
        search.known_partners = sorted(found.exact_ids)
        search.known_change = Change.objects.values_list("pk", flat=True).order_by("-pk").first() or 0
