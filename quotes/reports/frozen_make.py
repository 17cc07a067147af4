"""The project's kept make-or-buy calculations, frozen: one in full, the others with their answers.

Figures are the tool's own (`quotes.tool_results`), worked out from the kept inputs; amounts are rounded to the cent
and stand in the one currency that the calculation names, or in none when it names none.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import QueryDict

from quotes.costing import CostingError, read_make_or_buy
from quotes.costing.precision import precisely
from quotes.costing.swings import IN_PROPORTION, STEP, swings
from quotes.enums import ToolKind
from quotes.forms.number_fields import LocalNumberField
from quotes.forms.tool_forms import MakeOrBuyForm
from quotes.models import Project, ToolCalculation
from quotes.tool_results import TOOLS, Outcome, outcome_of

from .costs import cents

EARLIER = 6
UNITS = {"life_years": "years", "months_make": "months", "months_buy": "months"}
WAYS = ("make", "buy", "hybrid")


def frozen_make_or_buy(project: Project, calculation: int | None = None) -> dict[str, Any] | None:
    """The calculation chosen by its id, or the newest; `earlier` holds the newest of the others.

    None while the project keeps no make-or-buy calculation that can be worked out, or not the chosen one. Two queries
    at most.
    """
    kept = project.calculations.filter(tool=ToolKind.MAKE).select_related("created_by")
    rows = list(kept.order_by("-created_at", "-pk")[: 1 + EARLIER])
    if calculation is not None:
        first = (
            next((row for row in rows if row.pk == calculation), None) or kept.filter(pk=calculation).first()
        )
        if first is None:
            return None
        rows = [first, *(row for row in rows if row.pk != calculation)][: 1 + EARLIER]
    worked = []
    for row in rows:
        form = MakeOrBuyForm(QueryDict(row.query))
        outcome = outcome_of(TOOLS[ToolKind.MAKE], form)
        if outcome is not None:  # a later version of the tool may refuse what an earlier one took
            worked.append((row, form, outcome))
    if not worked or (calculation is not None and worked[0][0].pk != calculation):
        return None
    (row, form, outcome), earlier = worked[0], worked[1:]
    return {
        **_named(row, outcome),
        "currency": form.cleaned_data["currency"],
        "spread": [_spread(found) for found in outcome.page["spread"]],
        "annualised": cents(outcome.page["result"].annualised_capex),
        "break_even": cents(outcome.page["result"].break_even_batches_per_year),
        "first": [{"label": label, "value": cents(value)} for label, value in outcome.page["first_rows"]],
        "stated": _stated(form),
        "per_year": _per_year(form),
        "step": STEP,
        "swings": _swings(form),
        "earlier": [_named(*found[::2]) for found in earlier],
    }


def _named(row: ToolCalculation, outcome: Outcome) -> dict[str, Any]:
    expected = outcome.page["spread"][0]
    return {
        "name": row.name,
        "kept_on": row.created_at.date(),
        "by": str(row.created_by),
        "advice": outcome.page["advice"],
        "costs": {way: cents(expected[way]) for way in WAYS if way in expected},
    }


def _spread(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": found["name"],
        "cheapest": found["cheapest"],
        "costs": {way: cents(found[way]) for way in WAYS if way in found},
    }


def _stated(form: MakeOrBuyForm) -> list[dict[str, Any]]:
    """The assumptions that are one number; shares are marked as such."""
    return [
        {
            "label": str(form[name].label),
            "percent": field.percent,
            "unit": UNITS.get(name, ""),
            "value": form.cleaned_data[name],
        }
        for name, field in form.fields.items()
        if isinstance(field, LocalNumberField) and form.cleaned_data.get(name) is not None
    ]


def _per_year(form: MakeOrBuyForm) -> list[dict[str, Any]]:
    return [
        {
            "label": str(form[name].label).removesuffix(", %"),
            "percent": bool(getattr(form.fields[name], "percent", False)),
            "values": list(form.cleaned_data[name]),
        }
        for name in ("batches", *form.PER_YEAR)
        if form.cleaned_data.get(name)
    ]


def _swings(form: MakeOrBuyForm) -> list[dict[str, Any]]:
    hybrid = form.hybrid_question()
    try:
        found = swings(
            read_make_or_buy(form.question()), read_make_or_buy(hybrid) if hybrid is not None else None
        )
    except CostingError:
        return []  # an assumption moved too far for the engine: nothing is said rather than something wrong
    return [
        {
            "code": swing.code,
            "low": {way: cents(amount) for way, amount in swing.low.items()},
            "high": {way: cents(amount) for way, amount in swing.high.items()},
            "proportional": swing.code in IN_PROPORTION,
            "level_at": _share(swing.level_at),
        }
        for swing in found
    ]


def _share(factor: Decimal | None) -> Decimal | None:
    if factor is None:
        return None
    with precisely():
        return factor.quantize(Decimal("0.0001"))
