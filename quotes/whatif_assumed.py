"""Facts that a what-if scenario assumes of a partner although nobody has recorded them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from partners.scoring.types import (
    Brief,
    CapabilityFact,
    FactRef,
    PartnerFacts,
    PriceFact,
    Rule,
    SiteFacts,
    SlotFact,
    TermsFact,
)

SCRATCH = FactRef("whatif", 0, "Assumed in this what-if", "What-if", None, "self_declared")


class BadScenario(ValueError):
    """A change that cannot be read; the message names it and the remedy."""


def no_need(key: str) -> str:
    """What is said of a need that the project does not have."""
    return f"This project has no need “{key[:20]}”; it may have been removed. Drop that change."


def assume(
    partner: PartnerFacts, lead_id: int | None, brief: Brief, assumed: Mapping[str, Any]
) -> PartnerFacts:
    """What is assumed of a site is assumed of the lead site that the base ranking found."""
    for what, value in assumed.items():
        if what == "minimum":
            terms = TermsFact(SCRATCH, minimum_project=value, currency=brief.currency)
            partner = replace(partner, terms=(terms, *partner.terms))
        elif what == "price":
            if not brief.price_basis:
                raise BadScenario(
                    "The project names no price basis, so a price cannot be compared. Set one first."
                )
            price = PriceFact(SCRATCH, brief.price_basis, value, value, brief.currency or "USD")
            partner = replace(partner, prices=(price, *partner.prices))
        elif lead_id is None:
            raise BadScenario(f"{partner.name} has no site on record, so nothing can be assumed of one.")
        else:
            sites = (
                _at_site(site, brief, what, value) if site.id == lead_id else site for site in partner.sites
            )
            partner = replace(partner, sites=tuple(sites))
    return partner


def _at_site(site: SiteFacts, brief: Brief, what: str, value: Any) -> SiteFacts:
    if what == "slot":
        return replace(site, slots=(*_slots(brief, value), *site.slots))
    need = next((n for n in brief.needs if f"need.{n.id}" == what), None)
    if need is None:
        raise BadScenario(no_need(what.removeprefix("need.")))
    if need.rule is not Rule.CAPABILITY or not need.service:
        raise BadScenario("Only a need for a service can be assumed to be met.")
    offered = CapabilityFact(
        SCRATCH,
        service=need.service,
        service_path=need.service_path,
        modality=need.modality,
        dosage_form=need.dosage_form,
        production_system=need.production_system,
        stage_from=1,
        stage_to=8,
        scale_max=need.quantity,
        scale_unit=need.unit,
        gmp=True,
    )
    return replace(site, capabilities=(*site.capabilities, offered))


def _slots(brief: Brief, starts_on: dt.date) -> list[SlotFact]:
    """A slot of the kind and size that each need for capacity asks for; without one, a slot open to anything."""
    needs = [need for need in brief.needs if need.rule is Rule.CAPACITY]
    if not needs:
        return [SlotFact(SCRATCH, starts_on=starts_on)]
    return [
        SlotFact(
            SCRATCH,
            starts_on=starts_on,
            modality=need.modality,
            service_path=need.service_path,
            quantity=need.quantity,
            unit=need.unit,
        )
        for need in needs
    ]
