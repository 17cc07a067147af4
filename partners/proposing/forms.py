"""Forms that propose a correction or a new partner. Both ask for the source."""

from typing import Any

from django import forms
from django_countries import countries

from partners.models import Evidenced, OrganisationType

from . import fields


class SourceFields(forms.Form):
    source_title = forms.CharField(
        max_length=240,
        label="Source",
        help_text="Where it can be read: a certificate, a page, a register, a letter of the partner.",
        error_messages={"required": "Say where it can be read."},
    )
    source_url = forms.URLField(
        max_length=200, required=False, label="Its address on the web", assume_scheme="https"
    )
    source_dated_on = forms.DateField(
        required=False, label="Date of the source", widget=forms.DateInput(attrs={"type": "date"})
    )


class CorrectionForm(SourceFields):
    """What is wrong about one fact: a field and its right value, or words."""

    column = forms.ChoiceField(required=False, label="What is wrong")
    value = forms.CharField(
        max_length=1000, required=False, label="What is right", help_text="Empty means: it is not known."
    )
    statement = forms.CharField(
        max_length=2000, required=False, label="Remarks", widget=forms.Textarea(attrs={"rows": 3})
    )
    field_order = ("column", "value", "statement", "source_title", "source_url", "source_dated_on")

    def __init__(self, *args: Any, fact: Evidenced, **kwargs: Any):
        super().__init__(*args, **kwargs)
        choices = [
            (
                f.name,
                f"{str(f.verbose_name).capitalize()}: {fields.in_words(fact, f.name) or 'unknown'}"[:120],
            )
            for f in fields.correctable(fact)
        ]
        self.fields["column"].choices = [("", "Something else, see my remarks"), *choices]


class PartnerForm(SourceFields):
    """A partner the catalogue lacks."""

    name = forms.CharField(max_length=200, label="Name of the company")
    website = forms.URLField(max_length=200, required=False, assume_scheme="https")
    types = forms.ModelMultipleChoiceField(
        OrganisationType.objects.filter(active=True),
        required=False,
        label="What kind of company",
        widget=forms.CheckboxSelectMultiple,
    )
    country = forms.ChoiceField(required=False, label="Country of its main site")
    site_name = forms.CharField(max_length=200, required=False, label="Name of its main site")
    street = forms.CharField(max_length=300, required=False, label="Street")
    city = forms.CharField(max_length=120, required=False, label="City")
    postal_code = forms.CharField(max_length=40, required=False, label="Postal code")
    statement = forms.CharField(
        max_length=2000,
        required=False,
        label="What it does",
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Services, modalities and sites, as far as the source says.",
    )
    field_order = (
        *("name", "website", "types", "country", "site_name", "street", "city", "postal_code", "statement"),
        *("source_title", "source_url", "source_dated_on"),
    )
    site_fields = (
        ("name", "site_name"),
        ("street", "street"),
        ("city", "city"),
        ("postal_code", "postal_code"),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = [("", "unknown"), *countries]

    @property
    def proposed(self) -> dict[str, Any]:
        """What `propose_partner` takes."""
        data = dict(self.cleaned_data)
        site = {key: data.pop(name) for key, name in self.site_fields}
        return {**data, "site": site}


class MissingFactSource(SourceFields):
    """Remarks and source of a fact that the catalogue lacks; the fact's own fields are a form beside it."""

    statement = forms.CharField(
        max_length=2000, required=False, label="Remarks", widget=forms.Textarea(attrs={"rows": 3})
    )
    field_order = ("statement", "source_title", "source_url", "source_dated_on")
