"""The form that proposes a catalogue site for an establishment."""

from django import forms

from partners.forms import SearchField
from partners.register.selectors import linkable_sites


class SuggestionForm(forms.Form):
    """`facility` may be any linkable site, not only those on the screen: a search may have changed since."""

    facility = forms.ModelChoiceField(
        linkable_sites().none(),
        widget=forms.HiddenInput,
        error_messages={
            "required": "Choose the site.",
            "invalid_choice": "That site cannot be linked. Choose one of the list.",
        },
    )
    reason = forms.CharField(
        max_length=1000,
        label="Why they are the same place",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="For example the same address, or where the company states its FEI number. Curators read it.",
        error_messages={"required": "Say why the two are the same place."},
    )

    def __init__(self, *args: object, **kwargs: object):
        super().__init__(*args, **kwargs)
        self.fields["facility"].queryset = linkable_sites()


class SiteSearchForm(forms.Form):
    """Which sites the list offers."""

    site = SearchField()
