"""Normalised quotes as facts of the ranking: what a partner offered takes the place of its list price in C7.

A quote counts in the project's own price basis: its programme cost (net present value) where prices are compared per
programme, its cost per released batch where they are compared per GMP batch, its cost per unit where the RFQ counts
that unit. Lines the bidder left open are plugged by the normaliser; that share of the amount becomes an interval. A
sealed RFQ says nothing before its deadline.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from partners.enums import EvidenceLevel, PriceBasis
from partners.scoring.types import FactRef, PartnerFacts, QuoteFact
from quotes.comparison import Comparison, load_comparison, per_unit
from quotes.costing.types import ScenarioCost
from quotes.models import Project, Quote
from quotes.rfq_enums import RfqState

#: bases in which the RFQ's own unit is the project's: its label says so
UNIT_LABELS: dict[str, tuple[str, ...]] = {
    PriceBasis.THOUSAND_TABLETS: ("1,000 tablets", "1,000 units"),
    PriceBasis.THOUSAND_PARTS: ("1,000 parts",),
    PriceBasis.PATIENT: ("patient",),
}
BASES = (PriceBasis.PROGRAMME, PriceBasis.GMP_BATCH, *UNIT_LABELS)
COUNTED = (RfqState.OPEN, RfqState.CLOSED, RfqState.AWARDED)


def quote_facts(project: Project) -> dict[int, QuoteFact]:
    """Partner id → its quote in the newest RFQ. No query unless the project has both price anchors in such a basis."""
    if project.price_basis not in BASES or project.price_target is None or project.price_limit is None:
        return {}
    found: dict[int, QuoteFact] = {}
    for rfq in project.rfqs.filter(state__in=COUNTED).select_related("project").order_by("-pk"):
        comparison = load_comparison(rfq)
        if comparison.problem or comparison.rates.base != project.currency:
            continue
        for quote in comparison.quotes:
            fact = _fact(project, comparison, quote)
            if fact is not None:
                found.setdefault(quote.organisation_id, fact)
    return found


def with_quotes(partners: Iterable[PartnerFacts], quotes: dict[int, QuoteFact]) -> tuple[PartnerFacts, ...]:
    """The partners' facts with this project's quotes put beside them."""
    return tuple(replace(p, quotes=(quotes[p.id],)) if p.id in quotes else p for p in partners)


def _fact(project: Project, comparison: Comparison, quote: Quote) -> QuoteFact | None:
    figures = comparison.figures(quote, comparison.base)
    amount = (
        _amount(project, comparison, figures) if figures.comparable else None
    )  # a hollow bid says nothing about cost
    if amount is None or amount <= 0:
        return None
    spread = amount * min(Decimal(1), figures.plugged_share)
    submitted = quote.submitted_at.date() if quote.submitted_at else None
    return QuoteFact(
        ref=FactRef(
            kind="quote",
            pk=quote.pk,
            label=f"Quote of {quote.organisation}, revision {quote.revision}",
            source=f"RFQ “{comparison.rfq.title}”",
            as_of=submitted,
            evidence=EvidenceLevel.SELF_DECLARED.value,
            happened_on=submitted,
        ),
        basis=project.price_basis,
        low=float(amount - spread),
        high=float(amount + spread),
        currency=comparison.rates.base,
        complete=float(1 - min(Decimal(1), figures.plugged_share)),
    )


def _amount(project: Project, comparison: Comparison, figures: ScenarioCost) -> Decimal | None:
    if project.price_basis == PriceBasis.PROGRAMME:
        return figures.npv
    if project.price_basis in UNIT_LABELS:
        labels = UNIT_LABELS[project.price_basis]
        same = comparison.rfq.unit_label in labels
        return per_unit(comparison.rfq, comparison.base, figures.npv) if same else None
    return figures.unit_costs.get("per_released_batch")
