"""How far a partner carries a programme: the rank now and at the next stage, and what a later change would cost.

The next stage asks for the next scale, for records of that stage, and weighs by that stage's weights. A partner that
cannot follow means a technology transfer: 9 to 15 months for a biologic, 12 to 18 once commercial (domain.md 4.5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from . import matching
from .criteria_technical import largest_process
from .matching import Match
from .measures import Context
from .overrides import Overrides
from .rank import rank
from .rules_site import suits
from .types import Brief, CapabilityFact, FactRef, Level, Need, PartnerFacts, PartnerResult, Ranking, Rule
from .weights import PROFILE_WEIGHTS, STAGE_WEIGHTS, check_weights, default_weights
from .words import amount, money, number

STAGES: dict[int, str] = {
    1: "discovery",
    2: "IND-enabling",
    3: "Phase I",
    4: "Phase II",
    5: "Phase III",
    6: "registration",
    7: "commercial supply",
    8: "lifecycle",
}
FOLLOWS = "Can follow to the next stage as far as is known."
LAST_STAGE = max(STAGES)  # a record without a last stage names no limit
LAST = "Nothing follows: this is the last stage."
COMMERCIAL_SCALE = 5  # the stage that needs the commercial-scale process (domain.md 3.10)
COMMERCIAL = 7
MONTHS = (9.0, 15.0)
COMMERCIAL_MONTHS = (12.0, 18.0)


@dataclass(frozen=True, slots=True)
class TransferTerms:
    """What a technology transfer takes; each field None = the default. Cost in the project's currency, None unknown."""

    months_low: float | None = None
    months_high: float | None = None
    cost: float | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        for months in (self.months_low, self.months_high):
            if months is not None and not 0 <= months <= 240:
                raise ValueError(f"A transfer takes from 0 to 240 months, not {months:g}.")
        if self.cost is not None and not 0 <= self.cost < 1e15:
            raise ValueError("The cost of a transfer must be 0 or more.")

    def months(self, stage: int) -> tuple[float, float]:
        """Shortest and longest duration of a transfer that ends before `stage`."""
        low, high = COMMERCIAL_MONTHS if stage >= COMMERCIAL else MONTHS
        low = self.months_low if self.months_low is not None else low
        high = self.months_high if self.months_high is not None else max(high, low)
        if low > high:
            raise ValueError(
                f"The shortest transfer ({low:g} months) is longer than the longest ({high:g} months)."
            )
        return low, high


@dataclass(frozen=True, slots=True)
class Transfer:
    """A later change that a partner makes necessary. `to_site` names the partner's own larger site, if it has one."""

    stage: int
    reason: str
    months: tuple[float, float]
    cost: float | None
    currency: str | None
    facts: tuple[FactRef, ...]
    to_site: str = ""

    def sentence(self, *, costs: bool = True) -> str:
        """ "200 L maximum at Alpha, 2,000 L needed → transfer at Phase III: 9 to 15 months, USD 2,000,000." """
        low, high = self.months
        text = f"{self.reason} → transfer"
        if self.to_site:
            text += f" to its own site {self.to_site}"
        text += f" at {STAGES[self.stage]}: "
        text += f"{number(low)} months" if low == high else f"{number(low)} to {number(high)} months"
        if costs:
            text += f", {'cost not set' if self.cost is None else money(self.cost, self.currency)}"
        return f"{text}."


@dataclass(frozen=True, slots=True)
class RunwayRow:
    """One partner now and at the next stage. `unknown` is the question that decides whether it can follow."""

    partner_id: int
    partner: str
    now: PartnerResult
    later: PartnerResult
    transfer: Transfer | None
    unknown: str
    sentence: str
    last: bool = False  # no stage follows

    def words(self, *, costs: bool = True) -> str:
        """The transfer, the open question, the must of the next stage that fails, or that nothing stands in the way."""
        if self.transfer:
            return self.transfer.sentence(costs=costs)
        fails = self.later.fails
        if not fails:
            return self.unknown or (LAST if self.last else FOLLOWS)
        many = "a must" if len(fails) == 1 else f"{len(fails)} musts"
        return f"Does not meet {many} of the next stage: {fails[0].reason}"


