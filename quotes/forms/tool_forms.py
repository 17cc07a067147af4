"""Forms of the tools. They are sent by GET, so that an address holds a whole calculation and can be shared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from partners.enums import Stage
from quotes.forms.rfq_forms import LocalNumberField
from quotes.local_numbers import UnclearNumber, read_number, read_share

MOST_YEARS = 30


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


class LeaseForm(forms.Form):
    price = LocalNumberField(label="Purchase price")
    years = forms.IntegerField(min_value=1, max_value=MOST_YEARS, label="Years")
    lease_payment = LocalNumberField(label="Lease payment per year")
    in_advance = forms.BooleanField(required=False, label="Paid in advance")
    tax_rate = LocalNumberField(
        percent=True, label="Tax rate", help_text="0 for a company without taxable profit."
    )
    debt_rate = LocalNumberField(percent=True, label="Cost of debt")
    maintenance = LocalNumberField(required=False, label="Maintenance per year paid by an owner only")
    residual = LocalNumberField(required=False, label="Value at the end")
    residual_rate = LocalNumberField(
        required=False,
        percent=True,
        label="Discount rate of that value",
        help_text="Empty: the cost of debt.",
    )

    def question(self) -> dict[str, Any]:
        """The engine's input; what was left empty takes the engine's default."""
        return {name: value for name, value in self.cleaned_data.items() if value is not None}


class MakeOrBuyForm(forms.Form):
    discount_rate = LocalNumberField(percent=True, label="Discount rate")
    tax_rate = LocalNumberField(percent=True, label="Tax rate")
    batches = PerYearField(label="Batches per year", help_text="One number per year: 0; 0; 6; 10")
    probability = PerYearField(
        percent=True, label="Chance that the year is reached, %", help_text="100; 80; 60; 60"
    )
    capex = PerYearField(label="Own plant: investment per year")
    life_years = LocalNumberField(label="Life of the plant")
    fixed = PerYearField(label="Own plant: fixed cost per year")
    fixed_per_year = LocalNumberField(label="Fixed cost of a normal year", help_text="For the break-even.")
    variable_per_batch = LocalNumberField(label="Own plant: variable cost per batch")
    depreciation = PerYearField(required=False, label="Depreciation per year")
    residual = LocalNumberField(required=False, label="Value of the plant at the end")
    cost = PerYearField(
        label="Contract manufacturer: cost per year", help_text="The normalised cash of a quote."
    )
    price_per_batch = LocalNumberField(label="Contract manufacturer: price per batch")
    expected_cancellation = PerYearField(required=False, label="Expected cancellation cost per year")

    PER_YEAR = ("probability", "capex", "fixed", "depreciation", "cost", "expected_cancellation")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        years = len(data.get("batches") or [])
        if not years:
            return data
        for name in self.PER_YEAR:
            value = data.get(name)
            if value and len(value) != years:
                self.add_error(name, f"Give {years} numbers, one for each year of batches.")
        return data

    def question(self, *, probability: list[Decimal] | None = None) -> dict[str, Any]:
        data = self.cleaned_data
        make = (
            "capex",
            "life_years",
            "fixed",
            "fixed_per_year",
            "variable_per_batch",
            "depreciation",
            "residual",
        )
        buy = ("cost", "price_per_batch", "expected_cancellation")
        return {
            "discount_rate": data["discount_rate"],
            "tax_rate": data["tax_rate"],
            "batches": data["batches"],
            "probability": probability or data["probability"],
            "make": {name: data[name] for name in make if data[name] not in (None, [])},
            "buy": {name: data[name] for name in buy if data[name] not in (None, [])},
        }


WORK = (
    ("discovery", "Discovery: targets, chemistry, pharmacology"),
    ("preclinical", "Preclinical studies: toxicology, bioanalysis"),
    ("development", "Process, formulation or analytical development"),
    ("manufacture", "Manufacture of drug substance, product or parts"),
    ("clinical", "Running a clinical study"),
    ("testing", "Testing only: release, stability"),
)


class AdvisorForm(forms.Form):
    stage = forms.TypedChoiceField(choices=Stage.choices, coerce=int)
    work = forms.MultipleChoiceField(
        choices=WORK,
        widget=forms.CheckboxSelectMultiple,
        label="What is to be done",
        error_messages={"required": "Tick what is to be done."},
    )
