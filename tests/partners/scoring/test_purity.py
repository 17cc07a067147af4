"""The engine stands alone: no Django, not even by way of another module of the project."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("django", "quotes", "cmo_selector"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
import datetime, pkgutil
import partners.scoring as engine
for module in pkgutil.iter_modules(engine.__path__):
    __import__(f"partners.scoring.{module.name}")
from partners.scoring import default_weights, rank
from partners.scoring.types import Brief, PartnerFacts
ranking = rank([PartnerFacts(1, "a", "A", True)], Brief(datetime.date(2026, 1, 1), 4, ()), default_weights(4))
print(ranking.results[0].group, "django" in sys.modules)
"""


def test_the_engine_imports_and_ranks_with_django_blocked():
    run = subprocess.run(
        [sys.executable, "-c", BLOCKED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "insufficient False\n", "")
