"""`python -m partners.scoring`: the reference cases of every family, and one readable line for a bad problem."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
CASES = json.loads((Path(__file__).parents[1] / "mcda_cases.json").read_text())["cases"]


def run(text: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "partners.scoring"],
        cwd=ROOT,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def results() -> dict:
    problems = [{"id": c["id"], "family": c["family"], "input": c["input"]} for c in CASES]
    done = run(json.dumps({"cases": problems}))
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)["results"]
    assert [r["id"] for r in found] == [c["id"] for c in CASES]
    return {r["id"]: r for r in found}


def agree(expected, found, tolerance: float) -> bool:
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(agree(e, f, tolerance) for e, f in zip(expected, found, strict=True))
        )
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and agree(value, found[key], tolerance) for key, value in expected.items()
        )
    if expected is None or isinstance(expected, bool | str):
        return expected == found
    return isinstance(found, int | float) and abs(expected - found) <= tolerance


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_a_reference_case_comes_out_as_published(case, results):
    given = case["tolerance"]
    wrong = {
        key: (value, results[case["id"]].get(key))
        for key, value in case["expected"].items()
        if not agree(
            value, results[case["id"]].get(key), given.get(key, 1e-6) if isinstance(given, dict) else given
        )
    }
    assert wrong == {}


def test_one_case_gives_one_object_and_repeats_bit_for_bit():
    case = next(c for c in CASES if c["family"] == "smaa")
    text = json.dumps({"family": case["family"], "input": case["input"]})
    first, second = run(text), run(text)
    assert first.returncode == 0
    assert "results" not in json.loads(first.stdout)
    assert first.stdout == second.stdout


WSM = {"matrix": [[1, 2], [3, 4]], "weights": [1, 1], "types": ["max", "max"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "The input is empty."),
        ("nope", "not valid JSON"),
        ("[]", "must be an object"),
        ("{}", "no family"),
        ('{"cases": 5}', "cases must be a list"),
        ('{"family": "x", "input": {}}', "Unknown family “x”"),
        ('{"family": "wsm", "input": {"matrix": [[1, NaN]], "weights": [1, 1]}}', "NaN"),
        (json.dumps({"family": "wsm", "input": {**WSM, "weights": [0, 0]}}), "weight"),
        (json.dumps({"family": "wsm", "input": {**WSM, "weights": [-1, 2]}}), "weight"),
        (json.dumps({"family": "wsm", "input": {**WSM, "weights": [1, 1, 1]}}), "weight"),
        (json.dumps({"family": "wsm", "input": {**WSM, "matrix": [[1, 2], [3]]}}), "matrix"),
        (json.dumps({"family": "wsm", "input": {**WSM, "matrix": [["a", 2], [3, 4]]}}), "matrix"),
        ("[" * 100_000, ""),
    ],
)
def test_a_bad_problem_is_one_readable_line_and_exit_status_2(text, words):
    done = run(text)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
