"""What a comparison rests on: scenarios and their probabilities, own costs, benchmarks, exchange rates."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from cmo_selector.accounts.roles import Action
from cmo_selector.db import constraint_of
from partners.exchange import NoRate
from quotes.access import sponsor_action
from quotes.comparison import COMPARED
from quotes.costing_inputs import scenario_quantities
from quotes.forms.costing_forms import AssumptionsForm, ProbabilityForm, ScenarioForm
from quotes.models import CostScenario, Quote, QuoteLine, Rfq
from quotes.services.awards import (
    MEANWHILE,
    StaleFigures,
    copy_scenario,
    delete_scenario,
    save_assumptions,
    save_probabilities,
    save_scenario,
    seen_assumptions,
    seen_probabilities,
)
from quotes.services.rates import fix_rates, rates_of
from quotes.services.rfq import RfqError
from quotes.views.rfq import CONFLICT, INVALID, archived_refused, get_rfq


def _status(form) -> int:
    """200; 409 when somebody saved meanwhile, 422 for other errors."""
    if MEANWHILE in form.non_field_errors():
        return CONFLICT
    return INVALID if form.errors else 200


def _scenario(rfq: Rfq, scenario_id: int) -> CostScenario:
    scenario = CostScenario.objects.for_sponsor(rfq.project.sponsor).filter(rfq=rfq, pk=scenario_id).first()
    if scenario is None:
        raise Http404("There is no such scenario.")
    scenario.rfq = rfq
    return scenario


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def scenarios(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    """The scenarios with their quantities; probabilities are saved together."""
    rfq = get_rfq(request, project_id, rfq_id)
    rows = list(rfq.scenarios.all())
    seen = seen_probabilities(rows)
    form = ProbabilityForm(request.POST if request.method == "POST" else None, scenarios=rows, seen=seen)
    if request.method == "POST" and form.is_valid():
        try:
            save_probabilities(
                actor=request.user, rfq=rfq, values=form.values, seen=form.cleaned_data["seen"] or None
            )
            messages.success(request, "Probabilities saved.")
            return redirect("quotes:scenarios", rfq.project_id, rfq.pk)
        except StaleFigures as stale:
            form.add_error(None, str(stale))
            form.meanwhile(stale.seen, ProbabilityForm(scenarios=list(rfq.scenarios.all()), seen=stale.seen))
        except RfqError as error:
            form.add_error(None, str(error))
    shown = []
    for row in form.rows:
        needed, cancelled = scenario_quantities(rfq, row["scenario"])
        quantities = [
            {"driver": d, "needed": needed.get(d["name"], []), "cancelled": cancelled.get(d["name"], [])}
            for d in rfq.drivers
        ]
        shown.append({**row, "quantities": quantities})
    context = {"project": rfq.project, "rfq": rfq, "form": form, "rows": shown}
    return render(request, "quotes/quotes/scenarios.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def scenario_edit(request: HttpRequest, project_id: int, rfq_id: int, scenario_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    scenario = _scenario(rfq, scenario_id)
    form = ScenarioForm(request.POST if request.method == "POST" else None, scenario=scenario, rfq=rfq)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                save_scenario(
                    actor=request.user,
                    scenario=scenario,
                    values=form.values,
                    edition=form.cleaned_data["edition"],
                )
            messages.success(request, f"“{form.cleaned_data['name']}” is saved.")
            return redirect("quotes:scenarios", rfq.project_id, rfq.pk)
        except StaleFigures as stale:
            form.add_error(None, str(stale))
            form.meanwhile(stale.seen, ScenarioForm(scenario=_scenario(rfq, scenario_id), rfq=rfq))
        except RfqError as error:
            form.add_error(None, str(error))
        except IntegrityError as error:
            found = constraint_of(error)
            if found is None:
                raise
            form.add_error("name", found[1].get_violation_error_message())
    context = {"project": rfq.project, "rfq": rfq, "form": form, "scenario": scenario}
    return render(request, "quotes/quotes/scenario.html", context, status=_status(form))


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def scenario_copy(request: HttpRequest, project_id: int, rfq_id: int, scenario_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    try:
        copy = copy_scenario(actor=request.user, scenario=_scenario(rfq, scenario_id))
    except RfqError as error:
        messages.error(request, str(error))
        return redirect("quotes:scenarios", rfq.project_id, rfq.pk)
    return redirect("quotes:scenario", rfq.project_id, rfq.pk, copy.pk)


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def scenario_delete(request: HttpRequest, project_id: int, rfq_id: int, scenario_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    scenario = _scenario(rfq, scenario_id)
    try:
        delete_scenario(actor=request.user, scenario=scenario)
        messages.success(request, f"“{scenario.name}” is removed.")
    except RfqError as error:
        messages.error(request, str(error))
    return redirect("quotes:scenarios", rfq.project_id, rfq.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def assumptions(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    """Own costs for what bidders exclude, benchmarks for gaps nobody prices, the day of the exchange rates."""
    rfq = get_rfq(request, project_id, rfq_id)
    lines, rates = list(rfq.lines.all()), rates_of(rfq.project)
    used = _foreign(rfq, rates.base)
    form = AssumptionsForm(
        request.POST if request.method == "POST" else None,
        rfq=rfq,
        lines=lines,
        rates=rates,
        used=used,
        seen=seen_assumptions(lines, rates),
    )
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                save_assumptions(
                    actor=request.user, rfq=rfq, rows=form.amounts, seen=form.cleaned_data["seen"] or None
                )
                fix_rates(
                    actor=request.user, project=rfq.project, day=form.cleaned_data["day"], typed=form.typed
                )
            messages.success(request, "Saved. The comparison uses it from now on.")
            return redirect("quotes:assumptions", rfq.project_id, rfq.pk)
        except StaleFigures as stale:
            theirs = AssumptionsForm(
                rfq=rfq,
                lines=list(rfq.lines.all()),
                rates=rates_of(rfq.project),
                used=used,
                seen=stale.seen,
            )
            form.add_error(None, str(stale))
            form.meanwhile(stale.seen, theirs)
        except NoRate as error:
            form.add_error("day", str(error))
        except RfqError as error:
            form.add_error(None, str(error))
    context = {
        "project": rfq.project,
        "rfq": rfq,
        "form": form,
        "rates": rates,
        "amounts_note": f"In {rates.base}, the first years separated by semicolons. Empty: not known.",
    }
    return render(request, "quotes/quotes/assumptions.html", context, status=_status(form))


def _foreign(rfq: Rfq, base: str) -> list[str]:
    """Currencies other than the project's that quotes of this RFQ use; none while prices are sealed."""
    if rfq.prices_sealed:
        return []
    submitted = Quote.objects.filter(rfq=rfq, state__in=COMPARED)
    own = set(submitted.values_list("currency", flat=True))
    lines = QuoteLine.objects.filter(quote__in=submitted, values__has_key="currency")
    return sorted((own | set(lines.values_list("values__currency", flat=True))) - {base, ""})
