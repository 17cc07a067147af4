"""Walking through a partner's facts: every node that rests on a recorded row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Any

from partners.scoring.types import FactRef

#: fields of the engine's facts that hold further facts
CONTAINERS = frozenset(
    {"sites", "capabilities", "certificates", "inspections", "audits", "slots", "track_record", "metrics"}
    | {"terms", "prices"}
)


def evidenced(node: Any) -> Iterable[Any]:
    """The facts in a partner, a site or a tuple of them that name their row; in order."""
    if isinstance(node, tuple):
        for item in node:
            yield from evidenced(item)
    elif is_dataclass(node) and not isinstance(node, type):
        if isinstance(getattr(node, "ref", None), FactRef):
            yield node
        else:
            for f in fields(node):
                if f.name in CONTAINERS:
                    yield from evidenced(getattr(node, f.name))
