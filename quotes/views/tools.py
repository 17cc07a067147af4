"""Tools used alone: advisor, lease or buy, make or buy. The address holds the calculation; nothing is stored."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from quotes.costing import CostingError, lease_or_buy, make_or_buy, read_lease, read_make_or_buy
from quotes.forms.tool_forms import AdvisorForm, LeaseForm, MakeOrBuyForm
from quotes.tools import advise

LEASE_EXAMPLE = "price=5600000&years=4&lease_payment=1640000&tax_rate=21&debt_rate=7"
MAKE_EXAMPLE = (
    "discount_rate=12&tax_rate=21&batches=0;0;6;10;12&probability=100;80;60;55;55&capex=30000000;20000000;0;0;0"
    "&life_years=15&fixed=0;3000000;9000000;9000000;9000000&fixed_per_year=9000000&variable_per_batch=700000"
    "&residual=15000000&cost=0;2000000;15000000;22000000;26000000&price_per_batch=2100000"
)


def _form(request: HttpRequest, kind: type) -> Any:
    """Bound when the address holds a calculation."""
    return kind(request.GET) if request.GET else kind()


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "quotes/tools/index.html")


@require_safe
def advisor(request: HttpRequest) -> HttpResponse:
    form = _form(request, AdvisorForm)
    advice = advise(form.cleaned_data["stage"], form.cleaned_data["work"]) if form.is_valid() else None
    return render(request, "quotes/tools/advisor.html", {"form": form, "advice": advice})


@require_safe
def lease(request: HttpRequest) -> HttpResponse:
    form, result = _form(request, LeaseForm), None
    if form.is_valid():
        try:
            result = lease_or_buy(read_lease(form.question()))
        except CostingError as error:
            form.add_error(
                error.field if error.field in form.fields else None, f"{error.problem}; {error.remedy}"
            )
    context = {"form": form, "result": result, "example": LEASE_EXAMPLE}
    return render(request, "quotes/tools/lease.html", context)


@require_safe
def make(request: HttpRequest) -> HttpResponse:
    """Expected costs, and beside the means the spread: what happens when every year is reached, or none after."""
    form, result, spread = _form(request, MakeOrBuyForm), None, []
    if form.is_valid():
        try:
            result = make_or_buy(read_make_or_buy(form.question()))
            years = len(form.cleaned_data["batches"])
            sure = [Decimal(1)] * years
            stopped = [Decimal(t < max(1, years // 2)) for t in range(years)]
            for name, probability in (("Every year is reached", sure), ("Stopped half way", stopped)):
                spread.append((name, make_or_buy(read_make_or_buy(form.question(probability=probability)))))
        except CostingError as error:
            form.add_error(None, str(error))
    first = (
        next((t for t, n in enumerate(form.cleaned_data["batches"]) if n), None) if form.is_valid() else None
    )
    context = {"form": form, "result": result, "spread": spread, "first": first, "example": MAKE_EXAMPLE}
    if first is not None:
        context["cash_to_first"] = sum(form.cleaned_data["capex"][: first + 1], Decimal(0)) + sum(
            form.cleaned_data["fixed"][:first], Decimal(0)
        )
    return render(request, "quotes/tools/make.html", context)
