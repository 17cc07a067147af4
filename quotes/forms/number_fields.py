"""Fields for numbers as people type them, single ones and one per year."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django import forms

from quotes.local_numbers import UnclearNumber, read_number, read_share, write_number

MOST_YEARS = 30


class LocalNumberField(forms.CharField):
    """A number as people type it; `percent` reads 12.5 as 0.125. The cleaned value is a Decimal or None.

    `column` is the column that keeps it: what does not fit, or would be rounded, is said beside the field.
    """

    def __init__(
        self,
        *args: Any,
        percent: bool = False,
        least: int | None = 0,
        column: Any = None,
        **kwargs: Any,
    ) -> None:
        self.percent, self.least, self.column = percent, least, column
        super().__init__(*args, max_length=60, **kwargs)
        self.widget.attrs.setdefault("inputmode", "decimal")

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            number = read_share(text) if self.percent else read_number(text, least=self.least)
        except UnclearNumber as error:
            raise forms.ValidationError(str(error)) from None
        if self.column is not None:
            self._fits(number)
        return number

    def _fits(self, number: Decimal) -> None:
        column, shift = self.column.field, 2 if self.percent else 0
        whole, places = column.max_digits - column.decimal_places, column.decimal_places
        if abs(number) >= Decimal(10) ** whole:
            most = write_number(Decimal(10) ** (whole + shift))
            raise forms.ValidationError(f"That is too large: give a number below {most}.")
        kept = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        if kept != number:
            near, decimals = write_number(kept.scaleb(shift)), places - shift
            said = (
                "1 decimal is"
                if decimals == 1
                else f"{decimals} decimals are"
                if decimals
                else "whole numbers are"
            )
            raise forms.ValidationError(f"Only {said} kept here. Write {near}, or another number that fits.")

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Decimal | int):
            return write_number(Decimal(value) * 100 if self.percent else value)
        return value


class PerYearField(forms.CharField):
    """Amounts per year separated by semicolons; `percent` reads shares. The cleaned value is a list."""

    def __init__(self, *args: Any, percent: bool = False, **kwargs: Any) -> None:
        self.percent = percent
        super().__init__(*args, max_length=600, **kwargs)

    def clean(self, value: Any) -> list[Decimal]:
        text = super().clean(value)
        read = read_share if self.percent else read_number
        try:
            found = [read(part) for part in text.split(";") if part.strip()]
        except UnclearNumber as error:
            raise forms.ValidationError(str(error)) from None
        if len(found) > MOST_YEARS:
            raise forms.ValidationError(f"Give at most {MOST_YEARS} years.")
        return found
