"""What must hold for every programme, whatever is in it."""

import copy
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quotes.costing import compare, read_programme
from tests.quotes.costing.random_programmes import CODES, decimals, per_period, prices, programmes

ZERO_RATES = {"discount_rate": 0}
whatever = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def costed(data):
    return compare(read_programme(data))


def by_name(cost):
    """The comparison without the order of its quotes."""
    return {quote.name: quote for quote in cost.quotes}, dict(cost.winners), dict(cost.regret)


def scenario_costs(cost):
    return [scenario for quote in cost.quotes for scenario in quote.scenarios]


def nearly(found, expected):
    """Equal but for rounding in the last digits of the engine."""
    return abs(found - expected) <= Decimal("1e-25") * max(abs(found), abs(expected))


def priced_in(quote, code):
    """The lines of a quote that carry a price in the currency the code says."""
    for line in quote["lines"]:
        if line.get("currency", quote["currency"]) == code and line.get("state", "quoted") == "quoted":
            yield line


def multiply_prices(line, factor):
    if "unit_price" in line:
        line["unit_price"] *= factor
    for tier in line.get("tiers", []):
        tier["unit_price"] *= factor
    if "discount" in line:
        line["discount"] *= factor


@whatever
@given(programmes(), st.sampled_from([Decimal(4), Decimal("0.125"), Decimal(1000), Decimal("0.8")]))
def test_a_currency_in_other_units_changes_nothing(data, factor):
    """Prices in cents at a hundredth of the rate are the same prices."""
    other = copy.deepcopy(data)
    other["fx"]["EUR"] /= factor
    for quote in other["quotes"]:
        for line in priced_in(quote, "EUR"):
            multiply_prices(line, factor)
        if quote["currency"] == "EUR" and "headline" in quote:
            quote["headline"] *= factor
    assert costed(other) == costed(data)


@whatever
@given(programmes(), st.sampled_from([Decimal("1.25"), Decimal("0.5")]))
def test_another_base_currency_scales_every_amount_and_changes_no_verdict(data, rate):
    """From USD to a currency of which one dollar buys `rate`."""
    other = copy.deepcopy(data)
    other["base_currency"] = "XTS"
    other["fx"] = {"USD": rate, **{code: fx * rate for code, fx in data["fx"].items()}}
    for amounts in (other["benchmarks"], other["sponsor_costs"]):
        for code in amounts:
            amounts[code] = [amount * rate for amount in amounts[code]]
    before, after = costed(data), costed(other)
    assert after.winners == before.winners
    for old, new in zip(scenario_costs(before), scenario_costs(after), strict=True):
        assert nearly(new.npv, old.npv * rate)
        assert nearly(new.plugged_share, old.plugged_share)
        assert (new.comparable, new.gaps, new.unpriced) == (old.comparable, old.gaps, old.unpriced)


@whatever
@given(programmes(), st.data())
def test_a_line_nobody_needs_changes_nothing_but_its_own_mention(data, draw):
    other = copy.deepcopy(data)
    chosen = draw.draw(st.sampled_from(other["quotes"]))
    quantity = {"per_period": draw.draw(per_period(data["periods"]))}
    chosen["lines"].append({"code": "royalty", "unit_price": draw.draw(prices), "quantity": quantity})
    before, after = costed(data), costed(other)
    assert [quote.scenarios for quote in after.quotes] == [quote.scenarios for quote in before.quotes]
    assert (after.winners, after.regret) == (before.winners, before.regret)
    said = {quote.name: set(quote.out_of_scope) for quote in before.quotes}
    said[chosen["name"]] |= {"royalty"}
    assert {quote.name: set(quote.out_of_scope) for quote in after.quotes} == said


@whatever
@given(programmes(), st.data())
def test_the_order_of_quotes_lines_and_names_is_irrelevant_to_the_last_digit(data, draw):
    other = copy.deepcopy(data)
    other["quotes"] = draw.draw(st.permutations(other["quotes"]))
    for quote in other["quotes"]:
        quote["lines"] = draw.draw(st.permutations(quote["lines"]))
    for scenario in other["scenarios"]:
        scenario["drivers"] = dict(reversed(scenario["drivers"].items()))
    assert by_name(costed(other)) == by_name(costed(data))


