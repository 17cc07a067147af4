"""Three guided ways to weights: ranking the criteria (ROC, RS), swing points, pairwise comparison (AHP).

Each reads its answers from an address, so that a half-finished set can be reloaded, shared and corrected, and gives ten
weights that sum to 100 or says what is missing. Nothing is saved here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

import numpy as np

from cmo_selector.templatetags.fmt import format_number
from partners.scoring.aggregate import competition_ranks
from partners.scoring.methods.ahp import FLAG_ABOVE, Judgement, judge
from partners.scoring.methods.checks import BadProblem
from partners.scoring.methods.rank_weights import swing_weights, weights_from_ranks
from partners.scoring.types import CRITERIA

CODES = tuple(CRITERIA)
METHODS: dict[str, str] = {"ranking": "ranking", "swing": "swing", "pairs": "pairs (AHP)"}
RULES: dict[str, str] = {"roc": "Rank order centroid (ROC)", "rs": "Rank sum (RS)"}
INDEX, INDEX_NAME = "saaty1980", "Saaty 1980"

#: the hierarchy of the pairwise method, so that nobody has to make 45 comparisons
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "fit": ("Fit and capacity", ("C1", "C2", "C3")),
    "delivery": ("Quality, speed and delivery", ("C4", "C5", "C6")),
    "money": ("Cost and terms", ("C7", "C8")),
    "risk": ("Risk and working together", ("C9", "C10")),
}
SCALE: tuple[tuple[str, float, str], ...] = (  # value in the address, ratio, in words
    ("9", 9.0, "extremely more important (9)"),
    ("7", 7.0, "very much more important (7)"),
    ("5", 5.0, "much more important (5)"),
    ("3", 3.0, "somewhat more important (3)"),
    ("2", 2.0, "slightly more important (2)"),
    ("1", 1.0, "as important (1)"),
    ("1/2", 1 / 2, "slightly less important (1/2)"),
    ("1/3", 1 / 3, "somewhat less important (1/3)"),
    ("1/5", 1 / 5, "much less important (1/5)"),
    ("1/7", 1 / 7, "very much less important (1/7)"),
    ("1/9", 1 / 9, "extremely less important (1/9)"),
)
RATIOS = {key: ratio for key, ratio, _ in SCALE}


@dataclass
class Outcome:
    """Weights by criterion code that sum to 100, or None with what stands in the way; notes explain."""

    weights: dict[str, float] | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# -- ranking ---------------------------------------------------------------------------------------


def default_places(weights: Mapping[str, float]) -> dict[str, str]:
    """The places the weights in use imply; a weight of zero has none."""
    ranks = competition_ranks([weights[code] for code in CODES])
    return {c: str(int(r)) if weights[c] > 0 else "" for c, r in zip(CODES, ranks, strict=True)}


def by_ranking(places: Mapping[str, str], rule: str) -> Outcome:
    """`places`: code → "1" (most important) … "10", equal ones allowed, "" leaves a criterion out."""
    out = Outcome()
    if rule not in RULES:
        out.problems.append("Choose how places become weights: rank order centroid or rank sum.")
    ranks: dict[str, int] = {}
    for code in CODES:
        text = places.get(code, "").strip()
        if not text:
            continue
        if text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= len(CODES):
            ranks[code] = int(text)
        else:
            out.problems.append(f"{code} {CRITERIA[code]}: the place must be a whole number from 1 to 10.")
    if not ranks and not out.problems:
        out.problems.append("Give at least one criterion a place.")
    if out.problems:
        return out
    share = weights_from_ranks(list(ranks.values()), rule)
    out.weights = dict.fromkeys(CODES, 0.0) | dict(zip(ranks, (share * 100).tolist(), strict=True))
    left = [code for code in CODES if code not in ranks]
    if left:
        out.notes.append(f"Without a place and so without weight: {', '.join(left)}.")
    if len(set(ranks.values())) < len(ranks):
        out.notes.append("Criteria with the same place share the average of the places they take up.")
    return out


# -- swing -----------------------------------------------------------------------------------------


def default_points(weights: Mapping[str, float]) -> dict[str, str]:
    """The weights in use with the largest at 100."""
    largest = max(weights.values())
    return {code: f"{round(weights[code] * 100 / largest, 1):g}" for code in CODES}


def by_swing(points: Mapping[str, str]) -> Outcome:
    """`points`: code → 0 to 100 for moving that criterion from worst to best; the largest swing gets 100."""
    out = Outcome()
    values = []
    for code in CODES:
        text = points.get(code, "").strip() or "0"
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not 0 <= value <= 100:
            out.problems.append(
                f"{code} {CRITERIA[code]}: points run from 0 to 100; “{text[:20]}” does not fit."
            )
        values.append(value)
    if not out.problems and not any(map(float, values)):
        out.problems.append("Give the most important swing 100 points.")
    if out.problems:
        return out
    largest = max(values)
    if largest < 100:
        out.notes.append(
            f"The largest swing should have 100 points; it has {format_number(largest)}. Ratios count."
        )
    share = swing_weights([float(value) for value in values])
    out.weights = dict(zip(CODES, (share * 100).tolist(), strict=True))
    return out


# -- pairs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Advice:
    """The comparison that fits the others worst, and the value of the scale that would fit."""

    name: str  # in the address
    suggested: str
    words: str


@dataclass
class Board:
    """One set of comparisons: its questions and, once answered, how consistent they are."""

    key: str
    title: str
    pairs: list[dict[str, str]]  # name, first, second, value
    consistency: str = ""
    flagged: bool = False
    advice: Advice | None = None
    advice_url: str = ""  # of the same page with the suggestion taken, set by the view


@dataclass
class Pairs(Outcome):
    boards: list[Board] = field(default_factory=list)


def by_pairs(answers: Mapping[str, str], labels: Mapping[str, str]) -> Pairs:
    """`answers`: "top.fit.money" or "fit.C1.C2" → a value of SCALE; unanswered ones are filled from the others."""
    out = Pairs()
    top, shares = _board(
        "top", "The four groups", list(GROUPS), {k: g[0] for k, g in GROUPS.items()}, answers, out
    )
    out.boards.append(top)
    weights: dict[str, float] = {}
    for place, (key, (title, codes)) in enumerate(GROUPS.items()):
        named = {code: f"{code} {labels[code]}" for code in codes}
        board, inner = _board(key, title, list(codes), named, answers, out)
        out.boards.append(board)
        for code, share in zip(codes, inner, strict=True):
            weights[code] = float(shares[place] * share * 100)
    if not out.problems:
        out.weights = {code: weights[code] for code in CODES}
    return out


def _board(
    key: str,
    title: str,
    items: list[str],
    named: Mapping[str, str],
    answers: Mapping[str, str],
    out: Pairs,
) -> tuple[Board, np.ndarray]:
    n = len(items)
    matrix = np.full((n, n), np.nan)
    np.fill_diagonal(matrix, 1.0)
    board = Board(key, title, [])
    given = 0
    for i in range(n):
        for j in range(i + 1, n):
            name = f"{key}.{items[i]}.{items[j]}"
            value = answers.get(name, "")
            pair = {"name": name, "first": named[items[i]], "second": named[items[j]], "value": value}
            board.pairs.append(pair)
            if value in RATIOS:
                matrix[i, j] = RATIOS[value]
                given += 1
            elif value:
                out.problems.append(f"{title}: “{value[:20]}” is not a value of the scale.")
    if not given:
        out.notes.append(f"{title}: nothing compared yet, so all count the same.")
        return board, np.full(n, 1 / n)
    try:
        judged = judge(matrix, title)
    except BadProblem:
        out.problems.append(
            f"{title}: too few comparisons. Answer enough that every one is connected to the others."
        )
        return board, np.full(n, 1 / n)
    if given < len(board.pairs):
        out.notes.append(f"{title}: unanswered comparisons are taken as the answered ones imply.")
    if given > n - 1:  # fewer cannot contradict each other
        _judge_consistency(board, judged, items, named, given)
    return board, judged.weights


def _judge_consistency(
    board: Board, judged: Judgement, items: list[str], named: Mapping[str, str], given: int
) -> None:
    ratio = judged.ratios[INDEX] or 0.0
    board.flagged = ratio > FLAG_ABOVE
    verdict = (
        "above 0.10: look at the answer below again" if board.flagged else "up to 0.10 is consistent enough"
    )
    board.consistency = f"Consistency ratio {ratio:.2f} ({INDEX_NAME} random index); {verdict}."
    if given < len(board.pairs):
        board.consistency += (
            f" {given} of {len(board.pairs)} answered: the open ones fit by themselves, which flatters it."
        )
    worst = judged.worst
    if worst is None or not board.flagged:
        return
    first, second = items[worst.row], items[worst.column]
    implied = worst.implied
    if worst.row > worst.column:  # the address asks about the pair in the order of the items
        first, second, implied = second, first, 1 / implied
    key, _, words = min(SCALE, key=lambda s: abs(np.log(s[1] / implied)))
    said = next(p["value"] for p in board.pairs if p["name"] == f"{board.key}.{first}.{second}")
    board.advice = Advice(
        name=f"{board.key}.{first}.{second}",
        suggested=key,
        words=(
            f"{named[first]} against {named[second]}: you said {said}, your other answers imply "
            f"{format_number(Decimal(str(round(implied, 2))))}. A value that fits: {words}."
        ),
    )
