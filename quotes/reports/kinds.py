"""The kinds of report that one snapshot gives: their titles, what they need, and what they leave out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quotes.enums import ReportKind

from .options import ReportOptions

PACKAGE_DOCUMENT = "quotes/rfq/pdf/package.html"  # a document of its own: bidders get the same
TEMPLATES = {
    kind: f"quotes/reports/pdf/kind_{kind.value}.html" for kind in ReportKind if kind != ReportKind.PACKAGE
}

ABOUT_PRICES = (ReportKind.QUOTES, ReportKind.MEMO)
NO_QUOTES = (
    "There are no quotes to compare: they are still sealed, none has been received, or the RFQ is cancelled."
)
NO_CALCULATION = (
    "No make-or-buy calculation that can be worked out is kept with this project. Work one out under Tools, keep it "
    "with the project, and ask again."
)
NO_RFQ = "This project has no RFQ. Prepare one first: its package is what bidders are sent."
NO_PRICES = "Your role does not show prices, and this kind of report is about them."
NOT_DECIDED = (
    "No decision is recorded yet. Award an RFQ, or mark a shortlisted partner as selected, and ask again."
)
NOT_SHOWN = (
    "That partner is neither on the shortlist nor among the best ranked, so it is not frozen with every reason. Put it "
    "on the shortlist first."
)


def title_of(s: Mapping[str, Any], options: ReportOptions) -> str:
    """ "Quote comparison: AB-220 tablets", a dossier with its partner's name."""
    subject = s["project"]["name"]
    if options.partner is not None:
        subject = f"{s['details'][str(options.partner)]['name']} for {subject}"
    return f"{ReportKind(options.kind).label}: {subject}"[:200]


def missing_for(s: Mapping[str, Any], options: ReportOptions) -> str:
    """Why this kind of report cannot be made of the snapshot, with the remedy; empty when it can."""
    if options.kind in ABOUT_PRICES and not s["prices_included"]:
        return NO_PRICES
    if options.kind == ReportKind.QUOTES and not s.get("costs"):
        return NO_QUOTES
    if options.kind == ReportKind.MEMO and not s.get("make_or_buy"):
        return NO_CALCULATION
    if options.kind == ReportKind.PACKAGE and not s.get("rfq_package"):
        return NO_RFQ
    if options.kind == ReportKind.RECORD and not decisions(s):
        return NOT_DECIDED
    if options.kind == ReportKind.DOSSIER and str(options.partner) not in s["details"]:
        return NOT_SHOWN
    return ""


def awards(s: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every award of the project; older snapshots hold the one of the RFQ whose costs they show."""
    if "awards" in s:
        return s["awards"]
    costs = s.get("costs") or {}
    award = costs.get("award")
    return [{**award, "rfq_id": costs["rfq"]["id"], "rfq": costs["rfq"]["title"]}] if award else []


def decisions(s: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was decided: every award with its reason, else the partners marked as selected on the shortlist."""
    if found := awards(s):
        return [{**award, "what": "Awarded"} for award in found]
    return [
        {
            "what": "Selected on the shortlist",
            "name": entry["name"],
            "illustrative": entry["illustrative"],
            "partner_id": entry["partner_id"],
            "reason": entry["reason"] or entry["comment"],
            **(entry.get("status_set") or {"by": "", "on": None}),
            "rfq": "",
        }
        for entry in s["shortlist"]
        if entry["status"] == "selected"
    ]


def focused(s: dict[str, Any], options: ReportOptions) -> dict[str, Any]:
    """The part of a snapshot that a dossier shows: one partner with its sites and questions."""
    if options.partner is None:
        return s
    return {
        **s,
        "detail_order": [str(options.partner)],
        "sites": [site for site in s["sites"] if site["partner_id"] == options.partner],
    }
