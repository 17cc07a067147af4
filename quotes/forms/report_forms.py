"""How a report is to be printed."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms

from quotes.enums import Appendix, Paper, ReportKind, ReportRhythm
from quotes.reports.options import EVERYTHING, ReportOptions


class ReportForm(forms.Form):
    """Kind, paper, appendices and recipient. `options` holds what was chosen."""

    kind = forms.ChoiceField(
        label="What to print",
        choices=ReportKind.choices,
        initial=ReportKind.DECISION,
        widget=forms.RadioSelect,
    )
    partner = forms.TypedChoiceField(
        label="Partner of the dossier",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Only for a partner dossier; one of the shortlist.",
    )
    calculation = forms.TypedChoiceField(
        label="Calculation of the memo",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="Only for a make-or-buy memo; one of those kept with the project.",
    )
    appendices = forms.MultipleChoiceField(
        label="Appendices",
        choices=Appendix.choices,
        initial=EVERYTHING,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="For a decision report, a decision record and a shortlist side by side, as far as they have them.",
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

    def __init__(
        self,
        data=None,
        *args,
        partners: Iterable[tuple[int, str]] = (),
        calculations: Iterable[tuple[int, str]] = (),
        **kwargs,
    ) -> None:
        if data is not None and "kind" not in data:  # the button of another page chooses nothing
            data = data.copy()
            data["kind"] = ReportKind.DECISION
        super().__init__(data, *args, **kwargs)
        self.fields["partner"].choices = [("", "Choose a partner"), *partners]
        self.fields["calculation"].choices = [("", "The newest one"), *calculations]
        if not calculations:
            del self.fields["calculation"]

    def clean(self) -> dict:
        data = super().clean()
        if data.get("kind") == ReportKind.DOSSIER and not data.get("partner") and not self.errors:
            none = len(self.fields["partner"].choices) == 1
            self.add_error(
                "partner",
                "Put the partner on the shortlist first: a dossier is about a shortlisted partner."
                if none
                else "Choose the partner that the dossier is about.",
            )
        return data

    @property
    def memo_calculation(self) -> int | None:
        """Of a valid form: the calculation of a memo, None for the newest and for every other kind."""
        data = self.cleaned_data
        return data.get("calculation") if data["kind"] == ReportKind.MEMO else None

    @property
    def options(self) -> ReportOptions:
        """Of a valid form."""
        data = self.cleaned_data
        return ReportOptions(
            kind=data["kind"],
            partner=data["partner"] if data["kind"] == ReportKind.DOSSIER else None,
            paper=data["paper"],
            appendices=tuple(data["appendices"]),
            recipient=data["recipient"],
        )


class CompareForm(forms.Form):
    """Two reports of a project; `choices` are ids and names, newest first."""

    old = forms.TypedChoiceField(label="From the report of", coerce=int)
    new = forms.TypedChoiceField(label="to the report of", coerce=int)

    def __init__(self, *args, choices: Iterable[tuple[int, str]], **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.choices = choices


class ScheduleForm(forms.Form):
    """What to print, and when to ask for it."""

    rhythm = forms.ChoiceField(
        label="When",
        choices=ReportRhythm.choices,
        initial=ReportRhythm.WEEKLY,
        widget=forms.RadioSelect,
        help_text="“When something changes” looks once a day at the data behind the shortlist: must-haves met, facts, "
        "slots, quotes, restricted-party lists, risks, needs, weights, and the shortlist itself. A memo, a quote "
        "comparison and an RFQ package are asked for only when what they print changes.",
    )
    kind = forms.ChoiceField(
        label="What to print",
        choices=[choice for choice in ReportKind.choices if choice[0] != ReportKind.DOSSIER],
        initial=ReportKind.DECISION,
        widget=forms.RadioSelect,
    )
    paper = forms.ChoiceField(
        label="Paper", choices=Paper.choices, initial=Paper.A4, widget=forms.RadioSelect
    )
    recipient = forms.CharField(
        label="Copy for", max_length=80, required=False, help_text="Stands on every page; may stay empty."
    )

    @property
    def options(self) -> ReportOptions:
        """Of a valid form."""
        data = self.cleaned_data
        return ReportOptions(kind=data["kind"], paper=data["paper"], recipient=data["recipient"])


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
