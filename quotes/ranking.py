"""Ranking a project: facts and brief in, the engine's answers out. Used by pages, shortlist, reports and the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import itemgetter
from typing import TypeAlias

from partners.catalogue import Current, current
from partners.scoring import rank
from partners.scoring.columnar import Catalogue
from partners.scoring.large import (
    LargeRanking,
    Screened,
    among_all,
    part_of,
    patched,
    rank_screened,
    screen,
)
from partners.scoring.network_types import Proposal
from partners.scoring.networks import propose_networks
from partners.scoring.overrides import Overrides
from partners.scoring.runway import Runway, brief_at_next_stage, runway, still_let_pass
from partners.scoring.types import Brief, FactRef, Group, PartnerFacts, Ranking
from quotes.brief import brief_for, hand_over_of, transfer_terms_of
from quotes.evidenced import evidenced
from quotes.models import Project
from quotes.overrides import overrides_for_engine
from quotes.quote_facts import FromQuotes, from_quotes
from quotes.recent import Recent

WHOLE = 3_000  # partners up to which everybody is worked out in full; beyond it the columns rank all of them
FIRST = 100  # of each group of a large catalogue, worked out in full
FIRST_WORDS = f"the first {FIRST} partners of each group, the shortlisted ones and bidders"
KEPT = 6  # screenings of a large catalogue kept per process: of 100,000 partners some 25 MB each


@dataclass(frozen=True)
class Settings:
    """How a project's scores treat what is unknown; see `rank_assessed`."""

    caution: float = 0.0
    min_coverage: float = 60.0

    @classmethod
    def of(cls, project: Project) -> Settings:
        return cls(float(project.caution), float(project.min_coverage))

    @property
    def options(self) -> dict[str, float]:
        return {"caution": self.caution, "min_coverage": self.min_coverage}


Tried: TypeAlias = tuple[Brief, dict[str, float], dict[int, PartnerFacts]]


@dataclass(frozen=True)
class Everybody:
    """A large catalogue's numbers for a project: where all partners stand, now and under what is tried."""

    catalogue: Current
    quotes: FromQuotes
    screened: Screened
    found: LargeRanking
    settings: Settings
    tried: list[tuple[Tried, LargeRanking]] = field(default_factory=list, compare=False, repr=False)

    @property
    def columns(self) -> Catalogue:
        return self.catalogue.columns

    def facts(self, places: Iterable[int]) -> tuple[PartnerFacts, ...]:
        return tuple(self.screened.facts(self.columns, i) for i in places)

    def under(
        self,
        brief: Brief,
        weights: Mapping[str, float],
        overrides: Overrides,
        changed: Mapping[int, PartnerFacts],
    ) -> LargeRanking:
        """Everybody under another brief, other weights, and other facts of some partners; worked out once each."""
        what = (brief, dict(weights), dict(changed))
        for before, found in self.tried:
            if before == what:
                return found
        found = self._under(brief, weights, overrides, changed)
        self.tried.append((what, found))
        return found

    def _under(
        self,
        brief: Brief,
        weights: Mapping[str, float],
        overrides: Overrides,
        changed: Mapping[int, PartnerFacts],
    ) -> LargeRanking:
        screened = _screened(self.catalogue, brief, self.quotes)
        if changed:
            screened = patched(self.columns, screened, changed)
        return rank_screened(
            self.columns, screened, weights, overrides=overrides, top=0, **self.settings.options
        )


@dataclass(frozen=True)
class Inputs:
    """Everything the engine needs for one project, read once.

    Of a large catalogue `facts` are those of the first ones of each group and of the project's own partners, and
    `everybody` says where they stand among all.
    """

    brief: Brief
    facts: tuple[PartnerFacts, ...]
    weights: Mapping[str, float]
    overrides: Overrides
    everybody: Everybody | None = None
    settings: Settings = Settings()

    @cached_property
    def refs(self) -> dict[tuple[str, int], FactRef]:
        """Every recorded fact by the kind and id of its row."""
        return {(node.ref.kind, node.ref.pk): node.ref for p in self.facts for node in evidenced(p)}

    def ranking(self) -> Ranking:
        options = self.settings.options
        part = rank(self.facts, self.brief, self.weights, overrides=self.overrides, **options)
        if self.everybody is None:
            return part
        return among_all(self.everybody.columns, self.everybody.found, part)

    def under(
        self, brief: Brief, weights: Mapping[str, float], facts: tuple[PartnerFacts, ...] | None = None
    ) -> Ranking:
        """The same partners under another brief, weights or facts; their places still count everybody."""
        given = facts if facts is not None else self.facts
        part = rank(given, brief, weights, overrides=self.overrides, **self.settings.options)
        if self.everybody is None:
            return part
        found = self.everybody.under(brief, weights, self.overrides, self._changed(given))
        return among_all(self.everybody.columns, found, part)

    def _changed(self, facts: tuple[PartnerFacts, ...]) -> dict[int, PartnerFacts]:
        before = {p.id: p for p in self.facts}
        return {p.id: p for p in facts if p is not before.get(p.id)}

    def with_leaders(
        self, brief: Brief, weights: Mapping[str, float], facts: tuple[PartnerFacts, ...]
    ) -> Inputs:
        """Of a large catalogue also those who come first under another brief, weights or facts."""
        if self.everybody is None:
            return self
        found = self.everybody.under(brief, weights, self.overrides, self._changed(facts))
        first = self.everybody.facts(found.orders[Group.RANKED][:FIRST].tolist())
        here = {p.id for p in self.facts}
        return replace(self, facts=(*self.facts, *(p for p in first if p.id not in here)))


