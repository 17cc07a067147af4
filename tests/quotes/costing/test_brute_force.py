"""The engine against a slow and exact re-computation with fractions that shares no code with it."""

from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quotes.costing import compare, lease_or_buy, make_or_buy, read_lease, read_make_or_buy, read_programme
from tests.quotes.costing.brute_force import Brute, exactly
from tests.quotes.costing.builders import CASES
from tests.quotes.costing.random_programmes import decimals, programmes, rates, shares

NEAR = Fraction(1, 10**30)


def shaped(cost):
    """A ProgrammeCost in the shape of the reference cases, with the amounts as they are."""

    def scenario(found):
        names = ("name", "cash", "plugged_cash", "nominal", "npv", "plugged_share")
        lists = {name: list(getattr(found, name)) for name in ("gaps", "unpriced", "excluded")}
        values = {name: getattr(found, name) for name in names}
        return values | lists | {"comparable": found.comparable, **found.unit_costs}

    def quote(found):
        values = {
            "name": found.name,
            "headline": found.headline,
            "scenarios": [scenario(item) for item in found.scenarios],
        }
        return values | ({} if found.expected_npv is None else {"expected_npv": found.expected_npv})

    regret = {name: dict(row) for name, row in cost.regret.items()}
    return {
        "quotes": [quote(item) for item in cost.quotes],
        "winners": dict(cost.winners),
        "regret": regret,
    }


def assert_agrees(found, exact, size, path=()):
    """The same shape; names and flags equal; amounts equal to 30 digits of the largest amount around."""
    if isinstance(exact, dict):
        assert found.keys() == exact.keys(), path
        for key in exact:
            assert_agrees(found[key], exact[key], size, (*path, key))
    elif isinstance(exact, list):
        assert len(found) == len(exact), path
        for index, item in enumerate(exact):
            assert_agrees(found[index], item, size, (*path, index))
    elif isinstance(exact, bool | str) or exact is None:
        assert found == exact, path
    else:
        assert abs(Fraction(found) - exact) <= NEAR * max(abs(exact), size if "regret" in path else 0), path


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(programmes())
def test_random_programmes_agree_to_thirty_digits(data):
    exact = Brute(data).answer()
    largest = max(cost["npv"] for quote in exact["quotes"] for cost in quote["scenarios"])
    assert_agrees(shaped(compare(read_programme(data))), exact, largest)


def test_the_brute_force_itself_solves_the_reference_cases():
    """Where mid_year needs an irrational root, the case is left to test_reference_cases."""
    solved = 0
    for case in CASES:
        if case["family"] == "programme" and not case["input"].get("mid_year"):
            exact = Brute(case["input"]).answer()
            for quote, expected in zip(exact["quotes"], case["expected"]["quotes"], strict=True):
                for cost, figures in zip(quote["scenarios"], expected["scenarios"], strict=True):
                    assert abs(float(cost["npv"]) - figures["npv"]) <= 1e-9 * figures["npv"]
            assert exact["winners"] == case["expected"]["winners"]
            solved += 1
    assert solved == 3


amounts = decimals(0, 100_000)


@st.composite
def leases(draw):
    years = draw(st.integers(1, 6))
    yearly = st.one_of(amounts, st.lists(amounts, min_size=years, max_size=years))
    found = {
        "price": draw(amounts),
        "years": years,
        "lease_payment": draw(yearly),
        "tax_rate": draw(shares),
        "debt_rate": draw(decimals(0, "0.3", 3)),
    }
    optional = {
        "in_advance": st.booleans(),
        "depreciation": yearly,
        "maintenance": yearly,
        "residual": amounts,
        "residual_rate": rates,
    }
    return found | {key: draw(value) for key, value in optional.items() if draw(st.booleans())}


