"""Cells that are not one number: distributions of raw measurements, missing cells, intervals of partial values.

Each criterion keeps its certain cells as numbers and draws only the uncertain ones (sparse correction), independent
across cells except for a joint distribution. A missing cell is uniform over the whole range of the value function:
never 0, never the mean of the known ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .checks import Array, BadProblem, Flags, Ints, kind_of, matrix, number, sequence, vector
from .draws import betas, gammas, normals, triangulars
from .functions import Categories, Numeric, ValueFunction

KINDS = (
    "exact",
    "uniform",
    "normal",
    "beta",
    "triangular",
    "lognormal",
    "logit_normal",
    "gamma",
    "discrete",
    "missing",
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One independent measurement distribution and its parameters."""

    kind: str
    a: float = 0.0
    b: float = 0.0
    c: float = 0.0
    points: Array | None = None
    shares: Array | None = None

    def draw(self, rng: np.random.Generator, size: int) -> Array:
        """`size` raw measurements."""
        if self.kind == "uniform":
            return np.asarray(self.a + (self.b - self.a) * rng.random(size))
        if self.kind == "beta":
            return betas(rng, self.a, self.b, size)
        if self.kind == "gamma":
            return gammas(rng, self.a, size) * self.b
        if self.kind == "triangular":
            low, mode, high = (np.array([v]) for v in (self.a, self.b, self.c))
            return triangulars(rng, low, mode, high, size)[:, 0]
        if self.kind == "discrete" and self.points is not None and self.shares is not None:
            place = np.searchsorted(np.cumsum(self.shares), rng.random(size), side="right")
            return np.asarray(self.points[np.minimum(place, len(self.points) - 1)])
        z = self.a + self.b * normals(rng, size)
        if self.kind == "lognormal":
            return np.asarray(np.exp(z))
        if self.kind == "logit_normal":
            return logistic(z)
        return np.asarray(z)


def logistic(z: Array) -> Array:
    """1 / (1 + e^-z), without overflow."""
    e = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1 / (1 + e), e / (1 + e)))


def cell(spec: object, name: str) -> Cell | float:
    """Read one measurement: a number, null (missing) or {"dist": …}; a spread of nothing becomes a number."""
    if spec is None:
        return Cell("missing")
    if not isinstance(spec, Mapping):
        return number(spec, name)
    kind = spec.get("dist")
    if not isinstance(kind, str) or kind not in KINDS:
        said = f"“{kind}”" if isinstance(kind, str) else kind_of(kind)
        raise BadProblem(f"{name}: unknown distribution {said}; known are {', '.join(KINDS)}.")

    def value(*keys: str, above: float | None = None, low: float | None = None) -> float:
        key = next((k for k in keys if k in spec), keys[0])
        return number(spec.get(key), f"{name}, {key}", above=above, low=low)

    if kind == "missing":
        return Cell("missing")
    if kind == "exact":
        return value("value")
    if kind == "beta":
        return Cell("beta", value("alpha", above=0), value("beta", above=0))
    if kind == "gamma":
        scale = 1 / value("rate", above=0) if "rate" in spec else value("scale", above=0)
        return Cell("gamma", value("shape", "alpha", above=0), scale)
    if kind in ("uniform", "triangular"):
        low, high = value("low", "min"), value("high", "max")
        if low > high:
            raise BadProblem(f"{name}: low ({low:g}) is above high ({high:g}).")
        if kind == "uniform":
            return low if low == high else Cell("uniform", low, high)
        mode = value("mode")
        if not low <= mode <= high:
            raise BadProblem(f"{name}: the mode ({mode:g}) is outside of {low:g} to {high:g}.")
        return low if low == high else Cell("triangular", low, mode, high)
    if kind == "discrete":
        points = vector(spec.get("values"), f"{name}, values")
        said = spec.get("probabilities", spec.get("shares", [1.0] * len(points)))
        shares = vector(said, f"{name}, probabilities", len(points))
        if np.any(shares < 0) or shares.sum() <= 0:
            raise BadProblem(f"{name}: the probabilities must be 0 or more and not all 0.")
        return Cell("discrete", points=points, shares=shares / shares.sum())
    mean, sd = value("mu", "mean"), value("sigma", "sd", low=0)
    if sd == 0 and kind == "normal":
        return mean
    return Cell(kind, mean, sd)


@dataclass(frozen=True, slots=True)
class Joint:
    """x_a = logistic(B + R_a) with B ~ N(mu, sigma²) and R ~ MVN, all alternatives drawn together."""

    mu: float
    sigma: float
    relative_mu: Array
    root: Array

    def draw(self, rng: np.random.Generator, size: int) -> Array:
        """size × alternatives."""
        base = self.mu + self.sigma * normals(rng, size, 1)
        relative = self.relative_mu + normals(rng, size, len(self.relative_mu)) @ self.root.T
        return logistic(base + relative)


