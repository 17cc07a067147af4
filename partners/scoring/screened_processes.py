"""`processes` and `rules_limits` over whole columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .layout import WHOLE_NONE, Numbers
from .processes import about
from .scope import parts_of
from .screened_rows import FAIL, PASS, UNKNOWN, judged_capabilities
from .seen import PERHAPS, YES, Flags, Seen
from .types import Need

CAPABILITIES = "site.capabilities"
Pairs = list[tuple[Flags, Flags]]


def processes(seen: Seen, need: Need) -> tuple[Flags, Pairs]:
    """Sites with any record of the work; then, for each part and for sites that do none, the rows sure and perhaps."""
    rows, match = seen.rows(CAPABILITIES), seen.capability(about(need, seen.brief))
    exact = rows.any(match == YES)
    chosen = np.where(exact[rows.owner], match == YES, match == PERHAPS)
    doing_none = np.ones(seen.sites, dtype=bool)
    found: Pairs = []
    for part in parts_of(need, seen.brief):
        judged = judged_capabilities(seen, part)
        may = chosen & (seen.capability(part) == YES) & (judged < FAIL)
        sure = may & (judged == rows.least(judged, may, FAIL)[rows.owner])
        found.append((sure, may & ~sure))
        doing_none &= ~rows.any(may)
    found.append((chosen & doing_none[rows.owner], np.zeros(len(chosen), dtype=bool)))
    return rows.any(chosen), found


def judged_by_process(
    seen: Seen, need: Need, judge: Callable[[Flags], Numbers]
) -> tuple[Flags, Numbers, Flags]:
    """As `processes.judged_by_process`: sites with any record, their outcome (-1 for none), and the rows it rests on.

    `judge` gives each site's outcome by some rows; it is read where a site has any.
    """
    rows = seen.rows(CAPABILITIES)
    some, found = processes(seen, need)
    outcome = np.full(seen.sites, -1, dtype=np.int64)
    speaking = np.zeros(len(rows.owner), dtype=bool)
    for sure, perhaps in found:
        said = judge(sure)
        lifted = (said == FAIL) & rows.any(perhaps) & (judge(perhaps) == PASS)
        said = np.where(lifted, UNKNOWN, said)
        takes = rows.any(sure) & (said > outcome)
        outcome = np.where(takes, said, outcome)
        of_site = takes[rows.owner]
        speaking = np.where(of_site, np.where(lifted[rows.owner], perhaps, sure), speaking)
    return some, outcome, speaking


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that each site's processes keep. By row: whether it is known, how much it is worth, whether it speaks."""

    seen: Seen
    some: Flags
    outcome: Numbers
    speaking: Flags
    known: Flags
    worth: Numbers


def _limit(seen: Seen, need: Need, known: Flags, meets: Flags, worth: Numbers) -> Limit:
    rows = seen.rows(CAPABILITIES)
    asked = about(need, seen.brief)
    of_work = bool(asked.service or asked.modality)

    def judge(chosen: Flags) -> Numbers:
        stated = rows.count(chosen & known)
        partly = (stated < rows.count(chosen)) & of_work
        met = rows.any(chosen & known & meets)
        return np.where(met, PASS, np.where((stated == 0) | partly, UNKNOWN, FAIL))

    return Limit(seen, *judged_by_process(seen, need, judge), known, worth)


def biosafety(seen: Seen, need: Need) -> Limit:
    level = seen[f"{CAPABILITIES}.biosafety_level"]
    return _limit(seen, need, level != WHOLE_NONE, level >= int(need.quantity or 1), level)


def containment(seen: Seen, need: Need) -> Limit:
    """Without the compound's OEL nothing is known of any row."""
    oel = seen[f"{CAPABILITIES}.oel_ug_m3"]
    if need.quantity is None:
        nothing = np.zeros(len(oel), dtype=bool)
        return _limit(seen, need, nothing, nothing, -oel)
    return _limit(seen, need, ~np.isnan(oel), oel <= need.quantity, -oel)
