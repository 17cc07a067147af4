"""Facts that a user can propose to add: which kinds, their fields, and the form that reads what was typed.

The same form reads the proposal when it is made and again when a curator accepts it, so that what was true then and
is not now (a retired term, a site that closed) is told in words.
"""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import models
from django.utils.text import capfirst, slugify

from cmo_selector.http import whole_number
from partners.models import (
    Alias,
    Audit,
    Capability,
    Certificate,
    Evidenced,
    Facility,
    Inspection,
    Organisation,
    OrganisationTypeFact,
    Vocabulary,
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fact: its model, whether it hangs on the partner or on a site, and what is asked for."""

    model: type[Evidenced]
    title: str
    owner: str  # "organisation" or "facility"
    fields: tuple[str, ...]


KINDS = {
    "site": Kind(
        Facility, "A site", "organisation", ("name", "street", "city", "postal_code", "region", "country")
    ),
    "capability": Kind(
        Capability,
        "What a site can do",
        "facility",
        (
            *("facility", "service", "modality", "dosage_form", "production_system"),
            *("scale_min", "scale_max", "scale_unit", "gmp"),
        ),
    ),
    "certificate": Kind(
        Certificate,
        "A certificate of a site",
        "facility",
        ("facility", "type", "number", "regulator", "scope", "issued_on", "expires_on", "url"),
    ),
    "inspection": Kind(
        Inspection,
        "An inspection of a site",
        "facility",
        ("facility", "regulator", "ended_on", "outcome", "observations", "url"),
    ),
    "audit": Kind(
        Audit,
        "An audit of a site",
        "facility",
        ("facility", "auditor", "standard", "scope", "audited_on", "outcome", "open_actions"),
    ),
    "type": Kind(OrganisationTypeFact, "A type of the partner", "organisation", ("type",)),
    "name": Kind(Alias, "Another name", "organisation", ("name", "kind")),
}
KIND_OF_TABLE = {kind.model._meta.db_table: name for name, kind in KINDS.items()}


def form_of(kind: Kind, organisation: Organisation, data: Any = None) -> forms.ModelForm:
    """The form for one kind of fact about one partner. Terms that are retired and closed sites are not offered."""

    def field_of(field: models.Field, **options: Any) -> forms.Field | None:
        target = field.related_model if field.is_relation else None
        if target is Facility:
            options["queryset"] = organisation.facilities.filter(active=True)
            options["label"] = "Site"
        elif target is not None and issubclass(target, Vocabulary):
            options["queryset"] = target._default_manager.filter(active=True)
        if isinstance(field, models.DateField):
            options["widget"] = forms.DateInput(attrs={"type": "date"})
        if isinstance(field, models.URLField):
            options["assume_scheme"] = "https"
        return field.formfield(**options)

    made = forms.modelform_factory(kind.model, fields=kind.fields, formfield_callback=field_of)
    instance = kind.model()
    if kind.owner == "organisation":
        instance.organisation = organisation  # type: ignore[attr-defined]
    form = made(data, instance=instance)
    for field in form.fields.values():
        if isinstance(field, forms.ModelChoiceField) and not field.required:
            field.empty_label = "unknown"
    return form


def typed(form: forms.ModelForm) -> dict[str, str]:
    """What was typed, field by field, so that the form can read it again."""
    return {name: str(form.data.get(name, ""))[:1000] for name in form.fields if form.data.get(name)}


def in_words(form: forms.ModelForm) -> list[tuple[str, str]]:
    """Label and value of what was filled in, for readers."""
    found = []
    for name, field in form.fields.items():
        value = form.data.get(name, "")
        if not value:
            continue
        if isinstance(field, forms.ModelChoiceField):
            row = field.queryset.filter(pk=value).first() if whole_number(value) is not None else None
            value = str(row) if row else f"no. {value}, not offered any more"
        elif hasattr(field, "choices"):
            value = dict(_flat(field.choices)).get(str(value), value)
        elif isinstance(field, forms.NullBooleanField):
            value = {"true": "yes", "false": "no"}.get(value, "unknown")
        found.append((capfirst(str(field.label or name)), str(value)))
    return found


def _flat(choices: Any) -> list[tuple[str, Any]]:
    return [(str(key), label) for key, label in choices]


def free_site_slug(organisation: Organisation, name: str) -> str:
    """A short name that no other site of the partner has."""
    base = slugify(name)[:110] or "site"
    slug, number = base, 1
    while organisation.facilities.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug
