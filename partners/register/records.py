"""Searching one of the `books`: what an address may ask of it, and the rows that fit."""

import re
from functools import cached_property, reduce
from operator import or_
from typing import Any

import django_filters
from django.core.cache import cache
from django.db.models import BooleanField, CharField, Func, Model, Q, QuerySet, Value
from django.http import QueryDict
from django.urls import reverse
from django.utils.text import slugify

from partners.models import RegisterEstablishment
from partners.register.books import Book, Facet
from partners.register.filters import Choice, Choices, ChoicesFilter, OnFilter, TextFilter
from partners.register.selectors import (
    LINKED,
    MOST_WORDS,
    SHORTEST_IDENTIFIER,
    TERMS_KEPT,
    UNLINKED,
)
from partners.selectors import Term

NOT_STATED = "not-stated"
LISTED, LEFT = "listed", "left"


Values = dict[str, Any]  # code of a choice → value of the column


class ILike(Func):
    """A text matches a pattern whatever its case: the form that an index of trigrams serves."""

    template = "(%(expressions)s)"
    arg_joiner = " ILIKE "
    output_field = BooleanField()


def choices_of(book: Book, run: int) -> dict[str, tuple[dict[str, Term], Values]]:
    """What each facet offers, read once after every import: one query for each facet."""
    return cache.get_or_set(
        f"register-choices-{book.code}-{run}",
        lambda: {facet.name: _choices(book.model, facet) for facet in book.facets},
        TERMS_KEPT if run else 1,
    )


def _choices(model: type[Model], facet: Facet) -> tuple[dict[str, Term], Values]:
    stored = model.objects.order_by().values_list(facet.field, flat=True).distinct()  # type: ignore[attr-defined]
    stated = [value for value in stored if value not in (None, "")]
    if facet.newest_first:
        stated.sort(reverse=True)
    else:
        stated.sort(key=facet.words)
    codes: Values = {}
    terms: dict[str, Term] = {}
    for value in stated:
        code = slugify(str(value)) or str(value)
        code = code if code not in codes else f"{code}-{len(codes)}"
        codes[code], terms[code] = value, Term(code, facet.words(value))
    if len(stated) < len(stored):
        codes[NOT_STATED], terms[NOT_STATED] = None, Term(NOT_STATED, "Not stated")
    return terms, codes


def _facet_condition(model: type[Model], facet: Facet, values: list[Any]) -> Q:
    """One of the values, None for “not stated”; the years of a date as spans of days, which its index answers."""
    column, stated = facet.field.removesuffix("__year"), [value for value in values if value is not None]
    conditions = [Q(**{facet.field: value}) for value in stated] if column != facet.field else []
    if stated and not conditions:
        conditions = [Q(**{f"{column}__in": stated})]
    if None in values:
        conditions.append(Q(**{f"{column}__isnull": True}))
        if isinstance(model._meta.get_field(column), CharField):
            conditions.append(Q(**{column: ""}))
    return reduce(or_, conditions)


def holds_word(book: Book, word: str) -> Q:
    """The word stands in the texts of a row, or begins one of its numbers."""
    literal = re.sub(r"([%_\\])", r"\\\1", word)  # the three signs that mean something in a pattern
    condition = Q(ILike(book.text, Value(f"%{literal}%")))
    digits = word.replace("-", "") if "product_ndc" not in book.numbers else word
    if len(digits) >= SHORTEST_IDENTIFIER and re.fullmatch(r"[0-9A-Za-z-]*[0-9][0-9A-Za-z-]*", digits):
        bare = digits.lstrip("0") if digits.isdigit() else digits
        for field in book.numbers:
            condition |= Q(**{f"{field}__startswith": bare or digits})
    return condition


