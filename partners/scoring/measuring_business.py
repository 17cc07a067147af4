"""`criteria_quality` and `criteria_business` for many partners at once.

Reasons and facts are left out: whoever is shown is put together again and scored by `criteria`. A test compares both
on random catalogues.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .anchors import (
    ANCHORS,
    AUDIT,
    AUDIT_OPEN,
    AUDIT_STANDARDS,
    CERTIFICATE_EXPIRING,
    DOUBTFUL,
    FINANCIAL,
    INSPECTION,
    MARKET_PROOF,
    REGISTRATION_ONLY,
    SECURITY_PROOF,
    SIZE_DISTANCE,
    SIZES,
    SUSTAINABILITY_PROOF,
    MarketProof,
    rating_order,
)
from .layout import WHOLE_NONE, Numbers
from .measuring_technical import free_slots, slot_due
from .place import Place, Points, constant, either, exactly, flag_points, mean, metric_points, nothing
from .screening import AT_SITES, CONDITIONAL, FAIL, restricted_party, stops
from .seen import NO, Array, Flags, Ints, Metric, ordinal, points, take
from .types import Level, Need, Rule
from .value_functions import Linear, Piecewise


def inspections(place: Place) -> Points:
    seen = place.seen
    latest, worth, settled = place.latest_inspections
    owner = seen.rows("site.inspections").owner[latest]
    least = np.full(seen.sites, np.inf)
    sure = settled[latest]
    np.minimum.at(least, owner[sure], worth[latest][sure])
    some, open_ended = np.zeros(seen.sites, dtype=bool), np.zeros(seen.sites, dtype=bool)
    some[owner] = True
    open_ended[owner[~sure]] = True
    stated, floor = least < np.inf, min(INSPECTION.table.values())
    low = np.where(open_ended, np.minimum(floor, least), least)
    high = np.minimum(100.0, least)
    known = np.where(open_ended, np.where(stated, DOUBTFUL, 0.0), 1.0)
    record = either(some, (low, high, known), nothing(seen.sites))
    stopped, doubted = stops(seen)
    doubt = (np.zeros(seen.sites), record[1], np.minimum(record[2], DOUBTFUL))
    found = either(stopped, constant(seen.sites, 0.0, 0.0, 1.0), either(doubted, doubt, record))
    at_lead = tuple(place.at_lead(v, empty) for v, empty in zip(found, (0.0, 100.0, 0.0), strict=True))
    return at_lead[0], at_lead[1], at_lead[2]


def latest_audits(place: Place) -> tuple[Ints, Array, Array, Flags]:
    """Rows of each site's latest audit per auditor; of every row its lowest and highest points, and whether it is
    settled. As `criteria_quality.latest_audits` and `audit_points`."""
    seen, table = place.seen, "site.audits"
    on, auditor, pk = seen[f"{table}.audited_on"], seen[f"{table}.auditor"], seen[f"{table}.ref.pk"]
    worth: Array = seen.judged(
        f"{table}.outcome", lambda code: np.nan if (p := AUDIT.at(code)) is None else p, np.float64
    )
    clean, left = seen[f"{table}.outcome"] == seen.code("none"), seen[f"{table}.open_actions"]
    settled = ~np.isnan(worth)
    reduced = worth * AUDIT_OPEN
    sure = clean | (left == 0)
    low = np.where(settled, np.where(sure, worth, reduced), min(AUDIT.table.values()) * AUDIT_OPEN)
    high = np.where(settled, np.where(sure | (left == WHOLE_NONE), worth, reduced), 100.0)
    standards = AUDIT_STANDARDS.get(place.brief.profile, AUDIT_STANDARDS["drug"])
    fits = (seen[f"{table}.standard"] == 0) | seen.is_one_of(f"{table}.standard", standards)
    rows = np.flatnonzero((on > 0) & (on <= seen.as_of) & fits)
    owner = seen.rows(table).owner
    order = rows[np.lexsort((pk[rows], -low[rows], on[rows], auditor[rows], owner[rows]))]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (owner[order][1:] != owner[order][:-1]) | (auditor[order][1:] != auditor[order][:-1])
    return order[last], low, high, settled


def audits(place: Place) -> Points:
    seen = place.seen
    latest, low, high, settled = latest_audits(place)
    owner = seen.rows("site.audits").owner[latest]
    least, most = np.full(seen.sites, np.inf), np.full(seen.sites, np.inf)
    np.minimum.at(least, owner, low[latest])
    np.minimum.at(most, owner, high[latest])
    some, sure, doubtful = (np.zeros(seen.sites, dtype=bool) for _ in range(3))
    some[owner] = True
    sure[owner[settled[latest]]] = True
    doubtful[owner[~settled[latest]]] = True
    known = np.where(~doubtful, 1.0, np.where(sure, DOUBTFUL, 0.0))
    found = either(some, (least, most, known), nothing(seen.sites))
    at_lead = tuple(place.at_lead(v, empty) for v, empty in zip(found, (0.0, 100.0, 0.0), strict=True))
    return at_lead[0], at_lead[1], at_lead[2]


def market_access(place: Place) -> Points | None:
    markets = list(dict.fromkeys(place.brief.markets))
    if not markets:
        return None
    table = MARKET_PROOF.get(place.brief.profile, MARKET_PROOF["drug"])
    return mean([market(place, table.get(code)) for code in markets], place.count)


BEST = 1000.0  # orders pairs of points (low first), both whole numbers up to 100


def inspected_for(place: Place, proof: MarketProof) -> tuple[Array, Ints]:
    """What the market's own agency's latest settled inspection of each site is worth, and its row; -1 for none."""
    seen = place.seen
    latest, worth_of, settled = place.latest_inspections
    rows = latest[settled[latest] & seen.is_one_of("site.inspections.agency", proof.agencies)[latest]]
    passed = np.where(worth_of[rows] > INSPECTION.table["oai"], 100.0, worth_of[rows])
    best, row = np.full(seen.sites, -1.0), np.full(seen.sites, -1, dtype=np.int64)
    owner = seen.rows("site.inspections").owner[rows]
    np.maximum.at(best, owner, passed * BEST + passed)
    row[owner] = rows  # a market has one agency
    return best, row


def market(place: Place, proof: MarketProof | None) -> Points:
    seen = place.seen
    if proof is None:
        return nothing(place.count)
    best = np.full(seen.sites, -1.0)
    for kinds, worth in ((proof.certificates, 100.0), (proof.registrations, REGISTRATION_ONLY)):
        low, high = certificates(place, worth)
        listed = seen.is_one_of("site.certificates.certificate_type", kinds)
        found = seen.rows("site.certificates").most(low * BEST + high, listed, -1.0)
        best = np.maximum(best, found)
    best = np.maximum(best, inspected_for(place, proof)[0])
    best = np.asarray(place.at_lead(best, -1.0))
    low, high = np.floor(best / BEST), best % BEST
    return either(best >= 0, (low, high, np.where(low == high, 1.0, DOUBTFUL)), nothing(place.count))


def certificates(place: Place, worth: float) -> tuple[Array, Array]:
    seen = place.seen
    until, read = seen["site.certificates.expires_on"], seen["site.certificates.ref.as_of"]
    on = ordinal(place.brief.need_date or place.brief.as_of)
    over = until < seen.as_of
    renewable = over & (read > 0) & (read <= until)
    soon = ~over & (until < on)
    expiring = min(worth, CERTIFICATE_EXPIRING)
    low = np.select([until == 0, over, soon], [DOUBTFUL * worth, 0.0, expiring], worth)
    high = np.select([until == 0, renewable, over, soon], [worth, worth, 0.0, expiring], worth)
    return low, high


def rating(place: Place) -> Points:
    found = nothing(place.count)
    for code, _, share in reversed(rating_order(place.brief.sponsor_size)):
        value = place.metric(code)
        worth = points(ANCHORS["sponsor_rating"].function, value.number)
        known = np.full(place.count, share)
        found = either(value.numbered, (worth * share, worth * share + 100 * (1 - share), known), found)
    return found


NEVER = np.iinfo(np.int64).max  # stands for the day of a slot that there is not


def slot(place: Place) -> Points:
    seen, rows = place.seen, place.seen.rows("site.slots")
    due, starts, never = slot_due(place), seen["site.slots.starts_on"], NEVER
    first, held = (
        np.asarray(place.at_lead(rows.least(starts, which, never), never)) for which in free_slots(place)
    )

    def worth(day: Numbers) -> Array:
        months = (np.where(day == never, due, day) - due) / 30.4375
        return points(ANCHORS["slot_months_late"].function, months)

    opened, tentative = first < never, (held < never) & (held < first)
    loan = (np.where(opened, worth(first), 0.0), worth(held), np.where(opened, 1.0, DOUBTFUL))
    return either(tentative, loan, exactly(opened, worth(first)))


def interval(function: Piecewise, low: Array, high: Array) -> tuple[Array, Array]:
    """As `Piecewise.interval` for many intervals; NaN gives 0."""
    ends = points(function, low), points(function, high)
    least, most = np.minimum(*ends), np.maximum(*ends)
    for x, y in zip(function.x, function.y, strict=True):
        inside = (low < x) & (x < high)
        least = np.where(inside, np.minimum(least, y), least)
        most = np.where(inside, np.maximum(most, y), most)
    return least, most


def comparable_price(place: Place) -> Ints | None:
    """Each partner's price (row, -1 for none) in the brief's basis and currency; None: the brief compares none."""
    brief, seen = place.brief, place.seen
    if brief.price_target is None or brief.price_limit is None or brief.price_target == brief.price_limit:
        return None
    t = "partner.prices"
    fits = (seen[f"{t}.basis"] == (seen.code(brief.price_basis) or -1)) & (
        seen[f"{t}.currency"] == (seen.code(brief.currency) or -1)
    )
    fits &= seen.equal(brief.modality, f"{t}.modality") != NO
    services = {n.service for n in place.needs(Rule.CAPABILITY)}
    named = np.zeros(len(fits), dtype=bool)
    if brief.modality is not None:
        named = seen[f"{t}.modality"] == seen.code(brief.modality)
    served = seen.judged(f"{t}.service_path", lambda path: any(f'"{s}"' in path for s in services if s), bool)
    return seen.rows(t).last(fits, named, served, seen[f"{t}.ref.as_of"], seen[f"{t}.ref.pk"])


def price(place: Place) -> Points:
    brief, seen, chosen = place.brief, place.seen, comparable_price(place)
    if chosen is None or brief.price_target is None or brief.price_limit is None:
        return nothing(place.count)
    function = Linear(worst=brief.price_limit, best=brief.price_target)
    low, high = interval(
        function,
        take(seen["partner.prices.low"], chosen, np.nan),
        take(seen["partner.prices.high"], chosen, np.nan),
    )
    return either(chosen >= 0, (low, high, np.ones(place.count)), nothing(place.count))


def minimum_terms(place: Place) -> tuple[Ints, float] | None:
    """Each partner's newest terms (row, -1 for none) with a minimum project in the currency asked, and the amount."""
    needs, seen = [n for n in place.needs(Rule.MINIMUM_PROJECT) if n.quantity], place.seen
    if not needs:
        return None
    currency = needs[0].currency or place.brief.currency
    minimum = seen["partner.terms.minimum_project"]
    same = ~np.isnan(minimum) & (seen["partner.terms.currency"] == seen.code(currency))
    return seen.newest("partner.terms", same), needs[0].quantity or 1.0


