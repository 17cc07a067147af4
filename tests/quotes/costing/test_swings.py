"""What a make-or-buy answer turns on: each assumption alone, and where both ways cost the same."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from quotes.costing import make_or_buy, read_make_or_buy
from quotes.costing.swings import CHANGES, IN_PROPORTION, swings
from tests.quotes.costing.test_make_or_buy import question

amounts = st.integers(1, 1000)
rates = st.sampled_from([Decimal(0), Decimal("0.08"), Decimal("0.25")])


@st.composite
def questions(draw):
    make = {
        "capex": [draw(amounts), draw(amounts)],
        "fixed": [draw(amounts), draw(amounts)],
        "variable_per_batch": draw(amounts),
        "depreciation": [draw(amounts), draw(amounts)],
        "residual": draw(amounts),
    }
    buy = {"cost": [draw(amounts), draw(amounts)], "price_per_batch": draw(amounts)}
    return read_make_or_buy(
        question(
            make=make,
            buy=buy,
            batches=[draw(st.integers(0, 20)), draw(st.integers(0, 20))],
            probability=[1, draw(st.sampled_from([Decimal("0.4"), Decimal("0.9")]))],
            tax_rate=draw(rates),
            discount_rate=draw(rates),
        )
    )


@given(questions())
def test_both_ends_are_the_engines_costs_of_the_changed_question(asked):
    found = {swing.code: swing for swing in swings(asked)}
    for code, change in CHANGES.items():
        for end, factor in (("low", Decimal("0.8")), ("high", Decimal("1.2"))):
            answer = make_or_buy(change(asked, factor))
            if code in found:
                costs = getattr(found[code], end)
                assert costs == {"make": answer.npv_cost_make, "buy": answer.npv_cost_buy}
            else:
                assert answer.npv_cost_make == make_or_buy(asked).npv_cost_make


@given(questions())
def test_at_the_level_both_ways_cost_the_same(asked):
    for swing in swings(asked):
        if swing.level_at is None:
            continue
        assert swing.code in IN_PROPORTION
        answer = make_or_buy(CHANGES[swing.code](asked, swing.level_at))
        assert abs(answer.npv_cost_make - answer.npv_cost_buy) < Decimal("1e-20")


@given(questions())
def test_the_assumption_that_moves_most_comes_first(asked):
    reaches = [swing.reach for swing in swings(asked)]
    assert reaches == sorted(reaches, reverse=True)


def test_certain_years_stay_certain_and_no_chance_passes_one():
    asked = read_make_or_buy(question(make={"fixed": [10, 10]}, probability=[1, Decimal("0.9")]))
    changed = CHANGES["chance"](asked, Decimal("1.2"))
    assert changed.probability == (1, 1)
    assert CHANGES["chance"](asked, Decimal("0.5")).probability == (1, Decimal("0.45"))


def test_more_batches_cost_the_contract_price_each_and_a_hybrids_part_in_proportion():
    asked = read_make_or_buy(
        question(
            make={"variable_per_batch": 3}, buy={"cost": [100, 100], "price_per_batch": 10}, batches=[5, 10]
        )
    )
    hybrid = replace(asked, buy=replace(asked.buy, cost=(Decimal(50), Decimal(50))))
    (batches,) = [swing for swing in swings(asked, hybrid) if swing.code == "batches"]
    # year 1 counts in full, year 2 divided by 1.25; 20 % more are 1 and 2 batches
    assert batches.high["buy"] == 110 + 120 / Decimal("1.25")
    assert batches.high["make"] == 18 + 36 / Decimal("1.25")
    assert batches.high["hybrid"] == 18 + 36 / Decimal("1.25") + 60 + 60 / Decimal("1.25")
