"""Quotes of one RFQ normalised to one programme cost each, as the pages show them. Figures come from the engine.

`load_comparison` is the one read: a fixed number of queries whatever the number of quotes. A sealed RFQ has no
comparison before its deadline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from django.db.models import F, Prefetch

from cmo_selector.templatetags.fmt import UNKNOWN
from partners.scoring.explain import listing
from quotes.adjusted import EndCosts, Late, batches_wanted, end_costs, lateness, success_adjusted
from quotes.costing import CostingError, compare, delay_cost, read_programme
from quotes.costing.precision import precisely
from quotes.costing.types import CodeCost, ProgrammeCost, QuoteCost, ScenarioCost, Source
from quotes.costing_inputs import NotCostable, programme, scenario_quantities
from quotes.models import Award, CostScenario, ProjectRates, Quote, QuoteLine, Rfq, RfqMessage, ScopeLine
from quotes.past_prices import PastPrice
from quotes.rfq_enums import Demand, MessageKind, QuoteState
from quotes.services.rates import decided_rates, rates_of

COMPARED = (QuoteState.SUBMITTED, QuoteState.AWARDED, QuoteState.NOT_AWARDED)
SOURCE_WORDS = {
    Source.QUOTED: "quoted",
    Source.INCLUDED: "included",
    Source.SPONSOR: "own work",
    Source.MEDIAN: "gap: median of the others",
    Source.BENCHMARK: "gap: your benchmark",
    Source.UNPRICED: "gap: no price",
}
NO_HEADLINE = "No headline stated"
NOT_GIVEN = "own work, its cost not given"
PLUGS = (Source.MEDIAN, Source.BENCHMARK, Source.UNPRICED)
MOST_READS = 5
ZERO = Decimal(0)


@dataclass
class Comparison:
    """Everything loaded, and the engine's answer; `problem` says why there is none."""

    rfq: Rfq
    lines: list[ScopeLine]
    quotes: list[Quote]
    scenarios: list[CostScenario]
    rates: ProjectRates
    award: Award | None = None
    clarifications: list[RfqMessage] = field(default_factory=list)
    cost: ProgrammeCost | None = None
    problem: str = ""
    withdrawn: list[Quote] = field(default_factory=list)  # by their bidders: named, never counted
    ending: dict[int, EndCosts] = field(default_factory=dict)  # by quote; empty without chances of success

    @cached_property
    def by_quote(self) -> dict[int, QuoteCost]:
        return {int(cost.name): cost for cost in self.cost.quotes} if self.cost else {}

    def figures(self, quote: Quote, scenario: CostScenario) -> ScenarioCost:
        found = self.by_quote[quote.pk].scenarios
        return next(cost for cost in found if cost.name == str(scenario.pk))

    def winner(self, scenario: CostScenario) -> Quote | None:
        name = self.cost.winners[str(scenario.pk)] if self.cost else None
        return next((quote for quote in self.quotes if str(quote.pk) == name), None)

    def regret(self, quote: Quote, scenario: CostScenario) -> Decimal | None:
        return self.cost.regret[str(quote.pk)][str(scenario.pk)] if self.cost else None

    @property
    def base(self) -> CostScenario:
        """The scenario that pages open with."""
        return next((s for s in self.scenarios if s.follows == Demand.BASE), self.scenarios[0])

    def chosen(self, text: str | None) -> CostScenario:
        return next((s for s in self.scenarios if str(s.pk) == text), self.base)

    def discounts(self) -> list[Decimal]:
        half = Decimal("0.5") if self.rfq.mid_year else ZERO
        with precisely():
            return [1 / (1 + self.rfq.discount_rate) ** (t + half) for t in range(self.rfq.periods)]


def load_quotes(rfq: Rfq) -> list[Quote]:
    """The quotes that were submitted, withdrawn ones too, with their lines.

    Each is of one revision, though a bidder may submit the next one meanwhile.

    Two queries; more only while bidders revise.
    """
    with_revision = QuoteLine.objects.order_by("pk").annotate(of_revision=F("quote__revision"))
    quotes = (
        Quote.objects.filter(rfq=rfq, state__in=[*COMPARED, QuoteState.WITHDRAWN])
        .select_related("organisation", "invitation", "entered_by")
        .prefetch_related(Prefetch("lines", queryset=with_revision))
        .defer("draft")
    )
    for _ in range(MOST_READS):
        found = list(quotes.all())
        if all(line.of_revision == quote.revision for quote in found for line in quote.lines.all()):
            break
    return found


