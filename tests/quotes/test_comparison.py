"""Quotes normalised through the rows: the reference case from the database, pricing models, gaps, scenarios, awards."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quotes.comparison import columns, headline_sentence, load_comparison, table, waterfall, worst_regret
from quotes.costing import CostingError, compare, read_programme
from quotes.costing_inputs import engine_lines, programme, scenario_quantities, unit_price
from quotes.models import Award, CostScenario, Quote, QuoteLine, Rfq, ScopeLine
from quotes.past_prices import past_prices
from quotes.quote_words import price_words
from quotes.services.awards import (
    award_quote,
    copy_scenario,
    save_assumptions,
    save_probabilities,
    save_scenario,
)
from quotes.services.rates import fix_rates, rates_of
from quotes.services.responses import save_draft, submit_quote
from quotes.services.rfq import RfqError, save_rfq, save_scope
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ProjectFactory
from tests.factories.rfq import in_days, make_rfq, priced, send

CASES = json.loads((Path(__file__).parent / "costing" / "costing_cases.json").read_text())["cases"]
TOLERANCE = Decimal("1e-9")


@pytest.fixture
def member():
    return MembershipFactory()


def submitted(rfq, member, name: str, typed: dict) -> Quote:
    (invitation,) = send(rfq, member, name)
    quote = save_draft(
        rfq=rfq, organisation=invitation.organisation, values=typed, edition=0, invitation=invitation
    )
    quote, sheet = submit_quote(quote=quote, edition=quote.edition, by=name)
    assert sheet.errors == {}
    return quote


def scope_row(code: str, driver: str = "", quantities: list | None = None) -> dict:
    return {
        "code": code, "label": code, "package": "Supply", "deliverable": "", "basis": "unit", "treatment": "variable",
        "driver": driver, "quantities": quantities or [],
    }  # fmt: skip


# -- through the database to the reference figures ------------------------------------------------


@pytest.mark.django_db
def test_the_reference_case_comes_out_of_the_rows(member):
    case = next(c for c in CASES if c["id"] == "programme-tiers-take-or-pay")
    project = ProjectFactory(sponsor=member.sponsor, currency="EUR")
    rfq = make_rfq(member, project=project, discount_rate=Decimal("0.08"), mid_year=True)
    rows = [
        scope_row("commercial_supply", "supply"),
        scope_row("packaging", "supply"),
        scope_row("annual_review", "", ["1", "1", "1"]),
    ]
    rfq = save_scope(actor=member.user, rfq=rfq, rows=rows, edition=rfq.edition)
    fix_rates(actor=member.user, project=project, typed={"USD": Decimal("0.9")})
    tiered = {
        "q-currency": "USD", "q-headline": "21000000", "q-escalation": "3", "q-assumptions": "none",
        "l-commercial_supply-model": "tiers", "l-commercial_supply-tiers": "0-199: 21000; 200-499: 17500; 500+: 15800",
        "l-packaging-price": "6200", "l-annual_review-price": "35000",
    }  # fmt: skip
    commitment = {"model": "take_or_pay", "committed": "300; 400; 400", "committed_share": "80"}
    take_or_pay = {
        "q-currency": "EUR", "q-headline": "16.000.000,00", "q-assumptions": "none",
        "l-annual_review-state": "included", "l-commercial_supply-price": "14500", "l-packaging-price": "5400",
        **{f"l-commercial_supply-{k}": v for k, v in commitment.items()},
        **{f"l-packaging-{k}": v for k, v in commitment.items()},
    }  # fmt: skip
    first = submitted(rfq, member, "Tiered", tiered)
    second = submitted(rfq, member, "TakeOrPay", take_or_pay)
    found = load_comparison(Rfq.objects.select_related("project").get(pk=rfq.pk))
    for quote, expected in zip((first, second), case["expected"]["quotes"], strict=True):
        assert found.by_quote[quote.pk].headline == Decimal(str(expected["headline"]))
        for row in expected["scenarios"]:
            scenario = next(s for s in found.scenarios if s.name.lower() == row["name"])
            figures = found.figures(quote, scenario)
            for ours, theirs in zip([figures.npv, *figures.cash], [row["npv"], *row["cash"]], strict=True):
                assert abs(ours - Decimal(str(theirs))) <= TOLERANCE * abs(Decimal(str(theirs)))
    winners = {s.name.lower(): str(found.winner(s).organisation) for s in found.scenarios[:3]}
    assert winners == case["expected"]["winners"]


# -- pricing models -------------------------------------------------------------------------------


def line(model: str, **values) -> QuoteLine:
    return QuoteLine(code="x", state="quoted", model=model, values=values)


@pytest.mark.parametrize(
    ("quoted", "price"),
    [
        (line("unit", price="5"), 5),
        (line("fte", ftes="2.5", price="20000", months="6"), 300_000),
        (line("fte", ftes="2", price="20000"), 40_000),
        (line("time", hours="100", price="200"), 20_000),
        (line("time", hours="100", price="200", cap="15000"), 15_000),
        (line("cost_plus", materials="100", labour="50", overhead="25", markup="0.1"), 175),
        (line("milestone", price="1000", probability="0.25"), 250),
    ],
)
def test_a_pricing_model_comes_down_to_a_unit_price(quoted, price):
    assert unit_price(quoted) == price


def test_fixed_hybrid_share_and_commitment_become_lines_of_the_engine():
    rfq = Rfq(periods=3, drivers=[{"name": "d", "label": "D", "unit": "", "base": ["0", "4", "4"]}])
    driven, typed = ScopeLine(code="x", driver="d"), ScopeLine(code="x", quantities=["1", "0", "2"])
    once, amounts = {"per_period": [0, 1, 0]}, {"per_period": [1, 0, 2]}

    def found(asked, quoted):
        return [
            {k: v for k, v in row.items() if k not in ("code", "state")}
            for row in engine_lines(rfq, asked, quoted)
        ]

    assert found(driven, line("fixed", price="9")) == [{"quantity": once, "unit_price": 9}]
    assert found(typed, line("fixed", price="9")) == [{"quantity": amounts, "unit_price": 9}]
    assert found(driven, line("hybrid", fixed="9", price="2")) == [
        {"quantity": once, "unit_price": 9},
        {"quantity": {"driver": "d"}, "unit_price": 2},
    ]
    assert found(driven, line("hybrid", fixed="9", price="2", discount="0.5")) == [
        {"quantity": once, "unit_price": Decimal("4.5")},
        {"quantity": {"driver": "d"}, "unit_price": 1},
    ]
    assert found(typed, line("tiers", tiers=[["0", "10"], ["5", "8"]], discount="0.25")) == [
        {
            "quantity": amounts,
            "tiers": [{"from": 0, "unit_price": Decimal("7.5")}, {"from": 5, "unit_price": 6}],
        }
    ]
    assert found(typed, line("unit", price="10", discount="0.03", markup="0.1")) == [
        {"markup": Decimal("0.1"), "quantity": amounts, "unit_price": Decimal("9.7")}
    ]
    assert found(typed, line("unit", price="10", lump_discount="15", currency="EUR")) == [
        {"currency": "EUR", "discount": 15, "quantity": amounts, "unit_price": 10}
    ]
    assert found(driven, line("share", share_code="y", share="0.1", markup="0.05")) == [
        {"markup": Decimal("0.05"), "quantity": {"share_of": "y", "share": Decimal("0.1")}}
    ]
    assert found(
        driven, line("take_or_pay", price="7", committed=["1", "2", "3"], committed_share="0.8")
    ) == [
        {
            "take_or_pay": {"committed": [1, 2, 3], "share": Decimal("0.8")},
            "quantity": {"driver": "d"},
            "unit_price": 7,
        }
    ]


def test_stopping_cancels_the_year_it_stops_in_and_delay_keeps_months_running():
    rfq = Rfq(
        periods=4,
        drivers=[
            {"name": "batches", "unit": "batches", "base": ["1", "2", "3", "4"]},
            {"name": "months", "unit": "months", "base": ["12", "12", "12", "6"]},
        ],
    )
    stop, cancelled = scenario_quantities(rfq, CostScenario(follows="stop"))
    assert (stop["batches"], cancelled["batches"]) == ([1, 2, 0, 0], [0, 0, 3, 0])
    late, none = scenario_quantities(rfq, CostScenario(follows="delay", delay_months=Decimal(6)))
    assert (late["batches"], late["months"], none) == ([1, 2, 3, 4], [12, 12, 12, 12], {})


# -- the comparison -------------------------------------------------------------------------------


@pytest.fixture
def three(member):
    """Aspen complete, Birch without the transfer, Cedar with next to nothing."""
    rfq = make_rfq(member)
    a = submitted(rfq, member, "Aspen", priced())
    b = submitted(
        rfq,
        member,
        "Birch",
        priced(l_tech_transfer_in_state="", l_tech_transfer_in_price="", l_commercial_supply_price="14000"),
    )
    c = submitted(
        rfq,
        member,
        "Cedar",
        {"q-currency": "USD", "q-headline": "1", "q-assumptions": "none", "l-annual_review-price": "5"},
    )
    return Rfq.objects.select_related("project__sponsor").get(pk=rfq.pk), a, b, c


@pytest.mark.django_db
def test_gaps_are_filled_in_their_own_share_and_a_hollow_bid_never_wins(three):
    rfq, a, b, c = three
    found = load_comparison(rfq)
    shown = columns(found, found.base)
    assert [col.quote.pk for col in shown] == [b.pk, a.pk, c.pk]
    assert [col.figures.comparable for col in shown] == [True, True, False]
    assert shown[0].figures.gaps == ("tech_transfer_in",)
    assert shown[0].plugged_npv == Decimal(500_000)
    assert shown[0].wins
    assert headline_sentence(found).startswith(
        "Birch costs least in the base scenario, although Cedar has the lowest headline."
    )
    rows = table(found, shown, {})
    assert [(cell.source.value, cell.plugged) for cell in rows[0].cells] == [
        ("median", True), ("quoted", False), ("median", True),
    ]  # fmt: skip
    for index, column in enumerate(shown):
        total = sum(row.cells[index].npv for row in rows)
        assert abs(total - column.figures.npv) < Decimal("1e-6")
    assert worst_regret(found, c) is None
    assert worst_regret(found, b) == 0


@pytest.mark.django_db
def test_a_lump_sum_comes_off_and_a_line_for_conditions_is_nobodys_gap(member):
    rfq = make_rfq(member, discount_rate=Decimal(0))
    rows = [scope_row("commercial_supply", "supply"), scope_row("discounts", "", ["1", "0", "0"])]
    rfq = save_scope(actor=member.user, rfq=rfq, rows=rows, edition=rfq.edition)
    typed = {"q-currency": "USD", "q-assumptions": "none", "l-commercial_supply-price": "10"}
    plain = submitted(rfq, member, "Aspen", typed)
    less = submitted(
        rfq,
        member,
        "Birch",
        {**typed, "l-commercial_supply-lump_discount": "3.000,00", "l-discounts-assumption": "Prepaid."},
    )
    found = load_comparison(Rfq.objects.select_related("project").get(pk=rfq.pk))
    figures = [found.figures(quote, found.base) for quote in (plain, less)]
    assert [list(x.cash) for x in figures] == [[2500, 4000, 4000], [0, 3500, 4000]]
    assert [(x.gaps, x.comparable) for x in figures] == [((), True)] * 2
    assert price_words(less, less.lines.get(code="commercial_supply"), None).endswith("less USD 3,000 once")


@pytest.mark.django_db
def test_the_waterfall_ends_at_the_normalised_cost(three):
    rfq, a, b, _ = three
    found, flat = load_comparison(rfq), load_comparison(rfq, escalated=False)
    for quote in (a, b):
        steps = waterfall(found, flat, quote, found.base)
        moves = sum(step.amount for step in steps[1:-1])
        assert abs(steps[0].amount + moves - steps[-1].amount) < Decimal("1e-6")
        assert steps[-1].amount == found.figures(quote, found.base).npv


@pytest.mark.django_db
def test_sealed_quotes_are_not_loaded_before_the_deadline(member):
    rfq = make_rfq(member, sealed=True)
    submitted(rfq, member, "Aspen", priced())
    fresh = Rfq.objects.select_related("project").get(pk=rfq.pk)
    assert (load_comparison(fresh).problem, load_comparison(fresh).quotes) == ("sealed", [])
    Rfq.objects.update(deadline=in_days(-1))
    opened = load_comparison(Rfq.objects.select_related("project").get(pk=rfq.pk))
    assert len(opened.by_quote) == 1


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_quotes(member, django_assert_max_num_queries):
    rfq = make_rfq(member)
    fix_rates(actor=member.user, project=rfq.project)
    counts = []
    for names in (("Aspen",), ("Birch", "Cedar")):
        for name in names:
            submitted(rfq, member, name, priced())
        fresh = Rfq.objects.select_related("project").get(pk=rfq.pk)
        with django_assert_max_num_queries(7) as counted:
            load_comparison(fresh)
        counts.append(len(counted))
    assert counts[0] == counts[1] == 7


@pytest.mark.django_db
def test_own_costs_and_benchmarks_count_and_the_past_speaks_only_for_its_own_sponsor(three, member):
    rfq, _, _, c = three
    rows = {"tech_transfer_in": {"benchmark": ["1", "0", "0"], "sponsor_cost": None}}
    save_assumptions(actor=member.user, rfq=rfq, rows=rows)
    found = load_comparison(rfq)
    assert found.figures(c, found.base).gaps == ("tech_transfer_in", "commercial_supply")
    lines, rates = list(rfq.lines.all()), rates_of(rfq.project)
    assert past_prices(rfq, lines, rates) == {}
    other = make_rfq(member, project=rfq.project, title="Another")
    assert past_prices(other, lines, rates)["commercial_supply"].median == Decimal(14250)
    assert past_prices(make_rfq(MembershipFactory()), lines, rates) == {}


# -- properties of the bridge ---------------------------------------------------------------------


PRICES = st.decimals(1, 10**6, places=2)


@given(st.lists(PRICES, min_size=3, max_size=3), st.permutations([0, 1, 2]), PRICES)
def test_order_and_lines_nobody_needs_change_nothing(prices, order, extra):
    rfq = Rfq(
        periods=2, discount_rate=Decimal("0.1"),
        drivers=[{"name": "d", "label": "D", "unit": "", "base": ["3", "4"], "low": ["1", "1"], "high": ["5", "5"]}],
    )  # fmt: skip
    scope = [ScopeLine(code=c, driver="d") for c in "abc"]
    lines = [
        QuoteLine(code=c, state="quoted", model="unit", values={"price": str(p)})
        for c, p in zip("abc", prices, strict=True)
    ]
    unneeded = QuoteLine(code="z", state="quoted", model="unit", values={"price": str(extra)})
    npvs = set()
    for rows in (lines, [lines[i] for i in order], [*lines, unneeded]):
        quote = Quote(pk=1, currency="EUR")
        quote._prefetched_objects_cache = {"lines": _Rows(rows)}
        rates = type("Rates", (), {"base": "USD", "rates": {"EUR": "1.1"}})()
        cost = compare(
            read_programme(programme(rfq, scope, [quote], [CostScenario(pk=1, follows="base")], rates))
        )
        npvs.add(cost.quotes[0].scenarios[0].npv)
    assert len(npvs) == 1


class _Rows(list):
    def all(self):
        return self


# -- scenarios and award --------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_copied_scenario_can_be_changed_and_counts(three, member):
    rfq, a, _, _ = three
    found = load_comparison(rfq)
    copy = copy_scenario(actor=member.user, scenario=found.base)
    assert copy.drivers == {"supply": ["250", "400", "400"]}
    save_scenario(
        actor=member.user,
        scenario=copy,
        values={"name": "Half", "drivers": {"supply": ["0", "0", "0"]}},
        edition=0,
    )
    with pytest.raises(RfqError, match="Somebody else saved"):
        save_scenario(actor=member.user, scenario=copy, values={"name": "Other"}, edition=0)
    again = load_comparison(rfq)
    half = next(s for s in again.scenarios if s.name == "Half")
    assert again.figures(a, half).npv == 500_000


@pytest.mark.django_db
def test_probabilities_are_all_or_none_and_sum_to_one(three, member):
    rfq, a, _, _ = three
    ids = list(rfq.scenarios.values_list("pk", flat=True))
    share = Decimal("0.2")
    for wrong, message in (
        ({ids[0]: share}, "every scenario"),
        (dict.fromkeys(ids, Decimal("0.3")), "sum to 150 %"),
    ):
        with pytest.raises(RfqError, match=message):
            save_probabilities(actor=member.user, rfq=rfq, values={**dict.fromkeys(ids), **wrong})
    save_probabilities(actor=member.user, rfq=rfq, values=dict.fromkeys(ids, share))
    found = load_comparison(rfq)
    npvs = [found.figures(a, s).npv for s in found.scenarios]
    assert abs(found.by_quote[a.pk].expected_npv - sum(npvs) * share) < Decimal("1e-6")


@pytest.mark.django_db
def test_an_award_happens_once_with_a_reason_and_freezes_its_figures(three, member):
    rfq, a, b, _ = three
    with pytest.raises(RfqError, match="Say why"):
        award_quote(actor=member.user, quote=b, reason=" ")
    award = award_quote(actor=member.user, quote=b, reason="Lowest normalised cost.")
    assert award.figures["scenarios"]["Base"]["winner"] == "Birch"
    with pytest.raises(RfqError, match="already awarded this RFQ to Birch"):
        award_quote(actor=member.user, quote=a, reason="I was late.")
    rfq.refresh_from_db()
    assert (rfq.state, Award.objects.count()) == ("awarded", 1)
    assert sorted(Quote.objects.values_list("state", flat=True)) == ["awarded", "not_awarded", "not_awarded"]
    with pytest.raises(RfqError, match="can no longer be changed"):
        save_rfq(actor=member.user, rfq=rfq, values={"title": "Other"}, edition=rfq.edition)


@pytest.mark.django_db
def test_what_the_engine_cannot_cost_names_the_partner(three):
    rfq, a, _, _ = three
    a.lines.filter(code="commercial_supply").update(values={"price": "5", "currency": "XXX"})
    found = load_comparison(rfq)
    assert found.cost is None
    assert "the quote of Aspen" in found.problem
    assert issubclass(CostingError, ValueError)


@pytest.mark.django_db
def test_rates_are_fixed_for_a_day_and_typed_ones_are_named(member):
    project = ProjectFactory(sponsor=member.sponsor, currency="USD")
    rates = fix_rates(
        actor=member.user, project=project, day=dt.date(2020, 1, 2), typed={"CHF": Decimal("1.5")}
    )
    assert (rates.day, rates.typed, rates.rates["CHF"]) == (dt.date(2020, 1, 2), ["CHF"], "1.5")
    assert Decimal(rates.rates["EUR"]) == Decimal("1.1193")
    assert rates_of(project).pk == rates.pk
