"""Fields for numbers as people type them, single ones and one per year."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from quotes.local_numbers import UnclearNumber, read_number, read_share, write_number

MOST_YEARS = 30


class LocalNumberField(forms.CharField):
    """A number as people type it; `percent` reads 12.5 as 0.125. The cleaned value is a Decimal or None."""

    def __init__(self, *args: Any, percent: bool = False, least: int | None = 0, **kwargs: Any) -> None:
        self.percent, self.least = percent, least
        super().__init__(*args, max_length=60, **kwargs)
        self.widget.attrs.setdefault("inputmode", "decimal")

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_share(text) if self.percent else read_number(text, least=self.least)
        except UnclearNumber as error:
            raise forms.ValidationError(str(error)) from None

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