def load_comparison(rfq: Rfq, *, escalated: bool = True) -> Comparison:
    """Eight queries at most: scope, quotes, their lines, scenarios, rates (up to three), award, clarifications."""
    lines = list(rfq.lines.all())
    given = load_quotes(rfq)
    quotes = [quote for quote in given if quote.state != QuoteState.WITHDRAWN]
    award = Award.objects.filter(rfq=rfq).select_related("quote__organisation", "awarded_by").first()
    found = Comparison(
        rfq=rfq,
        lines=lines,
        quotes=quotes,
        withdrawn=[quote for quote in given if quote.state == QuoteState.WITHDRAWN],
        scenarios=list(rfq.scenarios.all()),
        rates=(decided_rates(award) if award else None) or rates_of(rfq.project),
        award=award,
        clarifications=list(rfq.messages.filter(kind=MessageKind.CLARIFICATION)),
    )
    if rfq.prices_sealed:
        found.quotes, found.withdrawn, found.problem = [], [], "sealed"
    elif not quotes:
        found.problem = "none"
    else:
        calculate(found, escalated=escalated)
    return found


def calculate(found: Comparison, *, escalated: bool = True) -> None:
    """Ask the engine; what it cannot cost becomes a sentence that names the partner instead of the index."""
    try:
        data = programme(
            found.rfq, found.lines, found.quotes, found.scenarios, found.rates, escalated=escalated
        )
        found.cost = compare(read_programme(data))
        if found.rfq.reach and escalated:
            found.ending = end_costs(found)
    except NotCostable as error:
        found.problem = str(error)
    except CostingError as error:
        text = str(error)
        for index, quote in enumerate(found.quotes):
            text = text.replace(f"quotes[{index}]", f"the quote of {quote.organisation}")
        found.problem = f"The quotes cannot be compared yet: {text}."


# -- what the pages show --------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One code of one quote: its present value and where it comes from. `plugged` amounts are not the bidder's."""

    quote: Quote
    source: Source
    words: str
    npv: Decimal | None  # None when nobody has put a price on it: it counts as nothing
    instead: str  # what stands in place of an amount; empty when there is one
    plugged: bool
    asked: bool  # a clarification is open or answered


@dataclass(frozen=True)
class Row:
    line: ScopeLine
    cells: list[Cell]
    own_benchmark: PastPrice | None  # of the organisation's own past quotes


@dataclass(frozen=True)
class Column:
    """One quote's totals in the chosen scenario."""

    quote: Quote
    figures: ScenarioCost
    headline: Decimal | None
    expected: Decimal | None
    regret: Decimal | None
    wins: bool
    per_unit: Decimal | None
    completeness: Decimal
    counts: dict[str, int]
    plugged_npv: Decimal
    adjusted: Decimal | None
    late: Late | None

    @property
    def with_delay(self) -> Decimal | None:
        """The programme cost with the cost of coming late, which is shown beside it and decides nothing."""
        return self.figures.npv + self.late.cost if self.late and self.late.cost is not None else None


def columns(found: Comparison, scenario: CostScenario) -> list[Column]:
    """Quotes from the cheapest comparable one on; those that are not comparable come last."""
    rows = [_column(found, quote, scenario) for quote in found.quotes]
    return sorted(rows, key=lambda c: (not c.figures.comparable, c.figures.npv, str(c.quote.organisation)))


