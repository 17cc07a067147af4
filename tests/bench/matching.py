"""Matching register rows to partners by name: how many are right, and how fast.

Each of the register's rows (FDA drug establishments, file of August 2025) is compared with the partners of
`cdmo_core_sites.csv`; the label there (`PARENT_GROUP_DERIVED`, made by a pattern on firm names, not by FDA) counts as
the right answer, every other row as belonging to none of them. A core row is never compared with itself: "other
names known" also knows the firm names of the partner's other sites, "partner's name only" does not. Precision counts a
proposal for a row without a label as wrong, although some are right (the pattern missed them); recall counts core rows.
"""

import csv
import re
import time
from collections import defaultdict
from pathlib import Path

from partners.matching import likeness
from partners.matching.proposals import LEAST_CONFIDENCE, NAME_ALONE
from tests.bench import Row

REGISTER = Path(__file__).resolve().parents[2] / "partners" / "data" / "register"
CUTS = (LEAST_CONFIDENCE / NAME_ALONE, 90.0)  # the first one is where a name alone is proposed
PREFIX = 4  # letters that a distinctive word shares with a partner's for the two to be compared


def read(name: str) -> list[dict[str, str]]:
    with (REGISTER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run() -> list[Row]:
    core, register = read("cdmo_core_sites.csv"), read("fda_drls_reg.csv")
    answer = {r["DUNS_NUMBER"]: re.sub(r"\s*\([^)]*\)", "", r["PARENT_GROUP_DERIVED"]).strip() for r in core}
    rows: list[Row] = []
    for label, aliases in (("other names known", True), ("partner's name only", False)):
        began = time.perf_counter()
        found = [(row["DUNS_NUMBER"], *best) for row, best in _best(register, core, answer, aliases=aliases)]
        seconds = time.perf_counter() - began
        for cut in CUTS:
            proposed = [(duns, name) for duns, alike, name in found if alike >= cut]
            right = sum(answer.get(duns) == name for duns, name in proposed)
            where = f"{label}, from {cut:.0f} % on"
            rows.append(Row(f"precision, {where}", right / len(proposed), "share"))
            rows.append(Row(f"recall, {where}", right / len(answer), "share"))
        rows.append(Row(f"time of {len(register):,} rows, {label}", seconds * 1000, "ms"))
    return rows


def _best(register, core, answer, *, aliases):
    """Of each row the likest partner: (row, (likeness, partner's name))."""
    names = defaultdict(set)  # partner → (name, D-U-N-S number it comes from)
    for row in core:
        partner = answer[row["DUNS_NUMBER"]]
        names[partner].add((partner, ""))
        if aliases:
            names[partner].add((row["FIRM_NAME"], row["DUNS_NUMBER"]))
    by_word = defaultdict(set)
    for partner, known in names.items():
        for name, _ in known:
            for word in likeness.words(name):
                if word not in likeness.COMMON:
                    by_word[word[:PREFIX]].add(partner)
    for row in register:
        candidates = set().union(*(by_word.get(w[:PREFIX], ()) for w in likeness.words(row["FIRM_NAME"])))
        yield (
            row,
            max(
                (
                    (likeness.names(row["FIRM_NAME"], name), partner)
                    for partner in candidates
                    for name, duns in names[partner]
                    if duns != row["DUNS_NUMBER"]
                ),
                default=(0.0, ""),
            ),
        )
