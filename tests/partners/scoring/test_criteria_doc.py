"""docs/criteria.md says what the engine counts."""

import re
from pathlib import Path

from partners.scoring import LAYOUTS
from partners.scoring.types import CRITERIA

DOC = Path(__file__).parents[3] / "docs" / "criteria.md"


def written():
    """Criterion → its table's rows without the last column."""
    found = {}
    for part in DOC.read_text(encoding="utf-8").split("\n## ")[1:]:
        code, label = re.match(r"(C\d+) (.+)", part).groups()
        rows = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
        found[code] = (label, [row[:4] for row in rows[1:]])
    return found


def of_layouts(criterion):
    codes = dict.fromkeys(part.code for layout in LAYOUTS.values() for part in layout[criterion])
    rows = []
    for code in codes:
        parts = [next((p for p in layout[criterion] if p.code == code), None) for layout in LAYOUTS.values()]
        totals = [sum(p.share for p in layout[criterion]) for layout in LAYOUTS.values()]
        shares = [f"{100 * p.share / t:.0f} %" if p else "-" for p, t in zip(parts, totals, strict=True)]
        rows.append([" / ".join(dict.fromkeys(p.label for p in parts if p)), *shares])
    return rows


def test_the_documents_sub_criteria_and_shares_are_those_of_the_layouts():
    assert list(LAYOUTS) == ["drug", "clinical", "device"]
    assert written() == {code: (label, of_layouts(code)) for code, label in CRITERIA.items()}
