"""The one error of the costing engine: a field, what is wrong with it, and what to do about it."""

from __future__ import annotations

import json
from decimal import Decimal


class CostingError(ValueError):
    """An input that cannot be costed.

    `field` is the path of the value in the input (`quotes[1].lines[3].unit_price`), `problem` and
    `remedy` are halves of one sentence, so that a form can show them beside the field it knows.
    """

    def __init__(self, field: str, problem: str, remedy: str) -> None:
        self.field = field
        self.problem = problem
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        """One line, whatever was in the input."""
        return (
            f"{self.field}: {self.problem}; {self.remedy}" if self.field else f"{self.problem}; {self.remedy}"
        )


def shown(value: object, *, longest: int = 60) -> str:
    """A value of the input as it may stand in a message: one line, plain characters, not too long."""
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, default=_plain)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _plain(value: object) -> object:
    return float(value) if isinstance(value, Decimal) else str(value)
