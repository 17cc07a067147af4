"""Hypothesis strategies for whole programmes: every state, quantity, price model and filler of the document."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

CODES = ["batch", "material", "storage", "pm", "qa", "ship"]
DRIVERS = ["gmp", "runs"]
CURRENCIES = ["USD", "EUR", "JPY"]
# 1 + rate is the square of a fraction, so that the brute force can do mid_year exactly.
SQUARE_RATES = [Decimal("0.21"), Decimal("0.44"), Decimal(0), Decimal("-0.19"), Decimal("0.1025")]
OTHER_RATES = [Decimal("0.1"), Decimal("0.07"), Decimal("0.123"), Decimal("-0.01")]


def decimals(low, high, places=2):
    return st.decimals(low, high, places=places, allow_nan=False, allow_infinity=False)


quantities = st.one_of(st.just(Decimal(0)), st.integers(0, 12).map(Decimal), decimals(0, 50))
prices = st.one_of(st.just(Decimal(0)), decimals(0, 100_000))
shares = decimals(0, 1)
rates = decimals("-0.2", "0.5", 3)


def per_period(periods, amounts=quantities):
    return st.lists(amounts, min_size=periods, max_size=periods)


@st.composite
def tiers(draw):
    starts = draw(st.lists(quantities, min_size=1, max_size=4, unique=True))
    return [{"from": start, "unit_price": draw(prices)} for start in sorted(starts)]


@st.composite
def quoted_lines(draw, code, bases, periods):
    """A quoted line of any kind; `bases` are the codes it may be a share of."""
    line = {"code": code}
    kinds = ["per_period", "driver", "drivers", *(["share_of"] if bases else [])]
    kind = draw(st.sampled_from(kinds))
    if draw(st.booleans()):
        line["markup"] = draw(decimals(0, "0.5"))
    if kind == "share_of":
        line["quantity"] = {"share_of": draw(st.sampled_from(bases)), "share": draw(shares)}
        return line
    if kind == "per_period":
        line["quantity"] = {"per_period": draw(per_period(periods))}
    elif kind == "driver":
        line["quantity"] = {"driver": draw(st.sampled_from(DRIVERS))}
    else:
        line["quantity"] = {"drivers": list(DRIVERS)}
    if draw(st.booleans()):
        line["unit_price"] = draw(prices)
    else:
        line["tiers"] = draw(tiers())
    if draw(st.booleans()):
        line["escalation"] = draw(rates)
    if draw(st.integers(0, 3)) == 0:
        line["take_or_pay"] = {"committed": draw(per_period(periods)), "share": draw(shares)}
    if draw(st.integers(0, 4)) == 0:
        line["discount"] = draw(decimals(0, 300_000))
    if draw(st.integers(0, 5)) == 0:
        line["currency"] = draw(st.sampled_from(CURRENCIES))
    return line


@st.composite
def quotes(draw, name, scope, periods):
    """Codes may only be shares of codes earlier in CODES (or in the scope), so that there is no circle."""
    states = ["quoted"] * 6 + ["included", "excluded", "not_quoted", "absent"]
    lines, known = [], []
    for code in CODES:
        state = draw(st.sampled_from(states))
        if state == "quoted":
            for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
                lines.append(draw(quoted_lines(code, known, periods)))
        elif state != "absent":
            lines.append({"code": code, "state": state})
        if state != "absent" or code in scope:
            known.append(code)
    found = {
        "name": name,
        "currency": draw(st.sampled_from(CURRENCIES)),
        "lines": draw(st.permutations(lines)),
        "cancellation": draw(st.dictionaries(st.sampled_from(CODES), shares, max_size=3)),
    }
    if draw(st.booleans()):
        found["escalation"] = draw(rates)
    if draw(st.booleans()):
        found["headline"] = draw(prices)
    return found


@st.composite
def scenarios(draw, periods):
    count = draw(st.integers(1, 3))
    weights = draw(st.sampled_from([None, [["1"], ["0.3", "0.7"], ["0.2", "0.5", "0.3"]][count - 1]]))
    found = []
    for number in range(count):
        scenario = {
            "name": f"scenario {number}",
            "drivers": {name: draw(per_period(periods)) for name in DRIVERS},
        }
        if draw(st.booleans()):
            scenario["cancelled"] = {draw(st.sampled_from(DRIVERS)): draw(per_period(periods))}
        if weights:
            scenario["probability"] = Decimal(weights[number])
        found.append(scenario)
    return found


@st.composite
def programmes(draw):
    periods = draw(st.integers(1, 4))
    scope = draw(st.lists(st.sampled_from(CODES), min_size=1, unique=True))
    mid_year = draw(st.booleans())
    names = draw(st.permutations(["Q1", "Q2", "Q3", "Q4"]))[: draw(st.integers(1, 4))]
    by_code = st.dictionaries(st.sampled_from(CODES), per_period(periods, prices), max_size=4)
    found = {
        "base_currency": "USD",
        "fx": {"EUR": draw(decimals("0.5", 2, 4)), "JPY": draw(decimals("0.001", "0.02", 5))},
        "discount_rate": draw(st.sampled_from(SQUARE_RATES if mid_year else SQUARE_RATES + OTHER_RATES)),
        "mid_year": mid_year,
        "periods": periods,
        "scope": scope,
        "benchmarks": draw(by_code),
        "sponsor_costs": draw(by_code),
        "scenarios": draw(scenarios(periods)),
        "quotes": [draw(quotes(name, scope, periods)) for name in names],
    }
    if draw(st.booleans()):
        found["yield"] = {"batch_driver": "gmp", "p_success": draw(shares)}
        if draw(st.booleans()):
            found["yield"] |= {"grams_per_batch": draw(decimals(1, 5000))}
            if draw(st.booleans()):
                found["yield"] |= {"dose_mg": draw(decimals(1, 500)), "fill_loss": draw(decimals(0, "0.5"))}
    return found
