"""Ranking a project: facts and brief in, the engine's answers out. Used by pages, shortlist, reports and the API."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from partners.catalogue import current_facts
from partners.scoring import rank
from partners.scoring.network_types import Proposal
from partners.scoring.networks import propose_networks
from partners.scoring.overrides import Overrides
from partners.scoring.runway import Runway, runway
from partners.scoring.types import Brief, PartnerFacts, Ranking
from quotes.brief import brief_for, hand_over_of, transfer_terms_of
from quotes.models import Project
from quotes.overrides import overrides_for_engine
from quotes.quote_facts import quote_facts, with_quotes


@dataclass(frozen=True)
class Inputs:
    """Everything the engine needs for one project, read once."""

    brief: Brief
    facts: tuple[PartnerFacts, ...]
    weights: Mapping[str, float]
    overrides: Overrides


def inputs_of(
    project: Project, *, weights: Mapping[str, float] | None = None, as_of: dt.date | None = None
) -> Inputs:
    """Brief, facts with the project's quotes, weights and overrides. Raises NothingToRank without needs."""
    return Inputs(
        brief=brief_for(project, as_of=as_of),
        facts=with_quotes(current_facts(), quote_facts(project)),
        weights=weights or project.weights.as_dict(),
        overrides=overrides_for_engine(project),
    )


def rank_project(
    project: Project, *, weights: Mapping[str, float] | None = None, as_of: dt.date | None = None
) -> Ranking:
    """Rank all active partners for a project; must-haves that were let pass do not knock out.

    `weights` tries other weights than the project's own without saving them (ValueError when they are not ten
    numbers that sum to 100). Raises NothingToRank for a project without needs.
    """
    given = inputs_of(project, weights=weights, as_of=as_of)
    return rank(given.facts, given.brief, given.weights, overrides=given.overrides)


def networks_of(
    project: Project, *, weights: Mapping[str, float] | None = None, as_of: dt.date | None = None
) -> Proposal:
    """Who covers the project's whole scope: one site, several of one partner, or a network of partners."""
    given = inputs_of(project, weights=weights, as_of=as_of)
    return propose_networks(
        given.facts,
        given.brief,
        given.weights,
        hand_over=hand_over_of(project),
        overrides=given.overrides,
    )


def runway_of(
    project: Project, *, weights: Mapping[str, float] | None = None, as_of: dt.date | None = None
) -> Runway:
    """The ranking now and at the next stage, with the later transfer that each partner makes necessary."""
    given = inputs_of(project, weights=weights, as_of=as_of)
    return runway(
        given.facts,
        given.brief,
        given.weights,
        terms=transfer_terms_of(project),
        overrides=given.overrides,
    )
