"""PROMETHEE II: net outranking flows (Brans, Vincke & Mareschal 1986).

Six preference functions of a signed difference d (cost is negated first): usual d > 0; u_shape d > q; v_shape d/p;
level 0 / 0.5 / 1 at q and p; linear (d - q)/(p - q); gaussian 1 - exp(-d²/(2 s²)). phi = phi+ - phi-, each
divided by N - 1; phi_sum is not divided. For large N the flows of the piecewise-linear types come from sorted
columns and prefix sums in O(n N log N) (Calders & Van Assche 2018) and equal the pairwise ones up to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .checks import Array, BadProblem, Flags, Ints
from .ranks import competition_ranks

TYPES = ("usual", "u_shape", "v_shape", "level", "linear", "gaussian")
PAIRWISE_LIMIT = 300  # alternatives up to which the full preference matrix is built
CHUNK = 256


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference function; thresholds in the criterion's raw unit."""

    kind: str = "usual"
    q: float = 0.0
    p: float = 0.0
    s: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in TYPES:
            raise BadProblem(f"Unknown preference function “{self.kind}”; known are {', '.join(TYPES)}.")
        if self.q < 0 or self.p < 0:
            raise BadProblem("The thresholds q and p must be 0 or more.")
        if self.kind in ("level", "linear") and self.p < self.q:
            raise BadProblem(f"The threshold p ({self.p:g}) is below q ({self.q:g}).")
        if self.kind == "v_shape" and self.p == 0:
            raise BadProblem("The preference function v_shape needs p above 0.")
        if self.kind == "gaussian" and self.s <= 0:
            raise BadProblem("The preference function gaussian needs s above 0.")

    def at(self, d: Array, noise: float = 0.0) -> Array:
        """Preference degrees of signed differences; `noise` is what rounding may add to a difference."""
        if self.kind == "gaussian":
            return np.where(d > noise, -np.expm1(-(d**2) / (2 * self.s**2)), 0.0)
        if self.kind == "level":
            return np.asarray(0.5 * (d > self.q + noise) + 0.5 * (d > self.p + noise))
        low, high = self.corners()
        if high == low:
            return np.asarray((d > low + noise).astype(np.float64))
        return np.clip((d - low) / (high - low), 0.0, 1.0)

    def corners(self) -> tuple[float, float]:
        """Where preference starts and where it is full, for the types made of one ramp or one step."""
        if self.kind == "usual":
            return 0.0, 0.0
        if self.kind == "u_shape":
            return self.q, self.q
        if self.kind == "v_shape":
            return 0.0, self.p
        return self.q, self.p


@dataclass(frozen=True, slots=True)
class Promethee:
    """Flows (rank 1 = highest net flow); `pi` is the N × N preference matrix, None for many alternatives."""

    phi: Array
    phi_plus: Array
    phi_minus: Array
    ranks: Ints
    pi: Array | None


def promethee(x: Array, benefit: Flags, share: Array, preferences: Sequence[Preference]) -> Promethee:
    """PROMETHEE II of a table (N × n)."""
    count, n = x.shape
    if len(preferences) != n:
        raise BadProblem(f"There are {len(preferences)} preference functions for {n} criteria.")
    signed = np.where(benefit, x, -x)
    pi: Array | None = None
    if count <= PAIRWISE_LIMIT:
        pi = np.zeros((count, count))
        for j, preference in enumerate(preferences):
            column = signed[:, j]
            pi += share[j] * preference.at(column[:, None] - column[None, :], _noise(column))
        plus, minus = pi.sum(axis=1), pi.sum(axis=0)
    else:
        plus, minus = np.zeros(count), np.zeros(count)
        for j, preference in enumerate(preferences):
            up, down = flows(np.ascontiguousarray(signed[:, j]), preference)
            plus += share[j] * up
            minus += share[j] * down
    others = max(count - 1, 1)
    phi = (plus - minus) / others
    return Promethee(
        np.asarray(phi), np.asarray(plus / others), np.asarray(minus / others), competition_ranks(phi), pi
    )


def _noise(column: Array) -> float:
    return 1e-12 * float(np.abs(column).max(initial=0.0))


def flows(column: Array, preference: Preference) -> tuple[Array, Array]:
    """Undivided leaving and entering flow of each alternative on one criterion."""
    noise = _noise(column)
    if preference.kind == "gaussian":
        plus, minus = np.empty_like(column), np.empty_like(column)
        for begin in range(0, len(column), CHUNK):
            d = column[begin : begin + CHUNK, None] - column[None, :]
            plus[begin : begin + CHUNK] = preference.at(d, noise).sum(axis=1)
            minus[begin : begin + CHUNK] = preference.at(-d, noise).sum(axis=1)
        return plus, minus
    centre = float(column.mean())
    if preference.kind == "level":
        first = _ramp(column - centre, preference.q, preference.q, noise)
        second = _ramp(column - centre, preference.p, preference.p, noise)
        return (first[0] + second[0]) / 2, (first[1] + second[1]) / 2
    return _ramp(column - centre, *preference.corners(), noise)


def _ramp(column: Array, low: float, high: float, noise: float) -> tuple[Array, Array]:
    """Σ over the others of a ramp from `low` to `high` (a step where both are the same)."""
    order = np.argsort(column)
    g = column[order]
    plus, minus = np.empty_like(g), np.empty_like(g)
    n = len(g)
    if high == low:
        plus[order] = np.searchsorted(g, g - low - noise, side="left")
        minus[order] = n - np.searchsorted(g, g + low + noise, side="right")
        return plus, minus
    prefix = np.concatenate([[0.0], np.cumsum(g)])
    full = np.searchsorted(g, g - high, side="left")
    some = np.searchsorted(g, g - low, side="left")
    plus[order] = full + ((some - full) * (g - low) - (prefix[some] - prefix[full])) / (high - low)
    full = np.searchsorted(g, g + high, side="right")
    some = np.searchsorted(g, g + low, side="right")
    minus[order] = (n - full) + ((prefix[full] - prefix[some]) - (full - some) * (g + low)) / (high - low)
    return plus, minus
