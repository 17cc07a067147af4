"""Bad input: one line on standard error that names the field and the remedy, status 2, nothing else.

Every case goes through a real process, as a user of `python -m quotes.costing` would send it.
"""

import json

import pytest

from quotes.costing import lease_or_buy, read_lease
from tests.quotes.costing.builders import case
from tests.quotes.costing.unhappy import NEGATIVE, NO_NUMBER, REMOVED, changed, refusal

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


def test_python_numbers_count_as_the_digits_they_print():
    assert (
        lease_or_buy(read_lease({**LEASE, "tax_rate": 0.1, "debt_rate": 0.2})).after_tax_debt_rate * 100 == 18
    )
