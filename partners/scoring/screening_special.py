"""`rules_special` over whole columns: what single rows say to a need, and which row speaks for a site.

`screening` takes the outcomes, `grounds_needs` the rows behind them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np

from .hazards import dedication
from .layout import Numbers
from .rules_special import DEA, proof_of
from .screened_processes import judged_by_process
from .screened_rows import (
    CONDITIONAL,
    FAIL,
    PASS,
    UNKNOWN,
    latest_inspection,
    validity,
    worst,
)
from .seen import NO, YES, Flags, Ints, Seen, take
from .types import Need

NOTHING = FAIL + 1  # worse than any outcome: no such row


def dedications(seen: Seen, need: Need) -> tuple[Flags, Ints, Numbers]:
    """Sites with a record of the work, the record that speaks for each, and what each site's says."""
    column, hazard = "site.capabilities.dedicated_for", need.hazard or ""
    match = seen.judged(column, lambda text: int(dedication(text, hazard)))
    stated = seen.judged(column, bool, bool)
    rows = seen.rows("site.capabilities")

    def at(chosen: Flags) -> Ints:
        return rows.last(chosen, match, stated, -seen["site.capabilities.ref.pk"])

    def judge(chosen: Flags) -> Numbers:
        said = take(match, at(chosen), NO)
        return np.where(said == YES, PASS, np.where(said == NO, FAIL, UNKNOWN))

    some, outcome, speaking = judged_by_process(seen, need, judge)
    return some, at(speaking), outcome


def judged_schedules(seen: Seen, need: Need) -> tuple[Flags, Numbers]:
    """The DEA registrations, and what each certificate is worth to the need."""
    held = seen["site.certificates.certificate_type"] == seen.code(DEA)
    over, open_ = validity(seen, need)
    column, wanted = "site.certificates.schedules", need.schedule or ""
    some = seen.judged(column, lambda text: bool(json.loads(text)), bool)
    mine = seen.judged(column, lambda text: wanted in json.loads(text), bool)
    return held, worst(len(held), over | (some & ~mine), open_ | ~some, np.zeros(len(held), dtype=bool))


@dataclass(frozen=True, slots=True)
class Proofs:
    """What shows that a market accepts each site: its best certificate, each agency's latest inspection, its best
    registration (rows, -1 for none) with the outcome of each (`NOTHING` for none)."""

    rows: tuple[tuple[str, Ints], ...]  # table and row of each, in the order of the rules
    outcomes: tuple[Numbers, ...]

    @property
    def best(self) -> Numbers:
        return np.asarray(np.min(self.outcomes, axis=0))


def market_proofs(seen: Seen, need: Need) -> Proofs:
    """As `rules_special.market`, proof by proof."""
    proof = proof_of(need, seen.brief)
    if proof is None:
        none = np.full(seen.sites, -1, dtype=np.int64)
        return Proofs((("site.certificates", none),), (np.full(seen.sites, NOTHING, dtype=np.int64),))
    found = [_best_certificate(seen, need, proof.certificates, PASS)]
    refused = np.zeros(seen.sites, dtype=bool)
    for agency in sorted(proof.agencies):
        latest, _ = latest_inspection(seen, replace(need, agency=agency))
        ended = take(seen["site.inspections.outcome"], latest, 0)
        passed = np.isin(ended, [seen.code("nai"), seen.code("vai")])
        oai = (latest >= 0) & (ended == seen.code("oai"))
        outcome = np.where(passed, PASS, np.where(oai, FAIL, UNKNOWN))
        found.append(("site.inspections", latest, np.where(latest < 0, NOTHING, outcome)))
        refused |= oai
    table, rows, outcome = _best_certificate(seen, need, proof.registrations, CONDITIONAL)
    found.append((table, np.where(refused, -1, rows), np.where(refused, NOTHING, outcome)))
    return Proofs(tuple((t, r) for t, r, _ in found), tuple(o for _, _, o in found))


def _best_certificate(seen: Seen, need: Need, kinds: frozenset[str], worth: int) -> tuple[str, Ints, Numbers]:
    """Each site's best certificate of some kinds; a valid one is `worth` as much."""
    table = "site.certificates"
    over, open_ = validity(seen, need)
    held = seen.is_one_of(f"{table}.certificate_type", sorted(kinds))
    outcome = np.where(over, FAIL, np.where(open_, UNKNOWN, worth))
    at = seen.rows(table).last(held, -outcome, seen[f"{table}.expires_on"], seen[f"{table}.ref.pk"])
    return table, at, np.asarray(take(outcome, at, NOTHING))
