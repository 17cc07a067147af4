"""Telling the triggers who changes the catalogue, how and why.

django-pghistory carries the context: it puts it in front of every writing statement as settings of the
transaction, and the trigger (migration `history`) reads them there. A COPY takes the context of the statement
before it in its transaction.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pghistory
from django.db import connection
from django.http import HttpRequest, HttpResponse
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS

from partners.enums import ChangeHow

WHY_LENGTH = 300
READS = ("GET", "HEAD", "OPTIONS", "TRACE")
PREFIXES = (("/admin/", ChangeHow.DESK), ("/api/", ChangeHow.API))


@contextlib.contextmanager
def recording(*, how: ChangeHow | None = None, why: str = "", actor: Any = None) -> Iterator[UUID]:
    """Changes within carry this way, reason and person; what is not given stays as it was outside.

    Everything in the outermost `recording` (a request, a command) is one act; its id is what this yields.
    """
    told = {
        **({"how": str(how)} if how else {}),
        **({"why": why[:WHY_LENGTH]} if why else {}),
        **({"actor": actor.pk, "name": str(actor)[:200]} if actor else {}),
    }
    context = pghistory.context()
    with context as current:
        outside = dict(current.metadata)
        current.metadata.update(told)
        try:
            yield current.id
        finally:
            current.metadata.clear()
            current.metadata.update(outside)
            if not outside:
                _forget()


def _forget() -> None:
    """The settings last until the transaction ends; what comes later in it was not done by this act."""
    if _takes_statements():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('pghistory.context_id', '', true), "
                "set_config('pghistory.context_metadata', '', true)"
            )


def _takes_statements() -> bool:
    """Whether a transaction is under way and whole; a failed one takes no more, and will be rolled back."""
    status = connection.connection.get_transaction_status() if connection.connection else None
    return status == TRANSACTION_STATUS_INTRANS and not connection.needs_rollback


class HistoryMiddleware:
    """Requests that may write carry their person, and whether they came from a page, the desk or the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in READS:
            return self.get_response(request)
        how = next((way for prefix, way in PREFIXES if request.path.startswith(prefix)), ChangeHow.PAGE)
        told: dict[str, Any] = {"how": str(how)}
        if request.user.is_authenticated:
            told |= {"actor": request.user.pk, "name": str(request.user)[:200]}
        with pghistory.context(**told):
            return self.get_response(request)


@contextlib.contextmanager
def without_history() -> Iterator[None]:
    """Insert synthetic rows without a history entry for each; needs a transaction.

    Only insertions go without, and each statement still leaves one entry with the number of its rows; updates
    and deletions are recorded as ever. For benchmarks, never for facts. Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("without_history needs a transaction: the setting ends with it")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL partners.history_paused = 'on'")
    try:
        yield
    finally:
        if _takes_statements():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL partners.history_paused = 'off'")
