"""`criteria_technical` and the free slots of `criteria_quality` for many partners at once.

Reasons and facts are left out: whoever is shown is put together again and scored by `criteria`. A test compares both
on random catalogues.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from .anchors import ANCHORS, DOUBTFUL, ELSEWHERE
from .layout import WHOLE_NONE, Numbers
from .measures import MANY
from .place import Place, Points, constant, either, exactly, flag_points, mean, metric_points, nothing
from .screened_rows import CONDITIONAL, UNKNOWN, judged_capabilities
from .seen import NO, PERHAPS, YES, Array, Flags, counted, ordinal, points
from .types import Rule


def offers(*services: str) -> Callable[[Place], Points]:
    def measure(place: Place) -> Points:
        return mean([presence(place, service) for service in services], place.count)

    return measure


def service_match(place: Place, service: str) -> Numbers:
    """Whether each capability is of a service (or of the branch with that code) and of the brief's modality."""
    seen = place.seen
    listed = seen.judged("site.capabilities.service_path", lambda path: f'"{service}"' in path, bool)
    listed = listed | (seen["site.capabilities.service"] == seen.code(service))
    return np.where(listed, seen.equal(place.brief.modality, "site.capabilities.modality"), NO)


def presence(place: Place, service: str) -> Points:
    seen, match = place.seen, service_match(place, service)
    best = seen.rows("site.capabilities").most(match, None, NO)
    here = place.at_lead(best, NO)
    elsewhere = seen.of_partner(best == YES)
    complete = place.at_lead(seen.rows("site.complete").held, False)
    found = either(complete, constant(place.count, 0.0, 0.0, 1.0), nothing(place.count))
    found = either(elsewhere, constant(place.count, ELSEWHERE, ELSEWHERE, 1.0), found)
    found = either(here == PERHAPS, constant(place.count, DOUBTFUL * 100, 100.0, DOUBTFUL), found)
    found = either(here == YES, constant(place.count, 100.0, 100.0, 1.0), found)
    return either(place.has_lead, found, nothing(place.count))


Counts: TypeAlias = tuple[Flags, Array, Array, Flags]  # certain, least, most, anything at all


def record_match(place: Place, table: str, kinds: tuple[str, ...], modality: str | None) -> Numbers:
    seen = place.seen
    return np.where(seen.is_one_of(f"{table}.kind", kinds), seen.equal(modality, f"{table}.modality"), NO)


def records(place: Place, table: str, kinds: tuple[str, ...], modality: str | None) -> Counts:
    seen, rows = place.seen, place.seen.rows(table)
    match = record_match(place, table, kinds, modality)
    low, high = counted(rows, match, seen[f"{table}.count"])
    return rows.any(match == YES), low, high, rows.any(match != NO)


def count_points(place: Place, anchor: str, of_sites: Counts, whole: Counts) -> Points:
    """As `measures.count_points`: certain by the lead site's own facts, else only an upper end."""
    function, seen = ANCHORS[anchor].function, place.seen
    sure, low, high, some = of_sites
    certain = place.at_lead(sure, False)
    here = (
        points(function, place.at_lead(low, 0.0)),
        points(function, np.minimum(place.at_lead(high, 0.0), MANY)),
        np.ones(place.count),
    )
    total = np.minimum(seen.site_rows.total(high) + whole[2], MANY)
    wide = (np.zeros(place.count), points(function, total), np.full(place.count, DOUBTFUL))
    anything = seen.of_partner(some) | whole[3]
    return either(certain, here, either(anything, wide, nothing(place.count)))


def track_record(kinds: tuple[str, ...], anchor: str, *, modality: bool) -> Callable[[Place], Points]:
    def measure(place: Place) -> Points:
        wanted = place.brief.modality if modality else None
        of_sites = records(place, "site.track_record", kinds, wanted)
        return count_points(place, anchor, of_sites, records(place, "partner.track_record", kinds, wanted))

    return measure


def programmes_run(place: Place, modality: str) -> Flags:
    """The capabilities that say how many programmes of a modality were run with them."""
    seen = place.seen
    runs = seen["site.capabilities.programmes"]
    return np.asarray(
        (seen["site.capabilities.modality"] == seen.code(modality)) & (runs != WHOLE_NONE), dtype=bool
    )


def by_record(place: Place, modality: str) -> Flags:
    """Sites whose track record counts more programmes than the process that ran the most of them."""
    rows = place.seen.rows("site.capabilities")
    runs = place.seen["site.capabilities.programmes"]
    most = rows.most(runs, programmes_run(place, modality), 0).astype(np.float64)
    _, low, high, _ = records(place, "site.track_record", ("programme",), modality)
    return np.asarray((low > most) | ((low == most) & (high > most)))  # the larger pair of least and most


def experience(place: Place) -> Points | None:
    wanted, seen = place.brief.modality, place.seen
    if wanted is None:
        return None
    counts, rows = programmes_run(place, wanted), seen.rows("site.capabilities")
    run = rows.any(counts)
    most = rows.most(seen["site.capabilities.programmes"], counts, 0).astype(np.float64)
    sure, low, high, some = records(place, "site.track_record", ("programme",), wanted)
    stated = by_record(place, wanted)
    chosen = (
        np.where(stated, sure, run), np.where(stated, low, most), np.where(stated, high, most),
        np.where(stated, some, run),
    )  # fmt: skip
    whole = records(place, "partner.track_record", ("programme",), wanted)
    return count_points(place, "experience", chosen, whole)


def transfer_team(place: Place) -> Points:
    team = flag_points("transfer_team")(place)
    return either(team[2] > 0, team, offers("tech-transfer")(place))


