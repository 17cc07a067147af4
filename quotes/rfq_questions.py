"""The ranking's questions worth asking as questions of an RFQ: in words that fit every bidder, each once."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from partners.models import Facility, Organisation
from partners.scoring.asking import Decisive
from partners.scoring.types import Ranking
from quotes.brief import NothingToRank
from quotes.models import Project
from quotes.ranking import rank_project
from quotes.robustness import questions_of

SUGGESTED = 10


def neutral_texts(asked: Iterable[Decisive]) -> list[str]:
    """Each question without the names of its partner and sites: an RFQ goes to every bidder. Two queries."""
    asked = list(asked)
    partners = {q.partner_id for q in asked}
    names: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for pk, name in Facility.objects.filter(organisation__in=partners).values_list("organisation", "name"):
        names[pk].append((name, "your site"))
    for pk, name in Organisation.objects.filter(pk__in=partners).values_list("pk", "name"):
        names[pk].append((name, "your company"))
    return [_neutral(q.ask, names[q.partner_id]) for q in asked]


def _neutral(ask: str, names: list[tuple[str, str]]) -> str:
    for name, instead in sorted(names, key=lambda pair: -len(pair[0])):
        ask = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", instead, ask)
    return ask[:1].upper() + ask[1:]


def suggested_questions(project: Project, ranking: Ranking | None = None) -> list[str]:
    """What the project's ranking would ask, the most decisive first, each once; empty without needs."""
    try:
        found = questions_of(ranking or rank_project(project), SUGGESTED)
    except NothingToRank:
        return []
    return list(dict.fromkeys(neutral_texts(found)))
