"""A need: first its rule, then only the columns that this rule reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils import timezone
from django_countries import countries as all_countries

from partners import models as catalogue
from partners.enums import MetricKind, TrackRecordKind
from quotes.enums import NeedLevel, NeedRule
from quotes.models import Need, Project
from quotes.needs import NEED_FIELDS, RULE_FIELDS, RULES, problems

from .fields import GroupedChoiceField, ServiceChoiceField, VersionedForm, offered, set_empty

TERMS = {
    "service": catalogue.Service,
    "modality": catalogue.Modality,
    "dosage_form": catalogue.DosageForm,
    "production_system": catalogue.ProductionSystem,
    "unit": catalogue.ScaleUnit,
    "certificate_type": catalogue.CertificateType,
    "regulator": catalogue.Regulator,
    "metric": catalogue.Metric,
    "contract_structure": catalogue.ContractStructure,
}
LEVELS = [
    (NeedLevel.MUST, "Must: a partner that fails it is knocked out"),
    (NeedLevel.SHOULD, "Should: raises the score"),
    (NeedLevel.COULD, "Could: raises the score a little"),
]
SAME_SITE = "At the lead site itself"
SAME_SITE_HELP = "Off: any site of the partner will do."


class RuleForm(forms.Form):
    """What kind of need to add; sent with GET, so that it works without JavaScript."""

    rule = forms.ChoiceField(
        label="Kind of need",
        choices=[("", "Choose what to check"), *((rule.value, rule.label) for rule in NeedRule)],
        required=False,
    )


class NeedForm(VersionedForm):
    """One need of one rule. The rule is fixed by the page; other rules' columns are not on the form."""

    level = forms.ChoiceField(choices=LEVELS, widget=forms.RadioSelect, label="How much it matters")
    countries = forms.MultipleChoiceField(choices=list(all_countries), required=False)

    class Meta:
        model = Need
        fields = (*RULE_FIELDS, "level", "note")
        field_classes = {"modality": GroupedChoiceField, "service": ServiceChoiceField}
        widgets = {
            "by": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "same_site": forms.CheckboxInput,
        }
        labels = {
            "dosage_form": "Dosage form",
            "production_system": "Production system",
            "certificate_type": "Certificate",
            "contract_structure": "Contract structure",
            "track_record_kind": "What was done",
            "metric": "Measure",
            "same_site": SAME_SITE,
            "note": "Note",
        }
        help_texts = {"same_site": SAME_SITE_HELP, "note": "Why it matters; shown beside the need."}
        error_messages = {"by": {"invalid": "Enter a day such as 2027-03-31."}}

    def __init__(self, *args: Any, project: Project, rule: str, **kwargs: Any) -> None:
        instance = kwargs.pop("instance", None) or Need(project=project, rule=rule)
        if not instance.pk:
            kwargs["initial"] = {**RULES[rule].initial, **(kwargs.get("initial") or {})}
        super().__init__(*args, instance=instance, **kwargs)
        self.project, self.rule, self.spec = project, rule, RULES[rule]
        for name in set(RULE_FIELDS) - set(self.spec.fields):
            del self.fields[name]
        self.columns = [name for name in self.fields if name != "version"]
        self.order_fields(["level", *self.spec.fields, "note"])
        if not instance.pk:
            self.initial["level"] = self.initial.get("level") or NeedLevel.MUST
        for name, model in TERMS.items():
            if name in self.fields:
                self.fields[name].queryset = offered(model, getattr(instance, f"{name}_id"))
                set_empty(self.fields[name], "Choose" if name in self.spec.required else "Any")
        if "metric" in self.fields:
            checkable = self.fields["metric"].queryset.exclude(kind=MetricKind.TEXT)
            self.fields["metric"].queryset = checkable
            self.fields["metric"].label_from_instance = _metric_label
        if "track_record_kind" in self.fields:
            self.fields["track_record_kind"].choices = [("", "Choose"), *TrackRecordKind.choices]
            self.fields["track_record_kind"].widget.attrs["data-placeholder"] = "Choose"
        for name in ("hazard", "schedule", "market"):
            if name in self.fields:
                self.fields[name].choices = [("", "Choose"), *self.fields[name].choices[1:]]
                self.fields[name].widget.attrs["data-placeholder"] = "Choose"
        if "unit" in self.fields:
            set_empty(self.fields["unit"], "No unit")
            self.fields["unit"].label_from_instance = lambda unit: f"{unit.label} ({unit.symbol})"
        for name in self.spec.required:
            self.fields[name].required = True
        for name, text in self.spec.labels.items():
            self.fields[name].label = text
        for name, text in self.spec.help.items():
            self.fields[name].help_text = text

    @property
    def locked_columns(self) -> Iterable[str]:
        return NEED_FIELDS

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        old = self.instance.by if self.instance.pk else None
        today = None if data.get("by") == old else timezone.localdate()
        for name, text in problems(self.rule, data, today=today).items():
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, text)
        return data

    @property
    def values(self) -> dict[str, Any]:
        return {"rule": self.rule, **super().values}

    @property
    def rule_fields(self) -> list[forms.BoundField]:
        """The fields that the rule reads, in its order, without the site box."""
        return [self[name] for name in self.spec.fields if name != "same_site"]


def _metric_label(metric: catalogue.Metric) -> str:
    if metric.kind == MetricKind.FLAG:
        return f"{metric.label} (yes or no)"
    return f"{metric.label} ({metric.unit})" if metric.unit else metric.label
