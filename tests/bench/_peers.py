"""Other libraries to measure against, from var/bench-peers; never part of the product's environment."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

PLACE = Path(__file__).resolve().parents[2] / "var" / "bench-peers"
HOW = "not installed: `make bench` installs requirements/bench.txt into var/bench-peers"


def peer(module: str) -> ModuleType | None:
    """The module, or None (said once on standard error). Our own NumPy comes first."""
    if PLACE.is_dir() and str(PLACE) not in sys.path:
        sys.path.append(str(PLACE))
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        if name not in _said:
            _said.add(name)
            print(f"{name} {HOW} ({error})", file=sys.stderr)
        return None


_said: set[str] = set()
