"""What one line costs: quantities, prices, commitments, escalation, currency, cancellation, shares."""

import pytest

from tests.quotes.costing.builders import cash, compared, line, plain, quote

DRIVERS = [{"name": "base", "drivers": {"gmp": [1, 2], "runs": [3, 0]}}]


def driven(price=10, **more):
    return line("batch", price, quantity={"driver": "gmp"}, **more)


# -- quantities -------------------------------------------------------------------------------


def test_typed_quantities_times_price():
    assert cash(quote("A", line("batch", 10, 1, 2.5))) == [10, 25]


def test_a_driver_brings_the_scenarios_quantities():
    assert cash(quote("A", driven()), scenarios=DRIVERS) == [10, 20]


def test_several_drivers_are_added():
    both = line("batch", 10, quantity={"drivers": ["gmp", "runs"]})
    assert cash(quote("A", both), scenarios=DRIVERS) == [40, 20]


def test_two_lines_of_one_code_are_added():
    assert cash(quote("A", line("batch", 10, 1, 2), line("batch", 5, 2, 0))) == [20, 20]


# -- tiers and commitments --------------------------------------------------------------------

TIERS = [
    {"from": 10, "unit_price": 9},
    {"from": 20, "unit_price": 8},
    {"from": 50, "unit_price": 7},
]


@pytest.mark.parametrize(
    ("billed", "price"), [(0, 9), (5, 9), (10, 9), (19.999, 9), (20, 8), (49, 8), (50, 7), (1000, 7)]
)
def test_the_tier_of_the_billed_quantity_prices_all_units_and_the_first_price_holds_below_it(billed, price):
    tiered = {"code": "batch", "tiers": TIERS, "quantity": {"per_period": [billed, 0]}}
    assert cash(quote("A", tiered)) == [pytest.approx(billed * price), 0]


def test_take_or_pay_bills_at_least_the_committed_share():
    committed = {"committed": [10, 10], "share": 0.8}
    assert cash(quote("A", line("batch", 5, 3, 9, take_or_pay=committed))) == [40, 45]


def test_the_tier_follows_the_billed_not_the_needed_quantity():
    line_ = line("batch", None, 5, 5, tiers=TIERS, take_or_pay={"committed": [0, 25], "share": 0.8})
    assert cash(quote("A", line_)) == [45, 160]


# -- markup, escalation, currency -------------------------------------------------------------


def test_markup_escalation_and_currency_multiply():
    found = cash(
        quote("A", line("batch", 100, 1, 1, markup=0.1, escalation=0.05), currency="EUR"), fx={"EUR": 1.2}
    )
    assert found == pytest.approx([132, 138.6])


def test_a_lines_escalation_replaces_the_quotes_even_when_it_is_zero():
    lines = [
        line("batch", 100, 0, 1),
        line("pack", 100, 0, 1, escalation=0),
        line("ship", 1, 0, 100, escalation=0.5),
    ]
    costs = compared(quote("A", *lines, escalation=0.1), scope=["batch", "pack", "ship"])
    codes = {code.code: plain(code.cash) for code in costs.quotes[0].scenarios[0].codes}
    assert codes == {"batch": [0, 110], "pack": [0, 100], "ship": [0, 150]}


def test_a_line_may_have_a_currency_of_its_own():
    assert cash(quote("A", line("batch", 100, 1, 0, currency="CHF")), fx={"CHF": 1.5}) == [150, 0]


def test_the_headline_is_converted_and_otherwise_untouched():
    found = compared(
        quote("A", line("batch", 1, 1, 1), currency="EUR", headline=100, escalation=0.5), fx={"EUR": 1.25}
    )
    assert found.quotes[0].headline == 125


def test_a_quote_without_headline_has_an_unknown_one():
    assert compared(quote("A", line("batch", 1, 1, 1))).quotes[0].headline is None


# -- cancellation -----------------------------------------------------------------------------

STOP = [{"name": "stop", "drivers": {"gmp": [1, 0], "runs": [0, 0]}, "cancelled": {"gmp": [0, 2]}}]


def test_cancelled_quantities_cost_their_share_escalated_and_converted():
    found = cash(
        quote("A", driven(100, escalation=0.1), currency="EUR", cancellation={"batch": 0.5}),
        fx={"EUR": 2},
        scenarios=STOP,
    )
    assert found == pytest.approx([200, 220])


