"""Kept scenarios beside the base: what each changes in words, and where it puts the partners."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from partners.scoring.types import CRITERIA, Group, Ranking
from quotes.models import WhatIfScenario
from quotes.prices import PRICE_ASSUMED, PRICE_KINDS, PRICE_NEED, PRICE_RULES
from quotes.ranking import Inputs
from quotes.ranking_page import BadWeights, trial_weights
from quotes.selectors import partners_of_facts
from quotes.whatif import (
    ASSUMED,
    EDITABLE,
    LEVELS,
    BadScenario,
    compare_rankings,
    rank_scenario,
    read_scenario,
    summary,
    with_leaders,
)

ROWS = 15  # of each column of the table of all scenarios
WEIGHTS = {code.lower(): code for code in CRITERIA}


def is_change(key: str) -> bool:
    """Whether a part of the address changes the base."""
    return key in WEIGHTS or key.partition(".")[0] in ("n", "f", "a")


def touched(changes: Iterable[Mapping[str, str]], *, prices: bool) -> set[int]:
    """The partners (ids) whose facts some scenarios change; needed wherever they stand in a large catalogue."""
    found: set[int] = set()
    facts: set[tuple[str, int]] = set()
    for said in changes:
        try:
            scenario = read_scenario(said, prices=prices)
        except BadScenario:
            continue  # the page says why it cannot be read
        found.update(pk for pk, _ in scenario.assumed)
        facts.update((change.kind, change.pk) for change in scenario.facts)
    return found | partners_of_facts(facts)


@dataclass(frozen=True)
class Kept:
    """One kept scenario. `ranking` is None where it cannot be read any more, or not by this person: see `problem`."""

    row: WhatIfScenario
    words: list[str]
    ranking: Ranking | None
    sentence: str
    problem: str


def with_all_leaders(rows: Iterable[WhatIfScenario], given: Inputs, *, prices: bool) -> Inputs:
    """The inputs with those who come first under any kept scenario, however large the catalogue."""
    for row in rows:
        try:
            scenario = read_scenario(row.changes, prices=prices)
            given = with_leaders(given, scenario, trial_weights(row.changes) or given.weights)
        except (BadScenario, BadWeights):
            continue  # `kept_scenarios` says why it cannot be used
    return given


def kept_scenarios(
    rows: Iterable[WhatIfScenario], given: Inputs, base: Ranking, *, prices: bool
) -> list[Kept]:
    """Every scenario applied to the base as it is today; `given` has the leaders of each."""
    found = []
    for row in rows:
        words = change_words(given, row.changes, prices=prices)
        try:
            scenario = read_scenario(row.changes, prices=prices)
            ranking = rank_scenario(given, scenario, trial_weights(row.changes) or given.weights)
        except (BadScenario, BadWeights) as bad:
            found.append(Kept(row, words, None, "", str(bad)))
            continue
        found.append(Kept(row, words, ranking, summary(compare_rankings(base, ranking)), ""))
    return found


@dataclass(frozen=True)
class SideBySide:
    """Places in the base and in every usable scenario; `left_out` partners are ranked somewhere, but first nowhere."""

    rows: list[dict[str, Any]]
    left_out: int


def compared(base: Ranking, kept: Iterable[Kept]) -> SideBySide:
    """A row per partner among the first of the base or of any scenario, in the base's order."""
    usable = [(k.row.name, k.ranking) for k in kept if k.ranking is not None]
    labels = ["Base", *(name for name, _ in usable)]
    rankings = [base, *(ranking for _, ranking in usable)]
    places = [{r.partner_id: r for r in ranking.results} for ranking in rankings]
    groups = [ranking.group(Group.RANKED) for ranking in rankings]
    wanted = {r.partner_id for group in groups for r in group[:ROWS]}
    ranked = {r.partner_id for group in groups for r in group}
    rows = []
    for first in base.results:
        pk = first.partner_id
        if pk not in wanted:
            continue
        rows.append(
            {
                "partner_id": pk,
                "slug": first.slug,
                "name": first.name,
                "illustrative": first.illustrative,
                "cells": [
                    {
                        "label": label,
                        "rank": p[pk].rank,
                        "group": p[pk].group.value,
                        "point": p[pk].point,
                        "moved": p[pk].rank != first.rank,
                    }
                    for label, p in zip(labels, places, strict=True)
                ],
            }
        )
    return SideBySide(rows, len(ranked) - len(rows))


def change_words(given: Inputs, changes: Mapping[str, str], *, prices: bool) -> list[str]:
    """Each change in words. Amounts are left out for who does not see prices."""
    weights = [f"{WEIGHTS[key]} {text}" for key, text in changes.items() if key in WEIGHTS and text]
    words = [f"Weights: {', '.join(weights)}"] if weights else []
    needs = {need.id: need for need in given.brief.needs}
    partners = {p.id: p for p in given.facts}
    for key, text in changes.items():
        head, _, rest = key.partition(".")
        if head == "n":
            need = needs.get(rest)
            hidden = need is not None and not prices and need.rule in PRICE_RULES
            label = "a need that is gone" if need is None else PRICE_NEED if hidden else need.label
            words.append(f"{label}: {LEVELS.get(text, text).lower()}")
        elif head == "f":
            words.append(_fact_words(given.refs, rest, text, prices))
        elif head == "a":
            pk, _, what = rest.partition(".")
            partner = partners.get(int(pk)) if pk.isdecimal() else None
            words.append(_assumed_words(partner.name if partner else "a partner", needs, what, text, prices))
    return words


def _fact_words(refs: Mapping[Any, Any], rest: str, text: str, prices: bool) -> str:
    kind, pk, name = [*rest.split("."), "", ""][:3]
    ref = refs.get((kind, int(pk))) if pk.isdecimal() else None
    field = EDITABLE.get(kind, {}).get(name, ("", name))[1]
    if kind in PRICE_KINDS and not prices:
        return "A change of prices (amount withheld)"
    if ref is None:
        return f"A fact that is gone: {field} {text}"
    place = f" ({ref.site})" if ref.site else ""
    return f"{ref.label}{place}: {field} {text}"


def _assumed_words(partner: str, needs: Mapping[str, Any], what: str, text: str, prices: bool) -> str:
    if what.startswith("need."):
        need = needs.get(what.removeprefix("need."))
        return f"{partner} meets: {need.label if need else 'a need that is gone'}"
    if what in PRICE_ASSUMED and not prices:
        return f"{partner}: an assumed price (amount withheld)"
    return f"{partner}: {ASSUMED.get(what, ('', what))[1]} {text}"
