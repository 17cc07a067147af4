"""A sponsor's ranking in the API: the figures and sentences of the ranking's pages, for those who may read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from ninja.errors import HttpError

from cmo_selector.accounts.access import require
from cmo_selector.accounts.roles import Action, may
from partners.models import Organisation
from partners.scoring import criteria_labels
from partners.scoring.types import Group, PartnerResult, Ranking
from quotes.access import get_project
from quotes.api_detail_schemas import NetworksAnswer, RunwayAnswer, TracedPartner
from quotes.api_rows import figures, let_pass, told, traced
from quotes.api_schemas import RankingAnswer, TriedWeights
from quotes.brief import NothingToRank
from quotes.models import Project
from quotes.prices import networks_without_prices, runway_without_prices, without_prices
from quotes.ranking import networks_of, rank_project, runway_of
from quotes.ranking_page import BadWeights, trial_weights
from quotes.reports.canonical import plain
from quotes.reports.firmness import frozen_firmness
from quotes.reports.frozen_group import frozen_pair
from quotes.reports.frozen_networks import frozen_networks, frozen_runway
from quotes.why_page import choose

router = Router()


@router.get(
    "/{int:project_id}/ranking",
    url_name="project-ranking",
    summary="The ranking of a project with its robustness",
    description="Scores are 0 to 100 with the interval that unknown facts leave open; shares run from 0 to 1. "
    "`c1` … `c10` in the query try other weights (points of any size) without saving them. `a` and `b` (slugs) name "
    "two partners to compare under `why`; without them the first is compared with the next ones.",
    response=RankingAnswer,
    by_alias=True,
)
def project_ranking(
    request: HttpRequest, project_id: int, tried: Query[TriedWeights], a: str = "", b: str = ""
) -> dict[str, Any]:
    require(request, Action.VIEW)
    project = get_project(request, project_id)
    try:
        ranking = rank_project(project, weights=trial_weights(tried.given))
    except BadWeights as bad:
        raise HttpError(422, str(bad)) from bad
    except NothingToRank as nothing:
        raise HttpError(409, str(nothing)) from nothing
    prices = may(request.membership.role, Action.SEE_PRICES)  # type: ignore[attr-defined]
    read = ranking if prices else without_prices(ranking)
    labels = criteria_labels(project.profile)
    answer = {
        "project": {"id": project.pk, "name": project.name, "stage": project.get_stage_display()},
        "as_of": read.as_of,
        "engine_version": read.engine_version,
        "caution": read.caution,
        "min_coverage": read.min_coverage,
        "weights": read.weights,
        "criteria": labels,
        "totals": {group: read.count(group) for group in Group},
        **{group.value: [_row(r) for r in read.group(group)] for group in Group},
        **frozen_firmness(project, read, labels, include_prices=prices),
    }
    if a or b:
        try:
            pair = choose(read, a, b)
        except ValueError as bad:
            raise HttpError(422, str(bad)) from bad
        answer["why"] = [frozen_pair(read, pair, labels)] if pair else []
    return dict(plain(answer))


def _opened(request: HttpRequest, project_id: int) -> tuple[Project, bool]:
    """The project and whether this person sees prices."""
    require(request, Action.VIEW)
    project = get_project(request, project_id)
    return project, may(request.membership.role, Action.SEE_PRICES)  # type: ignore[attr-defined]


@router.get(
    "/{int:project_id}/ranking/partners/{slug:slug}",
    url_name="project-ranking-partner",
    summary="One partner's result opened down to its facts",
    description="Every need and every measure with its reason and the facts behind it, each with source and day. "
    "`c1` … `c10` try other weights.",
    response=TracedPartner,
)
def project_ranking_partner(
    request: HttpRequest, project_id: int, slug: str, tried: Query[TriedWeights]
) -> dict[str, Any]:
    project, prices = _opened(request, project_id)
    pk = Organisation.objects.active().filter(slug=slug).values_list("pk", flat=True).first()
    if pk is None:
        raise HttpError(404, "There is no such partner.")
    try:
        weights = trial_weights(tried.given)
    except BadWeights as bad:
        raise HttpError(422, str(bad)) from bad
    ranking = _ranked(project, also=[pk], weights=weights)
    read = ranking if prices else without_prices(ranking)
    result = next((r for r in read.results if r.partner_id == pk), None)
    if result is None:
        raise HttpError(404, "There is no such partner.")
    return dict(plain(traced(result, read, criteria_labels(project.profile))))


@contextmanager
def rankable() -> Iterator[None]:
    """A project that cannot be ranked yet is a conflict, with what it lacks in words."""
    try:
        yield
    except NothingToRank as nothing:
        raise HttpError(409, str(nothing)) from nothing


def _ranked(project: Project, also: Iterable[int] = (), weights: dict[str, float] | None = None) -> Ranking:
    with rankable():
        return rank_project(project, also=also, weights=weights)


@router.get(
    "/{int:project_id}/networks",
    url_name="project-networks",
    summary="Who covers the whole scope of a project",
    response=NetworksAnswer,
)
def project_networks(request: HttpRequest, project_id: int) -> dict[str, Any]:
    project, prices = _opened(request, project_id)
    with rankable():
        found = networks_of(project)
    return dict(plain(frozen_networks(found if prices else networks_without_prices(found), told)))


@router.get(
    "/{int:project_id}/runway",
    url_name="project-runway",
    summary="A project's partners now and at the next stage",
    response=RunwayAnswer,
)
def project_runway(request: HttpRequest, project_id: int) -> dict[str, Any]:
    project, prices = _opened(request, project_id)
    with rankable():
        found = runway_of(project)
    return dict(plain(frozen_runway(found if prices else runway_without_prices(found), told)))


def _row(result: PartnerResult) -> dict[str, Any]:
    return {
        **figures(result),
        "separable_from_next": result.separable_from_next,
        "contributions": result.contributions,
        "criteria": [
            {"code": c.code, "low": c.low, "point": c.point, "high": c.high, "known": c.known}
            for c in result.criteria
        ],
        "near_miss": result.near_miss,
        "stopped": result.stopped,
        "needs": [
            {
                "label": rule.label,
                "level": rule.level,
                "outcome": rule.outcome,
                "reason": rule.reason,
                "let_pass": let_pass(rule),
            }
            for rule in result.rules
        ],
    }
