"""Taking changes back. A change taken back is a change itself: it is recorded like any other.

Table and column names in the SQL come from the models, never from a request.
"""

# ruff: noqa: S608  names only, see above

import contextlib
from collections.abc import Iterator
from uuid import UUID

from django.db import IntegrityError, connection, models, transaction
from django.db.models import Max

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from cmo_selector.db import constraint_of
from partners.enums import ChangeKind
from partners.models import Change

from .recording import recording
from .selectors import changes_of_act, watched_models

MOST_CHANGES = 5_000  # of an act that is undone as a whole


class HistoryError(ValueError):
    """A change that cannot be taken back; the message says why and what to do."""


@transaction.atomic
def revert_change(*, actor: User, change: Change, why: str = "") -> None:
    """Put the row back to what it was before the change. Raises HistoryError and changes nothing.

    Refused when one of the changed fields has been changed again since, or when other rows need the row.
    """
    with recording(actor=actor, why=why or f"Reverts change {change.pk}"):
        _in_one_piece([change])
    record(actor=actor, verb="history.reverted", obj=change, data={"change": change.pk, "why": why})


@transaction.atomic
def undo_act(*, actor: User, act: UUID, why: str = "") -> int:
    """Take back everything one act changed, last first, or nothing. Returns how many changes that were.

    Raises HistoryError when one of them cannot be taken back, or when the act is too big: an import is taken
    back by importing the earlier file.
    """
    changes = list(changes_of_act(act)[: MOST_CHANGES + 1])
    if not changes:
        raise HistoryError("Nothing was changed in that act.")
    if len(changes) > MOST_CHANGES:
        raise HistoryError(
            f"More than {MOST_CHANGES:,} rows were changed. Import the earlier file instead of undoing this one."
        )
    with recording(
        actor=actor, why=why or f"Undoes {len(changes)} changes of {changes[0].at:%Y-%m-%d %H:%M}"
    ):
        _in_one_piece(changes)
    record(
        actor=actor, verb="history.undone", obj=changes[0], data={"act": str(act), "changes": len(changes)}
    )
    return len(changes)


@transaction.atomic
def revert_changes(*, actor: User, numbers: list[int], why: str) -> None:
    """Take back these entries of the history, last first, or none of them. Raises HistoryError."""
    changes = list(Change.objects.filter(pk__in=numbers).order_by("-pk"))
    with recording(actor=actor, why=why):
        _in_one_piece(changes)


@contextlib.contextmanager
def collecting(*, actor: User, why: str) -> Iterator[list[int]]:
    """Records what happens within under this reason; afterwards the list holds the numbers of the entries."""
    numbers: list[int] = []
    newest = Change.objects.aggregate(newest=Max("pk"))["newest"] or 0
    with recording(actor=actor, why=why) as act:
        yield numbers
    own = Change.objects.filter(act=act, pk__gt=newest).order_by("pk")
    numbers.extend(own.values_list("pk", flat=True))


def _in_one_piece(changes: list[Change]) -> None:
    """All of them or none; the constraints must hold at the end, as they must at a commit."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for change in changes:
                _revert(cursor, change)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError as error:
        found = constraint_of(error)
        if found:
            raise HistoryError(str(found[1].get_violation_error_message())) from error
        raise HistoryError(
            "Other rows of the catalogue need this row as it is now; revert or change those first."
        ) from error


def _revert(cursor, change: Change) -> None:
    model = watched_models().get(change.table)
    if model is None or change.object_id is None:
        raise HistoryError("This entry stands for rows whose values were not recorded.")
    table = connection.ops.quote_name(model._meta.db_table)
    if change.kind == ChangeKind.DELETED:
        _put_back(cursor, model, table, change)
        return
    cursor.execute(
        f"SELECT ARRAY(SELECT key FROM jsonb_each(c.after) WHERE key <> 'updated_at' "
        f"AND to_jsonb(t) ? key AND value IS DISTINCT FROM to_jsonb(t)->key) "
        f"FROM partners_change c JOIN {table} t ON t.id = c.object_id WHERE c.id = %s FOR UPDATE OF t",
        [change.pk],
    )
    found = cursor.fetchone()
    if found is None:
        raise HistoryError("The row has been deleted since; revert its deletion first.")
    if found[0]:
        names = ", ".join(sorted(_label(model, column) for column in found[0]))
        raise HistoryError(f"Changed again since: {names}. Revert the later change first.")
    if change.kind == ChangeKind.CREATED:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [change.object_id])
        return
    columns = [f.column for f in model._meta.concrete_fields if f.column in change.before]
    if not columns:
        raise HistoryError("The changed fields do not exist any more.")
    quoted = [connection.ops.quote_name(c) for c in columns]
    values = ", ".join(f"p.{c}" for c in quoted)
    touched = any(f.column == "updated_at" for f in model._meta.concrete_fields)
    cursor.execute(
        f"UPDATE {table} t SET ({', '.join(quoted)}) = "
        f"(SELECT {values} FROM jsonb_populate_record(NULL::{table}, c.before) p)"
        f"{', updated_at = now()' if touched else ''} "
        "FROM partners_change c WHERE c.id = %s AND t.id = c.object_id",
        [change.pk],
    )


def _put_back(cursor, model: type[models.Model], table: str, change: Change) -> None:
    cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s", [change.object_id])
    if cursor.fetchone():
        raise HistoryError("The row is there again already.")
    cursor.execute(
        f"INSERT INTO {table} SELECT p.* FROM partners_change c, "
        f"jsonb_populate_record(NULL::{table}, c.before) p WHERE c.id = %s",
        [change.pk],
    )


def _label(model: type[models.Model], column: str) -> str:
    return next(
        (str(f.verbose_name) for f in model._meta.concrete_fields if f.column == column),
        column,
    )
