"""The brief of a project, in the two steps in which it is asked: what it is, and where it stands."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from partners.models import DosageForm, Modality, ScaleUnit
from quotes.enums import Market, Profile
from quotes.models import Project

from .currencies import CURRENCIES
from .fields import GroupedChoiceField, VersionedForm, offered, set_empty

PRODUCT_LABELS: dict[str, dict[str, str]] = {
    Profile.DEVICE: {
        "product": "Device or component",
        "indication": "Intended use",
        "modality": "Device class",
    },
    Profile.CLINICAL: {"indication": "Indication and population", "volumes": "Trial size"},
}


class ProductForm(VersionedForm):
    """Step 1: what is to be made, tested or run."""

    class Meta:
        model = Project
        fields = (
            "name",
            "profile",
            "product",
            "indication",
            "modality",
            "dosage_form",
            "description",
            "volumes",
        )
        field_classes = {"modality": GroupedChoiceField}
        widgets = {
            "profile": forms.RadioSelect,
            "description": forms.Textarea(attrs={"rows": 4}),
            "volumes": forms.Textarea(attrs={"rows": 3}),
        }
        labels = {
            "name": "Project name",
            "profile": "What kind of partner",
            "product": "Product",
            "dosage_form": "Dosage form",
            "description": "What a partner needs to know",
            "volumes": "Volumes",
        }
        help_texts = {
            "name": "As your team calls it. Partners never see it.",
            "profile": "It sets the default weights and which questions are asked.",
            "modality": "Decides which capabilities count.",
            "dosage_form": "Of the finished drug product.",
            "description": "Process, materials, what is already developed, what must not change.",
            "volumes": "Batches, units and demand per year, in your own words.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["modality"].queryset = offered(Modality, self.instance.modality_id)
        self.fields["dosage_form"].queryset = offered(DosageForm, self.instance.dosage_form_id)
        for name in ("modality", "dosage_form"):
            set_empty(self.fields[name], "Not decided yet")
        for name, label in PRODUCT_LABELS.get(self.chosen_profile, {}).items():
            self.fields[name].label = label

    @property
    def chosen_profile(self) -> str:
        """The profile on the screen: the one just chosen, else the saved one."""
        chosen = self.data.get(self.add_prefix("profile")) if self.is_bound else None
        return chosen if chosen in Profile.values else self.instance.profile

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("profile") == Profile.DEVICE:
            data["dosage_form"] = None
        return data


class StageForm(VersionedForm):
    """Step 2: where the product stands, where it is to be sold, by when, how large and for how much."""

    markets = forms.MultipleChoiceField(
        choices=Market.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Each market needs its own authority’s acceptance of the site.",
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in CURRENCIES])
    KEPT_WHEN_EMPTY = ("handover_months", "caution", "min_coverage")

    class Meta:
        model = Project
        fields = (
            "stage",
            "markets",
            "need_date",
            "decide_by",
            "federal_funding",
            "scale_now",
            "scale_next",
            "scale_unit",
            "price_basis",
            "price_target",
            "price_limit",
            "currency",
            "handover_months",
            "handover_cost",
            "transfer_months_low",
            "transfer_months_high",
            "transfer_cost",
            "discount_facts",
            "caution",
            "min_coverage",
        )
        widgets = {
            name: forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
            for name in ("need_date", "decide_by")
        }
        labels = {
            "need_date": "Work must start by",
            "decide_by": "Decision wanted by",
            "federal_funding": "United States federal money pays for part of this programme",
            "scale_now": "Scale now",
            "scale_next": "Scale of the next stage",
            "scale_unit": "Unit of both scales",
            "price_basis": "Price is compared",
            "price_target": "Target price",
            "price_limit": "Worst acceptable price",
            "handover_months": "Months per hand-over",
            "handover_cost": "Cost per hand-over",
            "transfer_months_low": "Shortest transfer, months",
            "transfer_months_high": "Longest transfer, months",
            "transfer_cost": "Cost of a transfer",
            "discount_facts": "Old and self-declared facts count less in the score",
            "caution": "Caution, 0 to 1",
            "min_coverage": "Least coverage to be ranked (%)",
        }
        help_texts = {
            "stage": "The stage the work is for. It sets the default weights.",
            "need_date": "Slots and certificates are checked against this day.",
            "decide_by": "The day on which leadership is asked to decide. It stands on the first page of reports.",
            "federal_funding": "A partner on a restricted-party list in force is then knocked out; without federal "
            "money the listing is only a warning.",
            "scale_now": "What one batch, or one year, needs today.",
            "scale_next": "Shows which partners you would outgrow.",
            "price_target": "At or below: full points.",
            "price_limit": "At or above: no points. Without both, cost stays unknown for every partner.",
            "handover_months": "From one partner to the next; half of it between two sites of one partner.",
            "handover_cost": "In the project's currency. Empty: unknown, and not in the score of a network.",
            "transfer_months_low": "To another partner later. Empty: 9 months, commercial 12.",
            "transfer_months_high": "Empty: 15 months, commercial 18.",
            "transfer_cost": "In the project's currency. Empty: shown as not set.",
            "discount_facts": "Off: they lower only the confidence that is shown. On: they also widen the score's "
            "interval.",
            "caution": "0: the score is the middle of the interval that unknown facts leave open. 1: its lowest end. "
            "Default 0.",
            "min_coverage": "Share of the weight that must rest on known facts. Partners below it are listed, not "
            "ranked. Default 60.",
        }
        error_messages = {
            name: {"invalid": "Enter a day such as 2027-03-31."} for name in ("need_date", "decide_by")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scale_unit"].queryset = offered(ScaleUnit, self.instance.scale_unit_id)
        self.fields["scale_unit"].label_from_instance = lambda unit: f"{unit.label} ({unit.symbol})"
        set_empty(self.fields["scale_unit"], "No unit")
        self.fields["price_basis"].choices = [
            ("", "Not decided yet"),
            *self.fields["price_basis"].choices[1:],
        ]
        for name in self.KEPT_WHEN_EMPTY:
            self.fields[name].required = False
        if self.instance.currency not in CURRENCIES:
            self.fields["currency"].choices = [
                (self.instance.currency, self.instance.currency),
                *self.fields["currency"].choices,
            ]

    def clean_need_date(self) -> Any:
        return self._day_ahead("need_date")

    def clean_decide_by(self) -> Any:
        return self._day_ahead("decide_by")

    def _day_ahead(self, name: str) -> Any:
        day = self.cleaned_data[name]
        if day and day < timezone.localdate() and day != getattr(self.instance, name):
            raise forms.ValidationError("This day has passed.")
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for name in self.KEPT_WHEN_EMPTY:
            if name in data and data[name] is None:
                data[name] = getattr(self.instance, name)
        self._check_scoring(data)
        for name in ("scale_now", "scale_next"):
            if data.get(name) is not None and data[name] <= 0:
                self.add_error(name, "Enter a number above zero, or leave it empty.")
        self._check_transfer(data)
        scaled = data.get("scale_now") or data.get("scale_next")
        if scaled and not data.get("scale_unit") and "scale_unit" not in self.errors:
            self.add_error("scale_unit", "Give the unit of the scale.")
        target, limit = data.get("price_target"), data.get("price_limit")
        if target is not None and target < 0:
            self.add_error("price_target", "A price must not be negative.")
        if limit is not None and limit <= 0:
            self.add_error("price_limit", "Enter a price above zero, or leave it empty.")
        if target is not None and limit is not None and 0 <= limit <= target:
            self.add_error("price_limit", "The worst acceptable price must be above the target price.")
        priced = target is not None or limit is not None
        if priced and not data.get("price_basis") and "price_basis" not in self.errors:
            self.add_error("price_basis", "Say what the price is for.")
        return data

    def _check_scoring(self, data: dict[str, Any]) -> None:
        if data.get("caution") is not None and not 0 <= data["caution"] <= 1:
            self.add_error("caution", "Enter a number from 0 (the middle) to 1 (the lowest end).")
        if data.get("min_coverage") is not None and data["min_coverage"] > 100:
            self.add_error("min_coverage", "Enter a share from 0 to 100 %.")

    def _check_transfer(self, data: dict[str, Any]) -> None:
        for name, most in (
            ("handover_months", 120),
            ("transfer_months_low", 240),
            ("transfer_months_high", 240),
        ):
            months = data.get(name)
            if months is not None and not 0 <= months <= most:
                self.add_error(name, f"Enter months from 0 to {most}.")
        for name in ("handover_cost", "transfer_cost"):
            if data.get(name) is not None and data[name] < 0:
                self.add_error(name, "A cost must not be negative.")
        low, high = data.get("transfer_months_low"), data.get("transfer_months_high")
        if (low is None) != (high is None):
            missing = "transfer_months_low" if low is None else "transfer_months_high"
            if missing not in self.errors:
                self.add_error(missing, "Give both the shortest and the longest, or leave both empty.")
        elif low is not None and high is not None and low > high:
            self.add_error(
                "transfer_months_high", "The longest transfer must not be shorter than the shortest."
            )
