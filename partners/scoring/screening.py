"""`knockouts.check_partner` for many partners at once: every rule over whole columns, with the same outcomes.

Reasons and facts are left out: whoever is shown is put together again and checked by `knockouts`. A test compares
both on random catalogues.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .knockouts import SITE_RULES, default_rules
from .layout import Numbers
from .rules_partner import MERE_REGISTRATIONS, OUTCOME_UNKNOWN
from .rules_record import INSPECTION_YEARS
from .scope import WORK, conditions_of, main_must, parts_of
from .screened_processes import Limit, biosafety, containment
from .screened_rows import (
    CONDITIONAL,
    FAIL,
    PASS,
    UNKNOWN,
    judged_capabilities,
    judged_certificates,
    judged_slots,
    latest_inspection,
    listings,
    minimum_stated,
    stopping_actions,
    worst,
)
from .screening_special import NOTHING, dedications, judged_schedules, market_proofs
from .seen import NO, PERHAPS, YES, Array, Flags, Ints, Metric, Rows, Seen, counted, ordinal, take
from .types import Level, Need, Rule
from .words import years_before


@dataclass(frozen=True, slots=True)
class Found:
    """What one need says of each site or partner; `mismatch` marks fails of the kind, not of the size."""

    outcome: Numbers
    mismatch: Flags


@dataclass(frozen=True, slots=True)
class Screen:
    """Each partner's lead site (its row, -1 for none), what each need says of it, and where handed-over work goes.

    `done` holds, for work of one site, the row of the site that does it; the lead site's where nothing is handed over.
    """

    lead: Ints
    found: dict[str, Found]
    done: dict[str, Ints]


def _plain(outcome: Numbers) -> Found:
    return Found(outcome, np.zeros(len(outcome), dtype=bool))


def _absent(seen: Seen) -> Numbers:
    return np.where(seen.rows("site.complete").held, FAIL, UNKNOWN)


def _capability(seen: Seen, need: Need) -> Found:
    rows, match = seen.rows("site.capabilities"), seen.capability(need)
    exact, broader = rows.any(match == YES), rows.any(match == PERHAPS)
    best = rows.least(judged_capabilities(seen, need), match == YES, FAIL)
    outcome = np.where(exact, best, np.where(broader, UNKNOWN, _absent(seen)))
    return Found(outcome, ~exact & ~broader & (outcome == FAIL))


def _limit(limit: Limit) -> Found:
    absent = _absent(limit.seen)
    outcome = np.where(limit.some, limit.outcome, absent)
    return Found(outcome, ~limit.some & (absent == FAIL))


def _biosafety(seen: Seen, need: Need) -> Found:
    return _limit(biosafety(seen, need))


def _containment(seen: Seen, need: Need) -> Found:
    return _limit(containment(seen, need))


def _certificate(seen: Seen, need: Need) -> Found:
    held, outcome, uncovered = judged_certificates(seen, need)
    rows = seen.rows("site.certificates")
    by_margin = rows.any(held & (outcome == FAIL) & ~uncovered)
    found = _least(rows, outcome, held)
    return Found(found, (found == FAIL) & ~by_margin)


def _least(rows: Rows, outcome: Numbers, held: Flags) -> Numbers:
    """The best outcome among an owner's rows of `held`, unknown where it has none."""
    return np.where(rows.any(held), rows.least(outcome, held, FAIL), UNKNOWN)


def _inspection(seen: Seen, need: Need) -> Found:
    on = seen["site.inspections.ended_on"]
    years = need.quantity if need.quantity is not None else INSPECTION_YEARS
    latest, _ = latest_inspection(seen, need)
    ended = take(seen["site.inspections.outcome"], latest, 0)
    old = take(on, latest, 0) < ordinal(years_before(seen.brief.as_of, years))
    outcome = worst(
        len(latest),
        (ended == seen.code("oai")) | old,
        ~np.isin(ended, [seen.code(c) for c in ("nai", "vai", "pending")]),
        ended == seen.code("pending"),
    )
    return _plain(np.where(latest >= 0, outcome, UNKNOWN))


