"""Who covers the whole scope: one site, else several sites of one partner, else two or three partners.

The scope's parts are the capability needs that are musts or shoulds. Whoever does a part must also meet the needs
that go with it: those that name the same service, and for the main part (the first must in the project's modality)
every other need of a site. Terms and trade lists are checked for each partner, open actions for each site.

A network's score is the mean of its members' scores, each for the part it does (a must counts three, a should two),
less what the hand-overs cost: months lost on the line of C5 (twelve months lose all of its points) and money on that
of C7. Every set of up to three sites is tried, and every larger one of a single partner, so the answer is exact unless
`cut_off` says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .aggregate import aggregate
from .anchors import ANCHORS, LEVEL_WEIGHT
from .confidence import discounted
from .criteria import score_criteria
from .knockouts import PARTNER_RULES, SITE_RULES, check_partner, default_rules
from .methods.checks import Array, Ints
from .network_sets import MOST_OF_ONE, best_in_turn, few_of_each, sets_of, widest
from .network_types import HandOver, Member, Missing, Network, Proposal, Shape
from .overrides import Overrides, let_pass, overridable
from .scope import parts_of, scope_parts
from .types import Brief, Level, Need, Outcome, PartnerFacts, Rule, RuleResult, SiteFacts
from .weights import CODES, check_weights
from .words import counted, number

MOST_SITES = 80  # sites combined exactly; above it the best ones of each part are taken
PER_SIZE = 3  # networks proposed of each size
MET = (Outcome.PASS, Outcome.CONDITIONAL)


@dataclass(slots=True)
class _Cell:
    """One site for one part."""

    capability: RuleResult
    open_musts: tuple[RuleResult, ...]
    let_pass: tuple[RuleResult, ...]
    low: float = 0.0
    point: float = 0.0
    high: float = 0.0
    coverage: float = 0.0


@dataclass(slots=True)
class _Table:
    """Sites that can do at least one part, and their cells by (part, site)."""

    sites: list[tuple[PartnerFacts, SiteFacts]] = field(default_factory=list)
    cells: dict[tuple[int, int], _Cell] = field(default_factory=dict)


def propose_networks(
    partners: Sequence[PartnerFacts],
    brief: Brief,
    weights: Mapping[str, float],
    *,
    hand_over: HandOver | None = None,
    overrides: Overrides | None = None,
    caution: float = 0.0,
    per_size: int = PER_SIZE,
    most_sites: int = MOST_SITES,
) -> Proposal:
    """The smallest and best-scoring networks that cover the scope. Raises ValueError for bad weights.

    `caution` lowers scores as in `rank`.
    """
    checked = check_weights(weights)
    hand_over = hand_over or HandOver(currency=brief.currency)
    parts = scope_parts(brief)
    if not parts or not partners:
        return Proposal(())
    table = _table(partners, brief, parts, checked, overrides or {}, caution)
    missing = tuple(_missing(part, brief, partners) for p, part in enumerate(parts) if not _able(table, p))
    kept = [p for p in range(len(parts)) if _able(table, p)]
    sites, cut_off = _shortened(table, kept, most_sites)
    rate = _Rate.of(brief, checked, hand_over)
    owners = np.array([table.sites[s][0].id for s in sites], dtype=np.int64)
    sets = sets_of(owners, len(kept))
    able = np.array([[(p, s) in table.cells for s in sites] for p in kept], dtype=bool)
    covered = [kept[row] for row in widest(able, sets, [parts[p].level for p in kept])] if sets else []
    left_out = tuple(parts[p].title or parts[p].label for p in kept if p not in covered)
    found = _search(table, sites, sets, parts, covered, hand_over, rate, per_size) if covered else []
    return Proposal(tuple(found), missing, left_out, cut_off, rate.money > 0)


@dataclass(frozen=True, slots=True)
class _Rate:
    """Points of score that one month and one unit of money are worth."""

    month: float
    money: float
    most_time: float
    most_money: float

    @classmethod
    def of(cls, brief: Brief, weights: Mapping[str, float], hand_over: HandOver) -> _Rate:
        line = ANCHORS["slot_months_late"].function
        month = weights["C5"] / 100 * (line.at(0.0) - line.at(1.0))
        span = _money_span(brief)
        same = hand_over.currency in (None, brief.currency)
        if hand_over.cost is None or span is None or not same:
            return cls(month, 0.0, weights["C5"], weights["C7"])
        return cls(month, weights["C7"] / span, weights["C5"], weights["C7"])

    def points(self, months: float, cost: float | None) -> float:
        """At most all points of C5 for the months and all of C7 for the money."""
        return min(self.most_time, self.month * months) + min(self.most_money, self.money * (cost or 0.0))


def _money_span(brief: Brief) -> float | None:
    """The amount that loses all points of C7: target to limit of a programme, else the largest project accepted."""
    if brief.price_basis == "programme" and brief.price_target is not None and brief.price_limit is not None:
        return (brief.price_limit - brief.price_target) or None
    for need in brief.needs:
        if need.rule is Rule.MINIMUM_PROJECT and need.quantity and need.currency in (None, brief.currency):
            return need.quantity
    return None


def _part_brief(brief: Brief, part: Need) -> Brief:
    """The brief of whoever does one part: that part, the needs that go with it, and those of the partner."""
    others = [
        need
        for need in brief.needs
        if need.rule is not Rule.CAPABILITY and (need.rule not in SITE_RULES or part in parts_of(need, brief))
    ]
    return replace(brief, needs=(replace(part, same_site=True), *others))


def _table(
    partners: Sequence[PartnerFacts],
    brief: Brief,
    parts: Sequence[Need],
    weights: Mapping[str, float],
    overrides: Overrides,
    caution: float = 0.0,
) -> _Table:
    table = _Table()
    briefs = [_part_brief(brief, part) for part in parts]
    scores: list[tuple[tuple[int, int], list[float], list[float], list[float]]] = []
    for partner in partners:
        if not partner.sites or _partner_fails(partner, brief, overrides):
            continue
        for site in partner.sites:
            s = -1
            for p, (part, own) in enumerate(zip(parts, briefs, strict=True)):
                cell = _cell(part, own, partner, site, overrides)
                if cell is None:
                    continue
                if s < 0:
                    s = len(table.sites)
                    table.sites.append((partner, site))
                table.cells[p, s] = cell[0]
                criteria = score_criteria(partner, site, own, cell[1])
                if brief.discount:
                    criteria = tuple(discounted(c, brief.as_of) for c in criteria)
                scores.append(
                    (
                        (p, s),
                        [c.low for c in criteria],
                        [c.high for c in criteria],
                        [c.known for c in criteria],
                    )
                )
    if scores:
        low, high, known = ([row[k] for row in scores] for k in (1, 2, 3))
        done = aggregate(low, high, known, [weights[code] for code in CODES], caution=caution)
        for i, (key, *_) in enumerate(scores):
            found = table.cells[key]
            found.low, found.point, found.high = (float(a[i]) for a in (done.low, done.point, done.high))
            found.coverage = float(done.coverage[i])
    return table


def _partner_fails(partner: PartnerFacts, brief: Brief, overrides: Overrides) -> bool:
    """A must of the partner as a whole that fails; with unknown ones it may still take part."""
    return any(
        PARTNER_RULES[need.rule](need, brief, partner).outcome is Outcome.FAIL
        for need in default_rules(brief)
        if need.rule in PARTNER_RULES and need.level is Level.MUST and (partner.id, need.id) not in overrides
    )


def _cell(
    part: Need, own: Brief, partner: PartnerFacts, site: SiteFacts, overrides: Overrides
) -> tuple[_Cell, tuple[RuleResult, ...]] | None:
    """The site's cell for a part, None when it cannot do it or fails a must that goes with it.

    A must that was let pass stands in nobody's way, unless the site does not offer the part at all.
    """
    first = SITE_RULES[Rule.CAPABILITY](part, own, partner, site)
    accepted = (partner.id, part.id) in overrides and part.level is Level.MUST
    if first.outcome not in MET and not (accepted and first.outcome is Outcome.FAIL and not first.mismatch):
        return None
    _, rules = check_partner(replace(partner, sites=(site,)), own)
    failed = [r for r in rules if overridable(r)]
    if any((partner.id, r.need_id) not in overrides for r in failed):
        return None
    passed = tuple(let_pass(r, overrides[partner.id, r.need_id]) for r in failed)
    capability = next(r for r in (*passed, *rules) if r.need_id == part.id)
    unverified = (r for r in rules if r.level is Level.MUST and r.outcome is Outcome.UNKNOWN)
    return _Cell(capability, tuple(unverified), passed), rules


def _able(table: _Table, p: int) -> list[int]:
    return [s for s in range(len(table.sites)) if (p, s) in table.cells]


def _missing(part: Need, brief: Brief, partners: Sequence[PartnerFacts]) -> Missing:
    perhaps = [
        f"{partner.name}, {site.name}"
        for partner in partners
        for site in partner.sites
        if SITE_RULES[Rule.CAPABILITY](part, brief, partner, site).outcome is Outcome.UNKNOWN
    ]
    return Missing(
        part.id, part.title or part.label, part.level, tuple(perhaps), f"Who can do this: {part.label}?"
    )


def _shortened(table: _Table, parts: Sequence[int], most: int) -> tuple[list[int], str]:
    """The sites to combine: all, or the best of every part in turn."""
    count = len(table.sites)
    points = [
        [table.cells[p, s].point if (p, s) in table.cells else -np.inf for s in range(count)] for p in parts
    ]
    chosen, dropped = few_of_each([partner.id for partner, _ in table.sites], points)
    said = f"of a partner’s sites only the {MOST_OF_ONE} that score best were combined" if dropped else ""
    if len(chosen) > most:
        able = [[s for s in chosen if row[s] > -np.inf] for row in points]
        chosen = best_in_turn(able, points, most)
        said = f"only the {number(most)} that score best at one were combined"
    return chosen, f"{counted(count, 'site')} can do a part; {said}." if said else ""


def _search(
    table: _Table,
    sites: Sequence[int],
    sets_by_size: Sequence[Ints],
    parts: Sequence[Need],
    kept: Sequence[int],
    hand_over: HandOver,
    rate: _Rate,
    per_size: int,
) -> list[Network]:
    """The best of the sets that do all of `kept`, each part at the best site of the set; no set has an idle site."""
    points = np.full((len(kept), len(sites)), -np.inf)
    for row, p in enumerate(kept):
        for column, s in enumerate(sites):
            if (p, s) in table.cells:
                points[row, column] = table.cells[p, s].point
    levels = np.array([LEVEL_WEIGHT[parts[p].level] for p in kept])
    shares = levels / levels.sum()
    owners = np.array([table.sites[s][0].id for s in sites], dtype=np.int64)
    proposals: dict[tuple[int, int], list[Network]] = {}
    for sets in sets_by_size:
        size = sets.shape[1]
        reach = points[:, sets]  # parts × sets × members
        choice, best = reach.argmax(axis=2), reach.max(axis=2)
        busy = (choice[:, :, None] == np.arange(size)).any(axis=0).all(axis=1)
        fits = np.flatnonzero(np.isfinite(best).all(axis=0) & busy)
        partners = 1 + (np.diff(np.sort(owners[sets[fits]], axis=1), axis=1) != 0).sum(axis=1)
        scores = (shares @ best[:, fits]).round(9)
        for count in range(1, size + 1):
            alike = np.flatnonzero(partners == count)  # one size: the same hand-overs for all of them
            top = alike[np.argsort(-scores[alike], kind="stable")[:per_size]]
            proposals[count, size] = [
                _network(table, sites, parts, kept, shares, sets[i], choice[:, i], hand_over, rate)
                for i in fits[top]
            ]
    return [network for key in sorted(proposals) for network in proposals[key]]


def _hand_over_cost(hand_over: HandOver, between: int, within: int) -> tuple[float, float | None]:
    times = between + hand_over.within * within
    return times * hand_over.months, None if hand_over.cost is None else times * hand_over.cost


def _network(
    table: _Table,
    sites: Sequence[int],
    parts: Sequence[Need],
    kept: Sequence[int],
    shares: Array,
    members: Ints,
    choice: Ints,
    hand_over: HandOver,
    rate: _Rate,
) -> Network:
    done = []
    for row, p in enumerate(kept):
        s = sites[int(members[int(choice[row])])]
        partner, site = table.sites[s]
        cell = table.cells[p, s]
        done.append(
            Member(
                need_id=parts[p].id,
                label=parts[p].title or parts[p].label,
                level=parts[p].level,
                share=float(shares[row]),
                partner_id=partner.id,
                partner=partner.name,
                slug=partner.slug,
                illustrative=partner.illustrative,
                site_id=site.id,
                site=site.name,
                outcome=cell.capability.outcome,
                reason=cell.capability.reason,
                facts=cell.capability.facts,
                low=cell.low,
                point=cell.point,
                high=cell.high,
                coverage=cell.coverage,
                open_musts=cell.open_musts,
                let_pass=cell.let_pass,
            )
        )
    partner_ids = tuple(dict.fromkeys(m.partner_id for m in done))
    site_ids = tuple(dict.fromkeys(m.site_id for m in done))
    between, within = len(partner_ids) - 1, len(site_ids) - len(partner_ids)
    months, cost = _hand_over_cost(hand_over, between, within)
    penalty = rate.points(months, cost)

    def mean(name: str) -> float:
        return sum(m.share * float(getattr(m, name)) for m in done)

    shape = Shape.SITE if len(site_ids) == 1 else Shape.PARTNER if between == 0 else Shape.NETWORK
    network = Network(
        shape=shape,
        members=tuple(done),
        partner_ids=partner_ids,
        site_ids=site_ids,
        between=between,
        within=within,
        months=months,
        cost=cost,
        currency=hand_over.currency,
        penalty=penalty,
        low=max(0.0, mean("low") - penalty),
        point=max(0.0, mean("point") - penalty),
        high=max(0.0, mean("high") - penalty),
        coverage=mean("coverage"),
    )
    return replace(network, sentence=network.words())