def _column(found: Comparison, quote: Quote, scenario: CostScenario) -> Column:
    figures, cost = found.figures(quote, scenario), found.by_quote[quote.pk]
    winner = found.winner(scenario)
    answered = sum(code.source not in PLUGS for code in figures.codes)
    with precisely():
        plugged = sum((a * d for a, d in zip(figures.plugged_cash, found.discounts(), strict=True)), ZERO)
    return Column(
        quote=quote,
        figures=figures,
        headline=cost.headline,
        expected=cost.expected_npv,
        regret=found.regret(quote, scenario),
        wins=winner is not None and winner.pk == quote.pk,
        per_unit=per_unit(found.rfq, scenario, figures.npv),
        completeness=Decimal(answered) / len(found.lines),
        counts={source.value: sum(c.source is source for c in figures.codes) for source in Source},
        plugged_npv=plugged,
        adjusted=success_adjusted(found, quote, figures),
        late=lateness(found.rfq, quote),
    )


def per_unit(rfq: Rfq, scenario: CostScenario, npv: Decimal) -> Decimal | None:
    """Cost of one unit, such as 1,000 tablets: NPV / (Σ quantity ÷ size); None when nothing is made."""
    if not rfq.unit_driver or not rfq.unit_size:
        return None
    needed, _ = scenario_quantities(rfq, scenario)
    count = sum(needed.get(rfq.unit_driver, []), ZERO)
    with precisely():
        return npv * rfq.unit_size / count if count else None


def table(found: Comparison, shown: Sequence[Column], benchmarks: dict[str, PastPrice]) -> list[Row]:
    """Each line of the scope with the present value in every quote."""
    discounts = found.discounts()
    asked = {(m.invitation_id, m.code) for m in found.clarifications}
    rows = []
    for index, line in enumerate(found.lines):
        cells = []
        for column in shown:
            code = column.figures.codes[index]
            cells.append(
                Cell(
                    quote=column.quote,
                    source=code.source,
                    words=source_words(column.figures, code),
                    npv=priced(column.figures, code, discounts),
                    instead=instead_of_amount(column.figures, code),
                    plugged=code.source in PLUGS or any(code.plugged_cash),
                    asked=(column.quote.invitation_id, line.code) in asked,
                )
            )
        rows.append(Row(line, cells, benchmarks.get(line.code)))
    return rows


def source_words(figures: ScenarioCost, code: CodeCost) -> str:
    """Where an amount comes from; an own cost that nobody has put in counts as nothing and says so."""
    return NOT_GIVEN if code.code in figures.sponsor_unpriced else SOURCE_WORDS[code.source]


def instead_of_amount(figures: ScenarioCost, code: CodeCost) -> str:
    """What stands in place of an amount that nobody has stated; empty when there is an amount."""
    if code.source is Source.INCLUDED:
        return "included"
    if code.source is Source.UNPRICED:
        return "no price"
    return UNKNOWN if code.code in figures.sponsor_unpriced else ""


def priced(figures: ScenarioCost, code: CodeCost, discounts: Sequence[Decimal]) -> Decimal | None:
    """The present value of a line; None when nobody has put a price on it. What is included costs nothing more."""
    missing = code.source is Source.UNPRICED or code.code in figures.sponsor_unpriced
    return None if missing else present(code, discounts)


def present(code: CodeCost, discounts: Sequence[Decimal]) -> Decimal:
    with precisely():
        return sum((a * d for a, d in zip(code.cash, discounts, strict=True)), ZERO)


@dataclass(frozen=True)
class ScenarioRow:
    """One scenario across the quotes: NPV, regret and the winner."""

    scenario: CostScenario
    winner: Quote | None
    cells: list[tuple[Quote, Decimal, Decimal | None, bool, bool]]  # quote, npv, regret, wins, comparable
    delay: Decimal | None
    batches: Decimal | None
    wanted: int | None

    @property
    def too_few(self) -> bool:
        return self.batches is not None and self.wanted is not None and self.batches < self.wanted


def scenario_rows(found: Comparison, shown: Sequence[Column]) -> list[ScenarioRow]:
    rows, wanted = [], batches_wanted(found.rfq)
    for scenario in found.scenarios:
        winner = found.winner(scenario)
        cells = []
        for column in shown:
            figures = found.figures(column.quote, scenario)
            wins = winner is not None and winner.pk == column.quote.pk
            regret = found.regret(column.quote, scenario)
            cells.append((column.quote, figures.npv, regret, wins, figures.comparable))
        month = found.rfq.month_value
        late = scenario.delay_months
        delay = delay_cost(months_late=late, month_value=month) if month is not None and late else None
        batches = None
        if found.rfq.batch_driver:
            needed, _ = scenario_quantities(found.rfq, scenario)
            batches = sum(needed.get(found.rfq.batch_driver, []), ZERO)
        rows.append(ScenarioRow(scenario, winner, cells, delay, batches, wanted))
    return rows


