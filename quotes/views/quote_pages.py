"""Quotes compared: the normalised table, scenarios, one quote in detail, value for money, award. Prices only."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action
from cmo_selector.http import whole_number
from quotes.access import get_project, sponsor_action
from quotes.adjusted import ending_rows, success_adjusted
from quotes.attached import missing_documents, submitted_files
from quotes.comparison import (
    Comparison,
    calculate,
    columns,
    headline_sentence,
    instead_of_amount,
    load_comparison,
    present,
    scenario_rows,
    source_words,
    table,
    waterfall,
    worst_regret,
)
from quotes.models import Project, Quote, Rfq
from quotes.past_prices import past_prices
from quotes.quote_charts import cash_spec, waterfall_spec
from quotes.quote_value import knocked_out, value_points
from quotes.quote_words import price_words
from quotes.rfq_selectors import latest_sent, rfqs_of
from quotes.services.awards import award_quote
from quotes.services.rfq import RfqError
from quotes.services.rfq_messages import ask_clarification
from quotes.views.rfq import archived_refused, get_rfq

MOST_SHOWN = 12  # quotes beside each other, unless all are asked for
MANY_LINES = 30  # of which the headings stay in sight
UNIT_WORDS = {
    "per_released_batch": "NPV per released batch",
    "per_gram": "NPV per gram",
    "per_dose": "NPV per dose",
}


def _rfq(request: HttpRequest, project: Project) -> Rfq | None:
    """The RFQ of the address, or the newest that was sent."""
    wanted = request.GET.get("rfq", "")
    if wanted:
        number = whole_number(wanted)
        if number is None:
            raise Http404("There is no such request for quotation.")
        return get_rfq(request, project.pk, number)
    rfq = latest_sent(project)
    if rfq is not None:
        rfq.project = project
    return rfq


@require_safe
@sponsor_action(Action.SEE_PRICES)
def quotes(request: HttpRequest, project_id: int) -> HttpResponse:
    project = get_project(request, project_id)
    rfq = _rfq(request, project)
    context: dict[str, Any] = {"project": project, "rfq": rfq, "tab_name": "table"}
    if rfq is None:
        return render(request, "quotes/quotes/none.html", context)
    found = load_comparison(rfq)
    context |= {"found": found, "rfqs": list(rfqs_of(project).exclude(state="draft"))}
    if found.cost is None:
        return render(request, "quotes/quotes/none.html", context)
    scenario = found.chosen(request.GET.get("scenario"))
    every = columns(found, scenario)
    show_all = request.GET.get("show") == "all"
    shown = every if show_all else every[:MOST_SHOWN]
    context |= {
        "scenario": scenario,
        "columns": shown,
        "every_column": every,
        "show_all": show_all,
        "many_lines": len(found.lines) > MANY_LINES,
        "rows": table(found, shown, past_prices(rfq, found.lines, found.rates)),
        "scenario_rows": scenario_rows(found, shown),
        "worst": [(c.quote, worst_regret(found, c.quote)) for c in shown],
        "knocked": knocked_out(project, every),
        "sentence": headline_sentence(found),
        "cash": cash_spec(shown, rfq.years, found.rates.base),
        "currencies": _currencies(found),
        "unit_names": [(n, UNIT_WORDS[n]) for n in shown[0].figures.unit_costs],
        "any_expected": any(c.expected is not None for c in shown),
    }
    return render(request, "quotes/quotes/table.html", context)


def _currencies(found: Comparison) -> list[tuple[str, str]]:
    """The currencies quoted in, with their rate."""
    used = {q.currency for q in found.quotes} | {
        line.values["currency"] for q in found.quotes for line in q.lines.all() if line.values.get("currency")
    }
    return [
        (code, found.rates.rates[code])
        for code in sorted(used - {found.rates.base})
        if code in found.rates.rates
    ]


def get_quote(request: HttpRequest, project_id: int, quote_id: int) -> Quote:
    project = get_project(request, project_id)
    quote = (
        Quote.objects.for_sponsor(request.sponsor)
        .select_related("organisation", "invitation", "rfq")
        .filter(rfq__project=project, pk=quote_id)
        .exclude(state="draft")
        .first()
    )
    if quote is None or quote.rfq.prices_sealed:
        raise Http404("There is no such quote, or it is sealed.")
    quote.rfq.project = project
    return quote


@require_safe
@sponsor_action(Action.SEE_PRICES)
def quote_detail(request: HttpRequest, project_id: int, quote_id: int) -> HttpResponse:
    """One quote, line by line, with what each line assumes and how the headline becomes the normalised cost."""
    quote = get_quote(request, project_id, quote_id)
    found = load_comparison(quote.rfq)
    context: dict[str, Any] = {"project": quote.rfq.project, "rfq": quote.rfq, "quote": quote, "found": found}
    quote = next((q for q in found.quotes if q.pk == quote.pk), quote)
    typed = {line.code: line for line in quote.lines.all()}
    scenario = found.chosen(request.GET.get("scenario"))
    figures = found.figures(quote, scenario) if quote.pk in found.by_quote else None
    discounts = found.discounts()
    rows = []
    for index, line in enumerate(found.lines):
        given = typed.get(line.code)
        code = figures.codes[index] if figures else None
        rows.append(
            {
                "line": line,
                "given": given,
                "words": price_words(quote, given, line) if given else "Not quoted",
                "source": source_words(figures, code) if code else "",
                "instead": instead_of_amount(figures, code) if code else "",
                "plugged": bool(code and any(code.plugged_cash)) or bool(code and code.source == "unpriced"),
                "cash": code.cash if code else [],
                "npv": present(code, discounts) if code else None,
            }
        )
    if figures is not None:
        flat = Comparison(
            **{name: getattr(found, name) for name in ("rfq", "lines", "quotes", "scenarios", "rates")}
        )
        calculate(flat, escalated=False)
        steps = waterfall(found, flat, quote, scenario)
        context |= {
            "steps": steps,
            "waterfall": waterfall_spec(steps, found.rates.base),
            "ending": ending_rows(found, quote, figures),
            "adjusted": success_adjusted(found, quote, figures),
        }
    questions = {q["id"]: q["text"] for q in quote.rfq.questions}
    files = submitted_files(quote)
    context |= {
        "quote": quote,
        "files": files,
        "missing": missing_documents(quote.rfq.documents, files),
        "rows": rows,
        "line_note": "What was quoted, in the bidder's words and currency"
        + (f", and what it comes to in {found.rates.base}." if figures else "."),
        "scenario": scenario,
        "figures": figures,
        "answers": [(questions.get(key, key), text) for key, text in quote.answers.items()],
        "talk": [m for m in found.clarifications if m.invitation_id == quote.invitation_id],
        "revisions": list(quote.revisions.defer("content")),
    }
    return render(request, "quotes/quotes/detail.html", context)


@require_safe
@sponsor_action(Action.SEE_PRICES)
def quotes_value(request: HttpRequest, project_id: int) -> HttpResponse:
    """Score without cost against programme cost, with the efficient frontier."""
    project = get_project(request, project_id)
    rfq = _rfq(request, project)
    found = load_comparison(rfq) if rfq else None
    context: dict[str, Any] = {"project": project, "rfq": rfq, "found": found, "tab_name": "value"}
    if found is None or found.cost is None:
        return render(request, "quotes/quotes/none.html", context)
    scenario = found.chosen(request.GET.get("scenario"))
    context |= {"scenario": scenario, **value_points(project, found, columns(found, scenario))}
    return render(request, "quotes/quotes/value.html", context)


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def quote_clarify(request: HttpRequest, project_id: int, quote_id: int) -> HttpResponse:
    """Ask the partner about a line, from a gap with one click, or in one's own words."""
    quote = get_quote(request, project_id, quote_id)
    line = quote.rfq.lines.filter(code=request.POST.get("code", "")).first()
    try:
        ask_clarification(actor=request.user, quote=quote, line=line, text=request.POST.get("text", ""))
        messages.success(
            request, f"{quote.organisation} is asked by e-mail. The answer appears with its quote."
        )
    except RfqError as error:
        messages.error(request, str(error))
    if request.POST.get("from") == "table":
        return redirect(f"{reverse('quotes:quotes', args=[project_id])}?rfq={quote.rfq_id}")
    return redirect("quotes:quote", project_id, quote.pk)


@require_POST
@sponsor_action(Action.AWARD)
@archived_refused
def quote_award(request: HttpRequest, project_id: int, quote_id: int) -> HttpResponse:
    quote = get_quote(request, project_id, quote_id)
    try:
        award_quote(actor=request.user, quote=quote, reason=request.POST.get("reason", ""))
        messages.success(
            request, f"Awarded to {quote.organisation}. Nobody is told by e-mail: do that in person."
        )
    except RfqError as error:
        typed = request.POST.get("reason", "").strip()
        messages.error(request, f"{error} You wrote: “{typed}”" if typed else str(error))
    return redirect(f"{reverse('quotes:quotes', args=[project_id])}?rfq={quote.rfq_id}")
