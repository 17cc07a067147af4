"""How a report is to be printed."""

from __future__ import annotations

from django import forms

from quotes.enums import Appendix, Paper
from quotes.reports.options import EVERYTHING, ReportOptions


class ReportForm(forms.Form):
    """Paper, appendices and recipient. `options` holds what was chosen."""

    appendices = forms.MultipleChoiceField(
        label="Appendices after the leadership part",
        choices=Appendix.choices,
        initial=EVERYTHING,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="The first pages stay as they are: recommendation, comparison, what the decision turns on, needs.",
    )
    paper = forms.ChoiceField(
        label="Paper", choices=Paper.choices, initial=Paper.A4, widget=forms.RadioSelect
    )
    recipient = forms.CharField(
        label="Copy for",
        max_length=80,
        required=False,
        help_text="A person or a body such as “Board of directors”. It stands on every page.",
    )

    @property
    def options(self) -> ReportOptions:
        """Of a valid form."""
        data = self.cleaned_data
        return ReportOptions(
            paper=data["paper"], appendices=tuple(data["appendices"]), recipient=data["recipient"]
        )


class ShareForm(forms.Form):
    """For whom a report is opened, for how long, and behind which passcode."""

    recipient = forms.CharField(
        label="Who gets the link", max_length=80, help_text="Stands on every page of their copy."
    )
    days = forms.TypedChoiceField(
        label="Open for",
        coerce=int,
        choices=[(7, "7 days"), (30, "30 days"), (90, "90 days")],
        initial=30,
        widget=forms.RadioSelect,
    )
    passcode = forms.CharField(
        label="Passcode",
        required=False,
        min_length=6,
        max_length=64,
        help_text="At least 6 characters. Tell it to them another way than the link.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class PasscodeForm(forms.Form):
    passcode = forms.CharField(
        label="Passcode", max_length=64, widget=forms.PasswordInput(attrs={"autocomplete": "off"})
    )
