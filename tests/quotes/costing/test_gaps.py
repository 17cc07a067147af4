"""What a quote leaves out: gaps and their plugs, exclusions, inclusions, and when a quote is comparable."""

from decimal import Decimal

import pytest

from tests.quotes.costing.builders import compared, line, plain, quote

SCOPE = ["batch", "storage"]


def storage(name, *amounts, **more):
    return quote(name, line("batch", 100, 1, 1), line("storage", 1, *amounts), **more)


def first(*quotes, **more):
    return compared(*quotes, scope=SCOPE, **more).quotes[0].scenarios[0]


@pytest.mark.parametrize("said", [[], [line("storage", state="not_quoted")]])
def test_a_code_absent_or_not_quoted_is_plugged_with_the_median_period_by_period(said):
    bare = quote("bare", line("batch", 100, 1, 1), *said)
    found = first(bare, storage("A", 10, 90), storage("B", 30, 20), storage("C", 20, 70))
    assert (plain(found.cash), plain(found.plugged_cash)) == ([120, 170], [20, 70])
    assert (found.gaps, found.unpriced, found.nominal) == (("storage",), (), 290)


def test_of_an_even_number_the_median_is_the_mean_of_the_two_in_the_middle():
    bare = quote("bare", line("batch", 100, 1, 1))
    found = first(bare, storage("A", 10, 0), storage("B", 25, 0, currency="EUR"), fx={"EUR": 2})
    assert plain(found.plugged_cash) == [30, 0]


def test_only_quotes_that_quoted_a_code_count_for_its_median():
    silent = [
        quote("I", line("batch", 1, 1, 1), line("storage", state="included")),
        quote("E", line("batch", 1, 1, 1), line("storage", state="excluded")),
    ]
    found = first(quote("bare", line("batch", 100, 1, 1)), *silent, storage("A", 40, 40))
    assert plain(found.plugged_cash) == [40, 40]


def test_the_median_follows_the_scenario():
    drivers = [{"name": "low", "drivers": {"m": [1, 1]}}, {"name": "high", "drivers": {"m": [5, 5]}}]
    other = quote("A", line("batch", 9, 1, 1), line("storage", 10, quantity={"driver": "m"}))
    costs = compared(quote("bare", line("batch", 900, 1, 1)), other, scope=SCOPE, scenarios=drivers)
    assert [plain(cost.plugged_cash) for cost in costs.quotes[0].scenarios] == [[10, 10], [50, 50]]


def test_a_code_nobody_quoted_takes_the_benchmark():
    found = first(quote("bare", line("batch", 100, 1, 1)), benchmarks={"storage": [5, 6], "other": [1, 1]})
    assert (plain(found.plugged_cash), found.gaps, found.unpriced) == ([5, 6], ("storage",), ())
    assert found.comparable


def test_other_quotes_come_before_the_benchmark():
    found = first(
        quote("bare", line("batch", 100, 1, 1)), storage("A", 7, 7), benchmarks={"storage": [500, 500]}
    )
    assert plain(found.plugged_cash) == [7, 7]


def test_a_gap_that_nothing_fills_is_unpriced_and_makes_the_quote_not_comparable():
    found = first(quote("bare", line("batch", 100, 1, 1)))
    assert (found.gaps, found.unpriced, plain(found.cash)) == (("storage",), ("storage",), [100, 100])
    assert (found.plugged_share, found.comparable) == (0, False)


def test_what_the_bidder_excludes_costs_the_sponsors_own_amount_and_is_no_plug():
    without = quote("E", line("batch", 100, 1, 1), line("storage", state="excluded"))
    found = first(without, storage("A", 1, 1), sponsor_costs={"storage": [300, 400]})
    assert (plain(found.cash), plain(found.plugged_cash), found.excluded) == (
        [400, 500],
        [0, 0],
        ("storage",),
    )
    assert (found.gaps, found.comparable, found.sponsor_unpriced) == ((), True, ())


def test_an_exclusion_without_a_sponsor_cost_is_listed_as_such():
    found = first(quote("E", line("batch", 100, 1, 1), line("storage", state="excluded")))
    assert (found.excluded, found.sponsor_unpriced, plain(found.cash)) == (
        ("storage",),
        ("storage",),
        [100, 100],
    )


