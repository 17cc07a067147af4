"""Where weights may lie, and uniform draws from there.

Unrestricted: Dirichlet(1). Ordinal: a sorted Dirichlet(1) draw, exact; tiers are sorted and then permuted at random
within each tier. Box (also ±x % around weights): uniform on simplex ∩ box, by the cheapest of three exact
rejections and, where all of them reject too much, by hit-and-run along e_i - e_j (Tervonen et al. 2013). A box
draw is never renormalised: that would leave the box. "How sure are you": Dirichlet(κ w).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from ..aggregate import TIE
from .checks import Array, BadProblem
from .draws import TINY, gammas, generator, simplex

PILOT = 4_096
LEAST_ACCEPTANCE = 0.01
MOST_STEPS = 20_000


class WeightSpace(Protocol):
    """A set of weight vectors with a distribution on it."""

    @property
    def size(self) -> int: ...

    @property
    def continuous(self) -> bool:
        """True when no hyperplane has a positive probability: only equal alternatives can tie."""

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        """`count` weight vectors (count × n), each with sum 1."""

    def key(self) -> tuple[str | int | float | Array, ...]:
        """What identifies the space, for the seed."""


@dataclass(frozen=True)
class Uniform:
    """All weights ≥ 0 with sum 1, uniformly."""

    size: int
    continuous: bool = True

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        return simplex(rng, count, self.size)

    def key(self) -> tuple[str | int | float | Array, ...]:
        return ("uniform", self.size)


@dataclass(frozen=True)
class Fixed:
    """One weight vector."""

    weights: Array
    continuous: bool = False

    @property
    def size(self) -> int:
        return len(self.weights)

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        return np.tile(self.weights, (count, 1))

    def key(self) -> tuple[str | int | float | Array, ...]:
        return ("fixed", self.weights)


@dataclass(frozen=True)
class Ordinal:
    """Every weight of a tier at least as large as every weight of the next; criteria not named are free."""

    size: int
    tiers: tuple[tuple[int, ...], ...]
    continuous: bool = True

    def __post_init__(self) -> None:
        named = [j for tier in self.tiers for j in tier]
        if not named:
            raise BadProblem("The order of the weights names no criterion.")
        for j in named:
            if not 0 <= j < self.size:
                raise BadProblem(f"The order names criterion {j}; criteria run from 0 to {self.size - 1}.")
            if named.count(j) > 1:
                raise BadProblem(
                    f"The order contradicts itself: criterion {j} is named twice, so it would have to weigh"
                    " both more and less than the ones in between."
                )

    @property
    def full_order(self) -> list[int] | None:
        """The criteria in order when all are named and none shares a tier, else None."""
        if any(len(tier) != 1 for tier in self.tiers) or len(self.tiers) != self.size:
            return None
        return [tier[0] for tier in self.tiers]

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        w = simplex(rng, count, self.size)
        named = [j for tier in self.tiers for j in tier]
        falling = -np.sort(-w[:, named], axis=1)
        start = 0
        for tier in self.tiers:
            part = falling[:, start : start + len(tier)]
            if len(tier) > 1:
                part = np.take_along_axis(part, np.argsort(rng.random(part.shape), axis=1), axis=1)
            w[:, list(tier)] = part
            start += len(tier)
        return w

    def key(self) -> tuple[str | int | float | Array, ...]:
        return ("ordinal", self.size, repr(self.tiers))


@dataclass(frozen=True)
class DirichletAround:
    """Dirichlet(κ w): the larger κ, the surer; Var = w (1 - w)/(κ + 1)."""

    weights: Array
    kappa: float
    continuous: bool = True

    @property
    def size(self) -> int:
        return len(self.weights)

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        columns = [
            gammas(rng, float(self.kappa * w), count) if w > 0 else np.zeros(count) for w in self.weights
        ]
        g = np.stack(columns, axis=1)
        total = g.sum(axis=1, keepdims=True)
        return np.asarray(np.where(total > TINY, g / np.maximum(total, TINY), self.weights))

    def key(self) -> tuple[str | int | float | Array, ...]:
        return ("dirichlet", self.weights, self.kappa)


@dataclass(frozen=True)
class Box:
    """Uniform on the weights with low ≤ w ≤ high and sum 1."""

    low: Array
    high: Array
    names: Sequence[str] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        low, high = self.low, self.high
        if low.shape != high.shape or low.ndim != 1:
            raise BadProblem("The bounds of the weights must be one low and one high value per criterion.")
        for j in range(len(low)):
            if low[j] > high[j] + TIE:
                raise BadProblem(
                    f"The weight of {self._name(j)} must be at least {low[j]:g} and at most {high[j]:g}."
                )
            if low[j] < 0 or low[j] > 1 + TIE:
                raise BadProblem(
                    f"The weight of {self._name(j)} must be at least {low[j]:g}; weights lie in 0 … 1."
                )
            if high[j] < 0:
                raise BadProblem(
                    f"The weight of {self._name(j)} must be at most {high[j]:g}; weights lie in 0 … 1."
                )
        object.__setattr__(self, "high", np.maximum(low, np.minimum(high, 1.0)))
        if low.sum() > 1 + TIE:
            forced = [j for j in np.argsort(-low, kind="stable") if low[j] > 0]
            until = int(np.argmax(np.cumsum(low[forced]) > 1 + TIE)) + 1
            said = ", ".join(f"{self._name(j)} ≥ {low[j]:g}" for j in forced[:until])
            raise BadProblem(f"The weights cannot add up to 1: the lower bounds {said} already exceed it.")
        if high.sum() < 1 - TIE:
            said = ", ".join(f"{self._name(j)} ≤ {high[j]:g}" for j in range(len(high)))
            raise BadProblem(f"The weights cannot add up to 1: the upper bounds {said} do not reach it.")

    def _name(self, j: int) -> str:
        return self.names[j] if j < len(self.names) else f"criterion {j + 1}"

    @property
    def size(self) -> int:
        return len(self.low)

    @property
    def continuous(self) -> bool:
        """A box is thin where bounds coincide or the sum leaves no room; ties can then last."""
        room = min(1 - float(self.low.sum()), float(self.high.sum()) - 1)
        return bool(np.all(self.high - self.low > TIE)) and room > TIE

    def key(self) -> tuple[str | int | float | Array, ...]:
        return ("box", self.low, self.high)

    @cached_property
    def recipe(self) -> str:
        """Which sampler is used; found out on a pilot of its own, so the seed decides nothing here."""
        if not self._free.size or 1 - self.low.sum() <= TIE or self.high.sum() - 1 <= TIE:
            return "point"
        rates = {}
        for position, name in enumerate(("box", "low corner", "high corner")):
            rates[name] = len(self._propose(name, generator(0, position), PILOT)) / PILOT
        best = max(rates, key=lambda name: rates[name])
        return best if rates[best] >= LEAST_ACCEPTANCE else "hit and run"

    @cached_property
    def _free(self) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
        return np.flatnonzero(self.high - self.low > TIE)

    def _propose(self, recipe: str, rng: np.random.Generator, count: int) -> Array:
        """Draw `count` proposals and return those inside; each recipe is uniform on simplex ∩ box."""
        low, high, free = self.low, self.high, self._free
        w = np.tile(low, (count, 1))
        if recipe == "box":
            widest = free[int(np.argmax((high - low)[free]))]
            others = free[free != widest]
            w[:, others] += rng.random((count, len(others))) * (high - low)[others]
            w[:, widest] = 0.0
            w[:, widest] = 1 - w.sum(axis=1)
        elif recipe == "low corner":
            w[:, free] += (1 - low.sum()) * simplex(rng, count, len(free))
        else:
            w[:, free] = high[free] - (high.sum() - 1) * simplex(rng, count, len(free))
        inside = np.all((w[:, free] >= low[free]) & (w[:, free] <= high[free]), axis=1)
        return np.asarray(w[inside])

    def _centre(self) -> Array:
        """A point inside: the same share of every range."""
        room = float((self.high - self.low).sum())
        share = (1 - float(self.low.sum())) / room if room > 0 else 0.0
        return np.asarray(self.low + min(max(share, 0.0), 1.0) * (self.high - self.low))

    def sample(self, rng: np.random.Generator, count: int) -> Array:
        if self.recipe == "point":
            return np.tile(self._centre(), (count, 1))
        if self.recipe == "hit and run":
            return self._hit_and_run(rng, count)
        parts: list[Array] = []
        found = 0
        while found < count:
            part = self._propose(self.recipe, rng, max(256, 2 * (count - found)))
            parts.append(part[: count - found])
            found += len(parts[-1])
        return np.concatenate(parts)

    def _hit_and_run(self, rng: np.random.Generator, count: int) -> Array:
        """One chain per draw from the centre, n³ steps (at least 500) along pairs of criteria."""
        free = self._free
        low, high = self.low[free, None], self.high[free, None]
        w = np.tile(self._centre()[free, None], (1, count))
        n = len(free)
        for _ in range(min(max(500, n**3), MOST_STEPS)):
            i = int(rng.random() * n)
            j = (i + 1 + int(rng.random() * (n - 1))) % n
            least = np.maximum(low[i] - w[i], w[j] - high[j])
            most = np.minimum(high[i] - w[i], w[j] - low[j])
            step = least + rng.random(count) * (most - least)
            w[i] += step
            w[j] -= step
        result = np.tile(self.low, (count, 1))
        result[:, free] = np.clip(w, low, high).T
        return result


def around(weights: Array, percent: float, names: Sequence[str] = ()) -> Box:
    """The box of ±percent around weights with sum 1."""
    if not 0 <= percent <= 1e6:
        raise BadProblem(f"The percentage around the weights must be 0 or more, not {percent:g}.")
    share = percent / 100
    return Box(np.maximum(weights * (1 - share), 0.0), np.minimum(weights * (1 + share), 1.0), names)