def minimum_project(place: Place) -> Points | None:
    found = minimum_terms(place)
    if found is None:
        return None
    chosen, amount = found
    ratio: Array = take(place.seen["partner.terms.minimum_project"], chosen, np.nan) / amount
    return exactly(chosen >= 0, points(ANCHORS["minimum_project"].function, ratio))


def terms_with(place: Place, field: str) -> tuple[Ints, Array]:
    """Each partner's newest terms (row, -1 for none) that say something of a field, and what all terms say."""
    stored = place.seen[f"partner.terms.{field}"]
    values: Array = np.where(stored == WHOLE_NONE, np.nan, stored.astype(np.float64))
    return place.seen.newest("partner.terms", ~np.isnan(values)), values


def terms(field: str, anchor: str) -> Callable[[Place], Points]:
    def measure(place: Place) -> Points:
        chosen, values = terms_with(place, field)
        return exactly(chosen >= 0, points(ANCHORS[anchor].function, take(values, chosen, np.nan)))

    return measure


def site_needs(place: Place) -> list[Need]:
    """What a site must be able to do to stand in for the lead one; empty when the brief does not say."""
    needs = [n for n in place.needs(Rule.CAPABILITY) if n.level is Level.MUST and n.same_site]
    modality = place.brief.modality
    if not needs and modality is not None:
        return [Need("modality", Rule.CAPABILITY, Level.MUST, "the modality", modality=modality)]
    return needs


