"""The one FilterSet of the catalogue: page, exports, saved searches and API read their parameters through it.

It turns an address into `Criteria` and writes the address again, with nothing superfluous in it. What an address
cannot mean is left out with a remark, and the rest is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import django_filters
from django.http import QueryDict
from django.urls import reverse

from cmo_selector.templatetags.fmt import format_date, format_money, format_number
from partners import selectors
from partners.facets.criteria import Criteria, Money, Scale
from partners.forms import AmountField, CodesField, DayField, SearchField, SwitchField
from partners.models import Organisation
from partners.private import PrivateFacet
from partners.selectors import Term, Terms
from partners.shown import COLUMNS, DEFAULT_COLUMNS, DEFAULT_VIEW, VIEWS

DEFAULT_SORT = "name"
DEFAULT_CURRENCY = "USD"
PRIVATE_FACETS = ("flag", "tag", "nda", "msa")

Pair = tuple[str, str]


class SearchFilter(django_filters.Filter):
    field_class = SearchField


class CodesFilter(django_filters.Filter):
    field_class = CodesField


class AmountFilter(django_filters.Filter):
    field_class = AmountField


class DayFilter(django_filters.Filter):
    field_class = DayField


class SwitchFilter(django_filters.Filter):
    field_class = SwitchField


def _codes(label: str, help_text: str = "") -> CodesFilter:
    return CodesFilter(label=label, noun=label, help_text=help_text)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address without it. `facet` is the name of what it belongs to."""

    name: str
    label: str
    url: str
    facet: str = ""