def inputs_of(
    project: Project,
    *,
    weights: Mapping[str, float] | None = None,
    as_of: dt.date | None = None,
    also: Iterable[int] = (),
) -> Inputs:
    """Brief, facts with the project's quotes, weights and overrides. Raises NothingToRank without needs.

    `also` are partners (ids) whose facts are needed wherever they stand in a large catalogue.
    """
    brief = brief_for(project, as_of=as_of)
    quotes = from_quotes(project, brief)
    chosen, overrides = weights or project.weights.as_dict(), overrides_for_engine(project)
    catalogue, settings = current(), Settings.of(project)
    if len(catalogue.columns) <= WHOLE:
        return Inputs(brief, quotes.beside(catalogue.facts), chosen, overrides, settings=settings)
    listed = project.shortlist.values_list("organisation_id", flat=True)
    own = {*also, *listed, *quotes.partners, *(pk for pk, _ in overrides)}
    screened = _screened(catalogue, brief, quotes)
    found = rank_screened(catalogue.columns, screened, chosen, overrides=overrides, top=0, **settings.options)
    facts = part_of(catalogue.columns, screened, found, first=FIRST, also=own)
    everybody = Everybody(catalogue, quotes, screened, found, settings)
    return Inputs(brief, facts, chosen, overrides, everybody, settings)


_kept: Recent[Screened] = Recent(KEPT)


def _screened(catalogue: Current, brief: Brief, quotes: FromQuotes) -> Screened:
    """Everybody's numbers for a brief, kept: another weight set only weighs them again."""
    said = (tuple(sorted(rows.items(), key=itemgetter(0))) for rows in quotes.rows)
    key = (catalogue.version, brief, *said)

    def make() -> Screened:
        columns = catalogue.columns
        facts = quotes.beside(columns.facts(i) for i in columns.places(quotes.partners))
        return screen(columns, brief, changed={p.id: p for p in facts})

    return _kept.get(key, make)


def catalogue_is_large() -> bool:
    """Whether pages work out only the first ones of each group in full. One query."""
    return len(current().columns) > WHOLE


def rank_project(
    project: Project,
    *,
    weights: Mapping[str, float] | None = None,
    as_of: dt.date | None = None,
    also: Iterable[int] = (),
) -> Ranking:
    """Rank all active partners for a project; must-haves that were let pass do not knock out.

    `weights` tries other weights than the project's own without saving them (ValueError when they are not ten
    numbers that sum to 100). Of more than `WHOLE` partners the result holds the first ones of each group, the
    shortlisted ones and those of `also`, with their ranks among all. Raises NothingToRank for a project without
    needs.
    """
    return inputs_of(project, weights=weights, as_of=as_of, also=also).ranking()


def networks_of(
    project: Project, *, weights: Mapping[str, float] | None = None, as_of: dt.date | None = None
) -> Proposal:
    """Who covers the project's whole scope: one site, several of one partner, or a network of partners."""
    return networks_in(project, inputs_of(project, weights=weights, as_of=as_of))


def networks_in(project: Project, given: Inputs) -> Proposal:
    """The same of inputs that are read already."""
    found = propose_networks(
        given.facts,
        given.brief,
        given.weights,
        hand_over=hand_over_of(project),
        overrides=given.overrides,
        caution=given.settings.caution,
    )
    if given.everybody:
        cut = f"of the large catalogue only {FIRST_WORDS} were combined."
        found = replace(found, cut_off=f"{found.cut_off} And {cut}" if found.cut_off else cut)
    return found


def runway_of(
    project: Project, *, weights: Mapping[str, float] | None = None, as_of: dt.date | None = None
) -> Runway:
    """The ranking now and at the next stage, with the later transfer that each partner makes necessary."""
    return runway_in(project, inputs_of(project, weights=weights, as_of=as_of))


def runway_in(project: Project, given: Inputs) -> Runway:
    """The same of inputs that are read already. Of a large catalogue places count everybody."""
    found = runway(
        given.facts,
        given.brief,
        given.weights,
        terms=transfer_terms_of(project),
        overrides=given.overrides,
        **given.settings.options,
    )
    if given.everybody is None:
        return found
    then = brief_at_next_stage(given.brief)
    kept = replace(given, overrides=still_let_pass(given.overrides, given.brief, then))
    now, later = given.ranking(), kept.under(then, found.later.weights)
    at = [{r.partner_id: r for r in ranking.results} for ranking in (now, later)]
    rows = tuple(replace(row, now=at[0][row.partner_id], later=at[1][row.partner_id]) for row in found.rows)
    return replace(found, now=now, later=later, rows=rows)
