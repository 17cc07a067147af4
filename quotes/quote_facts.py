"""Quotes as facts of the ranking: the normalised price takes the place of the list price in C7, the first slot that
of recorded slots in C5, the cancellation fee that of recorded terms in C8.

A quote counts in the project's own price basis: its programme cost (net present value) where prices are compared per
programme, its cost per released batch where they are compared per GMP batch, its cost per unit where the RFQ counts
that unit. Lines the bidder left open are plugged by the normaliser; that share of the amount becomes an interval. A
sealed RFQ says nothing before its deadline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from partners.enums import EvidenceLevel, PriceBasis
from partners.scoring.types import (
    Brief,
    ConflictFact,
    FactRef,
    NdaFact,
    OfferFact,
    PartnerFacts,
    QuoteFact,
    Rule,
)
from quotes.comparison import COMPARED, Comparison, load_comparison, per_unit
from quotes.costing.types import ScenarioCost
from quotes.models import Project, Quote, QuoteLine
from quotes.relations import conflict_facts, nda_facts
from quotes.rfq_enums import LineState, RfqState

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


def offer_facts(project: Project) -> dict[int, OfferFact]:
    """Partner id → what its newest submitted quote offers beside the price; nothing of a sealed RFQ. Two queries."""
    rows = (
        Quote.objects.filter(rfq__project=project, rfq__state__in=COUNTED, state__in=COMPARED)
        .select_related("rfq", "organisation")
        .prefetch_related("lines")
        .defer("draft")
        .order_by("-rfq_id", "-submitted_at", "-pk")
    )
    found: dict[int, OfferFact] = {}
    for quote in rows:
        if quote.rfq.prices_sealed:
            continue
        shares = [share for line in quote.lines.all() if (share := _share(line)) is not None]
        highest = float(max(shares)) if shares else None
        if quote.slot_from is not None or highest is not None:
            fact = OfferFact(_ref(quote, quote.rfq.title), quote.slot_from, highest)
            found.setdefault(quote.organisation_id, fact)
    return found


def _share(line: QuoteLine) -> Decimal | None:
    """A quoted line's cancellation fee as a share of its price."""
    if line.state != LineState.QUOTED or not line.values.get("cancellation"):
        return None
    share = Decimal(str(line.values["cancellation"]))
    return min(Decimal(1), share) if share.is_finite() and share >= 0 else None


@dataclass(frozen=True)
class FromQuotes:
    """What this project's quotes and its sponsor's own records say, by partner."""

    prices: Mapping[int, QuoteFact]
    offers: Mapping[int, OfferFact]
    ndas: Mapping[int, NdaFact] = field(default_factory=dict)
    conflicts: Mapping[int, ConflictFact] = field(default_factory=dict)

    @property
    def rows(self) -> tuple[Mapping[int, Any], ...]:
        return self.prices, self.offers, self.ndas, self.conflicts

    @property
    def partners(self) -> set[int]:
        return {pk for rows in self.rows for pk in rows}

    def beside(self, partners: Iterable[PartnerFacts]) -> tuple[PartnerFacts, ...]:
        """The partners' facts with what is said here put beside them."""
        mine = self.partners
        return tuple(self._with(p) if p.id in mine else p for p in partners)

    def _with(self, partner: PartnerFacts) -> PartnerFacts:
        price, offer = self.prices.get(partner.id), self.offers.get(partner.id)
        return replace(
            partner,
            quotes=(price,) if price else (),
            offers=(offer,) if offer else (),
            nda=self.ndas.get(partner.id),
            conflict=self.conflicts.get(partner.id),
        )


def from_quotes(project: Project, brief: Brief) -> FromQuotes:
    """Quotes, and of the sponsor's own records those that a need of the brief reads."""
    rules = {need.rule for need in brief.needs}
    return FromQuotes(
        quote_facts(project),
        offer_facts(project),
        nda_facts(project) if Rule.NDA in rules else {},
        conflict_facts(project) if Rule.CONFLICT in rules else {},
    )


def _fact(project: Project, comparison: Comparison, quote: Quote) -> QuoteFact | None:
    figures = comparison.figures(quote, comparison.base)
    amount = (
        _amount(project, comparison, figures) if figures.comparable else None
    )  # a hollow bid says nothing about cost
    if amount is None or amount <= 0:
        return None
    spread = amount * min(Decimal(1), figures.plugged_share)
    return QuoteFact(
        ref=_ref(quote, comparison.rfq.title),
        basis=project.price_basis,
        low=float(amount - spread),
        high=float(amount + spread),
        currency=comparison.rates.base,
        complete=float(1 - min(Decimal(1), figures.plugged_share)),
    )


def _ref(quote: Quote, rfq: str) -> FactRef:
    submitted = quote.submitted_at.date() if quote.submitted_at else None
    return FactRef(
        kind="quote",
        pk=quote.pk,
        label=f"Quote of {quote.organisation}, revision {quote.revision}",
        source=f"RFQ “{rfq}”",
        as_of=submitted,
        evidence=EvidenceLevel.SELF_DECLARED.value,
        happened_on=submitted,
    )


def _amount(project: Project, comparison: Comparison, figures: ScenarioCost) -> Decimal | None:
    if project.price_basis == PriceBasis.PROGRAMME:
        return figures.npv
    if project.price_basis in UNIT_LABELS:
        labels = UNIT_LABELS[project.price_basis]
        same = comparison.rfq.unit_label in labels
        return per_unit(comparison.rfq, comparison.base, figures.npv) if same else None
    return figures.unit_costs.get("per_released_batch")
