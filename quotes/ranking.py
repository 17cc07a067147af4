"""Ranking a project: facts and brief in, the engine's ranking out. Used by page, shortlist and reports."""

import datetime as dt
from collections.abc import Mapping

from partners.scoring import rank
from partners.scoring.types import Ranking
from partners.scoring_inputs import load_partner_facts
from quotes.brief import brief_for
from quotes.models import Project


def rank_project(
    project: Project, *, weights: Mapping[str, float] | None = None, as_of: dt.date | None = None
) -> Ranking:
    """Rank all active partners for a project.

    `weights` tries other weights than the project's own without saving them (ValueError when they are not ten
    numbers that sum to 100). Raises NothingToRank for a project without needs.
    """
    brief = brief_for(project, as_of=as_of)
    return rank(load_partner_facts(), brief, weights or project.weights.as_dict())
