"""Making against buying, term by term."""

from decimal import Decimal

import pytest

from quotes.costing import make_or_buy, read_make_or_buy
from tests.quotes.costing.builders import case, close


def question(make=None, buy=None, **changes):
    """Two years at 25 % with nothing in them."""
    plant = {
        "capex": [0, 0], "capex_total": 900, "life_years": 2, "fixed": [0, 0], "fixed_per_year": 0,
        "variable_per_batch": 0,
    }  # fmt: skip
    contract = {"cost": [0, 0], "price_per_batch": 10}
    base = {"discount_rate": 0.25, "tax_rate": 0, "batches": [0, 0], "probability": [1, 1]}
    return {**base, **changes, "make": {**plant, **(make or {})}, "buy": {**contract, **(buy or {})}}


def advised(**fields):
    return make_or_buy(read_make_or_buy(question(**fields)))


def test_capex_is_neither_taxed_nor_weighed_by_success():
    assert advised(make={"capex": [100, 50]}, tax_rate=0.5, probability=[0, 0]).npv_cost_make == 140


def test_running_cost_is_taxed_and_weighed():
    make = {"fixed": [10, 20], "variable_per_batch": 5}
    found = advised(make=make, batches=[2, 4], tax_rate=0.5, probability=[1, 0.5])
    assert found.npv_cost_make == 10 + 8


def test_depreciation_shields_tax_in_the_years_reached():
    found = advised(make={"depreciation": [100, 100]}, tax_rate=0.2, probability=[1, 0.5])
    assert found.npv_cost_make == -20 - 8


def test_the_residual_counts_once_in_the_last_year_if_reached():
    assert advised(make={"residual": 100}, probability=[1, 0.5]).npv_cost_make == -40


def test_bought_batches_are_taxed_and_weighed_and_expected_cancellation_is_neither():
    buy = {"cost": [100, 100], "expected_cancellation": [3, 5]}
    assert advised(buy=buy, tax_rate=0.5, probability=[1, 0.5]).npv_cost_buy == 50 + 20 + 3 + 4


@pytest.mark.parametrize(("capex", "advice"), [(9, "make"), (10, "buy"), (11, "buy")])
def test_making_is_advised_only_when_it_is_cheaper(capex, advice):
    assert advised(make={"capex": [capex, 0]}, buy={"cost": [10, 0]}).advice == advice


def test_annualised_capex_pays_capex_and_interest_back():
    assert close(advised().annualised_capex, 900 * Decimal("0.25") / (1 - 1 / Decimal("1.5625")))
    assert advised(discount_rate=0).annualised_capex == 450


def test_annualised_capex_is_continuous_at_zero():
    assert close(advised(discount_rate=1e-15).annualised_capex, 450, within=Decimal("1e-14"))


def test_the_total_capex_is_the_sum_of_the_years_unless_given():
    data = question(make={"capex": [300, 200], "capex_total": None}, discount_rate=0)
    assert make_or_buy(read_make_or_buy(data)).annualised_capex == 250


def test_break_even_batches_cover_capex_and_fixed_cost():
    make = {"fixed_per_year": 150, "variable_per_batch": 4}
    assert advised(make=make, discount_rate=0).break_even_batches_per_year == 100


@pytest.mark.parametrize("variable", [10, 11])
def test_there_is_no_break_even_when_a_bought_batch_is_not_dearer(variable):
    assert advised(make={"variable_per_batch": variable}).break_even_batches_per_year is None


def test_certain_success_and_no_tax_is_plain_discounting():
    data = case("make-or-buy-biologics")["input"]
    data |= {"tax_rate": 0, "probability": [1] * 6, "discount_rate": 0}
    found = make_or_buy(read_make_or_buy(data))
    assert (found.npv_cost_make, found.npv_cost_buy) == (105e6 + 96e6 + 54 * 600_000 - 40e6, 125e6 + 3.2e6)
