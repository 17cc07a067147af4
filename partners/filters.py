"""The one FilterSet of the catalogue: the page, the exports and the API read their parameters through it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import QueryDict
from django.urls import reverse

from partners import selectors
from partners.forms import CodesField, SearchField
from partners.models import Organisation
from partners.selectors import Criteria, Term, Terms

DEFAULT_SORT = "name"


class SearchFilter(django_filters.Filter):
    field_class = SearchField


class CodesFilter(django_filters.Filter):
    field_class = CodesField


@dataclass(frozen=True, slots=True)
class FacetEntry:
    """A value a facet offers, with the values below it; `heading` is set where a new group begins."""

    term: Term
    checked: bool
    heading: str = ""
    children: tuple["FacetEntry", ...] = ()

    @property
    def open(self) -> bool:
        """Whether something below is checked and must be in view."""
        return any(child.checked or child.open for child in self.children)


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    label: str
    help: str
    entries: tuple[FacetEntry, ...]
    chosen: int

    @property
    def long(self) -> bool:
        """Whether the list is long enough to need a box to look things up in it."""
        return sum(1 + len(entry.children) for entry in self.entries) > 12


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address without it."""

    name: str
    label: str
    url: str


class PartnerFilter(django_filters.FilterSet):
    """What may be asked of the catalogue. Values that mean nothing are left out with a remark."""

    q = SearchFilter(label="Search")
    type = CodesFilter(label="Organisation type", noun="Organisation type")
    modality = CodesFilter(
        label="Modality",
        noun="Modality",
        help_text="Modality, service and dosage form are looked for in one and the same process of a site.",
    )
    service = CodesFilter(label="Service", noun="Service", help_text="A branch includes everything below it.")
    dosage_form = CodesFilter(label="Dosage form", noun="Dosage form")
    country = CodesFilter(
        label="Country", noun="Country", help_text="Of the site that fulfils the filters above."
    )
    certificate = CodesFilter(
        label="Certificate",
        noun="Certificate",
        help_text="Held by that site and valid today; without a known expiry date it does not count.",
    )
    structure = CodesFilter(label="Contract structure", noun="Contract structure")
    industry = CodesFilter(label="Industry", noun="Industry")
    record = CodesFilter(label="Real or illustrative", noun="Real or illustrative")
    sort = CodesFilter(label="Sort by", noun="Order")

    FACETS = (
        *("modality", "service", "dosage_form", "country", "certificate"),  # of one site
        *("type", "structure", "industry", "record"),  # of the partner
    )

    class Meta:
        model = Organisation
        fields: list[str] = []

    def __init__(
        self,
        data: QueryDict | dict[str, Any] | None = None,
        queryset: QuerySet[Organisation] | None = None,
        *,
        terms: Terms | None = None,
        **kwargs: Any,
    ):
        super().__init__(QueryDict() if data is None else data, queryset, **kwargs)
        self.terms = terms or selectors.facet_terms()
        for name in self.FACETS:
            self.form.fields[name].terms = self.terms.by_facet[name]
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
    def criteria(self) -> Criteria:
        chosen = {name: frozenset(self.cleaned[name]) for name in self.FACETS}
        return Criteria(
            text=self.text,
            types=chosen["type"],
            modalities=chosen["modality"],
            services=self.terms.with_descendants(chosen["service"]),
            dosage_forms=chosen["dosage_form"],
            countries=chosen["country"],
            certificates=chosen["certificate"],
            structures=chosen["structure"],
            industries=chosen["industry"],
            records=chosen["record"],
        )

    def filter_queryset(self, queryset: QuerySet[Organisation]) -> QuerySet[Organisation]:
        """Facets belong together (one site must fulfil several of them), so they are applied as one."""
        found = selectors.search(self.criteria, queryset.active())
        return selectors.sorted_by(found, self.order, self.text)

    # -- addresses -------------------------------------------------------------------------------

    def query(self, *, without: tuple[str, str] | None = None, page: int = 1) -> str:
        """The search as a query string with nothing superfluous in it, optionally less one (name, value)."""
        pairs = [(name, code) for name in self.FACETS for code in self.cleaned[name]]
        pairs = [("q", self.text), *pairs] if self.text else pairs
        if without:
            pairs.remove(without)
        if self.order != DEFAULT_SORT:
            pairs.append(("sort", self.order))
        if page > 1:
            pairs.append(("page", str(page)))
        query = QueryDict(mutable=True)
        for name, value in pairs:
            query.appendlist(name, value)
        return query.urlencode()

    def url(self, **changes: Any) -> str:
        """The address of the search on the browse page."""
        query = self.query(**changes)
        return reverse("partners:list") + (f"?{query}" if query else "")

    @cached_property
    def chips(self) -> list[Chip]:
        """Every filter that is on."""
        chips = [Chip("Search", self.text, self.url(without=("q", self.text)))] if self.text else []
        for name in self.FACETS:
            label = self.filters[name].label
            for code in self.cleaned[name]:
                term = self.terms.by_facet[name][code]
                chips.append(Chip(label, term.label, self.url(without=(name, code))))
        return chips

    # -- what the form shows ---------------------------------------------------------------------

    @cached_property
    def facets(self) -> list[Facet]:
        return [
            Facet(
                name=name,
                label=self.filters[name].label,
                help=self.filters[name].extra.get("help_text", ""),
                entries=_entries(self.terms.by_facet[name], set(self.cleaned[name])),
                chosen=len(self.cleaned[name]),
            )
            for name in self.FACETS
        ]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """(code, label, chosen) of every order."""
        return [(code, label, code == self.order) for code, (label, _) in selectors.SORTS.items()]


def _entries(terms: dict[str, Term], chosen: set[str]) -> tuple[FacetEntry, ...]:
    """The offered values as a tree; retired ones only while they are chosen."""
    children: dict[str, list[Term]] = {}
    for term in terms.values():
        if term.active or term.code in chosen:
            children.setdefault(term.parent, []).append(term)

    def build(parent: str) -> tuple[FacetEntry, ...]:
        entries, group = [], ""
        for term in children.get(parent, ()):
            heading = term.group if term.group != group else ""
            group = term.group
            entries.append(FacetEntry(term, term.code in chosen, heading, build(term.code)))
        return tuple(entries)

    return build("")
