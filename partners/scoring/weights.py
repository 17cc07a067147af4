"""Weights of the ten criteria: defaults by stage and profile, and the check every weight set must pass.

Source of the numbers: this product's own defaults, each row adding up to 100, editable per project.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from .types import CRITERIA

CODES: tuple[str, ...] = tuple(CRITERIA)
TOLERANCE = 0.01  # how far from 100 a typed weight set may be before it is refused

STAGE_WEIGHTS: dict[int, tuple[float, ...]] = {
    1: (25, 20, 2, 6, 15, 6, 10, 4, 2, 10),  # discovery / preclinical
    2: (22, 20, 5, 8, 16, 7, 8, 5, 3, 6),  # IND-enabling
    3: (20, 16, 7, 12, 15, 8, 8, 5, 4, 5),  # Phase I
    4: (18, 14, 12, 15, 10, 9, 8, 5, 5, 4),  # Phase II
    5: (16, 10, 14, 20, 8, 10, 8, 5, 6, 3),  # Phase III
    6: (14, 8, 14, 24, 8, 12, 7, 5, 6, 2),  # registration / PPQ
    7: (14, 4, 14, 20, 6, 14, 14, 5, 7, 2),  # commercial
    8: (14, 8, 10, 18, 6, 14, 15, 6, 7, 2),  # post-approval / lifecycle
}

PROFILE_WEIGHTS: dict[str, tuple[float, ...]] = {
    "clinical": (18, 12, 14, 14, 12, 10, 10, 3, 2, 5),
    "device": (18, 10, 12, 20, 8, 12, 12, 3, 3, 2),
}

PROFILE_LABELS: dict[str, dict[str, str]] = {
    "drug": {},
    "clinical": {
        "C1": "Indication and therapeutic-area fit",
        "C2": "Data management and biostatistics",
        "C3": "Countries, sites and patients",
        "C4": "GCP and regulatory record",
        "C5": "Start-up speed",
    },
    "device": {
        "C1": "Technical and process fit",
        "C2": "Design for manufacture and design transfer",
        "C5": "Tooling lead time and slot",
        "C6": "Defect rate and on-time delivery",
    },
}


def criteria_labels(profile: str = "drug") -> dict[str, str]:
    """The criteria's names as the given profile ("drug", "clinical", "device") words them."""
    if profile not in PROFILE_LABELS:
        raise ValueError(f"Unknown profile “{profile}”.")
    return {**CRITERIA, **PROFILE_LABELS[profile]}


def default_weights(stage: int, profile: str = "drug") -> dict[str, float]:
    """Default weights, adding up to 100: by stage (1 … 8) for drugs, one set each for the other profiles."""
    if profile not in PROFILE_LABELS:
        raise ValueError(f"Unknown profile “{profile}”.")
    if profile in PROFILE_WEIGHTS:
        row = PROFILE_WEIGHTS[profile]
    elif stage in STAGE_WEIGHTS:
        row = STAGE_WEIGHTS[stage]
    else:
        raise ValueError(f"Unknown stage {stage}: stages run from 1 to {max(STAGE_WEIGHTS)}.")
    return dict(zip(CODES, map(float, row), strict=True))


def _validated(weights: Mapping[str, float]) -> dict[str, float]:
    missing = [code for code in CODES if code not in weights]
    if missing:
        raise ValueError(f"A weight is missing for {', '.join(f'{c} {CRITERIA[c]}' for c in missing)}.")
    unknown = sorted(set(weights) - set(CODES))
    if unknown:
        raise ValueError(f"There is no criterion called {', '.join(unknown)}.")
    checked = {}
    for code in CODES:
        try:
            value = float(weights[code])
        except (TypeError, ValueError):
            raise ValueError(f"The weight of {code} {CRITERIA[code]} is not a number.") from None
        if not math.isfinite(value):
            raise ValueError(f"The weight of {code} {CRITERIA[code]} is not a finite number.")
        if value < 0:
            raise ValueError(
                f"The weight of {code} {CRITERIA[code]} is negative ({value:g}); weights start at 0."
            )
        checked[code] = value
    if max(checked.values()) == 0:
        raise ValueError("All weights are zero: give at least one criterion a weight.")
    return checked


def normalise(weights: Mapping[str, float]) -> dict[str, float]:
    """Any weights ≥ 0 rescaled to add up to 100; raises ValueError like `check_weights`."""
    checked = _validated(weights)
    largest = max(checked.values())
    scaled = {
        code: value / largest for code, value in checked.items()
    }  # so that huge weights cannot overflow
    total = math.fsum(scaled.values())
    return {code: value * 100 / total for code, value in scaled.items()}


def check_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """The ten weights in criterion order, scaled to exactly 100.

    Raises ValueError, naming the criterion, unless there are exactly ten finite weights ≥ 0 that add up to
    100 within 0.01.
    """
    checked = _validated(weights)
    for code, value in checked.items():
        if value > 100 + TOLERANCE:  # also keeps the sum from overflowing
            raise ValueError(f"The weight of {code} {CRITERIA[code]} is {value:g}; no weight is above 100.")
    total = math.fsum(checked.values())
    if abs(total - 100) > TOLERANCE + 1e-9:
        raise ValueError(f"The weights add up to {total:g}, not to 100.")
    return checked if total == 100 else {code: value * 100 / total for code, value in checked.items()}
