"""`python -m tests.bench [NAME…]`: runs the benchmarks and writes docs/benchmarks.md.

A benchmark is a module in this folder with a docstring and `run() -> list[Row]`, and perhaps `remarks() -> str`
for what follows its table. Each one's section is written as soon as it has run; the sections of the others stay as
they are, each with its own date and revision. A benchmark that fails is named at the end and keeps its old section.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import platform
import re
import subprocess
import sys
import traceback
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

    failed = []
    for name in options.name or available:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            module = importlib.import_module(f"tests.bench.{name}")
            load = os.getloadavg()[1]
            text = section(name, module.__doc__ or "", measured(load), module.run())
            if hasattr(module, "remarks"):
                text += f"\n{module.remarks().strip()}\n"
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        print(text, flush=True)
        write(name, text)
    if failed:
        print(f"Failed: {', '.join(failed)}", file=sys.stderr)
    print(f"Written to {DOCUMENT.relative_to(ROOT)}", file=sys.stderr)
    return 1 if failed else 0


HEADING = """# Benchmarks

Written by `make bench`, section by section. Times depend on the machine; the ratios are what to compare.
"""


def measured(load: float) -> str:
    """When, of what and where a section was measured; `load`: of the five minutes before it."""
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} at revision {revision or 'unknown'}: Python "
        f"{platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}, load before it {load:.1f}."
    )


def write(name: str, text: str) -> None:
    """Put a section in its place in the document, in the order of the names."""
    document = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    sections = {
        found.split("\n", 1)[0]: found for found in re.split(r"^## ", document, flags=re.MULTILINE)[1:]
    }
    sections[title(name)] = text.removeprefix("## ")
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(
        "\n".join([HEADING, *(f"## {sections[key].strip()}\n" for key in sorted(sections))]), encoding="utf-8"
    )


def title(name: str) -> str:
    return name.replace("_", " ")


def section(name: str, description: str, measured: str, rows: list[Row]) -> str:
    """One benchmark as Markdown; the ratio is to the first row of the same unit."""
    lines = [f"## {title(name)}", "", description.strip(), "", measured, ""]
    lines += ["| case | value | unit | ratio |", "|---|---:|---|---:|"]
    first: dict[str, float] = {}
    for row in rows:
        base = first.setdefault(row.unit, row.value)
        ratio = f"{row.value / base:.2f}" if base else "unknown"
        lines.append(f"| {row.case} | {row.value:,.4g} | {row.unit} | {ratio} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
