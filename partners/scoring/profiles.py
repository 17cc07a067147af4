"""Other weight profiles to hold a ranking against: equal, cost-heavy, quality-heavy, the next stage's defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .weights import CODES, PROFILE_WEIGHTS, STAGE_WEIGHTS, check_weights, default_weights, normalise

HEAVY = 40.0  # points that the leading criterion of a heavy profile gets; this product's own choice


@dataclass(frozen=True, slots=True)
class Profile:
    """A named weight set; `weights` sum to 100, `note` says in a sentence how it was made."""

    code: str
    label: str
    weights: dict[str, float]
    note: str


def with_weight(weights: Mapping[str, float], code: str, points: float) -> dict[str, float]:
    """The same weights with one criterion at `points` of 100 and the others rescaled in proportion.

    Where the one criterion had all the weight, the others share the rest equally.
    """
    checked = check_weights(weights)
    if not 0 <= points <= 100:
        raise ValueError(f"The weight of {code} must lie between 0 and 100, not {points:g}.")
    if code not in checked:
        raise ValueError(f"There is no criterion called {code}.")
    rest = 100 - checked[code]
    others = {c: (w if rest > 0 else 1.0) for c, w in checked.items() if c != code}
    total = sum(others.values())
    return {c: points if c == code else others[c] * (100 - points) / total for c in CODES}


def alternative_weights(
    weights: Mapping[str, float], *, stage: int | None = None, profile: str = "drug"
) -> tuple[Profile, ...]:
    """The profiles of domain.md 4.4 (c), made from the weights in use; the next stage only for drugs."""
    heavier = "the others scaled down in proportion"
    found = [
        Profile("equal", "All equal", normalise(dict.fromkeys(CODES, 1.0)), "Every criterion counts 10."),
        _heavy(weights, "cost", "Cost-heavy", "C7", f"C7 Cost counts {HEAVY:g} or more, {heavier}."),
        _heavy(
            weights,
            "quality",
            "Quality-heavy",
            "C4",
            f"C4 Quality and regulatory record counts {HEAVY:g} or more, {heavier}.",
        ),
    ]
    if stage is not None and profile not in PROFILE_WEIGHTS and stage + 1 in STAGE_WEIGHTS:
        found.append(
            Profile(
                "next_stage",
                "Next stage",
                default_weights(stage + 1, profile),
                "The default weights of the stage after this one.",
            )
        )
    return tuple(found)


def _heavy(weights: Mapping[str, float], code: str, label: str, criterion: str, note: str) -> Profile:
    points = max(HEAVY, check_weights(weights)[criterion])
    return Profile(code, label, with_weight(weights, criterion, points), note)
