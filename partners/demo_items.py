"""One JSON object on its way into the catalogue: taken key by key, so that nothing in it is overlooked."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import models

from partners import models as m


class DemoDataError(ValueError):
    """The illustrative data cannot be loaded; the message names the file, the partner and the key."""


def months_from(day: dt.date, months: Decimal | int) -> dt.date:
    """The day so many months later (earlier when negative); part months count as 30 days per month."""
    whole = int(months)
    index = day.year * 12 + day.month - 1 + whole
    moved = dt.date(index // 12, index % 12 + 1, min(day.day, 28))
    return moved + dt.timedelta(days=round(float(months - whole) * 30))


@dataclass
class Rows:
    """Unsaved rows by model in the order they were read, and the scopes of certificates."""

    by_model: dict[type[models.Model], list[Any]] = field(default_factory=lambda: defaultdict(list))
    scope_services: list[tuple[m.Certificate, list[m.Service]]] = field(default_factory=list)
    scope_forms: list[tuple[m.Certificate, list[m.DosageForm]]] = field(default_factory=list)

    def add(self, row: models.Model) -> None:
        self.by_model[type(row)].append(row)


class Item:
    """One JSON object on its way in; every key must be taken, and errors say where they are."""

    def __init__(self, where: str, data: Any):
        if not isinstance(data, dict):
            raise DemoDataError(f"{where}: must be an object.")
        self.where = where
        self.data = dict(data)

    def error(self, key: str, message: str) -> DemoDataError:
        return DemoDataError(f"{self.where}: {key}: {message}")

    def take(self, key: str, default: Any = None) -> Any:
        return self.data.pop(key, default)

    def need(self, key: str) -> Any:
        if key not in self.data:
            raise self.error(key, "is missing.")
        return self.data.pop(key)

    def number(self, key: str) -> Decimal | int | None:
        value = self.take(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | Decimal)):
            raise self.error(key, f"must be a number, not “{value}”.")
        return value

    def pair(self, key: str) -> tuple[Any, Any]:
        """`[low, high]`; both None when the key is not there, either may be null."""
        value = self.take(key, [None, None])
        if not isinstance(value, list) or len(value) != 2:
            raise self.error(key, "must be a list of two.")
        low, high = value
        if low is not None and high is not None and low > high:
            raise self.error(key, f"{low} is above {high}.")
        return low, high

    def items(self, key: str) -> Iterator["Item"]:
        for index, data in enumerate(self.strings_or_items(key)):
            yield Item(f"{self.where}: {key}[{index}]", data)

    def strings_or_items(self, key: str) -> list[Any]:
        value = self.take(key, [])
        if not isinstance(value, list):
            raise self.error(key, "must be a list.")
        return value

    def done(self) -> None:
        for key in self.data:
            raise self.error(key, "is not a key that is known here.")