def test_what_is_included_costs_nothing_extra_and_is_no_gap():
    found = first(quote("I", line("batch", 100, 1, 1), line("storage", state="included")), storage("A", 9, 9))
    assert (plain(found.cash), found.gaps, found.excluded) == ([100, 100], (), ())


def test_prices_beside_a_state_other_than_quoted_are_not_read():
    leftover = line("storage", 50, 1, 1, state="included")
    assert plain(first(quote("I", line("batch", 100, 1, 1), leftover)).cash) == [100, 100]


@pytest.mark.parametrize(("plug", "comparable"), [("100", True), ("100.000001", False)])
def test_a_quarter_plugged_is_still_comparable_and_more_is_not(plug, comparable):
    found = first(quote("bare", line("batch", 300, 1, 0)), benchmarks={"storage": [float(plug), 0]})
    assert found.comparable is comparable


def test_the_plugged_share_is_of_present_values():
    bare = quote("bare", line("batch", 100, 1, 0))
    found = first(bare, benchmarks={"storage": [0, 40]}, discount_rate=0.6)
    assert (found.npv, found.plugged_share) == (125, Decimal("0.2"))


def test_a_programme_that_costs_nothing_is_plugged_by_nothing():
    found = first(quote("I", line("batch", state="included"), line("storage", state="included")))
    assert (found.npv, found.plugged_share, found.comparable) == (0, 0, True)


def test_a_code_outside_the_scope_is_not_counted_but_said():
    costs = compared(quote("A", line("batch", 1, 1, 1), line("royalty", 1000, 1, 1))).quotes[0]
    assert (plain(costs.scenarios[0].cash), costs.out_of_scope) == ([1, 1], ("royalty",))


def pm(part=0.1):
    return line("pm", quantity={"share_of": "batch", "share": part})


def test_a_share_of_a_gap_is_plugged_too_so_that_leaving_out_the_base_gains_nothing():
    full = quote("A", line("batch", 1000, 1, 1), pm())
    costs = compared(quote("bare", pm()), full, scope=["batch", "pm"])
    bare, complete = (item.scenarios[0] for item in costs.quotes)
    assert plain(bare.cash) == plain(complete.cash) == plain(bare.plugged_cash) == [1100, 1100]
    assert bare.gaps == ("batch",)


def test_a_share_of_a_gap_is_no_sample_for_the_median():
    resting = quote("resting", pm(0.5))
    costs = compared(quote("bare", line("batch", 1, 1, 1)), resting, scope=["batch", "pm"])
    assert costs.quotes[0].scenarios[0].unpriced == ("pm",)


def qa(part=0.5):
    return line("qa", quantity={"share_of": "pm", "share": part})


def test_a_share_of_a_share_of_a_gap_is_plugged_too():
    full = quote("A", line("batch", 1000, 1, 1), pm(), qa())
    costs = compared(quote("bare", qa(), pm()), full, scope=["batch", "pm", "qa"])
    bare, complete = (item.scenarios[0] for item in costs.quotes)
    assert plain(bare.cash) == plain(complete.cash) == plain(bare.plugged_cash) == [1150, 1150]


def test_a_share_of_a_share_of_a_gap_is_no_sample_either():
    costs = compared(
        quote("bare", line("batch", 1, 1, 1)), quote("resting", qa(), pm()), scope=["batch", "qa"]
    )
    assert costs.quotes[0].scenarios[0].unpriced == ("qa",)


def test_a_share_may_be_partly_plugged():
    both = [pm(), line("pm", quantity={"share_of": "storage", "share": 0.5})]
    costs = compared(
        quote("bare", line("storage", 100, 1, 1), *both),
        quote("A", line("batch", 1000, 1, 1)),
        scope=["batch", "storage", "pm"],
    )
    found = {
        code.code: (plain(code.cash), plain(code.plugged_cash)) for code in costs.quotes[0].scenarios[0].codes
    }
    assert found["pm"] == ([150, 150], [100, 100])


def test_gaps_are_listed_in_the_order_of_the_scope():
    costs = compared(quote("bare"), scope=["z", "a", "m"], benchmarks={"a": [1, 1]})
    found = costs.quotes[0].scenarios[0]
    assert (found.gaps, found.unpriced) == (("z", "a", "m"), ("z", "m"))
