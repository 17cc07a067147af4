"""What is made of the cash: present value, unit costs, expectation, winners and regret."""

from decimal import Decimal

import pytest

from quotes.costing import batches_needed, cost_per, delay_cost, success_adjusted_npv
from tests.quotes.costing.builders import close, compared, line, quote

BATCHES = [{"name": "base", "drivers": {"gmp": [0, 5]}}]


def first(*quotes, **more):
    return compared(*quotes, **more).quotes[0].scenarios[0]


# -- discounting ------------------------------------------------------------------------------


def test_year_t_is_discounted_t_times_and_half_a_year_more_at_mid_year():
    a = quote("A", line("batch", 121, 1, 1))
    assert first(a, discount_rate=0.21).npv == 221
    assert close(first(a, discount_rate=0.21, mid_year=True).npv, Decimal(221) / Decimal("1.1"))


def test_a_negative_rate_is_a_rate():
    assert first(quote("A", line("batch", 9, 0, 1)), discount_rate=-0.1).npv == 10


# -- unit costs -------------------------------------------------------------------------------


def test_unit_costs_per_released_batch_gram_and_dose():
    yields = {
        "batch_driver": "gmp", "p_success": 0.8, "grams_per_batch": 50, "dose_mg": 20, "fill_loss": 0.1,
    }  # fmt: skip
    found = first(quote("A", line("batch", 3600, 1, 0)), scenarios=BATCHES, **{"yield": yields})
    assert found.unit_costs == {"per_released_batch": 900, "per_gram": 18, "per_dose": Decimal("0.4")}


def test_what_the_yield_does_not_say_is_not_stated():
    a = quote("A", line("batch", 100, 1, 0))
    yields = {"batch_driver": "gmp", "p_success": 1}
    assert first(a, scenarios=BATCHES).unit_costs == {}
    assert first(a, scenarios=BATCHES, **{"yield": yields}).unit_costs == {"per_released_batch": 20}


@pytest.mark.parametrize(("batches", "p_success"), [([0, 0], 0.9), ([3, 3], 0)])
def test_unit_costs_are_unknown_when_no_batch_is_released(batches, p_success):
    yields = {"batch_driver": "gmp", "p_success": p_success, "grams_per_batch": 5, "dose_mg": 1}
    found = first(
        quote("A", line("batch", 100, 1, 0)),
        scenarios=[{"name": "none", "drivers": {"gmp": batches}}],
        **{"yield": yields},
    )
    assert found.unit_costs == {"per_released_batch": None, "per_gram": None, "per_dose": None}


def test_batches_needed_are_whole_and_exact_at_the_edge():
    def needed(demand):
        return batches_needed(
            demand=Decimal(demand),
            yield_per_batch=Decimal(4200),
            p_success=Decimal("0.9"),
            overage=Decimal("1.1"),
        )

    assert [needed("6872.7"), needed("6872.8"), needed("0")] == [2, 3, 0]


def test_cost_per_none_is_unknown():
    assert (cost_per(Decimal(10), Decimal(4)), cost_per(Decimal(10), Decimal(0))) == (Decimal("2.5"), None)


# -- scenarios together -----------------------------------------------------------------------


def scenarios(*probabilities):
    """Scenario n needs n + 1 batches in the first year."""
    return [
        {"name": f"s{n}", "drivers": {"gmp": [n + 1, 0]}, **({} if p is None else {"probability": p})}
        for n, p in enumerate(probabilities)
    ]


def per_batch(name, price, *more, **fields):
    return quote(name, line("batch", price, quantity={"driver": "gmp"}), *more, **fields)


def test_the_expected_npv_weighs_scenarios_when_all_have_a_probability():
    costs = compared(per_batch("A", 100), scenarios=scenarios(0.25, 0.5, 0.25))
    assert costs.quotes[0].expected_npv == 200


@pytest.mark.parametrize("probabilities", [(None, None), (0.3, None)])
def test_without_all_probabilities_there_is_no_expectation(probabilities):
    assert compared(per_batch("A", 100), scenarios=scenarios(*probabilities)).quotes[0].expected_npv is None


def test_winners_and_regret_by_scenario():
    fixed = quote("F", line("batch", 250, 1, 0))
    costs = compared(per_batch("B", 100), fixed, scenarios=scenarios(None, None, None))
    assert costs.winners == {"s0": "B", "s1": "B", "s2": "F"}
    assert costs.regret == {"B": {"s0": 0, "s1": 0, "s2": 50}, "F": {"s0": 150, "s1": 50, "s2": 0}}


def test_a_quote_that_is_not_comparable_neither_wins_nor_has_a_regret():
    cheap = quote("cheap", line("batch", 1, 1, 1))
    dear = quote("dear", line("batch", 900, 1, 1), line("storage", 90, 1, 1))
    costs = compared(cheap, dear, scope=["batch", "storage"])
    assert costs.winners == {"base": "dear"}
    assert costs.regret == {"cheap": {"base": None}, "dear": {"base": 0}}


def test_without_a_comparable_quote_there_is_no_winner_and_no_regret():
    costs = compared(quote("A"), quote("B"))
    assert costs.winners == {"base": None}
    assert costs.regret == {"A": {"base": None}, "B": {"base": None}}


def test_of_equal_quotes_the_first_by_name_wins_whatever_their_order():
    b, a = quote("B", line("batch", 5, 1, 1)), quote("A", line("batch", 10, 0.5, 0.5))
    assert compared(b, a).winners == compared(a, b).winners == {"base": "A"}
    assert compared(b, a).regret == {"A": {"base": 0}, "B": {"base": 0}}


# -- risk -------------------------------------------------------------------------------------


def test_success_adjusted_cost_weighs_years_by_the_chance_to_reach_them_and_adds_cancellation():
    discounts = (Decimal(1), Decimal("0.5"))
    cash, reached = [Decimal(100), Decimal(400)], [Decimal(1), Decimal("0.25")]
    assert success_adjusted_npv(cash, reached, discounts=discounts) == 150
    fees = [Decimal(0), Decimal(20)]
    assert success_adjusted_npv(cash, reached, discounts=discounts, expected_cancellation=fees) == 160


@pytest.mark.parametrize(("months", "cost"), [("2.5", 250), ("0", 0), ("-3", 0)])
def test_delay_costs_the_value_of_each_month_and_an_early_finish_is_no_gain(months, cost):
    assert delay_cost(months_late=Decimal(months), month_value=Decimal(100)) == cost
