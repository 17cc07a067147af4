"""`python -m tests.bench [NAME…]`: runs the benchmarks and writes docs/benchmarks.md.

A benchmark is a module in this folder with a docstring and `run() -> list[Row]`, and perhaps `remarks() -> str`
for what follows its table. Run without names,
all of them run and the document is written; with names, only those, and it is only printed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import Row

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "benchmarks.md"


def main(arguments: list[str]) -> int:
    available = sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)]) if m.name[0] != "_")
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("name", nargs="*", help=f"one of: {', '.join(available) or 'none yet'}")
    parser.add_argument("--partners", type=int, help="size of the browse benchmark, 100000 unless given")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.name) - set(available)):
        parser.error(f"no such benchmark: {', '.join(unknown)}")

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cmo_selector.settings")
    os.environ.setdefault("CMO_ENV", "demo")
    os.environ.setdefault("CMO_PROCESS", "command")
    os.environ.setdefault("EMBEDDED_DB_NAME", "bench")
    if options.partners:
        os.environ["BENCH_PARTNERS"] = str(options.partners)
    import django

    django.setup()

    sections = []
    for name in options.name or available:
        module = importlib.import_module(f"tests.bench.{name}")
        print(f"{name} …", file=sys.stderr, flush=True)
        sections.append(section(name, module.__doc__ or "", module.run()))
        if hasattr(module, "remarks"):
            sections.append(f"{module.remarks()}\n")
    document = "\n".join([heading(), *sections])
    print(document)
    if not options.name:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(document, encoding="utf-8")
        print(f"Written to {DOCUMENT.relative_to(ROOT)}", file=sys.stderr)
    return 0


def heading() -> str:
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        "# Benchmarks\n\n"
        f"Written by `make bench` on {datetime.now(UTC):%Y-%m-%d} at revision {revision or 'unknown'}; "
        f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}. "
        "Times depend on the machine; the ratios are what to compare.\n"
    )


def section(name: str, description: str, rows: list[Row]) -> str:
    """One benchmark as Markdown; the ratio is to the first row of the same unit."""
    lines = [f"## {name.replace('_', ' ')}", "", description.strip(), ""]
    lines += ["| case | value | unit | ratio |", "|---|---:|---|---:|"]
    first: dict[str, float] = {}
    for row in rows:
        base = first.setdefault(row.unit, row.value)
        ratio = f"{row.value / base:.2f}" if base else "unknown"
        lines.append(f"| {row.case} | {row.value:,.4g} | {row.unit} | {ratio} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