def able_sites(place: Place) -> Points | None:
    needs = site_needs(place)
    if not needs:
        return None
    worst = np.max([AT_SITES[Rule.CAPABILITY](place.seen, n).outcome for n in needs], axis=0)
    able = place.seen.site_rows.count(worst <= CONDITIONAL)
    perhaps = place.seen.site_rows.count((worst > CONDITIONAL) & (worst < FAIL))
    function = ANCHORS["able_sites"].function
    known = np.where(perhaps > 0, DOUBTFUL, 1.0)
    least, most = (n.astype(np.float64) for n in (able, able + perhaps))
    found = (points(function, least), points(function, most), known)
    none = (able + perhaps == 0) & place.has_lead
    nobody = constant(place.count, function.at(0), function.at(0), 1.0)
    return either(able > 0, found, either(none, nobody, nothing(place.count)))


def texts(place: Place, value: Metric, judge: Callable[[str], float]) -> Array:
    """What `judge` says of each partner's text, NaN where it says nothing."""
    numbers, inverse = np.unique(value.text, return_inverse=True)
    said = [judge(place.seen.codes[n - 1]) if n else np.nan for n in numbers.tolist()]
    return np.asarray(said, dtype=np.float64)[inverse]


def financial_strength(place: Place) -> Points:
    value = place.metric("financial_strength")

    def worth(text: str) -> float:
        found = FINANCIAL.at(text.strip().lower())
        return np.nan if found is None else found

    words = np.where(value.found & ~value.numbered, texts(place, value, worth), np.nan)
    stated = ~np.isnan(words)
    return either(stated, exactly(stated, words), metric_points("financial_strength")(place))


def ownership(place: Place) -> Points:
    listed = restricted_party(place.seen)
    found = flag_points("ownership_change_24m")(place)
    found = either(listed == CONDITIONAL, constant(place.count, 30.0, 30.0, 1.0), found)
    return either(listed == FAIL, constant(place.count, 0.0, 0.0, 1.0), found)


def security(place: Place) -> Points:
    stated = flag_points("cyber_certified")(place)
    return either(stated[2] > 0, stated, market(place, SECURITY_PROOF))


def sustainability(place: Place) -> Points:
    return market(place, SUSTAINABILITY_PROOF)


def size_match(place: Place) -> Points | None:
    if place.brief.sponsor_size not in SIZES:
        return None
    own = SIZES.index(place.brief.sponsor_size)

    def worth(text: str) -> float:
        words = text.lower().replace(",", " ").replace("/", " ").split()
        served = [SIZES.index(word) for word in words if word in SIZES]
        return SIZE_DISTANCE[min(abs(own - size) for size in served)] if served else np.nan

    values = texts(place, place.metric("client_size_focus"), worth)
    return exactly(~np.isnan(values), values)