def _capacity(seen: Seen, need: Need) -> Found:
    _, free, outcome = judged_slots(seen, need)
    return _plain(_least(seen.rows("site.slots"), outcome, free))


def _records(seen: Seen, need: Need, table: str) -> tuple[Array, Array, Flags]:
    rows, match = seen.rows(table), seen.track_record(need, table)
    return (*counted(rows, match, seen[f"{table}.count"]), rows.any(match != NO))


def _enough(need: Need, low: Array, high: Array, some: Flags) -> Found:
    needed = need.quantity if need.quantity is not None else 1.0
    outcome = np.where(low >= needed, PASS, np.where(high >= needed, UNKNOWN, FAIL))
    return _plain(np.where(some, outcome, UNKNOWN))


def _track_record_here(seen: Seen, need: Need) -> Found:
    low, high, some = _records(seen, need, "site.track_record")
    _, wide, stated = _records(seen, need, "partner.track_record")
    of = seen.site_rows.owner
    return _enough(need, low, high + wide[of], some | stated[of])


def _track_record_anywhere(seen: Seen, need: Need) -> Found:
    low, high, some = _records(seen, need, "site.track_record")
    wide_low, wide_high, stated = _records(seen, need, "partner.track_record")
    total = seen.site_rows.total
    return _enough(
        need, np.maximum(total(low), wide_low), total(high) + wide_high, seen.of_partner(some) | stated
    )


def _metric_at(seen: Seen, need: Need, sites: Ints, partners: Ints) -> Found:
    value = Metric(seen, need.metric or "", sites, partners)
    if need.quantity is not None:
        met = value.number <= need.quantity if need.at_most else value.number >= need.quantity
        stated = value.numbered
    else:
        met, stated = value.flag > 0, value.flag >= 0
    return _plain(np.where(~stated, UNKNOWN, np.where(met, PASS, FAIL)))


def _metric(seen: Seen, need: Need) -> Found:
    return _metric_at(seen, need, np.arange(seen.sites), seen.site_rows.owner)


def _country(seen: Seen, need: Need) -> Found:
    country = seen["site.country"]
    inside = seen.is_one_of("site.country", need.countries)
    outcome = np.where(country == seen.code(""), UNKNOWN, np.where(inside, PASS, FAIL))
    return Found(outcome, outcome == FAIL)


def _dedicated(seen: Seen, need: Need) -> Found:
    some, _, outcome = dedications(seen, need)
    absent = _absent(seen)
    return Found(np.where(some, outcome, absent), ~some & (absent == FAIL))


def _schedule(seen: Seen, need: Need) -> Found:
    held, outcome = judged_schedules(seen, need)
    return _plain(_least(seen.rows("site.certificates"), outcome, held))


def _market(seen: Seen, need: Need) -> Found:
    best = market_proofs(seen, need).best
    return _plain(np.where(best == NOTHING, UNKNOWN, best))


AT_SITES: dict[Rule, Callable[[Seen, Need], Found]] = {
    Rule.CAPABILITY: _capability,
    Rule.BIOSAFETY: _biosafety,
    Rule.CONTAINMENT: _containment,
    Rule.CERTIFICATE: _certificate,
    Rule.INSPECTION: _inspection,
    Rule.CAPACITY: _capacity,
    Rule.TRACK_RECORD: _track_record_here,
    Rule.METRIC: _metric,
    Rule.COUNTRY: _country,
    Rule.DEDICATED: _dedicated,
    Rule.SCHEDULE: _schedule,
    Rule.MARKET: _market,
}
OF_SPONSOR = frozenset(
    {Rule.NDA, Rule.CONFLICT}
)  # read from the sponsor's own rows, which no catalogue holds


def _minimum_project(seen: Seen, need: Need) -> Found:
    _, same = minimum_stated(seen, need)
    if need.quantity is None:
        same &= False
    newest = seen.newest("partner.terms", same)
    met = take(seen["partner.terms.minimum_project"], newest, np.nan) <= (need.quantity or 0.0)
    return _plain(np.where(newest < 0, UNKNOWN, np.where(met, PASS, FAIL)))