@dataclass(frozen=True, slots=True)
class Runway:
    """Rows in today's order. `scale_stage` is the stage that needs the next scale."""

    stage: int
    next_stage: int
    scale_stage: int
    now: Ranking
    later: Ranking
    rows: tuple[RunwayRow, ...]


def next_stage_of(stage: int) -> int | None:
    """The stage after this one; None after the last."""
    return stage + 1 if stage + 1 in STAGE_WEIGHTS else None


def scale_stage_of(stage: int) -> int:
    """The stage that needs the next scale: Phase III before it, else the next stage."""
    return max(stage + 1, COMMERCIAL_SCALE) if stage < COMMERCIAL_SCALE else min(stage + 1, max(STAGES))


def brief_at_next_stage(brief: Brief) -> Brief:
    """The same brief one stage on: the next scale is today's, and scaled needs grow in proportion.

    Without a scale of today there is no proportion: scaled needs then ask for the next scale at least.
    """
    stage = next_stage_of(brief.stage) or brief.stage
    needs = tuple(
        replace(n, stage=stage if n.stage is not None else None, quantity=_grown(n, brief))
        if n.rule is Rule.CAPABILITY
        else n
        for n in brief.needs
    )
    scale = brief.scale_next if brief.scale_next is not None else brief.scale_now
    return replace(brief, stage=stage, needs=needs, scale_now=scale, scale_next=None)


def _grown(need: Need, brief: Brief) -> float | None:
    scaled = need.unit is not None and need.unit == brief.scale_unit
    if need.quantity is None or not scaled or not brief.scale_next:
        return need.quantity
    if brief.scale_now:
        return need.quantity * brief.scale_next / brief.scale_now
    return max(need.quantity, brief.scale_next)


def still_let_pass(overrides: Overrides, brief: Brief, then: Brief) -> Overrides:
    """What was let pass for today's needs holds later only where the need stays the same."""
    changed = {now.id for now, later in zip(brief.needs, then.needs, strict=True) if now != later}
    return {key: override for key, override in overrides.items() if key[1] not in changed}


def runway(
    partners: Sequence[PartnerFacts],
    brief: Brief,
    weights: Mapping[str, float],
    *,
    later_weights: Mapping[str, float] | None = None,
    terms: TransferTerms | None = None,
    overrides: Overrides | None = None,
    caution: float = 0.0,
    min_coverage: float = 60.0,
) -> Runway:
    """Rank now with `weights` and at the next stage with that stage's default weights (or `later_weights`).

    At the last stage, and for the profiles whose weights do not follow the stage, the weights stay. Raises
    ValueError for bad weights or terms.
    """
    terms = terms or TransferTerms(currency=brief.currency)
    now_weights = check_weights(weights)
    then = brief_at_next_stage(brief)
    if later_weights is not None:
        then_weights = check_weights(later_weights)
    elif brief.profile in PROFILE_WEIGHTS or then.stage == brief.stage:
        then_weights = now_weights
    else:
        then_weights = default_weights(then.stage, brief.profile)
    options = {"caution": caution, "min_coverage": min_coverage}
    now = rank(partners, brief, now_weights, overrides=overrides, **options)
    kept = still_let_pass(overrides or {}, brief, then)
    later = rank(partners, then, then_weights, overrides=kept, **options)
    by_id = {partner.id: partner for partner in partners}
    after = {r.partner_id: r for r in later.results}
    scale_stage = scale_stage_of(brief.stage)
    rows = tuple(
        _row(r, after[r.partner_id], by_id[r.partner_id], brief, scale_stage, terms) for r in now.results
    )
    return Runway(brief.stage, then.stage, scale_stage, now, later, rows)


def _row(
    now: PartnerResult,
    later: PartnerResult,
    partner: PartnerFacts,
    brief: Brief,
    scale_stage: int,
    terms: TransferTerms,
) -> RunwayRow:
    transfer, unknown = _transfer(now, partner, brief, scale_stage, terms)
    last = next_stage_of(brief.stage) is None
    row = RunwayRow(now.partner_id, now.name, now, later, transfer, unknown, "", last)
    return replace(row, sentence=row.words())


