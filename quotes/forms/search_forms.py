"""The form of a saved search: its name and how often it is followed by e-mail."""

from django import forms

from partners.forms import printable
from quotes.enums import DigestRhythm
from quotes.models.search import NAME_LENGTH


class SavedSearchForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=NAME_LENGTH, help_text="For example “AAV at 200 L in the EU”."
    )
    digest = forms.ChoiceField(
        label="E-mail about new and changed partners",
        choices=DigestRhythm.choices,
        required=False,
        help_text="Sent at 06:00 UTC when there is something new. Every e-mail has a link that stops it.",
    )

    def clean_name(self) -> str:
        name = printable(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError("Give the search a name.")
        return name

    def clean_digest(self) -> str:
        return self.cleaned_data["digest"] or DigestRhythm.NONE.value