def worst_regret(found: Comparison, quote: Quote) -> Decimal | None:
    """The most this choice can cost more than the best one; None unless it is comparable in every scenario."""
    regrets = [found.regret(quote, scenario) for scenario in found.scenarios]
    return None if None in regrets else max(regrets, default=None)


def headline_sentence(found: Comparison) -> str:
    """What the comparison says, in one or two sentences."""
    winner = found.winner(found.base)
    if winner is None:
        return "No quote is comparable yet: more than a quarter of each is missing, or a gap has no price."
    name = str(winner.organisation)
    others = [s for s in found.scenarios if (w := found.winner(s)) is not None and w.pk != winner.pk]
    text = f"{name} costs least in the {found.base.name.lower()} scenario"
    headlines = {q.pk: found.by_quote[q.pk].headline for q in found.quotes}
    stated = {pk: value for pk, value in headlines.items() if value is not None}
    if stated and (cheapest := min(stated, key=lambda pk: stated[pk])) != winner.pk:
        other = next(q for q in found.quotes if q.pk == cheapest)
        text += f", although {other.organisation} has the lowest headline"
    text += "."
    if others:
        wins: dict[str, list[str]] = {}
        for scenario in others:
            wins.setdefault(str(found.winner(scenario).organisation), []).append(f"“{scenario.name}”")
        parts = "; ".join(f"{who} in {listing(where)}" for who, where in wins.items())
        text += f" Others win elsewhere: {parts}."
    return text


@dataclass(frozen=True)
class Step:
    """One bar of the waterfall from the headline to the normalised cost."""

    label: str
    amount: Decimal | None  # None for a headline that the bidder has not stated
    start: Decimal
    end: Decimal
    kind: str  # total, quoted, sponsor, plug, discount


def waterfall(found: Comparison, flat: Comparison, quote: Quote, scenario: CostScenario) -> list[Step]:
    """Headline → lines outside it → escalation → own work → gaps → discounting → NPV. `flat` has no escalation."""
    figures = found.figures(quote, scenario)
    with precisely():
        by_kind = {
            "quoted": _nominal(figures, quoted=True),
            "sponsor": sum((sum(c.cash, ZERO) for c in figures.codes if c.source is Source.SPONSOR), ZERO),
            "plug": sum(figures.plugged_cash, ZERO),
        }
        unescalated = _nominal(flat.figures(quote, scenario), quoted=True)
        headline = found.by_quote[quote.pk].headline
        steps: list[Step] = []
        at = ZERO

        def add(label: str, amount: Decimal, kind: str) -> None:
            nonlocal at
            if kind == "total":
                steps.append(Step(label, amount, ZERO, amount, kind))
                at = amount
            elif amount:
                steps.append(Step(label, amount, at, at + amount, kind))
                at += amount

        if headline is None:
            steps.append(Step(NO_HEADLINE, None, ZERO, ZERO, "total"))
        else:
            add("Headline", headline, "total")
        add("Quoted beyond the headline", unescalated - (headline or ZERO), "quoted")
        add("Price escalation", by_kind["quoted"] - unescalated, "quoted")
        add("Own work for exclusions", by_kind["sponsor"], "sponsor")
        add("Missing prices, estimated", by_kind["plug"], "plug")
        add("Discounting", figures.npv - at, "discount")
        add("Normalised (NPV)", figures.npv, "total")
    return steps


def _nominal(figures: ScenarioCost, *, quoted: bool) -> Decimal:
    """Nominal cash of the quoted codes without what is plugged in them."""
    codes = [c for c in figures.codes if (c.source is Source.QUOTED) is quoted]
    return sum((sum(c.cash, ZERO) - sum(c.plugged_cash, ZERO) for c in codes), ZERO)