def _contract_structure(seen: Seen, need: Need) -> Found:
    rows = seen.rows("partner.structures")
    offered = rows.any(seen["partner.structures.code"] == seen.code(need.contract_structure or ""))
    outcome = np.where(~rows.held, UNKNOWN, np.where(offered, PASS, FAIL))
    return Found(outcome, outcome == FAIL)


def restricted_party(seen: Seen) -> Numbers:
    """As `rules_partner.restricted_party`: the outcome for each partner."""
    rows = seen.rows("partner.restrictions")
    current, binding = listings(seen)
    in_force = rows.any(binding)
    kept = seen["partner.restricted_lists"] != seen.code("[]")
    unlisted = np.where(kept | (not seen.brief.federal_funding), PASS, UNKNOWN)
    listed = np.where(in_force & seen.brief.federal_funding, FAIL, CONDITIONAL)
    return np.where(rows.any(current), listed, unlisted)


def stops(seen: Seen) -> tuple[Flags, Flags]:
    """Sites with a stopping action known to be open, and those with one whose close-out is unknown."""
    open_, unclear = stopping_actions(seen)
    rows = seen.rows("site.actions")
    return rows.any(open_), rows.any(unclear)


def _no_open_action_at(seen: Seen) -> tuple[Numbers, Flags]:
    """The outcome for each site, and the sites with any stopping action not known to be closed."""
    open_, unclear = stops(seen)
    looked_up = seen.rows("site.inspections").any(
        seen["site.inspections.outcome"] != seen.code(OUTCOME_UNKNOWN)
    )
    looked_up |= seen.rows("site.actions").held
    looked_up |= seen.rows("site.certificates").any(
        ~seen.is_one_of("site.certificates.certificate_type", MERE_REGISTRATIONS)
    )
    outcome = np.where(open_, FAIL, np.where(unclear | ~looked_up, UNKNOWN, PASS))
    return outcome, open_ | unclear


def screen_columns(seen: Seen) -> Screen:
    """The lead site of every partner and one outcome per need, as `check_partner` finds them."""
    needs = default_rules(seen.brief)
    table = {n.id: AT_SITES[n.rule](seen, n) for n in needs if n.rule in SITE_RULES}
    action, stopped = _no_open_action_at(seen)
    lead = _lead(seen, needs, table, action)
    done = _done_at(seen, needs, table, lead)
    found = {n.id: _resolved(seen, n, lead, table, action, stopped, done) for n in needs}
    return Screen(lead, found, done)


def _done_at(seen: Seen, needs: tuple[Need, ...], table: dict[str, Found], lead: Ints) -> dict[str, Ints]:
    """As `knockouts._done_at`, with the lead site where nothing is handed over."""
    done: dict[str, Ints] = {}
    is_lead = np.zeros(seen.sites, dtype=bool)
    is_lead[lead[lead >= 0]] = True
    stopped, _ = stops(seen)
    for need in needs:
        if need.rule not in WORK or not need.same_site:
            continue
        able = (table[need.id].outcome == PASS) & ~is_lead & ~stopped
        for other in conditions_of(need, seen.brief):
            if other.rule in SITE_RULES:
                limit = UNKNOWN if other.rule is Rule.CAPABILITY else FAIL
                able &= table[other.id].outcome < limit
        first = seen.site_rows.last(able, -np.arange(seen.sites))
        lacking = take(table[need.id].outcome, lead, UNKNOWN) >= UNKNOWN
        done[need.id] = np.where(lacking & (lead >= 0) & (first >= 0), first, lead)
    return done


def _documented(seen: Seen) -> Flags:
    tables = (
        "complete",
        "capabilities",
        "certificates",
        "inspections",
        "actions",
        "slots",
        "track_record",
        "metrics",
    )
    return np.asarray(np.any([seen.rows(f"site.{t}").held for t in tables], axis=0))


