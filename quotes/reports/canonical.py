"""Canonical JSON: one byte string per content, so that a hash identifies a snapshot for good.

Rules: keys sorted, no white space, UTF-8; dates in ISO 8601; decimals as plain text; floats rounded to six
places and written as integers when they are whole. The same holds after a trip through a PostgreSQL jsonb
column, which keeps neither key order nor exponents.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

PLACES = 6
# A NUL cannot be stored in PostgreSQL and half a surrogate pair cannot be encoded.
UNSTORABLE = {0: None, **dict.fromkeys(range(0xD800, 0xE000))}


def plain(value: Any) -> Any:
    """The value as JSON knows it: dict, list, str, int, float, bool or None.

    Raises ValueError for numbers that are not finite and TypeError for types without a rule.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, str):
        return str(value).translate(UNSTORABLE)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {_key(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"a snapshot cannot hold a {type(value).__name__}: {value!r}")


def canonical(snapshot: Mapping[str, Any]) -> bytes:
    """The canonical bytes of a snapshot."""
    text = json.dumps(
        plain(snapshot), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def snapshot_hash(snapshot: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical bytes, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(snapshot)).hexdigest()


def _number(value: float) -> int | float:
    if not math.isfinite(value):
        raise ValueError(f"a snapshot cannot hold the number {value}")
    rounded = round(value, PLACES)
    return int(rounded) if rounded == int(rounded) else rounded


def _decimal(value: Decimal) -> str:
    """Exact, without exponent and trailing zeros: 6000000, 0.05."""
    if not value.is_finite():
        raise ValueError(f"a snapshot cannot hold the number {value}")
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _key(key: Any) -> str:
    if isinstance(key, Enum):
        key = key.value
    if not isinstance(key, str):
        raise TypeError(f"keys of a snapshot are text, not {key!r}")
    return key.translate(UNSTORABLE)
