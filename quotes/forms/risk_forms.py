"""One line of a risk register."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from quotes.enums import RiskLevel
from quotes.models import ShortlistRisk

#: usual drawbacks of outsourcing, offered as a start; the words can be changed
USUAL_RISKS = (
    "Technology transfer takes longer than planned",
    "Capacity goes to a larger client",
    "Know-how of the process stays with the partner",
    "Change orders raise the price",
    "Inspection findings at the site delay approval",
    "One site and no second source",
    "Confidentiality or intellectual property",
    "Change of owner or financial weakness",
    "Trade restrictions or customs stop a shipment",
)


class RiskForm(forms.ModelForm):
    """`seen` is the version that was on the screen; empty for a new risk."""

    likelihood = forms.TypedChoiceField(coerce=int, choices=RiskLevel.choices, widget=forms.RadioSelect)
    impact = forms.TypedChoiceField(coerce=int, choices=RiskLevel.choices, widget=forms.RadioSelect)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = ShortlistRisk
        fields = ("text", "likelihood", "impact", "response", "owner", "closed")
        labels = {"text": "What could go wrong", "closed": "This risk is closed"}
        widgets = {"response": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["seen"] = self.instance.updated_at.isoformat()
        else:
            del self.fields["closed"]

    def clean_text(self) -> str:
        text = " ".join(self.cleaned_data["text"].split())
        same = ShortlistRisk.objects.filter(entry=self.instance.entry, text__iexact=text)
        if same.exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("This risk is in the partner's register already.")
        return text

    def clean_seen(self) -> dt.datetime | None:
        if not self.instance.pk:
            return None
        try:
            seen = parse_datetime(self.cleaned_data["seen"])
        except ValueError:
            seen = None
        if seen is None or timezone.is_naive(seen):
            raise forms.ValidationError("Open the page again: the version of this risk is missing.")
        return seen
