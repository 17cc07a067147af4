"""The frozen robustness as the PDF and the report's page print it."""

from collections.abc import Mapping
from typing import Any

from cmo_selector.templatetags.fmt import format_interval
from quotes.robustness_page import of_100

SHOWN = 5


def firmness_rows(s: Mapping[str, Any]) -> dict[str, Any]:
    """Sentences and the first rows; empty for a snapshot made before robustness was frozen, or a single partner."""
    found = s.get("firmness")
    if not found or len(found["robustness"]["near"]) < 2:
        return {"rows": []}
    robustness = found["robustness"]
    return {
        "sentence": robustness["sentence"],
        "nearest_flip": robustness["nearest_flip"],
        "assumption": robustness["assumption"],
        "check": found["cross_check"]["sentence"] if found["cross_check"] else "",
        "more": s["funnel"]["ranked"] - SHOWN,
        "rows": [
            {
                **row,
                "first_words": of_100(row["first"]),
                "ranks": format_interval(row["rank_low"], row["rank_high"])
                if row["rank_low"] != row["rank_high"]
                else str(row["rank_low"]),
            }
            for row in robustness["near"][:SHOWN]
        ],
    }