@whatever
@given(programmes(), st.data())
def test_the_order_of_scenarios_and_scope_only_orders_the_answer(data, draw):
    other = copy.deepcopy(data)
    other["scenarios"] = draw.draw(st.permutations(other["scenarios"]))
    other["scope"] = draw.draw(st.permutations(other["scope"]))
    before, after = costed(data), costed(other)
    assert (after.winners, after.regret) == (before.winners, before.regret)
    for old, new in zip(before.quotes, after.quotes, strict=True):
        assert new.expected_npv == old.expected_npv
        by_scenario = {cost.name: cost for cost in new.scenarios}
        for cost in old.scenarios:
            found = by_scenario[cost.name]
            assert (found.cash, found.npv, found.plugged_share) == (cost.cash, cost.npv, cost.plugged_share)
            assert (set(found.gaps), set(found.excluded)) == (set(cost.gaps), set(cost.excluded))


@whatever
@given(programmes())
def test_at_a_rate_of_zero_the_npv_is_the_nominal_sum(data):
    for cost in scenario_costs(costed(data | ZERO_RATES)):
        assert nearly(cost.npv, cost.nominal)


@whatever
@given(programmes())
def test_cash_is_the_sum_of_the_codes_and_shares_lie_between_none_and_all(data):
    for cost in scenario_costs(costed(data)):
        for found, parts in (
            (cost.cash, [code.cash for code in cost.codes]),
            (cost.plugged_cash, [code.plugged_cash for code in cost.codes]),
        ):
            assert all(nearly(a, sum(b)) for a, b in zip(found, zip(*parts, strict=True), strict=True))
        assert 0 <= cost.plugged_share <= 1
        assert all(
            0 <= plugged <= amount for plugged, amount in zip(cost.plugged_cash, cost.cash, strict=True)
        )
        assert cost.comparable == (cost.plugged_share <= Decimal("0.25") and not cost.unpriced)
        assert [code.code for code in cost.codes] == list(data["scope"])


@whatever
@given(programmes())
def test_the_winner_regrets_nothing_and_nobody_regrets_less(data):
    cost = costed(data)
    for name, won in cost.winners.items():
        regrets = {quote: row[name] for quote, row in cost.regret.items()}
        comparable = {quote.name for quote in cost.quotes for item in quote.scenarios
                      if item.name == name and item.comparable}  # fmt: skip
        assert {quote for quote, regret in regrets.items() if regret is not None} == comparable
        assert all(regrets[quote] >= 0 for quote in comparable)
        assert (regrets[won] == 0) if comparable else won is None


@whatever
@given(programmes(), st.lists(st.integers(1, 9), min_size=3, max_size=3))
def test_the_expectation_lies_between_the_scenarios_and_is_one_of_them_when_certain(data, weights):
    count = len(data["scenarios"])
    for index, scenario in enumerate(data["scenarios"]):
        scenario["probability"] = Decimal(weights[index]) / sum(weights[:count])
    for quote in costed(data).quotes:
        npvs = [cost.npv for cost in quote.scenarios]
        slack = Decimal("1e-20") * max(npvs)  # thirds do not add up to 1 in any number of digits
        assert min(npvs) - slack <= quote.expected_npv <= max(npvs) + slack
    for index, scenario in enumerate(data["scenarios"]):
        scenario["probability"] = int(index == 0)
    assert all(quote.expected_npv == quote.scenarios[0].npv for quote in costed(data).quotes)


@whatever
@given(programmes(), st.data())
def test_a_higher_price_never_makes_any_quote_cheaper(data, draw):
    other = copy.deepcopy(data)
    chosen = draw.draw(st.sampled_from(other["quotes"]))
    for line in chosen["lines"]:
        multiply_prices(line, 1 + draw.draw(decimals(0, 3)))
    for old, new in zip(scenario_costs(costed(data)), scenario_costs(costed(other)), strict=True):
        assert all(a <= b for a, b in zip(old.cash, new.cash, strict=True))
        assert old.npv <= new.npv


@whatever
@given(programmes())
def test_a_quote_of_everything_has_no_gap_and_is_always_comparable(data):
    everything = [
        {"code": code, "unit_price": 10, "quantity": {"per_period": [1] * data["periods"]}} for code in CODES
    ]
    data["quotes"].append({"name": "complete", "currency": "USD", "lines": everything})
    cost = costed(data)
    complete = cost.quotes[-1]
    assert all(
        (item.gaps, item.plugged_share, item.comparable) == ((), 0, True) for item in complete.scenarios
    )
    assert None not in cost.winners.values()
    assert all(item.unpriced == () for item in scenario_costs(cost))
