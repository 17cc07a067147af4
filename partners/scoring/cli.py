"""`python -m partners.scoring < problem.json`: decision problems in, results out, without Django.

Standard input holds one case {"family": …, "input": {…}} or {"cases": […]}; standard output gets one object or
{"results": [{"id": …, …}]} in the same order. A bad problem is one line on standard error and exit status 2.
"""

from __future__ import annotations

import json
import sys
from typing import NoReturn

from .methods.checks import BadProblem, kind_of
from .problems import solve

LONGEST_LINE = 500
USAGE = 'Usage: python -m partners.scoring < problem.json   ({"family": …, "input": {…}} or {"cases": […]})'


def read(data: bytes) -> object:
    """The JSON document; NaN, Infinity and nonsense are refused in words."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadProblem("The input is not UTF-8 text.") from None
    if not text.strip():
        raise BadProblem("The input is empty.")
    try:
        return json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise BadProblem(f"The input is not valid JSON: {error.msg} (line {error.lineno}).") from None
    except RecursionError:
        raise BadProblem("The input is nested too deeply.") from None
    except BadProblem:
        raise
    except ValueError:
        raise BadProblem("The input holds a number with too many digits.") from None


def _refuse(constant: str) -> NoReturn:
    raise BadProblem(f"The input holds {constant}, which is not a number.")


def answer(document: object) -> dict[str, object]:
    """Solve a document: one case or many."""
    if not isinstance(document, dict):
        raise BadProblem(f"The input must be an object with a family or with cases, not {kind_of(document)}.")
    if "cases" not in document:
        return _solved(document)
    cases = document["cases"]
    if not isinstance(cases, list):
        raise BadProblem(f"cases must be a list, not {kind_of(cases)}.")
    results: list[dict[str, object]] = []
    for i, case in enumerate(cases, 1):
        name = f"Case {i}"
        if isinstance(case, dict) and isinstance(case.get("id"), str):
            name = f"Case {i} ({case['id']})"
        try:
            if not isinstance(case, dict):
                raise BadProblem(f"A case must be an object, not {kind_of(case)}.")
            results.append({"id": None, **_solved(case)})
        except BadProblem as error:
            raise BadProblem(f"{name}: {error}") from None
    return {"results": results}


def _solved(case: dict[str, object]) -> dict[str, object]:
    identity = case.get("id")
    if identity is not None and (isinstance(identity, bool) or not isinstance(identity, str | int | float)):
        raise BadProblem(f"The id must be a text or a number, not {kind_of(identity)}.")
    if "family" not in case:
        raise BadProblem("The case has no family.")
    try:
        solved = solve(case["family"], case.get("input"))
    except BadProblem:
        raise
    except MemoryError:
        raise BadProblem("The problem does not fit into memory.") from None
    except (ArithmeticError, ValueError) as error:
        raise BadProblem(f"It cannot be computed: {error}") from None
    return {**({"id": identity} if identity is not None else {}), **solved}


def one_line(message: object) -> str:
    """A message without line breaks and control characters, of bearable length."""
    text = "".join(c if c.isprintable() else " " for c in str(message))
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…"


def main(arguments: list[str]) -> int:
    """Run the command; the exit status is 0 or 2."""
    if arguments in (["-h"], ["--help"]):
        print(__doc__)
        return 0
    try:
        if arguments:
            raise BadProblem(USAGE)
        output = json.dumps(answer(read(sys.stdin.buffer.read())), allow_nan=False)
    except BadProblem as error:
        print(one_line(error), file=sys.stderr)
        return 2
    except Exception as error:
        print(one_line(f"Internal error, please report: {type(error).__name__}: {error}"), file=sys.stderr)
        return 2
    try:
        print(output, flush=True)
    except BrokenPipeError:  # the reader went away, which is its own business
        sys.stderr.close()
    return 0
