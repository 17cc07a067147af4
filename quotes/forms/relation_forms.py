"""The form of what a sponsor keeps about a partner."""

from __future__ import annotations

from typing import Any

from django import forms

from partners.forms import printable
from quotes.enums import QUALIFIED, AgreementStatus, PartnerStanding, QualificationStatus
from quotes.models import PartnerRelation
from quotes.models.relation import KINDS, MOST_TAGS, TAG_LENGTH
from quotes.services.relations import RELATION_FIELDS

NO_VERSION = "Open the page again: the version of these notes is missing."


class TagsField(forms.CharField):
    """Tags between commas; the same tag in other capitals counts once."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        words = [printable(word) for word in super().clean(value).split(",")]
        tags = list({word.casefold(): word for word in reversed(words) if word}.values())[::-1]
        if len(tags) > MOST_TAGS:
            raise forms.ValidationError(f"{len(tags)} tags are too many; at most {MOST_TAGS} are kept.")
        long = [tag for tag in tags if len(tag) > TAG_LENGTH]
        if long:
            raise forms.ValidationError(
                f"A tag has at most {TAG_LENGTH} characters; “{long[0][:20]}…” is longer."
            )
        return tags

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class RelationForm(forms.ModelForm):
    """`version` is that of the row on the screen."""

    tags = TagsField(
        required=False,
        max_length=MOST_TAGS * (TAG_LENGTH + 2),
        help_text="Your own words, between commas: second source, audited by us.",
    )
    version = forms.IntegerField(
        min_value=0,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value"), NO_VERSION),
    )

    class Meta:
        model = PartnerRelation
        fields = RELATION_FIELDS
        widgets = {
            "notes": forms.Textarea(attrs={"rows": 6}),
            **{
                f"{kind}_{day}": _day()
                for kind in ("nda", "msa", "qualification")
                for day in ("on", "expires_on")
            },
        }
        labels = {
            "standing": "Flag",
            "standing_reason": "Why",
            "nda_status": "NDA",
            "nda_on": "NDA: day of the status",
            "nda_expires_on": "NDA expires",
            "msa_status": "MSA",
            "msa_on": "MSA: day of the status",
            "msa_expires_on": "MSA expires",
            "qualification_status": "Qualification",
            "qualification_on": "Qualification: day of the status",
            "qualification_expires_on": "Qualification expires",
        }
        help_texts = {
            "standing": "Shown on profile and ranking to your organisation. It does not change any score.",
            "standing_reason": "Needed to block a partner.",
            "notes": "Only people of your organisation can read them.",
            "nda_on": "",
            "msa_on": "",
            "qualification_on": "",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["standing"].choices = [("", "No flag"), *PartnerStanding.choices]
        for kind in ("nda", "msa"):
            self.fields[f"{kind}_status"].choices = [("", "Not recorded"), *AgreementStatus.choices]
        self.fields["qualification_status"].choices = [("", "Not recorded"), *QualificationStatus.choices]
        self.initial["version"] = self.instance.version

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("standing") == PartnerStanding.BLOCKED and not data.get("standing_reason", "x"):
            self.add_error("standing_reason", "Say why the partner is blocked.")
        if data.get("qualification_status") in QUALIFIED and not data.get("qualification_on", "x"):
            self.add_error("qualification_on", "Give the day on which the partner was qualified.")
        for kind, label in KINDS:
            on, ends = data.get(f"{kind}_on"), data.get(f"{kind}_expires_on")
            if data.get(f"{kind}_status") == AgreementStatus.SIGNED and not on and f"{kind}_on" in data:
                self.add_error(f"{kind}_on", f"Give the day on which the {label} was signed.")
            if on and ends and ends < on:
                self.add_error(
                    f"{kind}_expires_on", f"The {label} cannot expire before the day of its status."
                )
        return data

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in RELATION_FIELDS}