def joint(spec: Mapping[str, object], alternatives: int, name: str) -> Joint:
    """Read a relative_logit_normal object; the covariance may be singular (the reference alternative)."""
    mu = vector(spec.get("relative_mu"), f"{name}, relative_mu", alternatives)
    cov = matrix(spec.get("relative_cov"), f"{name}, relative_cov", alternatives, alternatives)
    if np.abs(cov - cov.T).max() > 1e-9 * max(1.0, float(np.abs(cov).max())):
        raise BadProblem(f"{name}: the covariance matrix is not symmetric.")
    values, vectors = np.linalg.eigh((cov + cov.T) / 2)
    if values.min() < -1e-8 * max(1.0, float(np.abs(values).max())):
        raise BadProblem(f"{name}: the covariance matrix is not positive semidefinite.")
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return Joint(
        number(spec.get("baseline_mu"), f"{name}, baseline_mu"),
        number(spec.get("baseline_sigma"), f"{name}, baseline_sigma", low=0),
        mu,
        np.asarray(root),
    )


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a problem: certain partial values (0 where drawn) and what is drawn, by alternative.

    `spans` are uniform draws of partial values (missing cells, intervals), `cells` raw measurements that still go
    through the value function, `together` a joint draw of all alternatives.
    """

    base: Array
    span_rows: Ints
    span_low: Array
    span_high: Array
    cells: tuple[tuple[int, Cell], ...] = ()
    together: Joint | None = None
    function: Numeric | None = None
    sign: float = 1.0

    @property
    def rows(self) -> Ints:
        """The alternatives that are drawn."""
        if self.together is not None:
            return np.arange(len(self.base), dtype=np.int64)
        return np.concatenate([self.span_rows, np.array([i for i, _ in self.cells], dtype=np.int64)])

    def draw(self, rng: np.random.Generator, size: int) -> Array:
        """Partial values of the drawn alternatives, size × len(rows)."""
        if self.together is not None:
            return self._value(self.together.draw(rng, size))
        spans = self.span_low + (self.span_high - self.span_low) * rng.random((size, len(self.span_rows)))
        if not self.cells:
            return np.asarray(spans)
        raw = np.stack([c.draw(rng, size) for _, c in self.cells], axis=1)
        return np.concatenate([spans, self._value(raw)], axis=1)

    def _value(self, raw: Array) -> Array:
        return self.function.points(raw) if self.function is not None else np.asarray(self.sign * raw)


def certain(values: Array) -> list[Criterion]:
    """Criteria of a table of partial values (N × n) in which nothing is uncertain."""
    none, empty = np.zeros(0, dtype=np.int64), np.zeros(0)
    return [Criterion(np.ascontiguousarray(values[:, j]), none, empty, empty) for j in range(values.shape[1])]


def spread(low: Array, high: Array) -> list[Criterion]:
    """Criteria of two tables of partial values: uniform where low < high."""
    result = []
    for j in range(low.shape[1]):
        rows = np.flatnonzero(low[:, j] < high[:, j])
        base = low[:, j].copy()
        base[rows] = 0.0
        result.append(Criterion(base, rows, low[rows, j], high[rows, j]))
    return result


def criteria_of(
    measurements: object, alternatives: int, functions: Sequence[ValueFunction] | None, benefit: Flags
) -> list[Criterion]:
    """Read measurements: per criterion one entry per alternative, or one joint object."""
    columns = sequence(measurements, "measurements")
    if functions is not None and len(functions) != len(columns):
        raise BadProblem(f"There are {len(functions)} value functions for {len(columns)} criteria.")
    return [
        _criterion(column, j, alternatives, functions[j] if functions else None, 1.0 if benefit[j] else -1.0)
        for j, column in enumerate(columns)
    ]


def _category(spec: object, function: Categories, name: str) -> Cell | float:
    """Read one category: its name, null (missing), or exact, discrete or missing as a "dist"."""
    if not isinstance(spec, Mapping):
        if isinstance(spec, bool) or not (spec is None or isinstance(spec, str | int | float)):
            raise BadProblem(f"{name} must be a category, not {kind_of(spec)}.")
        found = function.at(spec)
        return Cell("missing") if math.isnan(found) else found
    kind = spec.get("dist")
    if kind == "missing":
        return Cell("missing")
    if kind == "exact":
        return _category(spec.get("value"), function, f"{name}, value")
    if kind != "discrete":
        raise BadProblem(f"{name}: under a lookup table a cell is a category, or exact, discrete or missing.")
    named = sequence(spec.get("values"), f"{name}, values")
    points = [function.at(v) if isinstance(v, str | int | float) else math.nan for v in named]
    for said, value in zip(named, points, strict=True):
        if math.isnan(value):
            raise BadProblem(f"{name}, values: “{said}” is not in the lookup table.")
    return cell({**spec, "values": points}, name)


def _criterion(column: object, j: int, count: int, function: ValueFunction | None, sign: float) -> Criterion:
    name = f"Criterion {j + 1}"
    sign = 1.0 if function is not None else sign  # a value function knows which direction is better
    none, empty = np.zeros(0, dtype=np.int64), np.zeros(0)
    numeric = function if isinstance(function, Numeric) else None
    if isinstance(column, Mapping):
        if column.get("dist") != "relative_logit_normal":
            raise BadProblem(f"{name}: one object for all alternatives must be a relative_logit_normal.")
        if isinstance(function, Categories):
            raise BadProblem(f"{name}: a lookup table cannot value a distribution of numbers.")
        together = joint(column, count, name)
        return Criterion(np.zeros(count), none, empty, empty, (), together, numeric, sign)
    items = sequence(column, name)
    if len(items) != count:
        raise BadProblem(f"{name} has {len(items)} measurements for {count} alternatives.")
    base = np.zeros(count)
    missing: list[int] = []
    drawn: list[tuple[int, Cell]] = []
    for i, spec in enumerate(items):
        where = f"{name}, alternative {i + 1}"
        one = _category(spec, function, where) if isinstance(function, Categories) else cell(spec, where)
        if isinstance(one, float):
            base[i] = float(numeric.points(np.array([one]))[0]) if numeric else sign * one
        elif one.kind == "missing":
            missing.append(i)
        else:
            drawn.append((i, one))
    low, high = function.range() if function is not None else (min(sign, 0.0), max(sign, 0.0))
    rows = np.array(missing, dtype=np.int64)
    span = np.full(len(missing), 1.0)
    return Criterion(base, rows, span * low, span * high, tuple(drawn), None, numeric, sign)
