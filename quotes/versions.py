"""Optimistic locks: a form carries the version of the values it was opened with, and a stale save is refused.

A version is a digest of the values the form edits, so a change elsewhere in the same row is no conflict.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.db import models

from cmo_selector.templatetags.fmt import format_date, format_number


class StaleVersion(Exception):
    """Somebody saved other values since the form was opened; `current` is the row as it is now."""

    def __init__(self, current: models.Model):
        super().__init__("Somebody else saved a change to this while you were editing.")
        self.current = current


def version_of(row: models.Model, fields: Iterable[str]) -> str:
    """Twelve hexadecimal digits that change when one of the fields does."""
    values = {name: _plain(getattr(row, row._meta.get_field(name).attname)) for name in sorted(fields)}
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list):
        return sorted(value)
    return str(value.normalize()) if hasattr(value, "normalize") else str(value)


def shown(row: models.Model, name: str) -> str:
    """A column's value as people read it, "" when it is empty. Used by the audit log and by conflicts."""
    field = row._meta.get_field(name)
    if name == "markets" or name == "countries":
        return ", ".join(sorted(getattr(row, name)))
    if field.choices:
        return str(getattr(row, f"get_{name}_display")())
    value = getattr(row, name)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(field, models.DateField):
        return format_date(value)
    if isinstance(field, models.DecimalField):
        return format_number(value, decimals=max(0, -value.normalize().as_tuple().exponent))
    return str(value)
