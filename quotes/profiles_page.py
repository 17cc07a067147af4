"""The ranked partners under other weights, side by side: stage now and next, named sets, extremes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from partners.enums import Stage
from partners.scoring.aggregate import competition_ranks
from partners.scoring.profiles import Profile, alternative_weights
from partners.scoring.types import Group, Ranking
from partners.scoring.weights import PROFILE_WEIGHTS, default_weights
from partners.scoring.words import few, listing
from quotes.enums import Profile as ProjectProfile
from quotes.models import Project, WeightSet
from quotes.robustness import CODES, values_of

SHOWN = 25


@dataclass(frozen=True)
class ProfilesPage:
    profiles: list[Profile]
    rows: list[dict[str, Any]]
    weight_rows: list[dict[str, Any]]
    sentence: str
    ranked: int = 0  # partners compared; `rows` holds the first ones


def profiles_page(
    project: Project, ranking: Ranking, labels: Mapping[str, str], named: Iterable[Profile] = ()
) -> ProfilesPage:
    """Ranks of the ranked group under every profile; the first profile is the ranking's own weights."""
    profiles = [Profile("own", "These weights", ranking.weights, ""), *_stages(project), *named]
    profiles += alternative_weights(ranking.weights, profile=project.profile)
    ranked = ranking.group(Group.RANKED)
    table = np.array([[p.weights[code] for code in CODES] for p in profiles])
    scores = values_of(ranked, ranking.caution) @ table.T if ranked else np.zeros((0, len(profiles)))
    ranks = [competition_ranks(scores[:, j]).tolist() for j in range(len(profiles))] if ranked else []
    rows = [
        {
            "slug": r.slug,
            "name": r.name,
            "illustrative": r.illustrative,
            "cells": [_cell(column[i], ranks[0][i]) for column in ranks],
        }
        for i, r in enumerate(ranked[:SHOWN])
    ]
    firsts = [{r.name for r, rank in zip(ranked, column, strict=True) if rank == 1} for column in ranks]
    return ProfilesPage(
        profiles=profiles,
        rows=rows,
        weight_rows=[
            {"code": code, "label": labels[code], "cells": [p.weights[code] for p in profiles]}
            for code in CODES
        ],
        sentence=_sentence(profiles, firsts),
        ranked=len(ranked),
    )


def named_profiles(sets: Iterable[WeightSet]) -> list[Profile]:
    """The sponsor's named weight sets as profiles."""
    return [Profile(f"set-{s.pk}", s.name, s.as_dict(), f"{s.get_function_display()}.") for s in sets]


def _stages(project: Project) -> list[Profile]:
    """The defaults of the stage (or of the clinical or device profile) and those of the stage after it."""
    if project.profile in PROFILE_WEIGHTS:
        label = f"Defaults, {ProjectProfile(project.profile).label.lower()}"
        return [
            Profile(
                "stage",
                label,
                default_weights(project.stage, project.profile),
                "This product's own convention.",
            )
        ]
    found = []
    for stage, when in ((project.stage, "now"), (project.stage + 1, "next")):
        if stage in Stage.values:
            label = f"{'Stage now' if when == 'now' else 'Next stage'}: {Stage(stage).label}"
            found.append(
                Profile(
                    f"stage-{when}", label, default_weights(stage, project.profile), "Defaults of the stage."
                )
            )
    return found


def _cell(rank: int, own: int) -> dict[str, Any]:
    move = own - rank
    return {"rank": rank, "move": f"↑{move}" if move > 0 else f"↓{-move}" if move < 0 else ""}


def _sentence(profiles: list[Profile], firsts: list[set[str]]) -> str:
    if not firsts:
        return "No partner is ranked, so other weights change nothing."
    leaders, one = few(sorted(firsts[0])), len(firsts[0]) == 1
    other = [p.label for p, first in zip(profiles, firsts, strict=True) if first != firsts[0]]
    if not other:
        return f"{leaders} {'stays' if one else 'stay'} first under all of these weights."
    verb = "is" if one else "are"
    return f"{leaders} {verb} first with these weights; somebody else is with {listing(other)}."
