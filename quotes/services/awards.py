"""What is decided about quotes: scenarios, the sponsor's own assumptions, the award, after which they are fixed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.comparison import load_comparison
from quotes.costing_inputs import scenario_quantities
from quotes.enums import ShortlistStatus
from quotes.local_numbers import write_number
from quotes.models import Award, CostScenario, ProjectRates, Quote, Rfq, ScopeLine
from quotes.rfq_enums import QuoteState, RfqState, allowed
from quotes.services.rates import frozen, rates_of
from quotes.services.rfq import RfqError, lock_rfq
from quotes.services.rfq_send import move, set_shortlist_status

MOST_SCENARIOS = 12
MEANWHILE = (
    "Somebody else saved these figures while you were editing. What you typed is kept; where theirs differs it stands "
    "beside the field. Save again to put yours in their place."
)


class StaleFigures(RfqError):
    """Somebody saved since the form was opened. `seen` is what to save over knowingly."""

    def __init__(self, seen: str):
        super().__init__(MEANWHILE)
        self.seen = seen


def seen_scenario(scenario: CostScenario) -> str:
    return str(scenario.edition)


def seen_probabilities(scenarios: Iterable[CostScenario]) -> str:
    """A digest of the probabilities, for the form that changes all of them."""
    return _digest([[row.pk, str(row.probability)] for row in sorted(scenarios, key=lambda row: row.pk)])


def seen_assumptions(lines: Iterable[ScopeLine], rates: ProjectRates) -> str:
    """A digest of own costs, benchmarks, and the rates with their day."""
    rows = [[line.code, line.benchmark, line.sponsor_cost] for line in sorted(lines, key=lambda x: x.code)]
    typed = {code: rates.rates.get(code) for code in sorted(rates.typed)}
    return _digest([rows, rates.day.isoformat(), typed])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


@transaction.atomic
def award_quote(*, actor: User, quote: Quote, reason: str) -> Award:
    """Decide for a quote, once. Raises RfqError when somebody was faster, or prices are still sealed."""
    rfq = lock_rfq(quote.rfq)
    made = Award.objects.filter(rfq=rfq).select_related("quote__organisation", "awarded_by").first()
    if made is not None:
        raise RfqError(
            f"{made.awarded_by} has already awarded this RFQ to {made.quote.organisation}. Nothing was changed."
        )
    if not reason.strip():
        raise RfqError("Say why this partner gets the award; leadership reads it.", "reason")
    if rfq.prices_sealed:
        raise RfqError("The quotes are sealed until the deadline.")
    current = (
        Quote.objects.select_for_update(of=("self",), no_key=True)
        .select_related("organisation")
        .get(pk=quote.pk)
    )
    if current.state == QuoteState.WITHDRAWN:
        raise RfqError(f"{current.organisation} has withdrawn its quote: it cannot be awarded.")
    if not allowed(QuoteState, current.state, QuoteState.AWARDED) or current.state == QuoteState.AWARDED:
        raise RfqError("Only a submitted quote can be awarded.")
    move(rfq, RfqState.AWARDED)
    award = Award.objects.create(
        rfq=rfq, quote=current, reason=reason.strip()[:4000], figures=_figures(rfq, current), awarded_by=actor
    )
    rfq.save(update_fields=["state", "updated_at"])
    Quote.objects.filter(rfq=rfq, state=QuoteState.SUBMITTED).exclude(pk=current.pk).update(
        state=QuoteState.NOT_AWARDED
    )
    Quote.objects.filter(pk=current.pk).update(state=QuoteState.AWARDED)
    statuses = [ShortlistStatus.RFP_RECEIVED, ShortlistStatus.SHORTLISTED, ShortlistStatus.RFP_INVITED]
    set_shortlist_status(rfq, current.organisation, ShortlistStatus.NEGOTIATION, statuses)
    record(
        actor=actor,
        verb="rfq.awarded",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"organisation": current.organisation.slug, "award_reason": award.reason},
    )
    return award


def _lock_undecided(rfq: Rfq) -> Rfq:
    """The RFQ locked, for a change of what its comparison rests on. Raises RfqError once it is awarded."""
    current = lock_rfq(rfq)
    if current.state == RfqState.AWARDED:
        raise RfqError(
            "This RFQ is awarded: scenarios, own costs and rates stay as the decision rested on them."
        )
    return current


def _figures(rfq: Rfq, quote: Quote) -> dict[str, Any]:
    """What the decision rested on, frozen: cost per scenario, plugs, rates' day, revision."""
    found = load_comparison(rfq)
    if found.cost is None:
        return {"problem": found.problem}
    rows = {}
    for scenario in found.scenarios:
        figures = found.figures(quote, scenario)
        winner = found.winner(scenario)
        rows[scenario.name] = {
            "npv": str(figures.npv),
            "plugged_share": str(figures.plugged_share),
            "comparable": figures.comparable,
            "winner": str(winner.organisation) if winner else None,
        }
    return {
        "currency": found.rates.base,
        "rates_day": found.rates.day.isoformat(),
        "rates": frozen(found.rates),
        "revision": quote.revision,
        "scenarios": rows,
    }


