"""The facts behind what a need says of a partner, as the rules name them: for whole columns.

Each site rule says which of a site's own rows decide; which site's word counts for the partner is found as
`knockouts` finds it. Needs that only knock out (open actions, restricted parties) move no criterion and are left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import screened_processes as to_processes
from .grounds import Facts, either, every_row, joined, marked, of_metric, of_partners, of_sites
from .layout import Numbers
from .scope import WORK
from .screened_processes import Limit
from .screened_rows import (
    FAIL,
    judged_capabilities,
    judged_certificates,
    judged_slots,
    latest_inspection,
    minimum_stated,
)
from .screening import AT_SITES, OF_SPONSOR, Screen, place_of
from .screening_special import NOTHING, dedications, judged_schedules, market_proofs
from .seen import NO, PERHAPS, YES, Flags, Ints, Metric, Seen, take
from .types import Need, Rule

CAPABILITIES = "site.capabilities"


def places(mask: Numbers) -> Ints:
    return np.arange(len(mask), dtype=np.int64)


def _absent(seen: Seen, where: Flags) -> Facts:
    """The statement that a site's list is complete, for sites of which nothing else is recorded."""
    return {"site.complete": where[seen.rows("site.complete").owner]}


def capability(seen: Seen, need: Need) -> Facts:
    """The record that decides at each site, the broader ones, or the complete list that lacks it."""
    rows, match, size = seen.rows(CAPABILITIES), seen.capability(need), seen[f"{CAPABILITIES}.scale_max"]
    exact, perhaps = rows.any(match == YES), match == PERHAPS
    best = rows.last(
        match == YES, -judged_capabilities(seen, need), np.nan_to_num(size), -seen[f"{CAPABILITIES}.ref.pk"]
    )
    own = marked(seen, CAPABILITIES, best, np.flatnonzero(perhaps & ~exact[rows.owner]))
    return own | _absent(seen, ~exact & ~rows.any(perhaps))


def _limit(limit: Limit) -> Facts:
    seen, rows = limit.seen, limit.seen.rows(CAPABILITIES)
    best = rows.last(limit.speaking & limit.known, limit.worth, -places(limit.known))
    none_stated = limit.speaking & (best < 0)[rows.owner]
    return marked(seen, CAPABILITIES, best, np.flatnonzero(none_stated)) | _absent(seen, ~limit.some)


def biosafety(seen: Seen, need: Need) -> Facts:
    return _limit(to_processes.biosafety(seen, need))


def containment(seen: Seen, need: Need) -> Facts:
    limit = to_processes.containment(seen, need)
    return _absent(seen, ~limit.some) if need.quantity is None else _limit(limit)


def certificate(seen: Seen, need: Need) -> Facts:
    held, outcome, uncovered = judged_certificates(seen, need)
    table = "site.certificates"
    keys = (-outcome, ~uncovered, seen[f"{table}.expires_on"], seen[f"{table}.ref.pk"])
    return marked(seen, table, seen.rows(table).last(held, *keys))


def inspection(seen: Seen, need: Need) -> Facts:
    latest, mine = latest_inspection(seen, need)
    undated = mine & (latest < 0)[seen.rows("site.inspections").owner]
    return marked(seen, "site.inspections", latest, np.flatnonzero(undated))


def capacity(seen: Seen, need: Need) -> Facts:
    coming, free, outcome = judged_slots(seen, need)
    rows = seen.rows("site.slots")
    best = rows.last(free, -outcome, -seen["site.slots.starts_on"], -seen["site.slots.ref.pk"])
    taken = coming & (best < 0)[rows.owner]
    return marked(seen, "site.slots", best, np.flatnonzero(taken))


def _records(seen: Seen, need: Need, table: str) -> Facts:
    return {table: np.asarray(seen.track_record(need, table) != NO)}


def track_record(seen: Seen, need: Need) -> Facts:
    return _records(seen, need, "site.track_record")


def nothing(seen: Seen, need: Need) -> Facts:
    return {}


def dedicated(seen: Seen, need: Need) -> Facts:
    some, at, _ = dedications(seen, need)
    return marked(seen, CAPABILITIES, at) | _absent(seen, ~some)


