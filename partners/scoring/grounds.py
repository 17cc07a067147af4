"""Which rows stand behind a number, and how far they can be trusted: `confidence` for whole columns.

A set of facts is a mask over a table's rows, by table; a row counts once, however many parts of a measure name it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np

from .confidence import CREDIT_PARTS, credit_parts
from .seen import Array, Flags, Ints, Metric, Seen

Facts: TypeAlias = dict[str, Flags]


def owners(seen: Seen, table: str) -> Ints:
    """The partner each row of a table belongs to."""
    owner = seen.rows(table).owner
    return seen.site_rows.owner[owner] if table.startswith("site.") else owner


def marked(seen: Seen, table: str, *rows: Ints) -> Facts:
    """Some rows by their places; -1 stands for none."""
    mask = np.zeros(len(seen[f"{table}.ref.pk"]), dtype=bool)
    for some in rows:
        mask[some[some >= 0]] = True
    return {table: mask}


def every_row(seen: Seen, table: str) -> Facts:
    return {table: np.ones(len(seen[f"{table}.ref.pk"]), dtype=bool)}


def joined(parts: Iterable[Facts]) -> Facts:
    found: Facts = {}
    for facts in parts:
        for table, mask in facts.items():
            found[table] = found[table] | mask if table in found else mask
    return found


def of_partners(seen: Seen, facts: Facts, partners: Flags) -> Facts:
    return {table: mask & partners[owners(seen, table)] for table, mask in facts.items()}


def of_sites(seen: Seen, facts: Facts, sites: Flags) -> Facts:
    return {table: mask & sites[seen.rows(table).owner] for table, mask in facts.items()}


def either(seen: Seen, where: Flags, this: Facts, other: Facts) -> Facts:
    return joined([of_partners(seen, this, where), of_partners(seen, other, ~where)])


def of_metric(seen: Seen, value: Metric) -> Facts:
    """The row that each place's value of a metric was read from."""
    return marked(seen, "site.metrics", value.rows[0]) | marked(seen, "partner.metrics", value.rows[1])


def trust(seen: Seen, facts: Facts, half_life: float | None) -> Array:
    """As `confidence.sub_credit`: each partner's mean credit of its rows among `facts`, 1 where it has none."""
    parts, count = np.zeros(seen.partners, dtype=np.int64), np.zeros(seen.partners, dtype=np.int64)
    for table, mask in facts.items():
        owner = owners(seen, table)[mask]
        np.add.at(parts, owner, _credits(seen, table, half_life)[mask])
        np.add.at(count, owner, 1)
    some = count > 0
    return np.where(some, parts / (CREDIT_PARTS * np.maximum(count, 1)), 1.0)


def _credits(seen: Seen, table: str, half_life: float | None) -> Ints:
    """The credit of every row of a table, in whole parts; asked once per kind, evidence and day."""
    key = (table, half_life)
    if key not in seen.credits:
        kind, evidence, read, happened = (
            np.asarray(seen[f"{table}.ref.{field}"], dtype=np.int64)
            for field in ("kind", "evidence", "as_of", "happened_on")
        )
        since = np.where(happened > 0, happened, read)
        base, days = len(seen.codes) + 1, int(since.max(initial=0)) + 1
        packed, inverse = np.unique((kind * base + evidence) * days + since, return_inverse=True)

        def said(one: int) -> int:
            codes, day = divmod(one, days)
            kind_code, level = divmod(codes, base)
            on = dt.date.fromordinal(day) if day else None
            return credit_parts(
                seen.codes[kind_code - 1], seen.codes[level - 1], on, seen.brief.as_of, half_life
            )

        values = np.array([said(one) for one in packed.tolist()], dtype=np.int64)
        seen.credits[key] = values[inverse] if len(values) else np.zeros(0, dtype=np.int64)
    return seen.credits[key]