# -- scenarios ------------------------------------------------------------------------------------


@transaction.atomic
def copy_scenario(*, actor: User, scenario: CostScenario) -> CostScenario:
    """A scenario of one's own with the same quantities, to be edited."""
    rfq = _lock_undecided(scenario.rfq)
    if rfq.scenarios.count() >= MOST_SCENARIOS:
        raise RfqError(f"An RFQ has at most {MOST_SCENARIOS} scenarios. Remove one first.")
    needed, cancelled = scenario_quantities(rfq, scenario)
    taken = set(rfq.scenarios.values_list("name", flat=True))
    name, number = f"Copy of {scenario.name}"[:54], 1
    while (free := name if number == 1 else f"{name} {number}") in taken:
        number += 1
    copy = CostScenario.objects.create(
        rfq=rfq,
        name=free,
        drivers={driver: [str(n) for n in row] for driver, row in needed.items()},
        cancelled={driver: [str(n) for n in row] for driver, row in cancelled.items()},
        delay_months=scenario.delay_months,
        order=(rfq.scenarios.aggregate(last=Max("order"))["last"] or 0) + 1,
    )
    # a new scenario has no probability, and probabilities count only when every scenario has one
    record(actor=actor, verb="rfq.scenario_added", obj=rfq, sponsor=rfq.project.sponsor, data={"name": free})
    return copy


@transaction.atomic
def save_scenario(
    *, actor: User, scenario: CostScenario, values: Mapping[str, Any], edition: int
) -> CostScenario:
    """Name, quantities and delay of a scenario. Raises RfqError when somebody saved since."""
    rfq = _lock_undecided(scenario.rfq)
    current = CostScenario.objects.select_for_update(no_key=True).get(pk=scenario.pk)
    if current.edition != edition:
        raise StaleFigures(seen_scenario(current))
    for name, value in values.items():
        setattr(current, name, value)
    current.edition += 1
    current.save()
    record(
        actor=actor,
        verb="rfq.scenario_changed",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"name": current.name},
    )
    return current


@transaction.atomic
def delete_scenario(*, actor: User, scenario: CostScenario) -> None:
    rfq = _lock_undecided(scenario.rfq)
    if scenario.follows:
        raise RfqError("The scenarios that follow the RFQ's demand stay; only your own can be removed.")
    CostScenario.objects.filter(pk=scenario.pk).delete()
    record(
        actor=actor,
        verb="rfq.scenario_removed",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"name": scenario.name},
    )


@transaction.atomic
def save_probabilities(
    *, actor: User, rfq: Rfq, values: Mapping[int, Decimal | None], seen: str | None = None
) -> None:
    """Probabilities of all scenarios: all or none, summing to one. Raises RfqError, StaleFigures."""
    current = _lock_undecided(rfq)
    rows = list(current.scenarios.select_for_update(no_key=True))
    if seen is not None and seen != seen_probabilities(rows):
        raise StaleFigures(seen_probabilities(rows))
    given = [values.get(row.pk) for row in rows]
    if any(p is not None for p in given):
        if None in given:
            raise RfqError("Give every scenario a probability, or none.")
        if sum(given) != 1:
            raise RfqError(f"The probabilities sum to {write_number(sum(given) * 100)} % and not to 100 %.")
    for row, probability in zip(rows, given, strict=True):
        row.probability = probability
        row.save(update_fields=["probability"])
    record(actor=actor, verb="rfq.probabilities_changed", obj=current, sponsor=current.project.sponsor)


# -- own assumptions ------------------------------------------------------------------------------


@transaction.atomic
def save_assumptions(
    *, actor: User, rfq: Rfq, rows: Mapping[str, Mapping[str, list[str] | None]], seen: str | None = None
) -> None:
    """Benchmarks and own costs by line, one amount per year in the project's currency, or None.

    `seen` is the digest of what the person was looking at. Raises StaleFigures.
    """
    current = _lock_undecided(rfq)
    changed = []
    lines = list(current.lines.select_for_update(no_key=True))
    if seen is not None and seen != (now := seen_assumptions(lines, rates_of(current.project))):
        raise StaleFigures(now)
    for line in lines:
        row = rows.get(line.code)
        if row and (line.benchmark != row["benchmark"] or line.sponsor_cost != row["sponsor_cost"]):
            line.benchmark, line.sponsor_cost = row["benchmark"], row["sponsor_cost"]
            line.save(update_fields=["benchmark", "sponsor_cost"])
            changed.append(line.label)
    if changed:
        record(
            actor=actor,
            verb="rfq.assumptions_changed",
            obj=current,
            sponsor=current.project.sponsor,
            data={"lines": ", ".join(changed)},
        )