@settings(deadline=None, max_examples=80)
@given(leases())
def test_random_leases_agree_to_thirty_digits(data):
    years, tax, price = data["years"], exactly(data["tax_rate"]), exactly(data["price"])
    rate = exactly(data["debt_rate"]) * (1 - tax)

    def yearly(key, default):
        value = data.get(key, default)
        return [exactly(item) for item in value] if isinstance(value, list) else [exactly(value)] * years

    shift = 1 if data.get("in_advance") else 0
    ends = range(1, years + 1)
    payments, care = yearly("lease_payment", 0), yearly("maintenance", 0)
    written_off = yearly("depreciation", price / years)
    residual_rate = exactly(data.get("residual_rate", data["debt_rate"]))
    terms = [price, -exactly(data.get("residual", 0)) * (1 - tax) / (1 + residual_rate) ** years]
    terms += [-payments[k - 1] * (1 - tax) / (1 + rate) ** (k - shift) for k in ends]
    terms += [-tax * written_off[k - 1] / (1 + rate) ** k for k in ends]
    terms += [care[k - 1] * (1 - tax) / (1 + rate) ** k for k in ends]
    found = lease_or_buy(read_lease(data))
    assert abs(Fraction(found.nal) - sum(terms)) <= NEAR * max(abs(term) for term in terms)
    assert Fraction(found.after_tax_debt_rate) == rate


@st.composite
def questions(draw):
    years = draw(st.integers(1, 5))
    yearly = st.lists(amounts, min_size=years, max_size=years)
    make = {
        "capex": draw(yearly),
        "life_years": draw(st.integers(1, 30)),
        "fixed": draw(yearly),
        "fixed_per_year": draw(amounts),
        "variable_per_batch": draw(amounts),
    }
    optional = {"capex_total": amounts, "depreciation": yearly, "residual": amounts}
    make |= {key: draw(value) for key, value in optional.items() if draw(st.booleans())}
    buy = {"cost": draw(yearly), "price_per_batch": draw(amounts)}
    if draw(st.booleans()):
        buy["expected_cancellation"] = draw(yearly)
    return {
        "discount_rate": draw(st.one_of(st.just(0), rates)),
        "tax_rate": draw(shares),
        "batches": draw(st.lists(st.integers(0, 40), min_size=years, max_size=years)),
        "probability": draw(st.lists(shares, min_size=years, max_size=years)),
        "make": make,
        "buy": buy,
    }


@settings(deadline=None, max_examples=80)
@given(questions())
def test_random_make_or_buy_questions_agree_to_thirty_digits(data):
    rate, tax = exactly(data["discount_rate"]), exactly(data["tax_rate"])
    make, buy = data["make"], data["buy"]
    years = range(len(data["batches"]))
    last = years[-1]
    chance = [exactly(p) for p in data["probability"]]
    zeros = [0] * len(years)

    def sum_of(amount):
        return sum(amount(t) / (1 + rate) ** t for t in years)

    def running(t):
        return exactly(make["fixed"][t]) + exactly(make["variable_per_batch"]) * data["batches"][t]

    making = [
        sum_of(lambda t: exactly(make["capex"][t])),
        sum_of(lambda t: chance[t] * running(t) * (1 - tax)),
        -sum_of(lambda t: tax * chance[t] * exactly(make.get("depreciation", zeros)[t])),
        -chance[last] * exactly(make.get("residual", 0)) / (1 + rate) ** last,
    ]
    buying = sum_of(lambda t: chance[t] * exactly(buy["cost"][t]) * (1 - tax)) + sum_of(
        lambda t: exactly(buy.get("expected_cancellation", zeros)[t])
    )
    capital = exactly(make["capex_total"]) if "capex_total" in make else sum(map(exactly, make["capex"]))
    life = make["life_years"]
    yearly = capital * rate / (1 - (1 + rate) ** -life) if rate else capital / life
    saved = exactly(buy["price_per_batch"]) - exactly(make["variable_per_batch"])
    batches = (yearly + exactly(make["fixed_per_year"])) / saved if saved > 0 else None

    found = make_or_buy(read_make_or_buy(data))
    assert abs(Fraction(found.npv_cost_make) - sum(making)) <= NEAR * max(abs(term) for term in making)
    assert abs(Fraction(found.npv_cost_buy) - buying) <= NEAR * buying
    assert found.advice == ("make" if sum(making) < buying else "buy")
    assert abs(Fraction(found.annualised_capex) - yearly) <= NEAR * yearly
    assert (found.break_even_batches_per_year is None) == (batches is None)
    if batches is not None:
        assert abs(Fraction(found.break_even_batches_per_year) - batches) <= NEAR * batches
