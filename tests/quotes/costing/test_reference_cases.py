"""The reference cases, through the command line a reader of the document would use."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.quotes.costing.builders import CASES, case

ROOT = Path(__file__).resolve().parents[3]


def ask(question):
    """What `python -m quotes.costing` answers."""
    run = subprocess.run(
        [sys.executable, "-m", "quotes.costing"],
        input=json.dumps(question),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return json.loads(run.stdout)


def expected(value):
    """Amounts to 1e-9 relative, names and flags exactly, and no key more or less."""
    if isinstance(value, dict):
        return {key: expected(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-9, abs=0)
    return value


def test_all_cases_in_one_run_come_back_in_order():
    results = ask({"cases": CASES})["results"]
    assert [result.pop("id") for result in results] == [item["id"] for item in CASES]
    assert results == [expected(item["expected"]) for item in CASES]


@pytest.mark.parametrize("identifier", [item["id"] for item in CASES if item["family"] != "programme"])
def test_a_single_question_gets_a_single_object(identifier):
    one = case(identifier)
    assert ask({"family": one["family"], "input": one["input"]}) == expected(one["expected"])


def test_a_single_programme_is_not_wrapped_either():
    one = case("programme-tiers-take-or-pay")
    assert ask({"family": one["family"], "input": one["input"]}) == expected(one["expected"])


def test_no_cases_give_no_results():
    assert ask({"cases": []}) == {"results": []}


def test_ids_may_be_numbers_and_may_be_left_out():
    lease = case("lease-arrears")
    asked = [{"id": 7, "family": "lease_or_buy", "input": lease["input"]}]
    asked.append({"family": "lease_or_buy", "input": lease["input"]})
    assert [result["id"] for result in ask({"cases": asked})["results"]] == [7, None]