def _transfer(
    now: PartnerResult, partner: PartnerFacts, brief: Brief, scale_stage: int, terms: TransferTerms
) -> tuple[Transfer | None, str]:
    lead = next((s for s in partner.sites if s.id == now.lead_site_id), None)
    ctx = Context(partner, lead, brief, now.rules)
    needed = brief.scale_next
    if not needed or brief.scale_unit is None:
        return _stage_limit(ctx, terms)
    own = largest_process(ctx, lead)
    may = largest_process(ctx, lead, Match.PERHAPS)
    if may is not None and (may.scale_max or 0) >= needed and (own is None or (own.scale_max or 0) < needed):
        most = f"{amount(may.scale_max or 0, may.scale_unit)} of {may.ref.label} at {ctx.where}"
        return None, f"Is the process of {most} the one needed? Not all that was asked is recorded of it."
    own = own or may
    if own is None or own.scale_max is None:
        return (
            None,
            f"What is the largest scale at {ctx.where}? The next stage needs {amount(needed, brief.scale_unit)}.",
        )
    if own.scale_max >= needed:
        return _stage_limit(ctx, terms)
    larger = [
        (cap.scale_max, site.name, cap.ref)
        for site in ctx.others
        if (cap := largest_process(ctx, site)) is not None
        and (cap.scale_max or 0) >= needed
        and cap.scale_max
    ]
    to_site = ""
    facts: tuple[FactRef, ...] = (own.ref,)
    if larger:
        _, to_site, ref = min(larger, key=lambda entry: (entry[0], entry[1]))
        facts = (own.ref, ref)
    most, wanted = amount(own.scale_max, own.scale_unit), amount(needed, brief.scale_unit)
    reason = f"{most} maximum at {ctx.where}, {wanted} needed"
    return _made(scale_stage, reason, terms, facts, to_site), ""


def _stage_limit(ctx: Context, terms: TransferTerms) -> tuple[Transfer | None, str]:
    """The lead site may do a process for early stages only; nothing on record is a question, never a yes.

    Each must for a process is looked at by itself; without one, the processes of the project's modality.
    """
    following = next_stage_of(ctx.brief.stage)
    if following is None:
        return None, ""
    if ctx.lead is None:
        return None, f"Which site of {ctx.where} would carry it on to {STAGES[following]}?"
    musts = [n for n in ctx.needs(Rule.CAPABILITY) if n.level is Level.MUST]
    if not musts and ctx.brief.modality:
        musts = [Need("", Rule.CAPABILITY, Level.MUST, "", modality=ctx.brief.modality)]
    open_ = False
    for need in musts:
        exact = matching.capabilities(need, ctx.lead)[0]
        caps = [c for c in exact if suits(need, c, ctx.lead) is not Match.NO]
        latest = max((c for c in caps if c.stage_to is not None), key=_stage_to, default=None)
        if latest is not None and _stage_to(latest)[0] >= following:
            continue
        if latest is None or (len(caps) > 1 and any(c.stage_to is None for c in caps)):
            open_ = True
            continue
        reason = f"{ctx.where} offers it up to {STAGES[_stage_to(latest)[0]]} only"
        return _made(following, reason, terms, (latest.ref,), ""), ""
    ask = f"Up to which stage does {ctx.where} offer it? The next is {STAGES[following]}."
    return None, ask if open_ else ""


def _stage_to(cap: CapabilityFact) -> tuple[int, int]:
    return cap.stage_to or LAST_STAGE, -cap.ref.pk


def _made(
    stage: int, reason: str, terms: TransferTerms, facts: tuple[FactRef, ...], to_site: str
) -> Transfer:
    return Transfer(stage, reason, terms.months(stage), terms.cost, terms.currency, facts, to_site)


__all__ = [
    "Runway",
    "RunwayRow",
    "Transfer",
    "TransferTerms",
    "brief_at_next_stage",
    "runway",
    "still_let_pass",
]
