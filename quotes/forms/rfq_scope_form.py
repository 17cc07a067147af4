"""The scope of a request for quotation as one form."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from quotes.forms.rfq_forms import RfqForm
from quotes.local_numbers import read_number, write_number
from quotes.models import ScopeLine
from quotes.rfq_enums import Basis, Treatment
from quotes.rfq_templates import catalogue

MOST_LINES = 200


class ScopeForm(RfqForm):
    """Every line of the scope in a row, and codes of the catalogue to add."""

    add = forms.MultipleChoiceField(required=False, label="Add lines of the catalogue")
    add_package = forms.CharField(
        required=False, max_length=120, label="To the work package", initial="Further work"
    )

    def __init__(self, *args: Any, lines: list[ScopeLine], **kwargs: Any) -> None:
        self.lines = lines
        super().__init__(*args, **kwargs)
        taken = {line.code for line in lines}
        self.fields["add"].choices = [
            (entry.code, f"{entry.number} {entry.label}")
            for entry in catalogue().values()
            if entry.code not in taken
        ]
        drivers = [(f"driver:{d['name']}", f"× {d['label']}") for d in self.rfq.drivers]
        for line in lines:
            self._row(line, drivers)

    def _row(self, line: ScopeLine, drivers: list[tuple[str, str]]) -> None:
        def put(part: str, field: forms.Field) -> None:
            field.label = f"{line.label}: {part}"
            self.fields[f"l-{line.code}-{part}"] = field

        put("label", forms.CharField(max_length=160, initial=line.label))
        put("package", forms.CharField(max_length=120, initial=line.package))
        put("deliverable", forms.CharField(max_length=400, required=False, initial=line.deliverable))
        put("basis", forms.ChoiceField(choices=Basis.choices, initial=line.basis))
        put("treatment", forms.ChoiceField(choices=Treatment.choices, initial=line.treatment))
        put(
            "driver",
            forms.ChoiceField(
                required=False,
                choices=[("", "typed per year"), *drivers],
                initial=f"driver:{line.driver}" if line.driver else "",
            ),
        )
        put(
            "quantities",
            forms.CharField(
                required=False,
                max_length=400,
                initial="; ".join(write_number(Decimal(q)) for q in line.quantities),
            ),
        )
        put("remove", forms.BooleanField(required=False))

    @property
    def rows(self) -> list[dict[str, Any]]:
        parts = ("label", "package", "deliverable", "basis", "treatment", "driver", "quantities", "remove")
        return [
            {"line": line, **{part: self[f"l-{line.code}-{part}"] for part in parts}} for line in self.lines
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.kept: list[dict[str, Any]] = []
        for line in self.lines:
            if data.get(f"l-{line.code}-remove"):
                continue
            self.kept.append(self._values(line, data))
        for code in data.get("add", []):
            entry = catalogue()[code]
            self.kept.append(
                {
                    "code": code,
                    "label": entry.label,
                    "package": data.get("add_package", "").strip() or "Further work",
                    "deliverable": "",
                    "basis": entry.basis,
                    "treatment": entry.treatment,
                    "driver": "",
                    "quantities": ["1"] + ["0"] * (self.rfq.periods - 1),
                }
            )
        if len(self.kept) > MOST_LINES:
            raise forms.ValidationError(f"A scope has at most {MOST_LINES} lines.")
        return data

    def _values(self, line: ScopeLine, data: Mapping[str, Any]) -> dict[str, Any]:
        driver = (data.get(f"l-{line.code}-driver") or "").removeprefix("driver:")
        quantities: list[str] = []
        if not driver:
            text = data.get(f"l-{line.code}-quantities") or ""
            try:
                quantities = [str(n) for n in per_year(text, self.rfq.periods)]
            except ValueError as error:
                self.add_error(f"l-{line.code}-quantities", str(error))
        plain = ("label", "package", "deliverable", "basis", "treatment")
        return {
            "code": line.code,
            **{part: data.get(f"l-{line.code}-{part}", "") for part in plain},
            "driver": driver,
            "quantities": quantities,
        }


def per_year(text: str, periods: int) -> list[Decimal]:
    """Numbers separated by semicolons; the first years are enough, the rest is zero. Raises ValueError."""
    found = [read_number(part) for part in text.split(";") if part.strip()]
    if len(found) > periods:
        raise ValueError(f"There are {len(found)} quantities for {periods} years.")
    return found + [Decimal(0)] * (periods - len(found))
