"""The ten weights of a project."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms

from partners.scoring.types import CRITERIA
from partners.scoring.weights import TOLERANCE, criteria_labels, normalise
from quotes.enums import Profile
from quotes.models import Project, ProjectWeights
from quotes.ranking_page import rounded_to_100
from quotes.versions import version_of

from .fields import Conflict

#: what each criterion is computed from, in the words of the profile
MEASURES: dict[str, str] = {
    "C1": "Modality, process, dosage form, production system, containment, programmes run",
    "C2": "Development and analytical services, technology transfer",
    "C3": "Scale that fits now, and room for the next stage",
    "C4": "Inspections, certificates for the target markets, approvals and PPQ, audits by sponsors and third parties",
    "C5": "Earliest free slot against the need date, lead time",
    "C6": "On time in full, batch success, rating by sponsors of your size, references, returning clients",
    "C7": "Price against your target and worst acceptable price",
    "C8": "Minimum project, change orders, cancellation, payment, IP terms, way out to a successor",
    "C9": "Financial strength, ownership, single site, trade barriers and lists, continuity, insurance, staff, "
    "information security, ESG audits",
    "C10": "Client size, project management, references, communication, time zone, language",
}
PROFILE_MEASURES: dict[str, dict[str, str]] = {
    Profile.CLINICAL: {
        "C1": "Indication, therapeutic area, trials run",
        "C2": "Data management and biostatistics",
        "C3": "Countries, investigator sites and patients per year",
        "C4": "GCP inspections and certificates, trials run, sponsors’ GCP audits",
        "C5": "Start-up time and lead time",
        "C6": "Milestones on time, rating by sponsors of your size, returning clients, references",
        "C8": "Minimum project, change orders, cancellation, payment, ownership of data, hand-over of a running study",
    },
    Profile.DEVICE: {
        "C1": "Processes, materials, clean room, device class",
        "C2": "Design for manufacture and design transfer",
        "C4": "Inspections, certificates for the target markets, audits by customers and third parties",
        "C5": "Tooling lead time and free slot",
        "C6": "Defects per million, on-time delivery, rating by sponsors of your size, references, returning clients",
        "C8": "Minimum project, change orders, cancellation, payment, ownership of tooling, way out to a successor",
    },
}


@dataclass(frozen=True)
class WeightRow:
    """One criterion on the page."""

    code: str
    label: str
    measures: str
    default: Decimal
    field: forms.BoundField


class WeightsForm(forms.Form):
    """Ten points that sum to 100. With `scaling` any points from zero are accepted, to be scaled."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, data: Any = None, *, project: Project, defaults: dict[str, Decimal], scaling: bool = False
    ) -> None:
        saved = {
            code.lower(): _plain(getattr(project.weights, name))
            for code, name in ProjectWeights.FIELDS.items()
        }
        saved["version"] = version_of(project.weights, ProjectWeights.FIELDS.values())
        super().__init__(data, initial=saved)
        self.project, self.defaults, self.scaling = project, defaults, scaling
        self.labels = criteria_labels(project.profile)
        for code in CRITERIA:
            label = f"{code} {self.labels[code]}"
            self.fields[code.lower()] = forms.DecimalField(
                label=label,
                min_value=0,
                max_digits=9,
                decimal_places=2,
                widget=forms.NumberInput(
                    attrs={"min": "0", "step": "any", "inputmode": "decimal", "data-weight": ""}
                ),
                error_messages={
                    "required": "Enter a number; 0 if this should not count.",
                    "invalid": "Enter a number.",
                    "min_value": "A weight must not be negative.",
                    "max_decimal_places": "Use at most two decimals.",
                },
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if any(code.lower() not in data for code in CRITERIA):
            return data  # the fields say what is wrong
        total = sum(data[code.lower()] for code in CRITERIA)
        if total == 0:
            raise forms.ValidationError(
                "All weights are zero: give at least one criterion a weight.", code="zero"
            )
        off = total - 100
        if not self.scaling and abs(off) > Decimal(str(TOLERANCE)):
            what = f"take away {_plain(off)}" if off > 0 else f"add {_plain(-off)}"
            raise forms.ValidationError(
                f"The weights add up to {_plain(total)}, not to 100: {what}, or scale them to 100.",
                code="sum",
            )
        return data

    @property
    def points(self) -> dict[str, Decimal]:
        """The cleaned weights, criterion code → points with two decimals that sum to exactly 100."""
        exact = {code: self.cleaned_data[code.lower()] for code in CRITERIA}
        if sum(exact.values()) == 100:
            return exact
        return rounded_to_100(normalise({code: float(value) for code, value in exact.items()}))

    @property
    def rows(self) -> list[WeightRow]:
        measures = {**MEASURES, **PROFILE_MEASURES.get(self.project.profile, {})}
        return [
            WeightRow(code, self.labels[code], measures[code], self.defaults[code], self[code.lower()])
            for code in CRITERIA
        ]

    @property
    def total(self) -> str:
        """The sum of what is on the screen, "" when something there is not a number."""
        try:
            total = sum(Decimal(str(self[code.lower()].value())) for code in CRITERIA)
            return _plain(total) if total.is_finite() and abs(total) < 10**9 else ""
        except (ArithmeticError, ValueError):
            return ""

    def conflicts_with(self, current: ProjectWeights) -> list[Conflict]:
        """Where the saved weights differ from what was typed; from now on the form is about the saved version."""
        self.data = {**self.data.dict(), "version": version_of(current, ProjectWeights.FIELDS.values())}
        return [
            Conflict(
                str(self.fields[name].label), _plain(getattr(current, name)), _plain(self.cleaned_data[name])
            )
            for name in ProjectWeights.FIELDS.values()
            if getattr(current, name) != self.cleaned_data[name]
        ]

    @property
    def opened_with(self) -> str:
        return self.cleaned_data.get("version", "")


def _plain(value: Decimal) -> str:
    return f"{value:f}".rstrip("0").rstrip(".") if value != value.to_integral_value() else f"{value:.0f}"
