"""The temporary table a register file is compared through, and the SQL of the comparison.

Table and column names come from the models, never from a file; values are parameters or come by COPY.
"""

# ruff: noqa: S608  names only, see above

import datetime
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection

from partners.models import RejectedRow

from .spec import RegisterSpec

TABLE = "register_staging"
REJECTED_SHOWN = 10_000  # rows a report holds in memory; all of them are kept in the database


class Staging:
    """Rows of one file beside the rows of `model`, within one transaction.

    A staged row has `line`, then either `reason` and `raw` (rejected) or the model's `fields`; a rejected
    row keeps its key where it could be read. `change` and `target_id` are set by `diff`.
    """

    def __init__(self, spec: RegisterSpec) -> None:
        meta = spec.model._meta
        self.fields = spec.fields
        self.key = spec.key
        self.name_field = spec.name_field
        self.columns = [meta.get_field(name).column for name in spec.fields]
        self.types = [meta.get_field(name).db_type(connection) for name in spec.fields]
        self.target = _quote(meta.db_table)
        self.name_column = _quote(meta.get_field(spec.name_field).column)
        self.key_column = _quote(meta.get_field(spec.key).column)
        self.written = [_quote(c) for c in self.columns]
        self.rematch = [[_quote(meta.get_field(name).column) for name in group] for group in spec.rematch]
        self.constants = {
            _quote(meta.get_field(name).column): value for name, value in spec.constants.items()
        }
        #: Only the rows of this list take part, of a table that holds several.
        self.own = " AND ".join(["TRUE", *(f"t.{column} = %s" for column in self.constants)])
        self.own_values = list(self.constants.values())

    # -- filling ----------------------------------------------------------------------------------

    def create(self) -> None:
        columns = ", ".join(f"{_quote(c)} {t}" for c, t in zip(self.columns, self.types, strict=True))
        self._run(
            f"CREATE TEMPORARY TABLE {TABLE} (line integer NOT NULL, reason text, raw jsonb, {columns}, "
            "change text NOT NULL DEFAULT 'created', target_id bigint) ON COMMIT DROP"
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

    def reject_conflicts(self, conflicts: dict[str, list[int]], *, label: str) -> None:
        """Reject the first row of every key that later rows contradict."""
        if not conflicts:
            return
        values = ", ".join(
            f"'{name}', {column}" for name, column in zip(self.fields, self.written, strict=True)
        )
        self._run(
            f"UPDATE {TABLE} s SET reason = %s || c.lines || %s, raw = jsonb_build_object({values}) "
            f"FROM unnest(%s::text[], %s::text[]) c(k, lines) WHERE s.{self.key_column} = c.k AND s.reason IS NULL",
            [
                f"{label} also on line ",
                ", with other values; neither is taken",
                list(conflicts),
                [str(lines[1]) for lines in conflicts.values()],
            ],
        )

    def diff(self) -> None:
        self._run(f"UPDATE {TABLE} SET change = 'rejected' WHERE reason IS NOT NULL")
        same_key = f"s.reason IS NULL AND t.{self.key_column} = s.{self.key_column} AND {self.own}"
        if not self.rematch:  # one pass over the rows instead of two
            self._compare(same_key, self.own_values)
            return
        self._run(
            f"UPDATE {TABLE} s SET target_id = t.id FROM {self.target} t WHERE {same_key}", self.own_values
        )
        self._run(f"CREATE INDEX ON {TABLE} (target_id)")
        for group in self.rematch:
            self._match_by(group)
        self._compare("t.id = s.target_id", [])

    def _compare(self, partners: str, values: list[Any]) -> None:
        staged = ", ".join(f"s.{c}" for c in self.written)
        stored = ", ".join(f"t.{c}" for c in self.written)
        self._run(
            f"""
            UPDATE {TABLE} s SET target_id = t.id, change =
                CASE WHEN t.left_on IS NOT NULL OR ({staged}) IS DISTINCT FROM ({stored})
                THEN 'updated' ELSE 'unchanged' END
            FROM {self.target} t WHERE {partners}
            """,
            values,
        )

    def _match_by(self, group: list[str]) -> None:
        """Match what has no partner yet by other columns, where they are unique among such rows on both sides."""
        names = ", ".join(group)
        stated = " AND ".join(f"{c} IS NOT NULL AND {c}::text <> ''" for c in group)
        same = " AND ".join(f"one.{c} = other.{c}" for c in group)
        self._run(
            f"""
            WITH one AS (
                SELECT {names}, min(line) AS line FROM {TABLE}
                WHERE reason IS NULL AND target_id IS NULL AND {stated}
                GROUP BY {names} HAVING count(*) = 1
            ), other AS (
                SELECT {names}, min(id) AS id FROM {self.target} t
                WHERE {self.own} AND {stated}
                  AND NOT EXISTS (SELECT 1 FROM {TABLE} s WHERE s.{self.key_column} = t.{self.key_column})
                  AND NOT EXISTS (SELECT 1 FROM {TABLE} s WHERE s.target_id = t.id)
                GROUP BY {names} HAVING count(*) = 1
            )
            UPDATE {TABLE} s SET target_id = other.id FROM one JOIN other ON {same} WHERE s.line = one.line
            """,
            self.own_values,
        )

    def counts(self) -> dict[str, int]:
        found = dict(self._all(f"SELECT change, count(*) FROM {TABLE} GROUP BY change"))
        return {name: found.get(name, 0) for name in ("created", "updated", "unchanged", "rejected")}

    @property
    def _closed_where(self) -> str:
        matched = (
            f" AND NOT EXISTS (SELECT 1 FROM {TABLE} s WHERE s.target_id = t.id)" if self.rematch else ""
        )
        return (
            f"t.left_on IS NULL AND {self.own} "
            f"AND NOT EXISTS (SELECT 1 FROM {TABLE} s WHERE s.{self.key_column} = t.{self.key_column}){matched}"
        )

    def closed(self) -> int:
        return self._all(f"SELECT count(*) FROM {self.target} t WHERE {self._closed_where}", self.own_values)[
            0
        ][0]

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
            [*self.own_values, limit],
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
        columns = ", ".join(self.written)
        constants = "".join(f", {column}" for column in self.constants)
        self._run(
            f"INSERT INTO {self.target} "
            f"({columns}, source_id, first_seen_on, last_seen_on, left_on{constants}) "
            f"SELECT {columns}, %s, %s, %s, NULL{', %s' * len(self.constants)} "
            f"FROM {TABLE} WHERE change = 'created' ORDER BY line",
            [source_id, file_date, file_date, *self.own_values],
        )
        # The key too: a row that was matched by other columns takes the file's key.
        assignments = ", ".join(f"{c} = s.{c}" for c in self.written)
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
        self._run(
            f"UPDATE {self.target} t SET left_on = %s WHERE {self._closed_where}",
            [file_date, *self.own_values],
        )

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


_special = re.compile(r"[\\\t\n\r]")


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
    text = str(value)
    return text.translate(_COPY_ESCAPES) if _special.search(text) else text


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime.date) else value
