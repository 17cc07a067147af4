"""Checked reading of an input: every value knows its path, so that an error can name the field.

An absent key and an explicit null are the same: not given. Numbers may be `Decimal`, `int` or `float`
(a float counts as the digits it prints).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from decimal import Decimal

from .errors import CostingError, shown

# Far beyond any currency, near enough to keep a misplaced exponent from filling the memory.
LARGEST_EXPONENT = 30
NEAR_MISS = 0.8


class Field:
    """One value of the input and where it stands."""

    __slots__ = ("key", "parent", "value")

    def __init__(self, value: object, parent: Field | None = None, key: str | int = "") -> None:
        self.value = value
        self.parent = parent
        self.key = key

    @property
    def path(self) -> str:
        above = self.parent.path if self.parent else ""
        if isinstance(self.key, int):
            return f"{above}[{self.key}]"
        key = self.key if self.key.replace("_", "").isalnum() and len(self.key) <= 60 else shown(self.key)
        return f"{above}.{key}" if above else key if self.key else above

    def error(self, problem: str, remedy: str) -> CostingError:
        return CostingError(self.path or "input", problem, remedy)

    # -- objects and lists --------------------------------------------------------------------

    def entries(self) -> Mapping[str, object]:
        """The value as an object."""
        if not isinstance(self.value, Mapping):
            raise self.error(f"{shown(self.value)} is not an object", "write it as {…} with named values")
        return self.value

    def know(self, *keys: str) -> None:
        """Refuses a key that is nearly one of `keys`: a misspelt option would change nothing, silently."""
        for key in self.entries():
            if key not in keys and (meant := difflib.get_close_matches(key, keys, n=1, cutoff=NEAR_MISS)):
                raise Field(None, self, key).error(
                    "is not a known name", f"write {meant[0]}, or leave it out"
                )

    def optional(self, key: str) -> Field | None:
        value = self.entries().get(key)
        return None if value is None else Field(value, self, key)

    def need(self, key: str) -> Field:
        found = self.optional(key)
        if found is None:
            raise Field(None, self, key).error("is missing", "give it a value")
        return found

    def named(self, key: str) -> Iterator[tuple[str, Field]]:
        """The entries of the object under `key`; none when it is not given."""
        found = self.optional(key)
        if found is None:
            return
        for name, value in found.entries().items():
            yield name, Field(value, found, name)

    def items(self, *, at_least: int = 0) -> list[Field]:
        """The value as a list of fields."""
        if not isinstance(self.value, list | tuple):
            raise self.error(f"{shown(self.value)} is not a list", "write it as […]")
        if len(self.value) < at_least:
            raise self.error("is empty", f"give at least {at_least}")
        return [Field(value, self, index) for index, value in enumerate(self.value)]

    # -- single values ------------------------------------------------------------------------

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.error(
                f"{shown(self.value)} is not a name", 'write it as text in quotes, such as "gmp_batch"'
            )
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.error(f"{shown(self.value)} is neither true nor false", "write true or false")
        return self.value

    def number(
        self,
        *,
        least: int | None = None,
        above: int | None = None,
        most: int | None = None,
        below: int | None = None,
    ) -> Decimal:
        """The value as a finite number within the bounds given."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, Decimal | int | float):
            raise self.error(
                f"{shown(value)} is not a number", "write it as a number without quotes, such as 1250.5"
            )
        amount = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
        if not amount.is_finite():
            raise self.error(f"{amount} is not a finite number", "give a number")
        if amount and abs(amount.adjusted()) > LARGEST_EXPONENT:
            raise self.error(
                f"a number of the order of 1e{amount.adjusted()} cannot be meant",
                f"give 0 or a number between 1e-{LARGEST_EXPONENT} and 1e{LARGEST_EXPONENT}",
            )
        if least is not None and amount < least:
            problem = "is negative" if least == 0 else f"is less than {least}"
            raise self.error(f"{brief(amount)} {problem}", f"give {least} or more")
        if above is not None and amount <= above:
            raise self.error(f"{brief(amount)} is not more than {above}", f"give a number above {above}")
        if most is not None and amount > most:
            raise self.error(f"{brief(amount)} is more than {most}", f"give at most {most} (0.25 for 25 %)")
        if below is not None and amount >= below:
            raise self.error(
                f"{brief(amount)} is not less than {below}", f"give less than {below} (0.25 for 25 %)"
            )
        return amount

    def whole(self, *, least: int, most: int) -> int:
        amount = self.number(least=least)
        if amount != amount.to_integral_value() or amount > most:
            raise self.error(f"{brief(amount)} does not fit", f"give a whole number from {least} to {most}")
        return int(amount)

    def numbers(self, count: int, *, least: int | None = 0, most: int | None = None) -> tuple[Decimal, ...]:
        """The value as one number per period (or year)."""
        fields = self.items()
        if len(fields) != count:
            raise self.error(f"has {len(fields)} values", f"give {count}, one for each period")
        return tuple(field.number(least=least, most=most) for field in fields)


def brief(amount: Decimal) -> str:
    """A number in a message: its digits, shortened when there are many."""
    text = str(amount)
    return text if len(text) <= 24 else f"{text[:23]}…"


def optional_number(
    parent: Field, key: str, default: Decimal, *, least: int | None = 0, above: int | None = None
) -> Decimal:
    """The number under `key`, or the default when it is not given."""
    found = parent.optional(key)
    return default if found is None else found.number(least=least, above=above)
