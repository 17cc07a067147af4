"""The engine stands alone: no Django, not even by way of another module of the project."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        top = name.split(".")[0]
        inside = name == "quotes" or name == "quotes.costing" or name.startswith("quotes.costing.")
        if top in ("django", "numpy", "partners", "cmo_selector") or (top == "quotes" and not inside):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocker())
import pkgutil
import quotes.costing as engine
for module in pkgutil.iter_modules(engine.__path__):
    if module.name != "__main__":
        __import__(f"quotes.costing.{module.name}")
lease = {"price": 100, "years": 1, "lease_payment": 50, "tax_rate": 0, "debt_rate": 0}
print(engine.lease_or_buy(engine.read_lease(lease)).nal, "django" in sys.modules)
"""


def test_the_engine_imports_and_calculates_with_django_blocked():
    run = subprocess.run(
        [sys.executable, "-c", BLOCKED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "50 False\n", "")
