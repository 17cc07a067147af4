"""Bad input: one line on standard error that names the field and the remedy, status 2, nothing else.

Every case goes through a real process, as a user of `python -m quotes.costing` would send it.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from quotes.costing import CostingError, lease_or_buy, read_lease, read_programme
from tests.quotes.costing.builders import case, line, programme, quote

ROOT = Path(__file__).resolve().parents[3]
REMOVED = object()


def refusal(source: bytes | str) -> str:
    """What the command line says about a bad input."""
    run = subprocess.run(
        [sys.executable, "-m", "quotes.costing"],
        input=source if isinstance(source, bytes) else source.encode(),
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    text = run.stderr.decode()
    assert (run.returncode, run.stdout) == (2, b""), text
    assert text.startswith("quotes.costing: ")
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1
    return text.removeprefix("quotes.costing: ").removesuffix("\n")


def changed(data, path, value):
    """The input with one value replaced (or removed)."""
    *above, last = path
    target = data
    for key in above:
        target = target[key]
    if value is REMOVED:
        del target[last]
    elif isinstance(last, int) and last == len(target):
        target.append(value)
    else:
        target[last] = value
    return data


def valid():
    """A programme that uses every optional part."""
    drivers = {"gmp": [1, 2], "runs": [1, 0]}
    tiers = [{"from": 0, "unit_price": 9}, {"from": 10, "unit_price": 8}]
    lines = [
        line("batch", 100, quantity={"driver": "gmp"}, markup=0.1),
        line("runs", None, quantity={"drivers": ["gmp", "runs"]}, tiers=tiers),
        line("storage", 5, 1, 1, take_or_pay={"committed": [2, 2], "share": 0.5}),
        line("pm", quantity={"share_of": "batch", "share": 0.1}),
    ]
    return programme(
        quote("A", *lines, currency="EUR", headline=1000, escalation=0.02, cancellation={"batch": 0.5}),
        quote("B", line("batch", state="included")),
        scope=["batch", "runs", "storage", "pm"],
        scenarios=[
            {"name": "base", "probability": 0.6, "drivers": drivers},
            {"name": "stop", "probability": 0.4, "drivers": drivers, "cancelled": {"gmp": [0, 1]}},
        ],
        fx={"EUR": 1.1},
        mid_year=True,
        benchmarks={"runs": [1, 1]},
        sponsor_costs={"batch": [1, 1]},
        **{
            "yield": {
                "batch_driver": "gmp",
                "p_success": 0.9,
                "grams_per_batch": 5,
                "dose_mg": 1,
                "fill_loss": 0.1,
            }
        },
    )


def test_the_programme_all_these_mistakes_are_made_in_is_good():
    assert read_programme(valid()).periods == 2


NO_NUMBER = "write it as a number without quotes, such as 1250.5"
NEGATIVE = "is negative; give 0 or more"
A = ("quotes", 0)
LINES = (*A, "lines")
MISTAKES = [
    # -- rates and periods
    (("base_currency",), REMOVED, "base_currency: is missing; give it a value"),
    (
        ("base_currency",),
        7,
        'base_currency: 7 is not a name; write it as text in quotes, such as "gmp_batch"',
    ),
    (("fx", "EUR"), 0, "fx.EUR: 0 is not more than 0; give a number above 0"),
    (("fx", "EUR"), "1.1", f'fx.EUR: "1.1" is not a number; {NO_NUMBER}'),
    (("fx",), [1.1], "fx: [1.1] is not an object; write it as {…} with named values"),
    (
        ("fx", "USD"),
        1.01,
        'fx.USD: one "USD" cannot be 1.01 of itself; leave the base currency out of fx, or give it as 1',
    ),
    (("discount_rate",), None, "discount_rate: is missing; give it a value"),
    (("discount_rate",), -1, "discount_rate: -1 is not more than -1; give a number above -1"),
    (("discount_rate",), True, f"discount_rate: true is not a number; {NO_NUMBER}"),
    (("periods",), 0, "periods: 0 is less than 1; give 1 or more"),
    (("periods",), 1.5, "periods: 1.5 does not fit; give a whole number from 1 to 1000"),
    (("periods",), 10**9, "periods: 1000000000 does not fit; give a whole number from 1 to 1000"),
    (("periods",), 3, "scenarios[0].drivers.gmp: has 2 values; give 3, one for each period"),
    (("mid_year",), 1, "mid_year: 1 is neither true nor false; write true or false"),
    (
        ("discount_rat",),
        0.1,
        "discount_rat: is not a known name; write discount_rate, or leave it out",
    ),
    # -- scope
    (("scope",), [], "scope: is empty; give at least 1"),
    (("scope",), "batch", 'scope: "batch" is not a list; write it as […]'),
    (("scope", 4), "pm", 'scope: the code "pm" is there twice; give every code its own name'),
    (("scope", 0), " ", 'scope[0]: " " is not a name; write it as text in quotes, such as "gmp_batch"'),
    (("benchmarks", "runs"), [1], "benchmarks.runs: has 1 values; give 2, one for each period"),
    (("benchmarks", "runs"), 5, "benchmarks.runs: 5 is not a list; write it as […]"),
    (("sponsor_costs", "batch"), [1, -1], f"sponsor_costs.batch[1]: -1 {NEGATIVE}"),
    # -- scenarios
    (("scenarios",), [], "scenarios: is empty; give at least 1"),
    (
        ("scenarios", 1, "name"),
        "base",
        'scenarios: the scenario "base" is there twice; give every scenario its own name',
    ),
    (
        ("scenarios", 0, "probability"),
        0.5,
        "scenarios: the probabilities add up to 0.9; make them add up to 1, or leave them all out",
    ),
    (
        ("scenarios", 0, "probability"),
        1.2,
        "scenarios[0].probability: 1.2 is more than 1; give at most 1 (0.25 for 25 %)",
    ),
    (("scenarios", 0, "probability"), -0.1, f"scenarios[0].probability: -0.1 {NEGATIVE}"),
    (
        ("scenarios", 0, "drivers", "gmp"),
        [1, 2, 3],
        "scenarios[0].drivers.gmp: has 3 values; give 2, one for each period",
    ),
    (("scenarios", 0, "drivers", "gmp"), [1, -2], f"scenarios[0].drivers.gmp[1]: -2 {NEGATIVE}"),
    (
        ("scenarios", 0, "drivers", "gmp"),
        [1, "2"],
        f'scenarios[0].drivers.gmp[1]: "2" is not a number; {NO_NUMBER}',
    ),
    (
        ("scenarios", 1, "cancelled"),
        {"gpm": [0, 1]},
        'scenarios[1].cancelled.gpm: is not a driver of this scenario; name one of "gmp", "runs"',
    ),
    (
        ("scenarios", 1, "cancelled", "gmp"),
        [1],
        "scenarios[1].cancelled.gmp: has 1 values; give 2, one for each period",
    ),
    (("scenarios", 0), "base", 'scenarios[0]: "base" is not an object; write it as {…} with named values'),
    # -- yield
    (
        ("yield", "batch_driver"),
        "batches",
        'yield.batch_driver: "batches" is not a driver of scenario "base"; name one of "gmp", "runs"',
    ),
    (("yield", "p_success"), REMOVED, "yield.p_success: is missing; give it a value"),
    (("yield", "p_success"), 90, "yield.p_success: 90 is more than 1; give at most 1 (0.25 for 25 %)"),
    (("yield", "fill_loss"), 1, "yield.fill_loss: 1 is not less than 1; give less than 1 (0.25 for 25 %)"),
    (("yield", "dose_mg"), 0, "yield.dose_mg: 0 is not more than 0; give a number above 0"),
    (
        ("yield", "grams_per_batch"),
        REMOVED,
        "yield.dose_mg: cannot be used without grams_per_batch; give both, or leave dose_mg out",
    ),
    # -- quotes
    (("quotes",), [], "quotes: is empty; give at least 1"),
    (("quotes", 1, "name"), "A", 'quotes: the quote "A" is there twice; give every quote its own name'),
    (
        (*A, "currency"),
        "GBP",
        'quotes[0].currency: there is no exchange rate for "GBP"; '
        "add it to fx as base-currency units for one unit of it",
    ),
    ((*A, "currency"), REMOVED, "quotes[0].currency: is missing; give it a value"),
    ((*A, "headline"), -1, f"quotes[0].headline: -1 {NEGATIVE}"),
    ((*A, "escalation"), -1, "quotes[0].escalation: -1 is not more than -1; give a number above -1"),
    (
        (*A, "cancellation", "batch"),
        50,
        "quotes[0].cancellation.batch: 50 is more than 1; give at most 1 (0.25 for 25 %)",
    ),
    ((*A, "lines"), REMOVED, "quotes[0].lines: is missing; give it a value"),
    # -- lines
    ((*LINES, 0, "code"), REMOVED, "quotes[0].lines[0].code: is missing; give it a value"),
    (
        (*LINES, 0, "state"),
        "maybe",
        'quotes[0].lines[0].state: "maybe" is not a state; write one of quoted, included, excluded, not_quoted',
    ),
    ((*LINES, 0, "unit_price"), REMOVED, "quotes[0].lines[0].unit_price: is missing; give it a value"),
    ((*LINES, 0, "unit_price"), -5, f"quotes[0].lines[0].unit_price: -5 {NEGATIVE}"),
    (
        (*LINES, 0, "unit_price"),
        "1.250,50",
        f'quotes[0].lines[0].unit_price: "1.250,50" is not a number; {NO_NUMBER}',
    ),
    (
        (*LINES, 0, "unit_price"),
        1e200,
        "quotes[0].lines[0].unit_price: a number of the order of 1e200 cannot be meant; "
        "give 0 or a number between 1e-30 and 1e30",
    ),
    ((*LINES, 0, "markup"), -0.1, f"quotes[0].lines[0].markup: -0.1 {NEGATIVE}"),
    (
        (*LINES, 0, "makrup"),
        0.1,
        "quotes[0].lines[0].makrup: is not a known name; write markup, or leave it out",
    ),
    ((*LINES, 0, "quantity"), REMOVED, "quotes[0].lines[0].quantity: is missing; give it a value"),
    (
        (*LINES, 0, "quantity"),
        {},
        "quotes[0].lines[0].quantity: has 0 of per_period, driver, drivers, share_of; give exactly one of them",
    ),
    (
        (*LINES, 0, "quantity", "per_period"),
        [1, 1],
        "quotes[0].lines[0].quantity: has 2 of per_period, driver, drivers, share_of; give exactly one of them",
    ),
    (
        (*LINES, 0, "quantity", "driver"),
        "batches",
        'quotes[0].lines[0].quantity: "batches" is not a driver of scenario "base"; '
        "add the driver to the scenario, or name one it has",
    ),
    (
        (*LINES, 1, "quantity", "drivers"),
        [],
        "quotes[0].lines[1].quantity.drivers: is empty; give at least 1",
    ),
    (
        (*LINES, 2, "quantity", "per_period"),
        [1, -1],
        f"quotes[0].lines[2].quantity.per_period[1]: -1 {NEGATIVE}",
    ),
    (
        (*LINES, 2, "quantity", "per_period"),
        [1, 1, 1],
        "quotes[0].lines[2].quantity.per_period: has 3 values; give 2, one for each period",
    ),
    (
        (*LINES, 2, "take_or_pay", "committed"),
        REMOVED,
        "quotes[0].lines[2].take_or_pay.committed: is missing; give it a value",
    ),
    (
        (*LINES, 2, "take_or_pay", "share"),
        80,
        "quotes[0].lines[2].take_or_pay.share: 80 is more than 1; give at most 1 (0.25 for 25 %)",
    ),
    # -- tiers
    (
        (*LINES, 1, "unit_price"),
        9,
        "quotes[0].lines[1]: has both unit_price and tiers; keep the one that is meant",
    ),
    ((*LINES, 1, "tiers"), [], "quotes[0].lines[1].tiers: is empty; give at least 1"),
    (
        (*LINES, 1, "tiers", 1, "from"),
        0,
        "quotes[0].lines[1].tiers[1].from: 0 does not come after 0, where the tier above starts; "
        "sort the tiers by `from` and let each quantity start only one",
    ),
    (
        (*LINES, 1, "tiers", 0, "from"),
        20,
        "quotes[0].lines[1].tiers[1].from: 10 does not come after 20, where the tier above starts; "
        "sort the tiers by `from` and let each quantity start only one",
    ),
    (
        (*LINES, 1, "tiers", 1, "unit_price"),
        REMOVED,
        "quotes[0].lines[1].tiers[1].unit_price: is missing; give it a value",
    ),
    # -- shares
    (
        (*LINES, 3, "quantity", "share_of"),
        "btach",
        'quotes[0].lines[3].quantity.share_of: "btach" is neither a line of this quote nor in the scope; '
        "name a code that is",
    ),
    (
        (*LINES, 3, "quantity", "share_of"),
        "pm",
        'quotes[0].lines[3].quantity.share_of: "pm" → "pm" are shares of each other in a circle; '
        "give one of them a quantity and price of its own",
    ),
    (
        (*LINES, 3, "quantity", "share"),
        REMOVED,
        "quotes[0].lines[3].quantity.share: is missing; give it a value",
    ),
    ((*LINES, 3, "quantity", "share"), -0.1, f"quotes[0].lines[3].quantity.share: -0.1 {NEGATIVE}"),
    (
        (*LINES, 3, "take_or_pay"),
        {"committed": [1, 1], "share": 1},
        "quotes[0].lines[3].take_or_pay: cannot be used with share_of; leave it out, or give a quantity of its own",
    ),
    (
        (*LINES, 3, "unit_price"),
        500,
        "quotes[0].lines[3].unit_price: a share of another line follows that line's price and escalation; "
        "leave unit_price out, or give the line a quantity of its own",
    ),
    (
        (*LINES, 4),
        {"code": "batch", "state": "excluded"},
        'quotes[0].lines[4]: "batch" is excluded here and quoted in a line above; say one thing about each code',
    ),
]


@pytest.mark.parametrize(
    ("path", "value", "message"), MISTAKES, ids=[message.split(":")[0] for _, _, message in MISTAKES]
)
def test_a_mistake_in_a_programme_is_named_with_its_field_and_remedy(path, value, message):
    question = {"family": "programme", "input": changed(valid(), path, value)}
    assert refusal(json.dumps(question)) == message


CIRCLE = "are shares of each other in a circle; give one of them a quantity and price of its own"


def test_a_circle_of_several_shares_is_shown():
    def share(code, of):
        return line(code, quantity={"share_of": of, "share": 0.5})

    own = line("a", 5, 1, 1)
    data = programme(quote("A", own, share("a", "b"), share("b", "c"), share("c", "a")), scope=["a"])
    found = refusal(json.dumps({"family": "programme", "input": data}))
    field, circle = found.split(": ", 1)
    assert (field, circle) in [
        (f"quotes[0].lines[{index}].quantity.share_of", f"{names} {CIRCLE}")
        for index, names in (
            (1, '"a" → "b" → "c" → "a"'),
            (2, '"b" → "c" → "a" → "b"'),
            (3, '"c" → "a" → "b" → "c"'),
        )
    ]


LEASE = case("lease-arrears")["input"]
PLANT = case("make-or-buy-biologics")["input"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("price",), REMOVED, "price: is missing; give it a value"),
        (("price",), -1, f"price: -1 {NEGATIVE}"),
        (("years",), 2.5, "years: 2.5 does not fit; give a whole number from 1 to 1000"),
        (("years",), 0, "years: 0 is less than 1; give 1 or more"),
        (("lease_payment",), [1, 2], "lease_payment: has 2 values; give 4, one for each period"),
        (("lease_payment",), "1", f'lease_payment: "1" is not a number; {NO_NUMBER}'),
        (("tax_rate",), 21, "tax_rate: 21 is more than 1; give at most 1 (0.25 for 25 %)"),
        (("debt_rate",), -0.01, f"debt_rate: -0.01 {NEGATIVE}"),
        (("depreciation",), [1, 1, 1], "depreciation: has 3 values; give 4, one for each period"),
        (("residual_rate",), -1, "residual_rate: -1 is not more than -1; give a number above -1"),
        (("in_advance",), "yes", 'in_advance: "yes" is neither true nor false; write true or false'),
        (("in_advanced",), True, "in_advanced: is not a known name; write in_advance, or leave it out"),
    ],
)
def test_a_mistake_in_a_lease_is_named(path, value, message):
    data = changed(dict(LEASE), path, value)
    assert refusal(json.dumps({"family": "lease_or_buy", "input": data})) == message


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("batches",), [], "batches: is empty; give at least 1"),
        (("batches",), [1, 2], "probability: has 6 values; give 2, one for each period"),
        (("probability", 2), 1.5, "probability[2]: 1.5 is more than 1; give at most 1 (0.25 for 25 %)"),
        (("make",), REMOVED, "make: is missing; give it a value"),
        (("make", "life_years"), 0, "make.life_years: 0 is not more than 0; give a number above 0"),
        (("make", "life_years"), 5000, "make.life_years: 5000 is too long; give at most 1000 years"),
        (("make", "fixed"), [1], "make.fixed: has 1 values; give 6, one for each period"),
        (("make", "variable_per_batch"), -1, f"make.variable_per_batch: -1 {NEGATIVE}"),
        (("buy", "price_per_batch"), REMOVED, "buy.price_per_batch: is missing; give it a value"),
        (("buy", "cost", 0), None, f"buy.cost[0]: null is not a number; {NO_NUMBER}"),
        (("tax_rate",), 1.21, "tax_rate: 1.21 is more than 1; give at most 1 (0.25 for 25 %)"),
    ],
)
def test_a_mistake_in_a_make_or_buy_question_is_named(path, value, message):
    data = changed(json.loads(json.dumps(PLANT)), path, value)
    assert refusal(json.dumps({"family": "make_or_buy", "input": data})) == message


FAMILIES = "programme, lease_or_buy, make_or_buy"
UNNAMED = "Expecting property name enclosed in double quotes"
ONE_OBJECT = "send one JSON object on standard input"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", f"input: is not JSON (Expecting value, line 1, column 1); {ONE_OBJECT}"),
        ("{]", f"input: is not JSON ({UNNAMED}, line 1, column 2); {ONE_OBJECT}"),
        (b"\xff\xfe\x00", f"input: is not UTF-8 text (byte 0); {ONE_OBJECT}"),
        ("[1]", "input: [1.0] is not an object; write it as {…} with named values"),
        ("{}", f"family: is missing; write one of {FAMILIES}"),
        ('{"family": "lease", "input": {}}', f'family: "lease" is unknown; write one of {FAMILIES}'),
        ('{"family": "programme"}', "input: null is not an object; write it as {…} with named values"),
        ('{"cases": 3}', "cases: 3 is not a list; write it as […]"),
        ('{"cases": [3]}', "cases[0]: 3 is not an object; write it as {…} with named values"),
        ('{"cases": [{"input": {}}]}', f"cases[0], family: is missing; write one of {FAMILIES}"),
        ('{"cases": [{"id": "x", "family": "lease_or_buy", "input": {}}]}',
         'case "x", price: is missing; give it a value'),
        ('{"family": 1, "family": 2}', '"family": is there twice in one object; keep the one that is meant'),
        ("[" * 100_000, "the input is nested too deeply; send plain objects and lists"),
        ('{"family": "a\\nb", "input": {}}', f'family: "a\\nb" is unknown; write one of {FAMILIES}'),
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused(source, message):
    assert refusal(source) == message


@pytest.mark.parametrize(
    ("number", "shown"), [("NaN", "NaN"), ("Infinity", "Infinity"), ("-Infinity", "-Infinity")]
)
def test_numbers_that_are_none_are_refused_where_they_stand(number, shown):
    source = json.dumps({"family": "lease_or_buy", "input": LEASE}).replace("5600000", number)
    assert refusal(source) == f"price: {shown} is not a finite number; give a number"


def test_an_exponent_beyond_every_number_is_refused_where_it_stands():
    source = json.dumps({"family": "lease_or_buy", "input": LEASE}).replace("5600000", "1e" + "9" * 40)
    assert refusal(source) == "price: Infinity is not a finite number; give a number"


def test_a_result_too_large_to_write_down_is_refused():
    extreme = {**LEASE, "years": 1000, "residual": 1e30, "residual_rate": -0.99999}
    message = "a result is too large to write down; check rates and prices for misplaced digits"
    assert refusal(json.dumps({"family": "lease_or_buy", "input": extreme})) == message


def test_one_bad_case_refuses_all_of_them():
    cases = [case("lease-arrears"), case("make-or-buy-biologics")]
    cases[1]["input"]["tax_rate"] = "21 %"
    assert refusal(json.dumps({"cases": cases})) == (
        f'case "make-or-buy-biologics", tax_rate: "21 %" is not a number; {NO_NUMBER}'
    )


def test_a_form_gets_field_problem_and_remedy_apart():
    with pytest.raises(CostingError) as caught:
        read_programme(changed(valid(), (*LINES, 0, "unit_price"), -5))
    error = caught.value
    assert (error.field, error.problem) == ("quotes[0].lines[0].unit_price", "-5 is negative")
    assert error.remedy == "give 0 or more"


def test_python_numbers_count_as_the_digits_they_print():
    assert (
        lease_or_buy(read_lease({**LEASE, "tax_rate": 0.1, "debt_rate": 0.2})).after_tax_debt_rate * 100 == 18
    )
