"""E-mails about saved searches: owed as rows, written and sent by workers.

A due search gets one row per moment (a unique key), and its next moment in the same transaction. A worker claims a
row by compare-and-swap with a lease, finds out what is new, marks the row `sending`, hands the e-mail over and closes
the row together with what the search knows from then on. So a message delivered twice or two beats at once send
nothing twice. A worker that dies before `sending` costs nothing: the row is taken back. One that dies while sending
leaves a row of which nobody knows whether it went out: it is not sent again, and since the search still knows only
what the last sure e-mail said, the next digest says it all again. Nothing is lost, no digest goes out twice.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cmo_selector.accounts.models import Membership
from cmo_selector.accounts.roles import Action, may
from cmo_selector.audit.services import record
from cmo_selector.broker import tell
from partners.history.selectors import PRICE_TABLES, watched_models
from partners.models import Change
from quotes.enums import DigestRhythm, DigestState
from quotes.models import SavedSearch, SearchDigest
from quotes.services.searches import newest_settled_change, next_digest, run

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=5)
DISPATCH_AGAIN_AFTER = dt.timedelta(minutes=2)  # between two messages for the same waiting row
PAUSE = dt.timedelta(minutes=10)  # after a mail server refused, longer with every attempt
MOST_ATTEMPTS = 6
GAVE_UP = f"The e-mail could not be sent in {MOST_ATTEMPTS} attempts; its changes come with the next one."
OPEN = (DigestState.QUEUED, DigestState.RUNNING, DigestState.SENDING)


# -- owing ---------------------------------------------------------------------------------------------


def owe_digests(now: dt.datetime | None = None) -> list[int]:
    """A row for every search whose moment has come, each once; returns the new rows' ids."""
    now, owed = now or timezone.now(), []
    due = SavedSearch.objects.filter(next_digest_at__lte=now).exclude(digest=DigestRhythm.NONE)
    for search_id in due.order_by("next_digest_at", "pk").values_list("pk", flat=True):
        with transaction.atomic():
            search = due.filter(pk=search_id).select_for_update(skip_locked=True, no_key=True).first()
            if search is None:  # somebody else's turn, or changed meanwhile
                continue
            row, new = SearchDigest.objects.get_or_create(search=search, due_at=search.next_digest_at)
            search.next_digest_at = next_digest(search.digest, now)
            search.save(update_fields=["next_digest_at"])
            if new:
                owed.append(row.pk)
                transaction.on_commit(lambda pk=row.pk: dispatch(pk))
    return owed


def dispatch(digest_id: int) -> bool:
    """Tell the workers about a row. False when the broker is out of reach: beat tells them later."""
    from quotes.tasks import send_search_digest

    return tell(send_search_digest, digest_id)


# -- the worker's side ---------------------------------------------------------------------------------


def claim(digest_id: int, now: dt.datetime | None = None) -> SearchDigest | None:
    """Take a queued row for this worker; None when somebody else has it or it is closed."""
    now = now or timezone.now()
    won = SearchDigest.objects.filter(pk=digest_id, state=DigestState.QUEUED).update(
        state=DigestState.RUNNING, attempts=F("attempts") + 1, lease_until=now + LEASE, error=""
    )
    if not won:
        return None
    return SearchDigest.objects.select_related("search__sponsor", "search__owner").get(pk=digest_id)


def _held(row: SearchDigest, state: str):
    return SearchDigest.objects.filter(pk=row.pk, state=state, attempts=row.attempts)


def _now(row: SearchDigest) -> str:
    return SearchDigest.objects.values_list("state", flat=True).get(pk=row.pk)


def role_of(search: SavedSearch) -> str | None:
    """The owner's role at the sponsor now; None when the person has left or may not sign in."""
    found = Membership.objects.filter(user=search.owner_id, sponsor=search.sponsor_id, user__is_active=True)
    return found.values_list("role", flat=True).first()


def work(row: SearchDigest) -> str:
    """Write and send a claimed digest; returns the state in which the row was left."""
    search, role = row.search, role_of(row.search)
    if search.digest == DigestRhythm.NONE or not may(role, Action.VIEW):
        return _close(row, DigestState.RUNNING, DigestState.STOPPED)
    row.content = news(search, prices=may(role, Action.SEE_PRICES))
    if not any(row.content[kind] for kind in ("new", "changed", "left")):
        return _close(row, DigestState.RUNNING, DigestState.EMPTY)
    if not _held(row, DigestState.RUNNING).update(
        state=DigestState.SENDING, content=row.content, lease_until=timezone.now() + LEASE
    ):
        return _now(row)  # the lease was lost: somebody else has the row
    from quotes.digest_mail import message_of

    try:
        message_of(row).send()
    except (OSError, smtplib.SMTPException) as error:
        return _refused(row, f"{type(error).__name__}: {error}"[:300])
    return _close(row, DigestState.SENDING, DigestState.SENT)


