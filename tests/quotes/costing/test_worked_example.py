"""The worked example the engine was specified with, to the unit and in every figure."""

from decimal import Decimal

import pytest

from quotes.costing import compare, lease_or_buy, read_lease, read_programme
from tests.quotes.costing.builders import case


@pytest.fixture
def result():
    """Quotes X and Y in the scenarios base, stop (both of the reference case) and upside (2 batches in year 2)."""
    data = case("programme-cheapest-headline-loses")["input"]
    upside = {"engineering_runs": [0, 1, 0, 0], "gmp_batches": [0, 2, 2, 0]}
    data["scenarios"].append({"name": "upside", "probability": 0, "drivers": upside})
    return compare(read_programme(data))


def to_the_unit(amount):
    return int(amount.quantize(Decimal(1)))


def test_headlines_and_expectation(result):
    figures = {
        item.name: (to_the_unit(item.headline), to_the_unit(item.expected_npv)) for item in result.quotes
    }
    assert figures == {"X": (5_550_000, 6_356_576), "Y": (6_160_000, 5_660_661)}


def test_cash_by_year(result):
    cash = {item.name: [to_the_unit(amount) for amount in item.scenarios[0].cash] for item in result.quotes}
    assert cash == {
        "X": [1_596_000, 3_945_000, 1_735_160, 60_743],
        "Y": [1_265_000, 3_437_500, 1_512_500, 27_500],
    }


def test_nominal_npv_and_unit_costs(result):
    def figures(item):
        base = item.scenarios[0]
        per_gram = base.unit_costs["per_gram"].quantize(Decimal("0.01"))
        per_batch = to_the_unit(base.unit_costs["per_released_batch"])
        return to_the_unit(base.nominal), to_the_unit(base.npv), per_batch, per_gram

    assert {item.name: figures(item) for item in result.quotes} == {
        # The document prints 587.48 for X: the quotient of its rounded figures. Exactly it is 587.4795.
        "X": (7_336_903, 6_662_017, 2_467_414, Decimal("587.48")),
        "Y": (6_242_500, 5_660_661, 2_096_541, Decimal("499.18")),
    }


def test_npv_by_scenario(result):
    npvs = {item.name: [to_the_unit(cost.npv) for cost in item.scenarios] for item in result.quotes}
    assert npvs == {"X": [6_662_017, 5_898_414, 7_961_951], "Y": [5_660_661, 5_660_661, 6_887_934]}


def test_the_cheapest_headline_loses_everywhere(result):
    assert dict(result.winners) == {"base": "Y", "stop": "Y", "upside": "Y"}


def test_the_lease_of_the_worked_example():
    advice = lease_or_buy(read_lease(case("lease-arrears")["input"]))
    assert advice.after_tax_debt_rate == Decimal("0.0553")
    assert (to_the_unit(advice.nal), advice.advice) == (32_066, "lease")


def test_rate_only_lines_multiplied_with_our_quantities_make_the_missing_109_800():
    pulls = 3 * (5 + 3 + 3)
    data = {
        "base_currency": "USD",
        "discount_rate": 0,
        "periods": 1,
        "scope": ["pull_labour", "pull_fee", "validation"],
        "scenarios": [{"name": "base", "drivers": {"pulls": [pulls], "pull_hours": [pulls * 4]}}],
        "quotes": [
            {
                "name": "B",
                "currency": "USD",
                "headline": 450_000,
                "lines": [
                    {"code": "pull_labour", "unit_price": 400, "quantity": {"driver": "pull_hours"}},
                    {"code": "pull_fee", "unit_price": 1000, "quantity": {"driver": "pulls"}},
                    {"code": "validation", "unit_price": 200, "quantity": {"per_period": [120]}},
                ],
            }
        ],
    }
    assert compare(read_programme(data)).quotes[0].scenarios[0].nominal == 109_800
