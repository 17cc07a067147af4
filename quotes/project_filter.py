"""What the list of projects may be narrowed to. A value that means nothing is left out with a remark."""

from __future__ import annotations

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from cmo_selector.accounts.models import Sponsor
from partners.enums import Stage
from partners.models import Modality
from quotes.models import Project

LONGEST = 120  # characters of a search
SORTS = {"": "Last change", "name": "Name", "need": "Needed by", "stage": "Stage"}
ORDERS = {
    "": ("-updated_at", "-pk"),
    "name": ("name", "pk"),
    "need": ("need_date", "name", "pk"),  # without a date at the end
    "stage": ("stage", "name", "pk"),
}


class ProjectFilter(django_filters.FilterSet):
    """Search in name, product and indication; stage; modality; order. All of it stands in the address."""

    q = django_filters.CharFilter(
        label="Search", method="search", max_length=LONGEST, widget=forms.SearchInput
    )
    stage = django_filters.ChoiceFilter(label="Stage", choices=Stage.choices, empty_label="Any stage")
    modality = django_filters.ModelChoiceFilter(
        label="Modality", queryset=Modality.objects.none(), to_field_name="code", empty_label="Any modality"
    )
    sort = django_filters.ChoiceFilter(
        label="Sort by",
        method="order",
        choices=[pair for pair in SORTS.items() if pair[0]],
        empty_label=SORTS[""],
    )

    class Meta:
        model = Project
        fields: list[str] = []

    def __init__(self, data: object, queryset: QuerySet[Project], *, sponsor: Sponsor | None) -> None:
        super().__init__(data, queryset)
        used = Project.objects.for_sponsor(sponsor).filter(archived_at=None).values("modality")
        self.filters["modality"].queryset = Modality.objects.filter(pk__in=used)
        for field in self.form.fields.values():
            select = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if select else "form-control"

    def search(self, queryset: QuerySet[Project], name: str, text: str) -> QuerySet[Project]:
        for word in text.split():
            queryset = queryset.filter(
                Q(name__icontains=word) | Q(product__icontains=word) | Q(indication__icontains=word)
            )
        return queryset

    def order(self, queryset: QuerySet[Project], name: str, how: str) -> QuerySet[Project]:
        return queryset.order_by(*ORDERS[how])

    @property
    def narrowed(self) -> bool:
        """Whether anything but the order is asked for."""
        return any(self.data.get(name) for name in ("q", "stage", "modality"))

    @property
    def remarks(self) -> list[str]:
        """What of the address could not be used."""
        if not self.is_bound or self.is_valid():
            return []
        return [
            f"{self.form.fields[name].label}: {error}"
            for name, errors in self.form.errors.items()
            for error in errors
        ]

    @property
    def found(self) -> QuerySet[Project]:
        """The projects by every part of the address that can be used."""
        if not self.is_bound or self.is_valid():
            return self.qs
        found = self.queryset
        for name, value in self.form.cleaned_data.items():
            found = self.filters[name].filter(found, value)
        return found