def news(search: SavedSearch, *, prices: bool) -> dict[str, Any]:
    """What the search finds now and did not before, and facts that changed since (kinds of facts by partner).

    Partners that only bear a name like the text are not found; `spelling` says that the page shows them.
    """
    now = timezone.now()
    until = newest_settled_change(now)
    result = run(search, prices=prices)
    found = result.exact_ids
    known, current = set(search.known_partners or ()), set(found)
    return {
        "new": [pk for pk in found if pk not in known],
        "changed": _changed(current & known, search.known_change or 0, until, prices=prices),
        "left": sorted(known - current),
        "found": sorted(current),
        "until": max(until, search.known_change or 0),
        "spelling": result.spelling,
    }


def _changed(partners: set[int], since: int, until: int, *, prices: bool) -> dict[str, list[str]]:
    """Partner id → what changed about it, in words: "certificate", "inspection" …"""
    changes = Change.objects.filter(pk__gt=since, pk__lte=until, organisation_id__in=partners)
    if not prices:
        changes = changes.exclude(table__in=PRICE_TABLES)
    kinds, models = defaultdict(set), watched_models()
    for partner, table in changes.order_by().values_list("organisation_id", "table").distinct():
        if table in models:
            kinds[str(partner)].add(str(models[table]._meta.verbose_name))
    return {partner: sorted(words) for partner, words in sorted(kinds.items(), key=lambda p: int(p[0]))}


@transaction.atomic
def _close(row: SearchDigest, held: str, state: str) -> str:
    """End the row, and let the search know what was said. Does nothing when the row is no longer ours."""
    now = timezone.now()
    if not _held(row, held).update(state=state, content=row.content, lease_until=None, finished_at=now):
        return _now(row)
    if state in (DigestState.SENT, DigestState.EMPTY):
        # a digest that was switched off meanwhile keeps knowing nothing
        SavedSearch.objects.filter(pk=row.search_id).exclude(digest=DigestRhythm.NONE).update(
            known_partners=row.content["found"], known_change=row.content["until"]
        )
    if state == DigestState.SENT:
        counts = {kind: len(row.content[kind]) for kind in ("new", "changed", "left")}
        record(
            actor=None, verb="search_digest.sent", obj=row, sponsor=row.search.sponsor,
            data={"to": row.search.owner.email, **counts},
        )  # fmt: skip
    return state


def _refused(row: SearchDigest, reason: str) -> str:
    """The mail server did not take it: try again after a pause, or give up."""
    if row.attempts >= MOST_ATTEMPTS:
        _held(row, DigestState.SENDING).update(
            state=DigestState.FAILED, error=GAVE_UP, lease_until=None, finished_at=timezone.now()
        )
        return DigestState.FAILED
    _held(row, DigestState.SENDING).update(
        state=DigestState.QUEUED, error=reason, lease_until=timezone.now() + PAUSE * row.attempts
    )
    logger.warning("digest %s could not be sent (%s)", row.pk, reason)
    return DigestState.QUEUED


# -- beat's side -----------------------------------------------------------------------------------------


@dataclass
class Round:
    """What one round did, by digest id."""

    owed: list[int] = field(default_factory=list)
    dispatched: list[int] = field(default_factory=list)
    taken_back: list[int] = field(default_factory=list)
    unconfirmed: list[int] = field(default_factory=list)


def sweep(now: dt.datetime | None = None) -> Round:
    """Owe what is due, take rows back from dead workers, dispatch what lost its message."""
    now = now or timezone.now()
    done = Round(owed=owe_digests(now))
    for row in SearchDigest.objects.filter(state__in=OPEN[1:], lease_until__lt=now).defer("content"):
        held = _held(row, row.state).filter(lease_until__lt=now)
        if row.state == DigestState.SENDING:
            if held.update(
                state=DigestState.UNCONFIRMED, lease_until=None, finished_at=now,
                error="The worker stopped while sending; the changes come again with the next e-mail.",
            ):  # fmt: skip
                done.unconfirmed.append(row.pk)
        elif row.attempts >= MOST_ATTEMPTS:
            held.update(state=DigestState.FAILED, error=GAVE_UP, lease_until=None, finished_at=now)
        elif held.update(state=DigestState.QUEUED, lease_until=None):
            done.taken_back.append(row.pk)
    quiet = Q(lease_until=None, created_at__lt=now - DISPATCH_AGAIN_AFTER) | Q(lease_until__lt=now)
    waiting = SearchDigest.objects.filter(quiet, state=DigestState.QUEUED).order_by("due_at", "pk")
    for digest_id in list(waiting.values_list("pk", flat=True)):
        # a waiting row's lease is the time before which no second message is sent for it
        told = SearchDigest.objects.filter(quiet, pk=digest_id, state=DigestState.QUEUED)
        if not told.update(lease_until=now + DISPATCH_AGAIN_AFTER):
            continue
        if not dispatch(digest_id):
            break
        done.dispatched.append(digest_id)
    return done
