"""VIKOR: compromise ranking by group utility S and individual regret R (Opricovic & Tzeng 2004, 2007).

S = Σ w (f* - f)/(f* - f-), R = the largest term, Q = v (S - S*)/(S- - S*) + (1 - v)(R - R*)/(R- - R*).
Advantage: Q(2) - Q(1) ≥ 1/(m - 1). Stability: the first by Q is also first by S or R. A constant criterion adds
nothing; where all S (or all R) are equal, that term is dropped; a single alternative is the compromise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..aggregate import TIE
from .checks import Array, BadProblem, Flags, Ints
from .ranks import competition_ranks


@dataclass(frozen=True, slots=True)
class Vikor:
    """S, R and Q (lower is better, rank 1 = lowest Q), and the compromise solution (0-based, ascending)."""

    s: Array
    r: Array
    q: Array
    ranks: Ints
    advantage: bool
    stability: bool
    compromise: list[int]


def _scaled(values: Array) -> Array:
    span = float(values.max() - values.min())
    same = span <= TIE * float(np.abs(values).max())
    return np.zeros_like(values) if same else np.asarray((values - values.min()) / span)


def vikor(x: Array, benefit: Flags, share: Array, v: float = 0.5) -> Vikor:
    """VIKOR of a table (N × n) with weights `share`; `v` weighs group utility against regret."""
    if not 0 <= v <= 1:
        raise BadProblem(f"v runs from 0 to 1, not {v:g}.")
    best = np.where(benefit, x.max(axis=0), x.min(axis=0))
    worst = np.where(benefit, x.min(axis=0), x.max(axis=0))
    span = best - worst
    terms = share * np.where(span == 0, 0.0, (best - x) / np.where(span == 0, 1.0, span))
    s, r = np.asarray(terms.sum(axis=1)), np.asarray(terms.max(axis=1))
    q = v * _scaled(s) + (1 - v) * _scaled(r)
    ranks = competition_ranks(q, lowest_first=True)
    m = len(q)
    if m == 1:
        return Vikor(s, r, q, ranks, True, True, [0])
    order = np.argsort(q, kind="stable")
    first, second = int(order[0]), int(order[1])
    step = 1 / (m - 1)
    advantage = bool(q[second] - q[first] >= step - TIE)
    stability = bool(s[first] <= s.min() + TIE * s.max() or r[first] <= r.min() + TIE * r.max())
    if advantage and stability:
        chosen = [first]
    elif advantage:
        chosen = sorted([first, second])
    else:
        chosen = np.flatnonzero(q - q[first] < step - TIE).tolist()
    return Vikor(s, r, q, ranks, advantage, stability, chosen)