def sized_processes(place: Place, least: int = YES) -> Flags:
    """The capabilities whose scale matters, in the brief's unit."""
    seen = place.seen
    size, unit = seen["site.capabilities.scale_max"], seen["site.capabilities.scale_unit"]
    needs = [
        n for n in place.needs(Rule.CAPABILITY) if n.unit is not None and n.unit == place.brief.scale_unit
    ]
    relevant = seen.equal(place.brief.modality, "site.capabilities.modality") >= least
    if needs:
        worst = UNKNOWN if least == PERHAPS else CONDITIONAL
        relevant = np.any(
            [
                (seen.capability(n) == YES) & (judged_capabilities(seen, replace(n, quantity=None)) <= worst)
                for n in needs
            ],
            axis=0,
        )
    return np.asarray(~np.isnan(size) & (unit == seen.code(place.brief.scale_unit)) & relevant)


def largest_process(place: Place, least: int = YES) -> Array:
    """As `technical.largest_process`: each site's largest scale in the brief's unit, NaN where there is none."""
    seen = place.seen
    size = seen["site.capabilities.scale_max"]
    largest: Array = seen.rows("site.capabilities").most(size, sized_processes(place, least), -np.inf)
    return np.where(largest == -np.inf, np.nan, largest)


@dataclass(frozen=True, slots=True)
class Scales:
    """What the lead site's largest scale is worth, and that of another site: a hand-over, capped.

    `others` is each other site's largest scale, -inf where there is none. `doubtful` marks partners whose lead site
    has a record that may be the process and is worth `perhaps`, more than what is sure.
    """

    worth: Array
    sized: Flags
    borrowed: Array
    better: Flags
    others: Array
    perhaps: Array
    doubtful: Flags


def scales(place: Place, anchor: str, field: str) -> Scales | None:
    needed = getattr(place.brief, field)
    if needed is None or needed <= 0 or place.brief.scale_unit is None:
        return None
    function, largest = ANCHORS[anchor].function, largest_process(place)
    own = np.asarray(place.at_lead(largest, np.nan))
    others = np.where(np.isnan(largest), -np.inf, largest)
    others[place.lead[place.has_lead]] = -np.inf
    most = place.seen.site_rows.most(others, None, -np.inf)
    there, sized = most > -np.inf, ~np.isnan(own)
    worth = points(function, own / needed)
    borrowed = np.minimum(ELSEWHERE, points(function, np.where(there, most, 0.0) / needed))
    better = there & (borrowed > worth)
    may = np.asarray(place.at_lead(largest_process(place, PERHAPS), np.nan))
    perhaps = points(function, may / needed)
    doubtful = ~np.isnan(may) & (~sized | (perhaps > np.where(better, borrowed, worth)))
    return Scales(worth, sized, borrowed, better, others, perhaps, doubtful)


def scale(anchor: str, field: str) -> Callable[[Place], Points | None]:
    def measure(place: Place) -> Points | None:
        s = scales(place, anchor, field)
        if s is None:
            return None
        loan = (s.borrowed, np.where(s.sized, s.borrowed, 100.0), np.where(s.sized, 1.0, DOUBTFUL))
        low, high, known = either(s.better, loan, exactly(s.sized, s.worth))
        doubt = (low, np.where(s.sized, s.perhaps, high), np.full(place.count, DOUBTFUL))
        return either(s.doubtful, doubt, (low, high, known))

    return measure


def slot_due(place: Place) -> int:
    """As `technical.slot_due`."""
    needs = place.needs(Rule.CAPACITY)
    return ordinal((needs[0].by if needs else None) or place.brief.need_date or place.brief.as_of)


def free_slots(place: Place) -> tuple[Flags, Flags]:
    """Open and tentatively held slots of the kind looked for that last until the date needed."""
    seen = place.seen
    needs, ends = place.needs(Rule.CAPACITY), seen["site.slots.ends_on"]
    fits = seen.slot(needs[0]) if needs else seen.equal(place.brief.modality, "site.slots.modality") != NO
    fits = fits & ((ends == 0) | (ends >= max(slot_due(place), seen.as_of)))
    status = seen["site.slots.status"]
    return fits & (status == seen.code("open")), fits & (status == seen.code("tentative"))


def free_capacity(place: Place) -> Points:
    seen, rows = place.seen, place.seen.rows("site.slots")
    opened, held = free_slots(place)
    needs = place.needs(Rule.CAPACITY)
    used = metric_points("utilisation_pct")(place)
    if needs and needs[0].quantity:
        need, quantity = needs[0], seen["site.slots.quantity"]
        sized = ~np.isnan(quantity) & (seen["site.slots.unit"] == seen.code(need.unit))
        low, high = (
            place.at_lead(rows.most(quantity, which & sized, -np.inf), -np.inf)
            for which in (opened, opened | held)
        )
        asked = float(needs[0].quantity)
        least = points(ANCHORS["free_capacity"].function, np.where(low == -np.inf, 0.0, low) / asked)
        least = np.where(low == -np.inf, 0.0, least)
        most = points(ANCHORS["free_capacity"].function, np.where(high == -np.inf, 0.0, high) / asked)
        sure = (low > -np.inf) & (low >= high)
        sized_ = either(
            sure, (least, least, np.ones(place.count)), (least, most, np.full(place.count, DOUBTFUL))
        )
        return either(high > -np.inf, sized_, used)
    some, maybe = (place.at_lead(rows.any(which), False) for which in (opened, held))
    found = either(maybe, constant(place.count, 0.0, 100.0, DOUBTFUL), used)
    return either(some, constant(place.count, 100.0, 100.0, 1.0), found)
