"""What single rows of the columns say to a need: which are meant, and what each is worth.

Screening takes the best of them for every site; the facts behind a number are found among them again.
"""

from __future__ import annotations

import json

import numpy as np

from .layout import WHOLE_NONE, Numbers
from .rules_partner import STOPPING_ACTIONS
from .seen import NO, PERHAPS, YES, Flags, Ints, Seen, ordinal
from .types import Need, Outcome
from .verdict import BEST_FIRST

PASS, CONDITIONAL, UNKNOWN, FAIL = (
    BEST_FIRST[o] for o in (Outcome.PASS, Outcome.CONDITIONAL, Outcome.UNKNOWN, Outcome.FAIL)
)
GRAVITY = {"nai": 0, "vai": 1, "pending": 2, "oai": 3}


def worst(shape: int, fail: Numbers, unknown: Numbers, conditional: Numbers) -> Numbers:
    found = np.full(shape, PASS, dtype=np.int64)
    found[conditional] = CONDITIONAL
    found[unknown] = UNKNOWN
    found[fail] = FAIL
    return found


def judged_capabilities(seen: Seen, need: Need) -> Numbers:
    """As `rules_site._judge` for every capability."""

    def of(field: str) -> Numbers:
        return seen[f"site.capabilities.{field}"]

    size = len(of("service"))
    fail, unknown, conditional = (np.zeros(size, dtype=bool) for _ in range(3))
    for field in ("modality", "dosage_form", "production_system"):
        if getattr(need, field):
            unknown |= of(field) == 0
    if need.stage is not None:
        first, last = of("stage_from"), of("stage_to")
        other = ((first != WHOLE_NONE) & (need.stage < first)) | ((last != WHOLE_NONE) & (need.stage > last))
        fail |= other
        unknown |= ~other & ((first == WHOLE_NONE) | (last == WHOLE_NONE))
    if need.quantity is not None:
        least, most = of("scale_min"), of("scale_max")
        open_ = np.isnan(most) | (of("scale_unit") != seen.code(need.unit))
        unknown |= open_
        small = ~open_ & (most < need.quantity)
        fail |= small
        conditional |= ~open_ & ~small & (least > need.quantity)
    if need.gmp:
        unknown |= of("gmp") < 0
        fail |= of("gmp") == 0
    return worst(size, fail, unknown, conditional)


def judged_certificates(seen: Seen, need: Need) -> tuple[Flags, Numbers, Flags]:
    """The certificates of the kind asked for, what each of all is worth, and which of all do not cover the need."""
    held = seen["site.certificates.certificate_type"] == seen.code(need.certificate_type or "")
    covered, (over, open_) = _in_scope(seen, need), validity(seen, need)
    nothing = np.zeros(len(held), dtype=bool)
    return (
        held,
        worst(len(held), (covered == NO) | over, (covered == PERHAPS) | open_, nothing),
        covered == NO,
    )


def validity(seen: Seen, need: Need) -> tuple[Flags, Flags]:
    """As `rules_record.judge_validity` for every certificate: those over, and those nobody can tell of."""
    until, read = seen["site.certificates.expires_on"], seen["site.certificates.ref.as_of"]
    over = (until > 0) & (until < seen.as_of)
    renewable = over & (read > 0) & (read <= until)
    on = ordinal(need.by or seen.brief.need_date or seen.brief.as_of)
    return over & ~renewable, (until == 0) | renewable | ((until > 0) & ~over & (until < on))


def _in_scope(seen: Seen, need: Need) -> Numbers:
    asked: list[Numbers] = []
    for wanted, field in (
        ({need.service, *need.service_path} - {None}, "scope_services"),
        ({need.dosage_form} - {None}, "scope_dosage_forms"),
    ):
        if wanted:

            def judge(text: str, wanted: set[str | None] = wanted) -> int:
                scope = set(json.loads(text))
                return PERHAPS if not scope else YES if wanted & scope else NO

            asked.append(seen.judged(f"site.certificates.{field}", judge))
    if not asked:
        return np.full(len(seen["site.certificates.expires_on"]), YES, dtype=np.int64)
    refused = np.any([a == NO for a in asked], axis=0)
    return np.where(refused, NO, np.max(asked, axis=0))


def latest_inspection(seen: Seen, need: Need) -> tuple[Ints, Flags]:
    """Each site's latest dated inspection by the agency asked for (-1: none), and all of that agency's."""
    rows, on = seen.rows("site.inspections"), seen["site.inspections.ended_on"]
    mine = np.ones(len(on), dtype=bool)
    if need.agency is not None:
        mine = seen["site.inspections.agency"] == seen.code(need.agency)
    gravity = seen.judged("site.inspections.outcome", lambda code: GRAVITY.get(code, 2))
    dated = mine & (on > 0) & (on <= seen.as_of)
    return rows.last(dated, on, gravity, seen["site.inspections.ref.pk"]), mine


def judged_slots(seen: Seen, need: Need) -> tuple[Flags, Flags, Numbers]:
    """The slots of the kind asked for that have not passed, the free ones of them, and what each of all is worth."""
    ends = seen["site.slots.ends_on"]
    by = need.by or seen.brief.need_date
    status = seen["site.slots.status"]
    held = status == seen.code("tentative")
    coming = seen.slot(need) & ((ends == 0) | (ends >= seen.as_of))
    free = coming & ((status == seen.code("open")) | held)
    fail, unknown = np.zeros(len(ends), dtype=bool), np.zeros(len(ends), dtype=bool)
    if by is not None:
        fail |= seen["site.slots.starts_on"] > ordinal(by)
        unknown |= (ends > 0) & (ends < ordinal(by))
    if need.quantity is not None:
        quantity = seen["site.slots.quantity"]
        other = np.isnan(quantity) | (seen["site.slots.unit"] != seen.code(need.unit))
        unknown |= other
        fail |= ~other & (quantity < need.quantity)
    return coming, free, worst(len(ends), fail, unknown, held)


def minimum_stated(seen: Seen, need: Need) -> tuple[Flags, Flags]:
    """The terms that state a minimum project, and those of them in the currency asked for."""
    stated = ~np.isnan(seen["partner.terms.minimum_project"])
    currency = need.currency or seen.brief.currency
    return stated, stated & (seen["partner.terms.currency"] == (seen.code(currency) or -1)) & bool(currency)


def listings(seen: Seen) -> tuple[Flags, Flags]:
    """The listings that have not ended, and those of them in force on the day of need."""
    until = seen["partner.restrictions.effective_until"]
    current = (until == 0) | (until >= seen.as_of)
    on = ordinal(seen.brief.need_date or seen.brief.as_of)
    return current, current & (seen["partner.restrictions.effective_from"] <= on)


def stopping_actions(seen: Seen) -> tuple[Flags, Flags]:
    """Stopping actions known to be open, and those whose close-out is unknown."""
    closed = seen["site.actions.closed_on"]
    stopping = seen.is_one_of("site.actions.kind", STOPPING_ACTIONS)
    stopping &= (seen["site.actions.issued_on"] <= seen.as_of) & ((closed == 0) | (closed > seen.as_of))
    unclear = seen["site.actions.close_out_unknown"] > 0
    return stopping & ~unclear, stopping & unclear
