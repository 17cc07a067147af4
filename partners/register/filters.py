"""The one FilterSet of the register's list."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from partners.forms import CodesField, SearchField
from partners.models import RegisterEstablishment
from partners.register import selectors
from partners.register.selectors import RegisterCriteria, RegisterTerms
from partners.selectors import Term

DEFAULT_SORT = "name"


class TextFilter(django_filters.Filter):
    field_class = SearchField


class ChoicesFilter(django_filters.Filter):
    field_class = CodesField


@dataclass(frozen=True, slots=True)
class Choice:
    term: Term
    checked: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """One filter as the form shows it; retired values only while they are chosen."""

    name: str
    label: str
    help: str
    choices: tuple[Choice, ...]
    chosen: int

    @property
    def long(self) -> bool:
        """Whether the list is long enough to need a box to look things up in it."""
        return len(self.choices) > 12


@dataclass(frozen=True, slots=True)
class OnFilter:
    """A filter that is on, and the address without it."""

    name: str
    label: str
    url: str


class RegisterFilter(django_filters.FilterSet):
    """What may be asked of the register. Values that mean nothing are left out with a remark."""

    q = TextFilter(label="Search")
    state = ChoicesFilter(label="Registration", noun="Registration")
    operation = ChoicesFilter(
        label="Operation", noun="Operation", help_text="As registered; one of those chosen is enough."
    )
    country = ChoicesFilter(label="Country", noun="Country")
    link = ChoicesFilter(label="Catalogue", noun="Catalogue")
    sort = ChoicesFilter(label="Sort by", noun="Order")

    LISTS = ("state", "operation", "country", "link")

    class Meta:
        model = RegisterEstablishment
        fields: list[str] = []

    def __init__(
        self,
        data: QueryDict | dict[str, Any] | None = None,
        queryset: QuerySet[RegisterEstablishment] | None = None,
        *,
        terms: RegisterTerms | None = None,
        **kwargs: Any,
    ):
        super().__init__(QueryDict() if data is None else data, queryset, **kwargs)
        self.terms = terms or selectors.register_terms()
        for name in self.LISTS:
            self.form.fields[name].terms = self.terms.by_filter[name]
        self.form.fields["sort"].terms = {
            code: Term(code, label) for code, (label, _) in selectors.SORTS.items()
        }

    @cached_property
    def cleaned(self) -> dict[str, Any]:
        """Usable values by parameter."""
        self.form.is_valid()
        return self.form.cleaned_data

    @property
    def text(self) -> str:
        return self.cleaned["q"]

    @property
    def order(self) -> str:
        return next(iter(self.cleaned["sort"]), DEFAULT_SORT)

    @cached_property
    def remarks(self) -> list[str]:
        """What was left out of the address, and why."""
        return [remark for name in self.cleaned for remark in self.form.fields[name].remarks]

    @cached_property
    def criteria(self) -> RegisterCriteria:
        return RegisterCriteria(
            text=self.text,
            operations=tuple(self.terms.stated[code] for code in self.cleaned["operation"]),
            countries=tuple(self.cleaned["country"]),
            links=tuple(self.cleaned["link"]),
            states=tuple(self.cleaned["state"]),
        )

    def filter_queryset(self, queryset: QuerySet[RegisterEstablishment]) -> QuerySet[RegisterEstablishment]:
        return selectors.sorted_by(selectors.search(self.criteria, queryset), self.order)

    def url(self, *, without: tuple[str, str] | None = None, page: int = 1) -> str:
        """The address of this search with nothing superfluous in it, optionally less one (name, value)."""
        pairs = [("q", self.text)] if self.text else []
        pairs += [(name, code) for name in self.LISTS for code in self.cleaned[name]]
        if without:
            pairs.remove(without)
        if self.order != DEFAULT_SORT:
            pairs.append(("sort", self.order))
        if page > 1:
            pairs.append(("page", str(page)))
        query = QueryDict(mutable=True)
        for name, value in pairs:
            query.appendlist(name, value)
        return reverse("register:list") + (f"?{query.urlencode()}" if pairs else "")

    @cached_property
    def chips(self) -> list[OnFilter]:
        """Every filter that is on."""
        chips = [OnFilter("Search", self.text, self.url(without=("q", self.text)))] if self.text else []
        for name in self.LISTS:
            for code in self.cleaned[name]:
                term = self.terms.by_filter[name][code]
                chips.append(OnFilter(self.filters[name].label, term.label, self.url(without=(name, code))))
        return chips

    @cached_property
    def lists(self) -> list[Choices]:
        lists = []
        for name in self.LISTS:
            chosen = set(self.cleaned[name])
            offered = (
                Choice(term, term.code in chosen)
                for term in self.terms.by_filter[name].values()
                if term.active or term.code in chosen
            )
            help_text = self.filters[name].extra.get("help_text", "")
            lists.append(Choices(name, self.filters[name].label, help_text, tuple(offered), len(chosen)))
        return lists

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """(code, label, chosen) of every order."""
        return [(code, label, code == self.order) for code, (label, _) in selectors.SORTS.items()]
