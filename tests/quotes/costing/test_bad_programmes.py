"""Mistakes in a programme: one line that names the field and the remedy, status 2, through a real process."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quotes.costing import CostingError, read_programme
from quotes.costing.cli import run
from tests.quotes.costing.builders import line, programme, quote
from tests.quotes.costing.unhappy import NEGATIVE, NO_NUMBER, REMOVED, changed, refusal


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
    ((*LINES, 0, "discount"), -5, f"quotes[0].lines[0].discount: -5 {NEGATIVE}"),
    (
        (*LINES, 3, "discount"),
        5,
        "quotes[0].lines[3].discount: cannot be used with share_of; leave it out, or give a quantity of its own",
    ),
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


def test_a_form_gets_field_problem_and_remedy_apart():
    with pytest.raises(CostingError) as caught:
        read_programme(changed(valid(), (*LINES, 0, "unit_price"), -5))
    error = caught.value
    assert (error.field, error.problem) == ("quotes[0].lines[0].unit_price", "-5 is negative")
    assert error.remedy == "give 0 or more"


def paths(value, above=()):
    """Where a value can be replaced: every key and index of the input."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        yield (*above, key)
        yield from paths(child, (*above, key))


WEIRD = [
    None, True, 0, -1, 1e30, 1e-30, 1e308, float("nan"), float("inf"), "", "batch", "\ud800\n", [], [[]], {}, {"": 0},
    [1, 1], [1e30, 1e30], ["gmp"], {"per_period": [1, 1]}, REMOVED,
]  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(list(paths(valid()))), st.sampled_from(WEIRD)), max_size=3))
def test_whatever_stands_in_a_programme_is_answered_or_refused_in_one_line(changes):
    data = valid()
    for path, value in changes:
        try:
            data = changed(data, path, value)
        except (KeyError, IndexError, TypeError, AttributeError):  # an earlier change removed the place
            continue
    output, errors = io.StringIO(), io.StringIO()
    status = run(json.dumps({"family": "programme", "input": data}).encode(), output, errors)
    if status == 0:
        answer = json.loads(output.getvalue(), parse_constant=pytest.fail)
        assert (len(answer["quotes"]), errors.getvalue()) == (len(data["quotes"]), "")
    else:
        assert (status, output.getvalue()) == (2, "")
        assert len(errors.getvalue().splitlines()) == 1
        assert errors.getvalue().removesuffix("\n").isprintable()
