"""The frozen robustness as the PDF and the report's page print it."""

from collections.abc import Mapping, Sequence
from typing import Any

from cmo_selector.templatetags.fmt import format_interval
from quotes.robustness_page import of_100

SHOWN, PLACES = 5, 8  # partners and ranks
BAR, HEIGHT, LEAST = 10, 9.6, 0.005  # of the picture, in its own units; the smallest share that is drawn


def firmness_rows(s: Mapping[str, Any]) -> dict[str, Any]:
    """Sentences and the first rows; empty for a snapshot made before robustness was frozen, or a single partner."""
    found = s.get("firmness")
    if not found or len(found["robustness"]["near"]) < 2:
        return {"rows": []}
    robustness = found["robustness"]
    rows = robustness["near"][:SHOWN]
    places = range(1, 1 + min(PLACES, max((len(row.get("share_of_rank", ())) for row in rows), default=0)))
    return {
        "places": places,
        "picture_width": BAR * len(places),
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
                "bars": _bars(row.get("share_of_rank", ())[:PLACES]),
                "picture": _in_words(row.get("share_of_rank", ())[:PLACES]),
            }
            for row in rows
        ],
    }


def _bars(shares: Sequence[float]) -> list[dict[str, str]]:
    """One bar per rank, as high as its share of the weightings; a share that would not be seen has none."""
    return [
        {"x": f"{BAR * place + 1}", "y": f"{HEIGHT * (1 - share):.2f}", "height": f"{HEIGHT * share:.2f}"}
        for place, share in enumerate(shares)
        if share >= LEAST
    ]


def _in_words(shares: Sequence[float]) -> str:
    """ "Rank 1 in 57 of 100 weightings, rank 2 in 43 of 100"."""
    seen = [f"rank {place} in {of_100(share)}" for place, share in enumerate(shares, 1) if share >= LEAST]
    text = ", ".join(seen) or "at none of the ranks shown"
    return text[0].upper() + text[1:]
