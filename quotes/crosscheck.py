"""Does another method agree? Ranks by TOPSIS, VIKOR and PROMETHEE II beside the weighted sum; never averaged.

All four read the same points on the fixed scales (0 to 100, higher is better) and the same weights. Where a fact is
unknown they take the middle of the interval, as the score does: these methods need one number per cell, and a partner
with many such cells is named. PROMETHEE sees no preference up to 5 points and a full one from 30.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from partners.scoring.methods.crosscheck import kendall_tau_b
from partners.scoring.methods.promethee import Preference, promethee
from partners.scoring.methods.topsis import topsis
from partners.scoring.methods.vikor import vikor
from partners.scoring.types import Group, PartnerResult, Ranking
from quotes.robustness import CODES, values_of

INDIFFERENCE, PREFERENCE = 5.0, 30.0  # points of a criterion
LIMIT = 100  # partners compared, from the top of the list
SHOWN = 15
FAR = 2  # places of difference that are worth a word
METHODS = ("TOPSIS", "VIKOR", "PROMETHEE II")


@dataclass(frozen=True, slots=True)
class CheckRow:
    partner_id: int
    slug: str
    name: str
    illustrative: bool
    rank: int
    others: tuple[int, ...]  # ranks by METHODS
    estimated: int  # criteria of which not everything is known

    @property
    def differs(self) -> bool:
        return any(abs(other - self.rank) >= FAR for other in self.others)


@dataclass(frozen=True, slots=True)
class CrossCheck:
    rows: tuple[CheckRow, ...]
    agreement: tuple[float | None, ...]  # Kendall's tau-b of each of METHODS with the weighted sum
    firsts: tuple[tuple[str, ...], ...]  # who each method puts first
    leaders: tuple[str, ...]
    compared: int = 0  # partners, from the top of the list; `rows` holds the first ones
    ranked: int = 0

    @property
    def sentence(self) -> str:
        """Whether the methods agree about the first place."""
        against = [
            m for m, first in zip(METHODS, self.firsts, strict=True) if set(first) != set(self.leaders)
        ]
        if not against:
            return "All four methods put the same partner first."
        who = " and ".join([", ".join(against[:-1]), against[-1]]) if len(against) > 1 else against[0]
        verb = "puts" if len(against) == 1 else "put"
        return (
            f"{who} {verb} another partner first. These methods punish a weak spot more than the weighted sum, which "
            "lets strong points make up for it: look at the criteria on which the first ones differ most."
        )


def cross_check(ranking: Ranking) -> CrossCheck | None:
    """Ranks of the ranked group by four methods; None with fewer than two partners."""
    ranked = ranking.group(Group.RANKED)[:LIMIT]
    if len(ranked) < 2:
        return None
    values = values_of(ranked, ranking.caution)
    share = np.array([ranking.weights[code] / 100 for code in CODES])
    benefit = np.ones(len(CODES), dtype=bool)
    preference = Preference("linear", q=INDIFFERENCE, p=PREFERENCE)
    ranks = (
        topsis(values, benefit, share, kind="none").ranks,
        vikor(values, benefit, share).ranks,
        promethee(values, benefit, share, [preference] * len(CODES)).ranks,
    )
    own = np.array([r.rank for r in ranked])
    return CrossCheck(
        rows=tuple(_row(r, tuple(int(method[i]) for method in ranks)) for i, r in enumerate(ranked[:SHOWN])),
        agreement=tuple(kendall_tau_b(own, method) for method in ranks),
        firsts=tuple(
            tuple(r.name for r, rank in zip(ranked, method, strict=True) if rank == 1) for method in ranks
        ),
        leaders=tuple(r.name for r in ranked if r.rank == 1),
        compared=len(ranked),
        ranked=len(ranking.group(Group.RANKED)),
    )


def _row(result: PartnerResult, others: tuple[int, ...]) -> CheckRow:
    return CheckRow(
        partner_id=result.partner_id,
        slug=result.slug,
        name=result.name,
        illustrative=result.illustrative,
        rank=result.rank or 0,
        others=others,
        estimated=sum(c.high > c.low for c in result.criteria),
    )