def schedule(seen: Seen, need: Need) -> Facts:
    held, outcome = judged_schedules(seen, need)
    table = "site.certificates"
    keys = (-outcome, seen[f"{table}.expires_on"], seen[f"{table}.ref.pk"])
    return marked(seen, table, seen.rows(table).last(held, *keys))


def market(seen: Seen, need: Need) -> Facts:
    """The first of the best proofs."""
    proofs = market_proofs(seen, need)
    free, found = proofs.best < NOTHING, []
    for (table, rows), outcome in zip(proofs.rows, proofs.outcomes, strict=True):
        mine = free & (outcome == proofs.best)
        found.append(marked(seen, table, np.where(mine, rows, -1)))
        free &= ~mine
    return joined(found)


OWN: dict[Rule, Callable[[Seen, Need], Facts]] = {
    Rule.CAPABILITY: capability,
    Rule.BIOSAFETY: biosafety,
    Rule.CONTAINMENT: containment,
    Rule.CERTIFICATE: certificate,
    Rule.INSPECTION: inspection,
    Rule.CAPACITY: capacity,
    Rule.TRACK_RECORD: track_record,
    Rule.COUNTRY: nothing,
    Rule.DEDICATED: dedicated,
    Rule.SCHEDULE: schedule,
    Rule.MARKET: market,
}


def _flags(seen: Seen, *sites: Ints) -> Flags:
    found = np.zeros(seen.sites, dtype=bool)
    for some in sites:
        found[some[some >= 0]] = True
    return found


def spoken_for(seen: Seen, need: Need, screen: Screen, outcome: Numbers) -> Flags:
    """The sites whose word counts: the best one; the lead one and the one that work goes to; or where work is done."""
    lead = screen.lead
    owner, order = seen.site_rows.owner, -np.arange(seen.sites)
    if not need.same_site:
        best = outcome == seen.site_rows.least(outcome, None, FAIL)[owner]
        first = seen.site_rows.last(best, order)
        return _flags(seen, np.where(take(best, lead, False), lead, first))
    if need.rule in WORK:
        return _flags(seen, lead, screen.done[need.id])
    return _flags(seen, place_of(seen, need, outcome, lead, screen.done))


def need_facts(seen: Seen, screen: Screen, need: Need) -> Facts:
    """The rows behind what one need says of each partner."""
    lead = screen.lead
    if need.rule in OF_SPONSOR:
        return {}
    if need.rule is Rule.MINIMUM_PROJECT:
        return _minimum_project(seen, need)
    if need.rule is Rule.CONTRACT_STRUCTURE:
        return _contract_structure(seen, need)
    if need.rule is Rule.TRACK_RECORD and not need.same_site:
        return joined(_records(seen, need, table) for table in ("site.track_record", "partner.track_record"))
    outcome = AT_SITES[need.rule](seen, need).outcome
    spoken = spoken_for(seen, need, screen, outcome)
    if need.rule is Rule.METRIC:
        return _metric(seen, need, lead, spoken)
    own = of_sites(seen, OWN[need.rule](seen, need), spoken)
    if need.rule is Rule.TRACK_RECORD:
        return own | of_partners(seen, _records(seen, need, "partner.track_record"), lead >= 0)
    return own


def _metric(seen: Seen, need: Need, lead: Ints, spoken: Flags) -> Facts:
    """The site's own value, else the partner's; a partner without a site has only its own."""
    sites = np.flatnonzero(spoken)
    there = of_metric(seen, Metric(seen, need.metric or "", sites, seen.site_rows.owner[sites]))
    nowhere = np.flatnonzero(lead < 0)
    alone = of_metric(seen, Metric(seen, need.metric or "", np.full(len(nowhere), -1), nowhere))
    return joined([there, alone])


def _minimum_project(seen: Seen, need: Need) -> Facts:
    table = "partner.terms"
    stated, same = minimum_stated(seen, need)
    if need.quantity is None:
        return {table: stated}
    newest = seen.newest(table, same)
    return marked(seen, table, np.where(newest < 0, seen.newest(table, stated), newest))


def _contract_structure(seen: Seen, need: Need) -> Facts:
    table = "partner.structures"
    offered = seen[f"{table}.code"] == seen.code(need.contract_structure or "")
    return either(seen, seen.rows(table).any(offered), {table: offered}, every_row(seen, table))


__all__ = ["capability", "need_facts", "places"]
