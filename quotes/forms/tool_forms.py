"""Forms of the tools. They are sent by GET, so that an address holds a whole calculation and can be shared."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from partners.enums import Stage
from quotes.forms.currencies import CURRENCIES
from quotes.forms.number_fields import MOST_YEARS, LocalNumberField, PerYearField
from quotes.outsourcing import ANSWERS, QUESTIONS


class ToolForm(forms.Form):
    """Base: what was typed, for exports and print."""

    def inputs(self) -> list[tuple[str, str]]:
        """(label, what was typed) of every field that was filled in; choices by their labels."""
        rows = []
        for bound in self:
            value = bound.value()
            field = bound.field
            if value in (None, "", False, []):
                continue
            if isinstance(field, forms.MultipleChoiceField):
                names = dict(field.choices)
                text = "; ".join(names.get(code, code) for code in value)
            elif isinstance(field, forms.ChoiceField):
                text = str({str(k): v for k, v in field.choices}.get(str(value), value))
            else:
                text = "yes" if isinstance(field, forms.BooleanField) else str(value)
            percent = getattr(field, "percent", False) and "%" not in text
            rows.append((str(bound.label), f"{text} %" if percent else text))
        return rows


class MoneyForm(ToolForm):
    """A tool whose amounts all stand in one currency, which only labels them."""

    currency = forms.ChoiceField(
        choices=[("", "not stated"), *((code, code) for code in CURRENCIES)],
        required=False,
        help_text="Of all amounts here. It labels them; nothing is converted.",
    )


class LeaseForm(MoneyForm):
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
    buyout = LocalNumberField(
        required=False, label="Price of keeping it at the end of the lease", help_text="Buy-out option."
    )
    early_return = LocalNumberField(
        required=False, label="Fee for returning it early", help_text="Shown beside the result, not in it."
    )
    monthly_burn = LocalNumberField(
        required=False, label="Cash the company spends per month", help_text="For the effect on the runway."
    )

    BESIDE = ("currency", "buyout", "early_return", "monthly_burn")

    def question(self) -> dict[str, Any]:
        """The engine's input; what was left empty takes the engine's default."""
        return {k: v for k, v in self.cleaned_data.items() if v is not None and k not in self.BESIDE}


class MakeOrBuyForm(MoneyForm):
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
    months_make = LocalNumberField(
        required=False,
        label="Own plant: months to the first batch",
        help_text="Building, equipment, qualification.",
    )
    months_buy = LocalNumberField(
        required=False,
        label="Contract manufacturer: months to the first batch",
        help_text="Contract, slot and technology transfer.",
    )
    month_value = LocalNumberField(
        required=False,
        label="Value of a month",
        help_text="What a month's delay costs. Shown beside the totals.",
    )
    hybrid_capex = PerYearField(required=False, label="Hybrid: own investment per year")
    hybrid_fixed = PerYearField(required=False, label="Hybrid: own fixed cost per year")
    hybrid_variable = LocalNumberField(required=False, label="Hybrid: own variable cost per batch")
    hybrid_cost = PerYearField(
        required=False,
        label="Hybrid: bought part, cost per year",
        help_text="Such as drug substance bought, testing own.",
    )

    PER_YEAR = (
        "probability", "capex", "fixed", "depreciation", "cost", "expected_cancellation",
        "hybrid_capex", "hybrid_fixed", "hybrid_cost",
    )  # fmt: skip
    HYBRID = ("hybrid_capex", "hybrid_fixed", "hybrid_cost")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        years = len(data.get("batches") or [])
        if not years:
            return data
        for name in self.PER_YEAR:
            value = data.get(name)
            if value and len(value) != years:
                self.add_error(name, f"Give {years} numbers, one for each year of batches.")
        given = [bool(data.get(name)) for name in self.HYBRID]
        if any(given) and not all(given):
            for name, there in zip(self.HYBRID, given, strict=True):
                if not there and name not in self.errors:
                    self.add_error(name, "A hybrid needs its own investment, own fixed cost and bought part.")
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

    def hybrid_question(self, *, probability: list[Decimal] | None = None) -> dict[str, Any] | None:
        """The same programme with a part made and a part bought; None when no hybrid is given."""
        data = self.cleaned_data
        if not data["hybrid_cost"]:
            return None
        question = self.question(probability=probability)
        question["make"] = {
            "capex": data["hybrid_capex"],
            "life_years": data["life_years"],
            "fixed": data["hybrid_fixed"],
            "fixed_per_year": Decimal(0),
            "variable_per_batch": data["hybrid_variable"] or Decimal(0),
        }
        question["buy"] = {"cost": data["hybrid_cost"], "price_per_batch": data["price_per_batch"]}
        return question


WORK = (
    ("discovery", "Discovery: targets, chemistry, pharmacology"),
    ("preclinical", "Preclinical studies: toxicology, bioanalysis"),
    ("development", "Process, formulation or analytical development"),
    ("manufacture", "Manufacture of drug substance, product or parts"),
    ("clinical", "Running a clinical study"),
    ("testing", "Testing only: release, stability"),
)


class AdvisorForm(ToolForm):
    stage = forms.TypedChoiceField(choices=Stage.choices, coerce=int)
    work = forms.MultipleChoiceField(
        choices=WORK,
        widget=forms.CheckboxSelectMultiple,
        label="What is to be done",
        error_messages={"required": "Tick what is to be done."},
    )


class ReadinessForm(ToolForm):
    """One choice per question; an empty one is unknown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for question in QUESTIONS:
            self.fields[question.code] = forms.ChoiceField(
                choices=ANSWERS, required=False, label=question.text, widget=forms.RadioSelect
            )

    @property
    def groups(self) -> list[tuple[str, list[tuple[Any, forms.BoundField]]]]:
        found: dict[str, list[tuple[Any, forms.BoundField]]] = {}
        for question in QUESTIONS:
            found.setdefault(question.group, []).append((question, self[question.code]))
        return list(found.items())


class KeepForm(forms.Form):
    """Keeps a calculation with a project."""

    project = forms.ModelChoiceField(queryset=None, label="Project", empty_label="choose")
    name = forms.CharField(max_length=120, label="Name")

    def __init__(self, *args: Any, projects: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="keep_%s", **kwargs)
        self.fields["project"].queryset = projects