class RecordFilter(django_filters.FilterSet):
    """What may be asked of one book. Values that mean nothing are left out with a remark."""

    q = TextFilter(label="Search")
    link = ChoicesFilter(label="Catalogue", noun="Catalogue")
    state = ChoicesFilter(label="In the newest file", noun="State")
    sort = ChoicesFilter(label="Sort by", noun="Order")

    class Meta:
        model = RegisterEstablishment  # replaced by the queryset's own
        fields: list[str] = []

    def __init__(self, data: QueryDict | dict[str, Any], book: Book, run: int) -> None:
        self.book = book
        super().__init__(data, book.model.objects.all())  # type: ignore[attr-defined]
        self.choices = choices_of(book, run)
        for facet in book.facets:
            self.filters[facet.name] = ChoicesFilter(
                label=facet.label, noun=facet.label, help_text=facet.help
            )
        owner = "site" if book.owner == "facility" else "partner"
        self.terms: dict[str, dict[str, Term]] = {
            **{name: terms for name, (terms, _) in self.choices.items()},
            "link": {
                LINKED: Term(LINKED, f"Linked to a catalogue {owner}"),
                UNLINKED: Term(UNLINKED, "Not linked"),
            },
            "state": {
                LISTED: Term(LISTED, "Still in it"),
                LEFT: Term(LEFT, "No longer in it"),
            },
            "sort": {code: Term(code, label) for code, (label, _) in book.sorts.items()},
        }
        for name, terms in self.terms.items():
            self.form.fields[name].terms = terms

    @property
    def lists_shown(self) -> tuple[str, ...]:
        return (*(facet.name for facet in self.book.facets), "link", "state")

    @cached_property
    def cleaned(self) -> dict[str, Any]:
        self.form.is_valid()
        return self.form.cleaned_data

    @property
    def text(self) -> str:
        return self.cleaned["q"]

    @property
    def default_sort(self) -> str:
        return next(iter(self.book.sorts))

    @property
    def order(self) -> str:
        return next(iter(self.cleaned["sort"]), self.default_sort)

    @cached_property
    def remarks(self) -> list[str]:
        """What was left out of the address, and why."""
        return [remark for name in self.cleaned for remark in self.form.fields[name].remarks]

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        found = queryset
        for facet in self.book.facets:
            if chosen := self.cleaned[facet.name]:
                values = [self.choices[facet.name][1][code] for code in chosen]
                found = found.filter(_facet_condition(self.book.model, facet, values))
        if len(self.cleaned["link"]) == 1:
            found = found.filter(**{f"{self.book.owner}__isnull": self.cleaned["link"][0] == UNLINKED})
        if len(self.cleaned["state"]) == 1:
            found = found.filter(left_on__isnull=self.cleaned["state"][0] == LISTED)
        for word in self.text.split()[:MOST_WORDS]:
            found = found.filter(holds_word(self.book, word))
        return found.order_by(*self.book.sorts[self.order][1]).select_related(*self.book.related)

    def url(self, *, without: tuple[str, str] | None = None, page: int = 1) -> str:
        """The address of this search with nothing superfluous in it, optionally less one (name, value)."""
        pairs = [("q", self.text)] if self.text else []
        pairs += [(name, code) for name in self.lists_shown for code in self.cleaned[name]]
        if without:
            pairs.remove(without)
        if self.order != self.default_sort:
            pairs.append(("sort", self.order))
        if page > 1:
            pairs.append(("page", str(page)))
        query = QueryDict(mutable=True)
        for name, value in pairs:
            query.appendlist(name, value)
        return reverse(self.book.url_name) + (f"?{query.urlencode()}" if pairs else "")

    @cached_property
    def chips(self) -> list[OnFilter]:
        """Every filter that is on."""
        chips = [OnFilter("Search", self.text, self.url(without=("q", self.text)))] if self.text else []
        for name in self.lists_shown:
            for code in self.cleaned[name]:
                label = self.terms[name][code].label
                chips.append(OnFilter(self.filters[name].label, label, self.url(without=(name, code))))
        return chips

    @cached_property
    def lists(self) -> list[Choices]:
        return [
            Choices(
                name,
                self.filters[name].label,
                self.filters[name].extra.get("help_text", ""),
                tuple(Choice(term, term.code in self.cleaned[name]) for term in self.terms[name].values()),
                len(self.cleaned[name]),
            )
            for name in self.lists_shown
            if len(self.terms[name]) > 1 or self.cleaned[name]  # a single value divides nothing
        ]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """(code, label, chosen) of every order."""
        return [(code, term.label, code == self.order) for code, term in self.terms["sort"].items()]


def record_of(book: Book, pk: int) -> Any | None:
    """One row of a book with its source and what it is linked to; None when there is none."""
    return book.model.objects.select_related(*book.related).filter(pk=pk).first()  # type: ignore[attr-defined]


def first_words(book: Book, row: Any) -> str:
    """What a search for the row's site or partner starts with: the first telling word of the name it states."""
    name = row.labeler if book.owner == "organisation" else row.firm_name
    words = [word for word in re.split(r"[^\w]+", name) if len(word) > 2]
    return words[0] if words else name