def test_markup_is_charged_on_what_is_billed_only():
    found = cash(quote("A", driven(100, markup=0.1), cancellation={"batch": 0.5}), scenarios=STOP)
    assert found == pytest.approx([110, 100])


def test_cancellation_without_a_fee_or_without_a_driver_costs_nothing():
    typed = line("storage", 100, 1, 1)
    found = cash(
        quote("A", driven(100), typed, cancellation={"storage": 1}),
        scope=["batch", "storage"],
        scenarios=STOP,
    )
    assert found == [200, 100]


def test_of_several_drivers_only_the_cancelled_ones_count():
    both = line("batch", 100, quantity={"drivers": ["runs", "gmp"]})
    assert cash(quote("A", both, cancellation={"batch": 0.25}), scenarios=STOP) == [100, 50]


def test_a_tiered_price_of_what_is_cancelled_is_that_of_the_billed_quantity():
    tiered = {"code": "batch", "quantity": {"driver": "gmp"}, "tiers": TIERS}
    scenario = [{"name": "stop", "drivers": {"gmp": [20, 0]}, "cancelled": {"gmp": [30, 30]}}]
    assert cash(quote("A", tiered, cancellation={"batch": 1}), scenarios=scenario) == [
        20 * 8 + 30 * 8,
        30 * 9,
    ]


# -- shares of other lines --------------------------------------------------------------------


def share(code, of, part, **more):
    return line(code, quantity={"share_of": of, "share": part}, **more)


def test_a_share_is_neither_escalated_nor_converted_a_second_time():
    found = cash(
        quote("A", share("pm", "batch", 0.1), line("batch", 100, 0, 1), currency="EUR", escalation=0.5),
        scope=["pm"],
        fx={"EUR": 2},
    )
    assert found == [0, 30]


def test_shares_of_shares_follow_the_chain_in_whatever_order_the_lines_come():
    lines = [share("qa", "pm", 0.5), share("pm", "batch", 0.2), line("batch", 100, 1, 3)]
    assert cash(quote("A", *lines), scope=["qa", "pm", "batch"]) == [130, 390]
    assert cash(quote("A", *reversed(lines)), scope=["qa", "pm", "batch"]) == [130, 390]


def test_a_long_chain_of_shares_is_no_problem():
    lines = [share(f"code {n}", f"code {n + 1}", 1) for n in range(5000)]
    assert cash(quote("A", *lines, line("code 5000", 7, 1, 0)), scope=["code 0"]) == [7, 0]


def test_a_share_has_the_markup_it_is_given_and_includes_cancellation_fees():
    lines = [driven(100), share("pm", "batch", 0.1, markup=0.5)]
    assert cash(quote("A", *lines, cancellation={"batch": 0.5}), scope=["pm"], scenarios=STOP) == [15, 15]


@pytest.mark.parametrize("state", ["included", "excluded"])
def test_a_share_of_what_the_bidder_charges_nothing_for_is_nothing(state):
    lines = [line("batch", state=state), share("pm", "batch", 0.1)]
    assert cash(quote("A", *lines), scope=["pm", "batch"]) == [0, 0]


# -- lump-sum discounts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("discount", "left"), [(0, [10, 25]), (4, [6, 25]), (15, [0, 20]), (35, [0, 0]), (1000, [0, 0])]
)
def test_a_lump_sum_is_credited_against_the_first_amounts_and_never_makes_money(discount, left):
    assert cash(quote("A", line("batch", 10, 1, 2.5, discount=discount))) == left


def test_a_lump_sum_is_neither_escalated_nor_marked_up_and_converted_like_its_line():
    line_ = line("batch", 10, 0, 1, discount=4, escalation=0.5, markup=1, currency="EUR")
    assert cash(quote("A", line_), fx={"EUR": 2}) == [0, (10 * 1.5 * 2 - 4) * 2]


def test_a_lump_sum_takes_nothing_off_what_is_cancelled_and_a_share_follows_what_is_left():
    scenario = [{"name": "stop", "drivers": {"gmp": [1, 0]}, "cancelled": {"gmp": [0, 2]}}]
    lines = driven(10, discount=25), line("fee", quantity={"share_of": "batch", "share": 0.5})
    bid = quote("A", *lines, cancellation={"batch": 0.5})
    assert cash(bid, scenarios=scenario) == [0, 10]
    assert cash(bid, scenarios=scenario, scope=["fee"]) == [0, 5]
