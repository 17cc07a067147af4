"""The frozen package of an RFQ → the document that bidders get, with the snapshot's hash on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from quotes.rfq_package import Cover, package_context

from .options import ReportOptions

DAYS = ("deadline", "published")


def package_part(s: Mapping[str, Any], options: ReportOptions) -> dict[str, Any]:
    """What the package's template prints beside the report's own context; nothing without an RFQ."""
    frozen = s.get("rfq_package")
    if not frozen:
        return {}
    cover = dict(frozen["cover"])
    for name in DAYS:
        cover[name] = dt.datetime.fromisoformat(cover[name]) if cover[name] else None
    cover["answered"] = tuple((question, answer) for question, answer in cover["answered"])
    return package_context(frozen["content"], Cover(**{**cover, "recipient": options.recipient}))
