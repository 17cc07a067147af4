"""What each tool answers: a headline, rows that page, print and export share, and what only its page shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cmo_selector.templatetags.fmt import format_number, whole_units
from partners.spreadsheets import Value
from quotes.costing import CostingError, lease_or_buy, make_or_buy, read_lease, read_make_or_buy
from quotes.costing.precision import precisely
from quotes.enums import ToolKind
from quotes.forms.tool_forms import AdvisorForm, LeaseForm, MakeOrBuyForm, ReadinessForm, ToolForm
from quotes.outsourcing import RULE, judge
from quotes.tools import advise

ZERO = Decimal(0)
YEAR = Decimal(12)  # months


@dataclass
class Outcome:
    """`rows`: (part, label, value) as the export has them; `page` is the template's own context."""

    headline: str
    rows: list[tuple[str, str, Value]]
    page: dict[str, Any] = field(default_factory=dict)


def whole(amount: Decimal) -> str:
    return format_number(whole_units(amount))


# -- partner type ---------------------------------------------------------------------------------


def advisor(form: AdvisorForm) -> Outcome:
    advice = advise(form.cleaned_data["stage"], form.cleaned_data["work"])
    names = ", ".join(dict.fromkeys(row.name for row in advice))
    return Outcome(
        f"Look for: {names}.", [("Advice", row.name, row.rule) for row in advice], {"advice": advice}
    )


# -- outsourcing readiness ------------------------------------------------------------------------


def readiness(form: ReadinessForm) -> Outcome:
    verdict = judge(form.cleaned_data)
    rows: list[tuple[str, str, Value]] = [
        ("Verdict", verdict.title, verdict.why),
        ("Verdict", "Settled, % of the weight", verdict.span),
        ("Verdict", "Unknown answers", verdict.unknown),
        *(("Part", group.name, group.span) for group in verdict.groups),
        *(
            ("To settle first", question.text, f"{'Stops a quote. ' * question.stops}{question.first}")
            for question in verdict.first
        ),
        ("Rule", "How this is judged", RULE),
    ]
    return Outcome(f"{verdict.title}: {verdict.span} % settled.", rows, {"verdict": verdict, "rule": RULE})


# -- lease or buy ---------------------------------------------------------------------------------


def lease(form: LeaseForm) -> Outcome:
    result = lease_or_buy(read_lease(form.question()))
    data = form.cleaned_data
    extra: list[tuple[str, str, Value]] = []
    page: dict[str, Any] = {"result": result}
    if data["buyout"] is not None:
        page["with_buyout"] = lease_with_buyout(form, result.nal)
        extra.append(("Result", "Net advantage of leasing when kept at the end", page["with_buyout"]))
    if data["early_return"] is not None:
        extra.append(("Beside it", "Fee for returning it early", data["early_return"]))
    if data["monthly_burn"]:
        kept = data["price"] - (data["lease_payment"] if data["in_advance"] else ZERO)
        page["runway"] = kept / data["monthly_burn"]
        extra.append(
            ("Beside it", "Months of runway that leasing leaves at the start", round(page["runway"], 1))
        )
    rows: list[tuple[str, str, Value]] = [
        ("Result", "Advice", result.advice),
        ("Result", "Net advantage of leasing, present value after tax", result.nal),
        ("Result", "Cost of debt after tax, %", result.after_tax_debt_rate * 100),
        *extra,
    ]
    return Outcome(f"{result.advice.capitalize()}: net advantage of leasing {whole(result.nal)}.", rows, page)


def lease_with_buyout(form: LeaseForm, nal: Decimal) -> Decimal:
    """Who buys at the end of the lease owns the residual too: it is no longer lost, the price of keeping it is.

    NAL + (residual - buyout)(1 - T)/(1 + residual rate)^n.
    """
    data = form.cleaned_data
    rate = data["debt_rate"] if data["residual_rate"] is None else data["residual_rate"]
    with precisely():
        change = ((data["residual"] or ZERO) - data["buyout"]) * (1 - data["tax_rate"])
        return nal + change / (1 + rate) ** data["years"]


# -- make or buy ----------------------------------------------------------------------------------


def make(form: MakeOrBuyForm) -> Outcome:
    """Expected costs, and beside the means the spread: every year is reached, or nothing after half way."""
    years = len(form.cleaned_data["batches"])
    outcomes: tuple[tuple[str, list[Decimal] | None], ...] = (
        ("Expected", None),
        ("Every year is reached", [Decimal(1)] * years),
        ("Stopped half way", [Decimal(t < max(1, years // 2)) for t in range(years)]),
    )
    spread = []
    for name, chance in outcomes:
        found = make_or_buy(read_make_or_buy(form.question(probability=chance)))
        costs = {"make": found.npv_cost_make, "buy": found.npv_cost_buy}
        hybrid = form.hybrid_question(probability=chance)
        if hybrid:
            part = make_or_buy(read_make_or_buy(hybrid))
            with precisely():
                costs["hybrid"] = part.npv_cost_make + part.npv_cost_buy
        cheapest = min(costs, key=lambda way: costs[way])
        spread.append({"name": name, **costs, "cheapest": cheapest, "result": found})
    result, first = spread[0]["result"], spread[0]["cheapest"]
    page = {
        "result": result,
        "advice": first,
        "spread": spread,
        "hybrid": "hybrid" in spread[0],
        **_first_batch(form),
    }
    rows: list[tuple[str, str, Value]] = [("Result", "Advice by expected cost", first)]
    for row in spread:
        for way in ("make", "buy", "hybrid"):
            if way in row:
                rows.append(("Cost (NPV after tax)", f"{row['name']}: {way}", row[way]))
    rows += [
        ("Result", "Annualised investment", result.annualised_capex),
        (
            "Result",
            "Break-even, batches a year",
            result.break_even_batches_per_year or "none: a bought one is not dearer",
        ),
        *(("First batch", label, value) for label, value in page["first_rows"]),
    ]
    return Outcome(f"{first.capitalize()}, by expected cost.", rows, page)


def _first_batch(form: MakeOrBuyForm) -> dict[str, Any]:
    """Cash and months before the first batch, own against bought; months from the first year with batches if untold."""
    data = form.cleaned_data
    first = next((t for t, batches in enumerate(data["batches"]) if batches), None)
    rows: list[tuple[str, Value]] = []
    if first is not None:
        cash = sum(data["capex"][: first + 1], ZERO) + sum(data["fixed"][:first], ZERO)
        rows.append(("Cash before the first own batch", cash))
        rows.append(("Cash before the first bought batch", sum(data["cost"][:first], ZERO)))
    own, bought, guessed = data["months_make"], data["months_buy"], False
    if own is None and first is not None:
        own, guessed = first * YEAR, True
    if own is not None:
        rows.append((f"Months to the first own batch{' (start of its year)' if guessed else ''}", own))
    if bought is not None:
        rows.append(("Months to the first bought batch", bought))
    if own is not None and bought is not None:
        rows.append(("Own plant later by, months", own - bought))
        if data["month_value"] is not None:
            rows.append(
                ("Cost of coming later (not in the totals)", max(own - bought, ZERO) * data["month_value"])
            )
    return {"first_rows": rows, "months_make": own, "months_buy": bought}


@dataclass(frozen=True)
class Tool:
    """One tool: its form and its answer. `calculate` raises CostingError for what the engine refuses."""

    kind: ToolKind
    form: type[ToolForm]
    calculate: Callable[[Any], Outcome]


TOOLS: dict[str, Tool] = {
    tool.kind.value: tool
    for tool in (
        Tool(ToolKind.ADVISOR, AdvisorForm, advisor),
        Tool(ToolKind.READINESS, ReadinessForm, readiness),
        Tool(ToolKind.MAKE, MakeOrBuyForm, make),
        Tool(ToolKind.LEASE, LeaseForm, lease),
    )
}


def outcome_of(tool: Tool, form: ToolForm) -> Outcome | None:
    """The answer of a bound form; None, with the reasons in the form, when it cannot be worked out."""
    if not form.is_bound or not form.is_valid():
        return None
    try:
        return tool.calculate(form)
    except CostingError as error:
        name = error.field if error.field in form.fields else None
        form.add_error(name, f"{error.problem}; {error.remedy}" if name else str(error))
        return None
