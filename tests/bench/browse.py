"""Browsing a synthetic catalogue of 100,000 partners (`--partners` changes it), and one of 1,000.

“Page” is the whole answer of `/partners/` for a signed-in sourcing manager, best of several; “without counts” is
the same page, entry for entry, with its counts computed beforehand. Counts of searches that ask nothing are kept
until the catalogue changes; they are thrown away before every measurement here, so that each is a first one.
Facets and counts ask the database nothing: they are answered from columns in memory, which each process reads when it
starts, on a new day and after a change of a vocabulary (“reading the columns”); after other changes it reads the
partners that changed (“after a change of one”). The plans are those of all queries that a page with the facet chosen,
or another page, still needs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from tests.bench import Row

SMALL = 1_000
DEFAULT = 100_000
_plans: dict[str, list[str]] = {}
_others: dict[str, list[str]] = {}


def run() -> list[Row]:
    partners = int(os.environ.get("BENCH_PARTNERS", DEFAULT))
    small, large = _measured(SMALL), _measured(partners)
    rows = []
    for name, page in large["pages"].items():
        other = small["pages"][name]
        label = f"{name} ({page['found']:,} found)"
        rows += [
            Row(f"{label}: page on {SMALL:,} partners", other["with"]),
            Row(f"{label}: page on {partners:,} partners", page["with"]),
            Row(f"{label}: the same without counts", page["without"]),
            Row(f"{label}: with counts ÷ without, at most 2", page["with"] / page["without"], "times"),
            Row(
                f"{label}: {partners:,} ÷ {SMALL:,} partners, at most 10",
                page["with"] / other["with"],
                "times",
            ),
        ]
    for name, taken in large["others"].items():
        other = small["others"][name]
        rows += [
            Row(f"{name}: {SMALL:,} partners", other),
            Row(f"{name}: {partners:,} partners", taken),
            Row(f"{name}: {partners:,} ÷ {SMALL:,} partners", taken / other, "times"),
        ]
    for name, file in large["exports"].items():
        other = small["exports"][name]
        rows += [
            Row(f"{name}: {one['partners']:,} partners, for each", one["ms"] / one["partners"])
            for one in (other, file)
        ]
        rows += [
            Row(f"{name}: {file['partners']:,} partners, size", file["size"] / 1e6, "MB"),
            Row(
                f"{name}: {file['partners']:,} partners, memory beyond the process's own",
                file["memory"] / 1e6,
                "MB",
            ),
        ]
    for catalogue, size in ((small, SMALL), (large, partners)):
        rows.append(Row(f"columns of {size:,} partners after a change of one", catalogue["changed ms"]))
    rows.append(Row(f"reading the columns of {SMALL:,} partners", small["load ms"]))
    rows.append(Row(f"reading the columns of {partners:,} partners", large["load ms"]))
    for what, number in zip(("partners", "sites", "processes"), large["sizes"], strict=True):
        rows.append(Row(what, number, "rows"))
    if large["seed seconds"]:
        rows.append(Row(f"seed_scale --partners {partners}", large["seed seconds"], "s"))
    _plans.clear()
    _plans.update(large["plans"])
    _others.clear()
    _others.update(large["other plans"])
    return rows


def remarks() -> str:
    """The plans' node types, after the table: what all facets have in common once, then what each adds."""
    common = set.intersection(*map(set, _plans.values())) if _plans else set()
    lines = ["Plan nodes of the queries of every page: " + "; ".join(sorted(common)) + ".", ""]
    lines += ["| facet chosen | plan nodes beside them |", "|---|---|"]
    for name, nodes in _plans.items():
        lines.append(f"| {name} | {'; '.join(sorted(set(nodes) - common)) or 'none'} |")
    lines += ["", "| other page | plan nodes beside those of every page |", "|---|---|"]
    for name, nodes in _others.items():
        lines.append(f"| {name} | {'; '.join(sorted(set(nodes) - common)) or 'none'} |")
    every = [*_plans.values(), *_others.values()]
    large = sorted({node for nodes in every for node in nodes if "LARGE" in node})
    lines += ["", f"Sequential scans of tables with more than 10,000 rows: {', '.join(large) or 'none'}."]
    return "\n".join(lines)


def _measured(partners: int) -> dict:
    """The measurements of `_browse` in a process of its own, on a database that is made once and kept."""
    environment = {**os.environ, "EMBEDDED_DB_NAME": f"bench_browse_{partners}_r", "CMO_PROCESS": "command"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench._browse", str(partners)],
        env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)
