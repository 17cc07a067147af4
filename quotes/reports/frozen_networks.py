"""Networks that cover the whole scope and the runway to the next stage as plain data, in the words of their pages.

Frozen by the report and answered by the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from partners.enums import Stage
from partners.scoring.network_types import Member, Proposal
from partners.scoring.runway import Runway, RunwayRow
from partners.scoring.types import FactRef, Group, PartnerResult
from quotes.network_page import let_pass, network_rows

ROWS = 25  # partners of the runway

Facts = Callable[[Iterable[FactRef]], list[Any]]  # how the facts behind a line are written down


def frozen_networks(proposal: Proposal, facts: Facts) -> dict[str, Any]:
    """Who covers the whole scope; a proposal for a reader without prices holds no costs."""
    return {
        "cost_in_score": proposal.cost_in_score,
        "cut_off": proposal.cut_off,
        "left_out": list(proposal.left_out),
        "missing": [
            {"label": m.label, "level": m.level, "perhaps": list(m.perhaps), "ask": m.ask}
            for m in proposal.missing
        ],
        "networks": [
            {
                "shape": row.network.shape,
                "label": row.shape,
                "sentence": row.network.sentence,
                "low": row.network.low,
                "point": row.network.point,
                "high": row.network.high,
                "coverage": row.network.coverage,
                "penalty": row.network.penalty,
                "hand_overs_between_partners": row.network.between,
                "hand_overs_within_a_partner": row.network.within,
                "months": row.network.months,
                "cost": row.network.cost,
                "currency": row.network.currency if row.network.cost is not None else None,
                "parts": [_part(member, facts) for member in row.network.members],
                "still_to_verify": [{"site": site, "must": must} for site, must in row.open_musts],
                "let_pass": [
                    {
                        "partner": member.partner,
                        "site": member.site,
                        "must": rule.label,
                        "reason": rule.reason,
                    }
                    for member, rule in row.network.let_pass
                ],
            }
            for row in network_rows(proposal)
        ],
    }


def _part(member: Member, facts: Facts) -> dict[str, Any]:
    return {
        "part": member.label,
        "level": member.level,
        "partner_id": member.partner_id,
        "slug": member.slug,
        "partner": member.partner,
        "illustrative": member.illustrative,
        "site": member.site,
        "outcome": member.outcome,
        "reason": member.reason,
        "low": member.low,
        "point": member.point,
        "high": member.high,
        "facts": facts(member.facts),
    }


def frozen_runway(found: Runway, facts: Facts) -> dict[str, Any]:
    """The partners that are ranked or lack data today, now and at the next stage."""
    rows = [row for row in found.rows if row.now.group is not Group.KNOCKED_OUT]
    return {
        "stage": Stage(found.stage).label,
        "next_stage": Stage(found.next_stage).label,
        "last_stage": found.stage == found.next_stage,
        "weights_next": found.later.weights,
        "partners": [_row(row, facts) for row in rows[:ROWS]],
    }


def _row(row: RunwayRow, facts: Facts) -> dict[str, Any]:
    transfer = row.transfer
    return {
        "partner_id": row.partner_id,
        "slug": row.now.slug,
        "partner": row.partner,
        "illustrative": row.now.illustrative,
        "now": _place(row.now),
        "next": _place(row.later),
        "sentence": row.sentence,
        "unknown": row.unknown,
        "let_pass": [{"must": rule.label, "reason": rule.reason} for rule in let_pass(row)],
        "transfer": {
            "stage": Stage(transfer.stage).label,
            "reason": transfer.reason,
            "to_site": transfer.to_site,
            "months_low": transfer.months[0],
            "months_high": transfer.months[1],
            "cost": transfer.cost,
            "currency": transfer.currency if transfer.cost is not None else None,
            "facts": facts(transfer.facts),
        }
        if transfer
        else None,
    }


def _place(result: PartnerResult) -> dict[str, Any]:
    return {
        "group": result.group,
        "rank": result.rank,
        "low": result.low,
        "point": result.point,
        "high": result.high,
    }
