"""What the command line says about a bad input, and how to make an input bad."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path

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
    """The input with one value replaced (or removed); the value itself stays as it is, whatever is changed later."""
    *above, last = path
    target = data
    for key in above:
        target = target[key]
    if value is REMOVED:
        del target[last]
    elif isinstance(last, int) and last == len(target):
        target.append(deepcopy(value))
    else:
        target[last] = deepcopy(value)
    return data


NO_NUMBER = "write it as a number without quotes, such as 1250.5"
NEGATIVE = "is negative; give 0 or more"
