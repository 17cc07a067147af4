"""The temporary table a register file is compared through, and the SQL of the comparison.

Table and column names come from the models, never from a file; values are parameters or come by COPY.
"""

# ruff: noqa: S608  names only, see above

import datetime
import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, models

from partners.models import RejectedRow

TABLE = "register_staging"
REJECTED_SHOWN = 10_000  # rows a report holds in memory; all of them are kept in the database


class Staging:
    """Rows of one file beside the rows of `model`, within one transaction.

    A staged row has `line`, then either `reason` and `raw` (rejected) or the model's `fields`; a rejected
    row keeps its key where it could be read. `change` and `target_id` are set by `diff`.
    """

    def __init__(
        self, model: type[models.Model], *, fields: tuple[str, ...], key: str, name_field: str
    ) -> None:
        self.fields = fields
        self.key = key
        self.name_field = name_field
        self.columns = [model._meta.get_field(name).column for name in fields]
        self.types = [model._meta.get_field(name).db_type(connection) for name in fields]
        self.target = _quote(model._meta.db_table)
        self.name_column = _quote(model._meta.get_field(name_field).column)
        self.key_column = _quote(model._meta.get_field(key).column)
        self.compared = [_quote(c) for c, name in zip(self.columns, fields, strict=True) if name != key]

    # -- filling ----------------------------------------------------------------------------------

    def create(self) -> None:
        columns = ", ".join(f"{_quote(c)} {t}" for c, t in zip(self.columns, self.types, strict=True))
        self._run(
            f"CREATE TEMPORARY TABLE {TABLE} (line integer NOT NULL, reason text, raw jsonb, {columns}, "
            "change text, target_id bigint) ON COMMIT DROP"
        )

    def copy(self, rows: Iterable[tuple[Any, ...]]) -> None:
        columns = ", ".join(["line", "reason", "raw", *map(_quote, self.columns)])
        stream = _CopyStream(rows)
        with connection.cursor() as cursor:
            try:
                cursor.copy_expert(f"COPY {TABLE} ({columns}) FROM STDIN", stream)
            except Exception:
                if stream.error is not None:  # the driver only passes on its text
                    raise stream.error from None
                raise
        self._run(f"CREATE INDEX ON {TABLE} ({self.key_column})")
        self._run(f"ANALYZE {TABLE}")

    def drop(self) -> None:
        self._run(f"DROP TABLE {TABLE}")

    # -- comparing --------------------------------------------------------------------------------

    def diff(self) -> None:
        staged = ", ".join(f"s.{c}" for c in self.compared)
        stored = ", ".join(f"t.{c}" for c in self.compared)
        self._run(
            f"""
            UPDATE {TABLE} s SET target_id = t.id, change =
                CASE WHEN t.left_on IS NOT NULL OR ({staged}) IS DISTINCT FROM ({stored})
                THEN 'updated' ELSE 'unchanged' END
            FROM {self.target} t WHERE s.reason IS NULL AND t.{self.key_column} = s.{self.key_column}
            """
        )
        self._run(
            f"UPDATE {TABLE} SET change = CASE WHEN reason IS NULL THEN 'created' ELSE 'rejected' END "
            "WHERE change IS NULL"
        )

    def counts(self) -> dict[str, int]:
        found = dict(self._all(f"SELECT change, count(*) FROM {TABLE} GROUP BY change"))
        return {name: found.get(name, 0) for name in ("created", "updated", "unchanged", "rejected")}

    @property
    def _closed_where(self) -> str:
        return (
            f"t.left_on IS NULL AND NOT EXISTS (SELECT 1 FROM {TABLE} s "
            f"WHERE s.{self.key_column} = t.{self.key_column})"
        )

    def closed(self) -> int:
        return self._all(f"SELECT count(*) FROM {self.target} t WHERE {self._closed_where}")[0][0]

    def reopened(self) -> int:
        return self._all(
            f"SELECT count(*) FROM {TABLE} s JOIN {self.target} t ON t.id = s.target_id "
            "WHERE s.change = 'updated' AND t.left_on IS NOT NULL"
        )[0][0]

    def sample(self, limit: int) -> list[dict[str, Any]]:
        """Up to `limit` rows of each change; an updated row has `fields`: name → [old, new]."""
        return [*self._sample_updated(limit), *self._sample_created(limit), *self._sample_closed(limit)]

    def _sample_created(self, limit: int) -> Iterator[dict[str, Any]]:
        for line, key, text in self._all(
            f"SELECT line, {self.key_column}, {self.name_column} FROM {TABLE} "
            "WHERE change = 'created' ORDER BY line LIMIT %s",
            [limit],
        ):
            yield {"change": "created", "line": line, "key": key, "name": text, "fields": {}}

    def _sample_updated(self, limit: int) -> Iterator[dict[str, Any]]:
        pairs = ", ".join(f"t.{_quote(c)}, s.{_quote(c)}" for c in self.columns)
        for line, left_on, *values in self._all(
            f"SELECT s.line, t.left_on, {pairs} FROM {TABLE} s JOIN {self.target} t ON t.id = s.target_id "
            "WHERE s.change = 'updated' ORDER BY s.line LIMIT %s",
            [limit],
        ):
            old = dict(zip(self.fields, values[::2], strict=True))
            new = dict(zip(self.fields, values[1::2], strict=True))
            changed = {
                name: [_plain(old[name]), _plain(new[name])] for name in self.fields if old[name] != new[name]
            }
            if left_on is not None:
                changed["left_on"] = [left_on.isoformat(), None]
            yield {
                "change": "updated",
                "line": line,
                "key": new[self.key],
                "name": new[self.name_field],
                "fields": changed,
            }

    def _sample_closed(self, limit: int) -> Iterator[dict[str, Any]]:
        for key, text in self._all(
            f"SELECT t.{self.key_column}, t.{self.name_column} FROM {self.target} t "
            f"WHERE {self._closed_where} ORDER BY t.{self.key_column} LIMIT %s",
            [limit],
        ):
            yield {"change": "closed", "line": None, "key": key, "name": text, "fields": {}}

    def rejected_rows(self) -> list[dict[str, Any]]:
        return [
            {"line": line, "reason": reason, "raw": json.loads(raw)}
            for line, reason, raw in self._all(
                f"SELECT line, reason, raw::text FROM {TABLE} "
                "WHERE reason IS NOT NULL ORDER BY line LIMIT %s",
                [REJECTED_SHOWN],
            )
        ]

    # -- applying ---------------------------------------------------------------------------------

    def apply(self, *, source_id: int, file_date: datetime.date) -> None:
        """Make the model's table equal to the valid staged rows; close what the file no longer holds."""
        columns = ", ".join(map(_quote, self.columns))
        self._run(
            f"INSERT INTO {self.target} ({columns}, source_id, first_seen_on, last_seen_on, left_on) "
            f"SELECT {columns}, %s, %s, %s, NULL FROM {TABLE} WHERE change = 'created' ORDER BY line",
            [source_id, file_date, file_date],
        )
        assignments = ", ".join(f"{c} = s.{c}" for c in self.compared)
        self._run(
            f"UPDATE {self.target} t SET {assignments}, source_id = %s, last_seen_on = %s, left_on = NULL "
            f"FROM {TABLE} s WHERE s.change = 'updated' AND t.id = s.target_id",
            [source_id, file_date],
        )
        self._run(
            f"UPDATE {self.target} t SET source_id = %s, last_seen_on = %s FROM {TABLE} s "
            "WHERE s.change = 'unchanged' AND t.id = s.target_id AND t.last_seen_on < %s",
            [source_id, file_date, file_date],
        )
        self._run(f"UPDATE {self.target} t SET left_on = %s WHERE {self._closed_where}", [file_date])

    def keep_rejected_rows(self, *, run_id: int) -> None:
        table = _quote(RejectedRow._meta.db_table)
        self._run(
            f"INSERT INTO {table} (run_id, line, reason, raw) SELECT %s, line, reason, raw FROM {TABLE} "
            "WHERE reason IS NOT NULL ORDER BY line",
            [run_id],
        )

    # -- plumbing ---------------------------------------------------------------------------------

    @staticmethod
    def _run(sql: str, parameters: list[Any] | None = None) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    @staticmethod
    def _all(sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()


class _CopyStream:
    """Rows as the text PostgreSQL's COPY reads, made only as fast as it reads them."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._rows = iter(rows)
        self._buffer = bytearray()
        self.error: Exception | None = None

    def read(self, size: int = 8192) -> bytes:
        while len(self._buffer) < size:
            try:
                row = next(self._rows, None)
            except Exception as error:
                self.error = error
                raise
            if row is None:
                break
            self._buffer += "\t".join(map(_copy_text, row)).encode() + b"\n"
        chunk = bytes(self._buffer[:size])
        del self._buffer[:size]
        return chunk


_COPY_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _copy_text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list):
        items = (item.replace("\\", "\\\\").replace('"', '\\"') for item in value)
        value = "{" + ",".join(f'"{item}"' for item in items) + "}"
    return str(value).translate(_COPY_ESCAPES)


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else value
