"""The form that proposes what of the catalogue a row of a register belongs to."""

from django import forms

from partners.forms import SearchField
from partners.register.selectors import linkable_partners, linkable_sites


class SuggestionForm(forms.Form):
    """`facility`, for a listing `organisation`: any that may be linked, not only those on the screen, because a
    search may have changed since."""

    reason = forms.CharField(
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": "Say why the two belong together."},
    )

    def __init__(self, *args: object, owner: str = "facility", **kwargs: object):
        super().__init__(*args, **kwargs)
        site = owner == "facility"
        what = "site" if site else "partner"
        self.fields[owner] = forms.ModelChoiceField(
            linkable_sites() if site else linkable_partners(),
            widget=forms.HiddenInput,
            error_messages={
                "required": f"Choose the {what}.",
                "invalid_choice": f"That {what} cannot be linked. Choose one of the list.",
            },
        )
        self.fields["reason"].label = "Why they are the same " + ("place" if site else "company")
        self.fields["reason"].help_text = (
            "For example the same address, or where the company states its FEI number. Curators read it."
            if site
            else "For example where the company states that it trades under this name. Curators read it."
        )


class TargetSearchForm(forms.Form):
    """Which sites or partners the list offers."""

    site = SearchField()
