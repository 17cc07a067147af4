"""The net advantage of leasing, term by term."""

from decimal import Decimal

import pytest

from quotes.costing import lease_or_buy, read_lease
from tests.quotes.costing.builders import close

BASE = {"price": 1000, "years": 2, "lease_payment": 0, "tax_rate": 0, "debt_rate": 0.1}


def nal(**changes):
    return lease_or_buy(read_lease({**BASE, **changes})).nal


def test_payments_in_arrears_and_in_advance():
    assert nal(lease_payment=121) == 1000 - 110 - 100
    assert nal(lease_payment=121, in_advance=True) == 1000 - 121 - 110


def test_in_advance_moves_neither_depreciation_nor_maintenance_nor_residual():
    fields = {"maintenance": 121, "residual": 121, "tax_rate": 0.5, "debt_rate": 0.2, "residual_rate": 0.1}
    assert nal(**fields) == nal(**fields, in_advance=True)


def test_maintenance_is_saved_by_leasing():
    assert nal(maintenance=121) == 1000 + 110 + 100


def test_the_lost_residual_is_discounted_at_its_own_rate_or_the_untaxed_debt_rate():
    assert nal(residual=121) == 900
    assert nal(residual=144, residual_rate=0.2) == 900
    taxed = {"tax_rate": 0.5, "debt_rate": 0.2, "depreciation": [0, 0], "residual": 144}
    assert nal(**taxed) == 1000 - 72 / Decimal("1.44")


def test_depreciation_is_a_straight_line_unless_given():
    taxed = {"tax_rate": 0.5, "debt_rate": 0.2}
    assert nal(**taxed) == nal(**taxed, depreciation=[500, 500])
    assert close(nal(**taxed, depreciation=[1210, 121]), 1000 - 550 - 50)


def test_yearly_amounts_may_differ_from_year_to_year():
    assert nal(lease_payment=[110, 121]) == 800
    assert nal(maintenance=[0, 121]) == 1100


def test_without_tax_and_interest_the_advantage_is_the_difference_of_the_payments():
    assert nal(debt_rate=0, lease_payment=400, residual=50) == 1000 - 800 - 50


@pytest.mark.parametrize(("payment", "advice"), [(499, "lease"), (500, "buy"), (501, "buy")])
def test_only_a_positive_advantage_advises_the_lease(payment, advice):
    assert lease_or_buy(read_lease({**BASE, "debt_rate": 0, "lease_payment": payment})).advice == advice


@pytest.mark.parametrize("years", [3, 7, 9])
def test_an_advantage_of_nothing_is_nothing_and_no_rounding(years):
    """At a tax of 100 % the depreciation gives the whole price back: price − years × price / years."""
    found = lease_or_buy(read_lease({**BASE, "price": 5_278_221.31, "years": years, "tax_rate": 1}))
    assert (found.nal, found.advice) == (0, "buy")
