"""Fields and the optimistic lock shared by the forms of a project."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django import forms
from django.db import models
from django.db.models import Q
from django.forms.models import ModelChoiceIterator

from partners.models import Service
from quotes.versions import shown, version_of


class GroupedIterator(ModelChoiceIterator):
    """Terms under the heading of their `group`."""

    def __iter__(self) -> Iterator[Any]:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        for group, terms in groupby(self.queryset, key=lambda term: term.group or "Other"):
            yield group, [self.choice(term) for term in terms]


class GroupedChoiceField(forms.ModelChoiceField):
    iterator = GroupedIterator


class ServiceIterator(ModelChoiceIterator):
    """The service tree: one heading for each branch, the branch itself first."""

    def __iter__(self) -> Iterator[Any]:
        yield "", self.field.empty_label
        children: dict[int | None, list[Service]] = {}
        for service in self.queryset:
            children.setdefault(service.parent_id, []).append(service)

        def below(parent: Service, depth: int) -> Iterator[tuple[Any, str]]:
            for service in children.get(parent.pk, []):
                value, label = self.choice(service)
                yield value, "\u2003" * depth + label
                yield from below(service, depth + 1)

        for branch in children.get(None, []):
            value, label = self.choice(branch)
            yield label, [(value, f"{label}: any"), *below(branch, 0)]


class ServiceChoiceField(forms.ModelChoiceField):
    iterator = ServiceIterator


def set_empty(field: forms.Field, label: str) -> None:
    """What the empty choice is called, also where a script replaces the select."""
    field.empty_label = label
    field.widget.attrs["data-placeholder"] = label


def offered(model: type[models.Model], chosen: int | None) -> models.QuerySet:
    """Terms that are still offered, and the one already chosen even if it was retired since."""
    return model.objects.filter(Q(active=True) | Q(pk=chosen))


@dataclass(frozen=True)
class Conflict:
    """One field in which the saved value and the typed one differ."""

    label: str
    theirs: str
    mine: str


class VersionedForm(forms.ModelForm):
    """A model form that remembers the version it was opened with, in the hidden field `version`."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.columns = [name for name in self.fields if name != "version"]
        for name, value in self.initial.items():
            if isinstance(value, Decimal):
                self.initial[name] = f"{value.normalize():f}"  # 200, not 200.000
        self.initial["version"] = version_of(self.instance, self.locked_columns) if self.instance.pk else ""

    @property
    def locked_columns(self) -> Iterable[str]:
        """The columns whose change by somebody else is a conflict."""
        return self.columns

    @property
    def values(self) -> dict[str, Any]:
        """The cleaned columns, without the version."""
        return {name: self.cleaned_data[name] for name in self.columns if name in self.cleaned_data}

    @property
    def opened_with(self) -> str:
        return self.cleaned_data.get("version", "")

    def conflicts_with(self, current: models.Model) -> list[Conflict]:
        """Where the saved row differs from what was typed; from now on the form is about the saved version."""
        mine = type(current)(pk=current.pk)
        for name in self.columns:
            setattr(mine, name, self.cleaned_data[name])
        self.data = self.data.copy()
        self.data[self.add_prefix("version")] = version_of(current, self.locked_columns)
        return [
            Conflict(
                str(self.fields[name].label), shown(current, name) or "empty", shown(mine, name) or "empty"
            )
            for name in self.columns
            if version_of(current, [name]) != version_of(mine, [name])
        ]
