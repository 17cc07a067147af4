"""The project's quotes, frozen: each normalised to one programme cost, with the lines it is made of.

Amounts are in the project's currency, rounded to the cent. The figures are those of `quotes.comparison`, which the
pages show; nothing is calculated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from quotes.adjusted import ending_rows
from quotes.comparison import (
    Column,
    Comparison,
    calculate,
    columns,
    headline_sentence,
    load_comparison,
    priced,
    scenario_rows,
    source_words,
    waterfall,
    worst_regret,
)
from quotes.costing.precision import precisely
from quotes.models import Award, Project, Quote
from quotes.quote_words import price_words
from quotes.rfq_enums import QuoteState, RfqState

COUNTED = (RfqState.AWARDED, RfqState.OPEN, RfqState.CLOSED)
QUOTES = 8
CENT = Decimal("0.01")
FACTOR = Decimal("0.000000000001")  # of a discount: enough for the cents of a billion


def frozen_costs(project: Project) -> dict[str, Any] | None:
    """The comparison of the awarded RFQ, or of the newest one whose quotes can be compared; None without one.

    A sealed RFQ says nothing before its deadline.
    """
    rfqs = project.rfqs.filter(state__in=COUNTED).select_related("project").order_by("-pk")
    for rfq in sorted(rfqs, key=lambda r: r.state != RfqState.AWARDED):
        found = load_comparison(rfq)
        if found.cost is not None:
            return _comparison(found)
    return None


def _comparison(found: Comparison) -> dict[str, Any]:
    base, rfq = found.base, found.rfq
    by_scenario = {s.pk: columns(found, s) for s in found.scenarios}
    shown = _shown(found, by_scenario[base.pk])
    flat = Comparison(rfq, found.lines, found.quotes, found.scenarios, found.rates)
    calculate(flat, escalated=False)
    return {
        "rfq": {
            "id": rfq.pk,
            "title": rfq.title,
            "state": rfq.get_state_display(),
            "deadline": rfq.deadline,
            "discount_rate": rfq.discount_rate,
            "mid_year": rfq.mid_year,
            "years": rfq.years,
            "unit_label": rfq.unit_label,
            "month_value": cents(rfq.month_value),
        },
        "currency": found.rates.base,
        "rates": {
            "day": found.rates.day,
            "source": found.rates.source,
            "typed": list(found.rates.typed),
            "used": _rates(found),
        },
        "sentence": headline_sentence(found),
        "base": str(base.pk),
        "scenarios": [_scenario(row) for row in scenario_rows(found, shown)],
        "lines": [{"code": x.code, "label": x.label, "package": x.package} for x in found.lines],
        "quotes": [_quote(found, flat, column, by_scenario) for column in shown],
        "more": len(found.quotes) - len(shown),
        "award": _award(found),
    }


def _shown(found: Comparison, every: list[Column]) -> list[Column]:
    """At most `QUOTES`, cheapest first; those that win a scenario and the awarded one are always among them."""
    named = {winner.pk for s in found.scenarios if (winner := found.winner(s))}
    named |= {found.award.quote_id} if found.award else set()
    room = max(QUOTES - len(named), 0)
    kept = named | {c.quote.pk for c in [c for c in every if c.quote.pk not in named][:room]}
    return [c for c in every if c.quote.pk in kept]


def withdrawn_bids(project: Project) -> list[dict[str, Any]]:
    """Bidders that took their quotes back, with the reasons they gave; nothing of a sealed RFQ. One query."""
    rows = (
        Quote.objects.filter(rfq__project=project, rfq__state__in=COUNTED, state=QuoteState.WITHDRAWN)
        .select_related("organisation", "invitation", "rfq")
        .defer("draft")
        .order_by("-rfq_id", "organisation__name", "pk")
    )
    return [
        {
            "partner_id": quote.organisation_id,
            "name": quote.organisation.name,
            "illustrative": quote.organisation.illustrative,
            "rfq": quote.rfq.title,
            "revision": quote.revision,
            "submitted_on": quote.submitted_at.date() if quote.submitted_at else None,
            "reason": quote.invitation.decline_reason if quote.invitation else "",
        }
        for quote in rows
        if not quote.rfq.prices_sealed
    ]


def _rates(found: Comparison) -> dict[str, Decimal]:
    """Units of the project's currency for one unit of each currency the quotes are in."""
    spoken = {q.currency for q in found.quotes} | {
        line.values["currency"] for q in found.quotes for line in q.lines.all() if line.values.get("currency")
    }
    return {code: Decimal(found.rates.rates[code]) for code in sorted(spoken) if code in found.rates.rates}


def _scenario(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.scenario.pk),
        "name": row.scenario.name,
        "probability": row.scenario.probability,
        "delay_months": row.scenario.delay_months,
        "delay_cost": cents(row.delay),
        "winner": row.winner.pk if row.winner else None,
        "batches": row.batches,
        "batches_wanted": row.wanted,
    }


def _quote(
    found: Comparison, flat: Comparison, column: Column, by_scenario: dict[int, list[Column]]
) -> dict[str, Any]:
    quote = column.quote
    return {
        "quote_id": quote.pk,
        "partner_id": quote.organisation_id,
        "name": quote.organisation.name,
        "illustrative": quote.organisation.illustrative,
        "currency": quote.currency,
        "revision": quote.revision,
        "submitted_on": quote.submitted_at.date() if quote.submitted_at else None,
        "valid_until": quote.valid_until,
        "slot_from": quote.slot_from,
        "slots": quote.slots,
        "assumptions": quote.assumptions,
        "exclusions": quote.exclusions,
        "headline": cents(column.headline),
        "expected": cents(column.expected),
        "worst_regret": cents(worst_regret(found, quote)),
        "completeness": column.completeness.quantize(Decimal("0.0001")),
        "late": _late(column),
        "ending": _ending(found, column),
        "scenarios": {
            str(scenario_id): _figures(next(c for c in row if c.quote.pk == quote.pk))
            for scenario_id, row in by_scenario.items()
        },
        "waterfall": [
            {
                "label": step.label,
                "kind": step.kind,
                "amount": cents(step.amount),
                "start": cents(step.start),
                "end": cents(step.end),
            }
            for step in waterfall(found, flat, quote, found.base)
        ],
        "lines": _lines(found, column),
    }


def _figures(column: Column) -> dict[str, Any]:
    figures = column.figures
    return {
        "npv": cents(figures.npv),
        "nominal": cents(figures.nominal),
        "plugged": cents(column.plugged_npv),
        "plugged_share": figures.plugged_share.quantize(Decimal("0.0001")),
        "comparable": figures.comparable,
        "wins": column.wins,
        "regret": cents(column.regret),
        "per_unit": cents(column.per_unit),
        "unit_costs": {name: cents(value) for name, value in figures.unit_costs.items()},
        "adjusted": cents(column.adjusted),
    }


def _late(column: Column) -> dict[str, Any] | None:
    """Days between the day of need and the first slot and what they cost; None when one of both days is unknown."""
    if column.late is None:
        return None
    return {
        "days": column.late.days,
        "cost": cents(column.late.cost),
        "with_it": cents(column.with_delay),
    }


def _ending(found: Comparison, column: Column) -> list[dict[str, Any]]:
    """Year by year what the success-adjusted cost of the base scenario rests on; empty without the chances."""
    return [
        {
            "year": row.year,
            "reached": row.reached,
            "discount": discount.quantize(FACTOR),
            "cash": cents(row.cash),
            "fee": cents(row.fee),
            "commitment": cents(row.commitment),
        }
        for row, discount in zip(
            ending_rows(found, column.quote, column.figures), found.discounts(), strict=False
        )
    ]


def _lines(found: Comparison, column: Column) -> list[dict[str, Any]]:
    """What the bidder says about each line of the scope, and its present value in the base scenario."""
    given = {line.code: line for line in column.quote.lines.all()}
    discounts: Sequence[Decimal] = found.discounts()
    rows = []
    for asked, code in zip(found.lines, column.figures.codes, strict=True):
        line = given.get(asked.code)
        rows.append(
            {
                "code": asked.code,
                "words": price_words(column.quote, line, asked) if line else "Not quoted",
                "assumption": line.assumption if line else "",
                "source": code.source.value,
                "source_words": source_words(column.figures, code),
                "npv": cents(priced(column.figures, code, discounts)),
                "plugged": any(code.plugged_cash) or code.source.value == "unpriced",
            }
        )
    return rows


def _award(found: Comparison) -> dict[str, Any] | None:
    return None if found.award is None else _award_row(found.award)


def _award_row(award: Award) -> dict[str, Any]:
    return {
        "quote_id": award.quote_id,
        "partner_id": award.quote.organisation_id,
        "name": award.quote.organisation.name,
        "illustrative": award.quote.organisation.illustrative,
        "reason": award.reason,
        "by": str(award.awarded_by),
        "on": award.awarded_at.date(),
    }


def frozen_awards(project: Project) -> list[dict[str, Any]]:
    """Every award of the project, the newest first. One query."""
    found = Award.objects.filter(rfq__project=project).select_related(
        "quote__organisation", "rfq", "awarded_by"
    )
    return [
        {"rfq_id": award.rfq_id, "rfq": award.rfq.title, **_award_row(award)}
        for award in found.order_by("-awarded_at", "-pk")
    ]


def cents(amount: Decimal | None) -> Decimal | None:
    if amount is None:
        return None
    with precisely():
        return amount.quantize(CENT, rounding=ROUND_HALF_EVEN)
