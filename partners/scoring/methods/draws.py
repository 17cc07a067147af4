"""Seeded random numbers that repeat bit for bit: PCG64, and every distribution derived here from `random()`.

NumPy does not promise that its own distributions keep their streams (NEP 19), so exponentials, normals and gammas
are made from uniforms. The seed is the SHA-256 of the canonical inputs unless one is given, so the same problem
gives the same answer on every page and in every report. Identical last bits across processors additionally need
the same NumPy build, whose version is stored with the result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from .checks import Array

TINY = 1e-300


def seed_of(parts: Iterable[str | int | float | Array]) -> int:
    """SHA-256 of the parts, each with its kind and length so that no two lists of parts look alike."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, np.ndarray):
            data = np.ascontiguousarray(part, dtype="<f8").tobytes()
            head = f"array{part.shape}"
        else:
            data = (repr(float(part)) if isinstance(part, float) else str(part)).encode()
            head = type(part).__name__
        digest.update(f"{head}:{len(data)}:".encode())
        digest.update(data)
    return int.from_bytes(digest.digest(), "big")


def generator(seed: int, *stream: int) -> np.random.Generator:
    """The generator of one numbered stream of a seed; streams are independent of each other."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=stream)))


def exponentials(rng: np.random.Generator, *shape: int) -> Array:
    """Standard exponentials, -log(1 - u)."""
    u = rng.random(shape)
    np.subtract(1.0, u, out=u)
    np.log(u, out=u)
    np.negative(u, out=u)
    return u


def simplex(rng: np.random.Generator, size: int, n: int) -> Array:
    """Uniform on the simplex: exponentials over their sum (normalised uniforms would not be uniform)."""
    e = exponentials(rng, size, n)
    e /= np.maximum(e.sum(axis=1, keepdims=True), TINY)
    return e


def normals(rng: np.random.Generator, *shape: int) -> Array:
    """Standard normals by Box & Muller (1958)."""
    count = int(np.prod(shape))
    half = (count + 1) // 2
    radius = np.sqrt(2 * exponentials(rng, half))
    angle = 2 * np.pi * rng.random(half)
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:count].reshape(shape)


def gammas(rng: np.random.Generator, shape: float, size: int) -> Array:
    """Gamma(shape, 1): a sum of exponentials for small whole shapes, else Marsaglia & Tsang (2000)."""
    if shape < 1:  # boost: Gamma(a) = Gamma(a + 1) U^(1/a)
        return np.asarray(gammas(rng, shape + 1, size) * (1 - rng.random(size)) ** (1 / shape))
    if shape <= 4 and shape == int(shape):
        return np.asarray(exponentials(rng, size, int(shape)).sum(axis=1))
    d = shape - 1 / 3
    c = 1 / np.sqrt(9 * d)
    result = np.empty(size)
    filled = 0
    while filled < size:
        tries = max(64, int((size - filled) * 1.1))
        x = normals(rng, tries)
        v = (1 + c * x) ** 3
        u = 1 - rng.random(tries)
        safe = np.where(v > 0, v, 1.0)
        good = (v > 0) & (np.log(u) < 0.5 * x * x + d - d * v + d * np.log(safe))
        taken = (d * v[good])[: size - filled]
        result[filled : filled + len(taken)] = taken
        filled += len(taken)
    return result


def betas(rng: np.random.Generator, alpha: float, beta: float, size: int) -> Array:
    """Beta(α, β) from two gammas."""
    a, b = gammas(rng, alpha, size), gammas(rng, beta, size)
    return np.asarray(a / np.maximum(a + b, TINY))


def triangulars(rng: np.random.Generator, low: Array, mode: Array, high: Array, size: int) -> Array:
    """Triangular(low, mode, high) by inversion, size × len(low); a point where low = high."""
    u = rng.random((size, len(low)))
    span = high - low
    cut = np.divide(mode - low, span, out=np.zeros_like(span), where=span > 0)
    left = low + np.sqrt(u * span * (mode - low))
    right = high - np.sqrt((1 - u) * span * (high - mode))
    return np.where(u < cut, left, right)