def place_of(seen: Seen, need: Need, outcome: Numbers, lead: Ints, done: dict[str, Ints]) -> Ints:
    """The site at which what a site is or holds is judged: of the sites doing its parts the first of the worst."""
    at = [done.get(part.id, lead) for part in parts_of(need, seen.brief)] or [lead]
    place = at[0]
    for other in at[1:]:
        worse = take(outcome, other, UNKNOWN) > take(outcome, place, UNKNOWN)
        place = np.where(worse, other, place)
    return np.asarray(place)


def _lead(seen: Seen, needs: tuple[Need, ...], table: dict[str, Found], action: Numbers) -> Ints:
    same_site = [n for n in needs if n.same_site and n.rule in SITE_RULES]
    musts = [table[n.id].outcome for n in same_site if n.level is Level.MUST]
    musts.append(action)
    wishes = [table[n.id].outcome for n in same_site if n.level is not Level.MUST]

    def count(outcomes: list[Numbers], wanted: int) -> Ints:
        return (
            np.sum([o == wanted for o in outcomes], axis=0, dtype=np.int64)
            if outcomes
            else np.zeros(seen.sites, dtype=np.int64)
        )

    main = main_must(seen.brief)
    known: Flags = np.ones(seen.sites, dtype=bool)
    if main is not None:
        known = seen.rows("site.capabilities").any(seen.capability(main) != NO)
    keys = [
        known,
        _documented(seen),
        -count(musts, FAIL),
        -count(musts, UNKNOWN),
        -count(musts, CONDITIONAL),
        count(wishes, PASS),
    ]
    return seen.site_rows.last(np.ones(seen.sites, dtype=bool), *keys, -seen["site.order"])


def _resolved(
    seen: Seen,
    need: Need,
    lead: Ints,
    table: dict[str, Found],
    action: Numbers,
    stopped: Flags,
    done: dict[str, Ints],
) -> Found:
    if need.rule is Rule.MINIMUM_PROJECT:
        return _minimum_project(seen, need)
    if need.rule is Rule.CONTRACT_STRUCTURE:
        return _contract_structure(seen, need)
    if need.rule is Rule.RESTRICTED_PARTY:
        return _plain(restricted_party(seen))
    if need.rule in OF_SPONSOR:
        return _plain(np.full(seen.partners, UNKNOWN, dtype=np.int64))
    if need.rule is Rule.NO_OPEN_ACTION:
        here, others = take(action, lead, UNKNOWN), stopped.copy()
        others[lead[lead >= 0]] = False
        for must in seen.brief.needs:
            if must.level is Level.MUST and must.id in done:
                at = done[must.id]
                here = np.maximum(here, take(action, at, UNKNOWN))
                others[at[at >= 0]] = False
        elsewhere = seen.of_partner(others)
        return _plain(np.where((here == PASS) & elsewhere, CONDITIONAL, here))
    if need.rule is Rule.TRACK_RECORD and not need.same_site:
        return _track_record_anywhere(seen, need)
    found = table[need.id]
    here, kind = take(found.outcome, lead, UNKNOWN), take(found.mismatch, lead, False)
    if need.rule is Rule.METRIC:
        nowhere = np.full(seen.partners, -1, dtype=np.int64)
        here = np.where(lead < 0, _metric_at(seen, need, nowhere, np.arange(seen.partners)).outcome, here)
    if not need.same_site:
        here = np.minimum(here, seen.site_rows.least(found.outcome, None, FAIL))
        return Found(here, kind & (here == FAIL))
    if need.rule in WORK:
        here = np.where(done[need.id] != lead, CONDITIONAL, here)
        return Found(here, kind & (here == FAIL))
    at = place_of(seen, need, found.outcome, lead, done)
    here = np.where(lead < 0, here, take(found.outcome, at, UNKNOWN))
    return Found(here, take(found.mismatch, at, False) & (here == FAIL))


__all__ = [
    "AT_SITES",
    "CONDITIONAL",
    "FAIL",
    "OF_SPONSOR",
    "PASS",
    "UNKNOWN",
    "Found",
    "Screen",
    "place_of",
    "restricted_party",
    "screen_columns",
    "stops",
]
