"""The costing engine: from quotes that cannot be compared to one programme cost each.

Pure Python with `Decimal`, importable without Django; `python -m quotes.costing` reads JSON. Every input is read
and checked by its `read_…` function (plain mappings in, CostingError naming the field), then calculated:
`compare(read_programme(data))`, `lease_or_buy(read_lease(data))`, `make_or_buy(read_make_or_buy(data))`.
"""

from .errors import CostingError
from .lease import lease_or_buy, read_lease
from .make_or_buy import make_or_buy, read_make_or_buy
from .programme import compare
from .programme_input import read_programme
from .scenarios import MOST_PLUGGED, delay_cost, success_adjusted_npv
from .units import batches_needed, cost_per

__all__ = [
    "MOST_PLUGGED",
    "CostingError",
    "batches_needed",
    "compare",
    "cost_per",
    "delay_cost",
    "lease_or_buy",
    "make_or_buy",
    "read_lease",
    "read_make_or_buy",
    "read_programme",
    "success_adjusted_npv",
]
