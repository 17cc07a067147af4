"""E-mails that rows owe to people (`Noticed`), sent in rounds.

A row is claimed for as long as a mail server may take; one that is refused waits longer every time. A server that is
away ends the round. A worker that dies while it sends leaves the row to the next one: the e-mail may then come twice
(with one Message-ID, so that mail programs show it once), but it comes.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

from django.core.mail import EmailMessage
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cmo_selector.mail import ServerAway, server_is_away

logger = logging.getLogger(__name__)

LEASE = dt.timedelta(minutes=5)  # above EMAIL_TIMEOUT
PAUSE = dt.timedelta(minutes=1)  # after the first refusal, twice as long after each further one
LONGEST_PAUSE = dt.timedelta(hours=1)

Write = Callable[[Any], EmailMessage | None]


def due(rows: QuerySet) -> QuerySet:
    """Those that are owed and may be tried now."""
    return rows.filter(Q(notice_after=None) | Q(notice_after__lte=timezone.now()), noticed_at=None)


def send_round(rows: QuerySet, write: Write) -> int:
    """Send what `rows` owe, in their order; returns how many were sent. A server that is away is asked once.

    `write` makes the e-mail, or says with None that it is of no use any more.
    """
    sent = 0
    for pk in list(due(rows).values_list("pk", flat=True)):
        try:
            sent += send(rows, pk, write)
        except ServerAway:
            break
    return sent


def send(rows: QuerySet, pk: int, write: Write) -> bool:
    """Send the e-mail of one row. False when it is not owed, of no use, or refused. Raises ServerAway."""
    row = due(rows).filter(pk=pk).first()
    if row is None:
        return False
    claimed = due(rows).filter(pk=pk, notice_attempts=row.notice_attempts)
    if not claimed.update(notice_attempts=F("notice_attempts") + 1, notice_after=timezone.now() + LEASE):
        return False
    attempts = row.notice_attempts + 1
    held = rows.filter(pk=pk, noticed_at=None, notice_attempts=attempts)
    try:
        message = write(row)
        if message is not None:
            message.send()
    except Exception as error:  # a fault of this program in one row: the others are told all the same
        pause = min(PAUSE * 2 ** min(attempts - 1, 10), LONGEST_PAUSE)
        held.update(notice_after=timezone.now() + pause)
        logger.warning(
            "%s %s: its e-mail was not sent", row._meta.label, pk, exc_info=not isinstance(error, OSError)
        )
        if server_is_away(error):
            raise ServerAway from error
        return False
    held.update(noticed_at=timezone.now(), notice_after=None)
    return message is not None
