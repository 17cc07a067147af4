"""The engine's arithmetic: sums that ignore their order, and a context of its own."""

import decimal
from decimal import Decimal
from itertools import permutations

import pytest

from quotes.costing import CostingError
from quotes.costing.precision import calculated_precisely, precisely, total
from tests.quotes.costing.builders import compared, line, quote


def test_a_sum_has_the_same_digits_in_every_order_even_when_it_has_to_round():
    amounts = [Decimal(1), Decimal("4e-50"), Decimal("4e-50"), Decimal("4e-50")]
    with precisely():
        assert {total(order) for order in permutations(amounts)} == {Decimal("1." + "0" * 48 + "1")}
        assert len({sum(order, Decimal(0)) for order in permutations(amounts)}) > 1


def test_the_callers_decimal_context_neither_matters_nor_changes():
    quotes = [quote("A", line("batch", 100, 3, 7), currency="EUR", escalation=0.037)]
    more = {"fx": {"EUR": 1.0873}, "discount_rate": 0.113}
    usual = compared(*quotes, **more)
    with decimal.localcontext() as context:
        context.prec, context.rounding = 3, decimal.ROUND_UP
        assert compared(*quotes, **more) == usual
        assert context.prec == decimal.getcontext().prec == 3


def test_what_no_number_can_hold_is_a_readable_error():
    @calculated_precisely
    def undefined() -> Decimal:
        return Decimal(0) / Decimal(0)

    with pytest.raises(CostingError, match=r"^the amounts cannot be calculated; check rates and prices"):
        undefined()