class PartnerFilter(django_filters.FilterSet):
    """What may be asked of the catalogue; `terms` are the values each facet may take.

    `private` are the facets of the sponsor who asks. Terms and prices of partners are no filter unless `prices`.
    """

    q = SearchFilter(label="Search")
    modality = _codes("Modality")
    service = _codes("Service", "A branch includes everything below it.")
    dosage_form = _codes("Dosage form")
    scale_unit = _codes("Unit of scale")
    scale_min = AmountFilter(label="Scale from", noun="Scale from")
    scale_max = AmountFilter(label="Scale to", noun="Scale to")
    gmp = _codes("GMP")
    oel = AmountFilter(
        label="Lowest OEL handled",
        noun="Lowest OEL handled",
        help_text="8-hour time-weighted average. Bands are not compared: every partner draws its own.",
    )
    bsl = _codes("Biosafety level")
    slot_by = DayFilter(
        label="Capacity free by",
        noun="Capacity free by",
        help_text="An open slot for the process, or for any, that starts on or before the day.",
    )
    evidence = _codes("Evidence level", "How the record of the process was checked.")
    country = _codes("Region and country")
    certificate = _codes("Certificate", "Without a known expiry date it does not count as valid.")
    valid_on = DayFilter(label="Certificate valid on", noun="Certificate valid on")
    actions = _codes("Regulatory actions", "None on record does not prove that there is none.")
    inspected = _codes("Last inspection", "By any agency, as far as recorded.")
    type = _codes("Organisation type")
    industry = _codes("Industry")
    structure = _codes("Contract structure")
    sponsor_size = _codes(
        "Sponsors mostly served", "The size of most of its clients, as the partner states it."
    )
    min_project = AmountFilter(label="Minimum project at most", noun="Minimum project at most")
    currency = _codes("Currency")
    checked = _codes("Last checked", "When one of the main facts was last taken from its source.")
    record = _codes("Real or illustrative")
    flag = _codes("Our flag")
    tag = _codes("Our tags")
    nda = _codes("Our NDA")
    msa = _codes("Our MSA")
    network = SwitchFilter(label="A network of sites", noun="A network of sites")
    sort = CodesFilter(label="Sort by", noun="Order")
    view = CodesFilter(label="View", noun="View")
    column = CodesFilter(label="Columns of the table", noun="Column")

    #: facets whose values are codes, in the order of the address
    FACETS = (
        *("modality", "service", "dosage_form", "gmp", "bsl", "evidence"),
        *("country", "certificate", "actions", "inspected"),
        *("type", "structure", "industry", "sponsor_size", "checked", "record"),
        *PRIVATE_FACETS,
    )

    class Meta:
        model = Organisation
        fields: list[str] = []

    def __init__(
        self,
        data: QueryDict | dict[str, Any] | None = None,
        *,
        terms: Terms,
        currencies: Iterable[str],
        private: Iterable[PrivateFacet] = (),
        prices: bool = False,
        **kwargs: Any,
    ):
        super().__init__(as_query(data or {}), Organisation.objects.all(), **kwargs)
        self.prices = prices
        self.terms = terms
        own = {facet.name: {v.term.code: v.term for v in facet.values} for facet in private}
        self.values = {**terms.by_facet, **{name: own.get(name, {}) for name in PRIVATE_FACETS}}
        for name in (*self.FACETS, "scale_unit"):
            self.form.fields[name].terms = self.values[name]
        self.currencies = tuple(currencies)
        self.form.fields["currency"].terms = {code: Term(code, code) for code in self.currencies}
        self.form.fields["sort"].terms = {code: Term(code, label) for code, label in selectors.SORTS.items()}
        self.form.fields["view"].terms = {code: Term(code, label) for code, label in VIEWS.items()}
        self.form.fields["column"].terms = {
            code: Term(code, column.label) for code, column in COLUMNS.items() if prices or not column.price
        }
        self._remarks: list[str] = []

    # -- what is asked -----------------------------------------------------------------------------

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

    @property
    def shown_as(self) -> str:
        """How the result is shown: a code of `VIEWS`."""
        return next(iter(self.cleaned["view"]), DEFAULT_VIEW)

    @property
    def columns(self) -> list[str]:
        """The chosen columns of the table, the usual ones when none is chosen."""
        return self.cleaned["column"] or list(DEFAULT_COLUMNS)

    @property
    def unit(self) -> str:
        """The unit of scale that is chosen, if any."""
        return next(iter(self.cleaned["scale_unit"]), "")

    @property
    def currency_code(self) -> str:
        return next(iter(self.cleaned["currency"]), DEFAULT_CURRENCY)

    @property
    def remarks(self) -> list[str]:
        """What was left out of the address, and why."""
        _ = self.criteria  # reading the fields together may leave out more
        return [r for name in self.cleaned for r in self.form.fields[name].remarks] + self._remarks

    @cached_property
    def criteria(self) -> Criteria:
        chosen = {name: self.cleaned[name] for name in self.FACETS if self.cleaned[name]}
        return Criteria(
            text=self.text,
            codes={
                name: self.terms.with_descendants(name, codes)
                if name in self.terms.by_facet
                else frozenset(codes)
                for name, codes in chosen.items()
            },
            scale=self._scale(),
            oel=self.cleaned["oel"],
            slot_by=self.cleaned["slot_by"],
            min_project=self._minimum(),
            valid_on=self.cleaned["valid_on"],
            network=bool(self.cleaned["network"]),
        )

    def _scale(self) -> Scale | None:
        low, high = self.cleaned["scale_min"], self.cleaned["scale_max"]
        if low is None and high is None:
            return None
        if not self.unit:
            asked = " to ".join(format_number(n) for n in (low, high) if n is not None)
            self._remarks.append(f"Scale: choose the unit of {asked}; without one it was left out.")
            return None
        if low is not None and high is not None and low > high:
            self._remarks.append(
                f"Scale: from {format_number(low)} to {format_number(high)} is no range and was left out; "
                "the first number must not be above the second."
            )
            return None
        return Scale(self.unit, low, high)

    def _minimum(self) -> Money | None:
        amount = self.cleaned["min_project"]
        if amount is None:
            return None
        if not self.prices:
            self._remarks.append(
                "Minimum project: terms and prices are hidden for your role; it was left out."
            )
            return None
        return Money(amount, self.currency_code)

    # -- addresses -----------------------------------------------------------------------------------

    @cached_property
    def pairs(self) -> list[Pair]:
        """The search as names and values, in the order of the address."""
        criteria, pairs = self.criteria, []
        if self.text:
            pairs.append(("q", self.text))
        for name in self.FACETS:
            pairs += [(name, code) for code in self.cleaned[name]]
            if name == "dosage_form":
                pairs += self._scale_pairs()
            if name == "certificate" and criteria.valid_on:
                pairs.append(("valid_on", criteria.valid_on.isoformat()))
        if criteria.oel is not None:
            pairs.append(("oel", plain(criteria.oel)))
        if criteria.slot_by:
            pairs.append(("slot_by", criteria.slot_by.isoformat()))
        if criteria.min_project:
            pairs += [
                ("min_project", plain(criteria.min_project.amount)),
                ("currency", criteria.min_project.currency),
            ]
        if criteria.network:
            pairs.append(("network", "1"))
        return pairs

    def _scale_pairs(self) -> list[Pair]:
        scale = self.criteria.scale
        if not scale:
            return []
        ends = (("scale_min", scale.low), ("scale_max", scale.high))
        return [("scale_unit", scale.unit), *((name, plain(end)) for name, end in ends if end is not None)]

    def query(
        self, *, without: Iterable[Pair] = (), extra: Iterable[Pair] = (), page: int = 1, view: str = ""
    ) -> str:
        """The search as a query string, optionally less some of its pairs, with others, or in another view."""
        left_out = set(without)
        pairs = [pair for pair in self.pairs if pair not in left_out] + list(extra)
        shown = view or self.shown_as
        if shown != DEFAULT_VIEW:
            pairs.append(("view", shown))
        if shown == "table" and self.columns != list(DEFAULT_COLUMNS):
            pairs += [("column", code) for code in self.columns]
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

    def of_facet(self, facet: str) -> list[Pair]:
        """The pairs that belong to one facet, e.g. to search without it."""
        names = {
            "scale": ("scale_unit", "scale_min", "scale_max"),
            "min_project": ("min_project", "currency"),
        }
        return [pair for pair in self.pairs if pair[0] in names.get(facet, (facet,))]

    def facet_label(self, facet: str) -> str:
        return {"scale": "Scale", "q": "Search"}.get(facet) or self.filters[facet].label

    # -- chips ---------------------------------------------------------------------------------------

    @cached_property
    def chips(self) -> list[Chip]:
        """Every filter that is on."""
        chips, seen = [], set()
        for name, value in self.pairs:
            facet = {"scale_unit": "scale", "scale_min": "scale", "scale_max": "scale"}.get(name, name)
            if facet in {"currency", *seen}:
                continue
            if facet not in self.FACETS:
                seen.add(facet)
            pairs = [(name, value)] if facet in self.FACETS else self.of_facet(facet)
            label = self.values[name][value].label if facet in self.FACETS else self._said(facet)
            chips.append(Chip(self.facet_label(facet), label, self.url(without=pairs), facet))
        return chips

    def _said(self, facet: str) -> str:
        """What is asked of a facet that has no codes, in words."""
        criteria = self.criteria
        if facet == "scale" and criteria.scale:
            unit = self.values["scale_unit"][criteria.scale.unit].label
            low, high = (
                None if end is None else format_number(end)
                for end in (criteria.scale.low, criteria.scale.high)
            )
            if low is None:
                return f"up to {high} {unit}"
            return (
                f"from {low} {unit}"
                if high is None
                else f"{low}–{high} {unit}"
                if low != high
                else f"{low} {unit}"
            )
        if facet == "oel":
            return f"≤ {format_number(criteria.oel)} µg/m³"
        if facet == "min_project" and criteria.min_project:
            return format_money(criteria.min_project.amount, criteria.min_project.currency)
        if facet in {"slot_by", "valid_on"}:
            return format_date(getattr(criteria, facet))
        return {"q": self.text, "network": "each filter by some site"}[facet]

    @property
    def views(self) -> list[tuple[str, str, str, bool]]:
        """(code, label, address, chosen) of every view."""
        return [(code, label, self.url(view=code), code == self.shown_as) for code, label in VIEWS.items()]

    @property
    def column_choices(self) -> list[tuple[str, str, bool]]:
        """(code, label, chosen) of every column of the table."""
        terms = self.form.fields["column"].terms
        return [(code, term.label, code in self.columns) for code, term in terms.items()]

    @property
    def sorts(self) -> list[tuple[str, str, bool]]:
        """(code, label, chosen) of every order."""
        return [(code, label, code == self.order) for code, label in selectors.SORTS.items()]


def as_query(params: QueryDict | dict[str, Any]) -> QueryDict:
    """Parameters as an address has them; a dict may hold single values and lists."""
    if isinstance(params, QueryDict):
        return params
    query = QueryDict(mutable=True)
    for name, value in params.items():
        query.setlist(name, [str(v) for v in (value if isinstance(value, (list, tuple, set)) else [value])])
    return query


def plain(number: Any) -> str:
    """A number as an address writes it."""
    return f"{number.normalize():f}"
