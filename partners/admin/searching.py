"""Searching the desk's lists at any size: words are looked up where an index knows them, then rows by their keys.

Django's own search joins every table it looks into and compares each row of the join; a list of a million facts
then takes seconds. Here each word becomes the partners, sites and terms that are named so, and the rows of those.
"""

from collections import defaultdict
from typing import Any

from django.db.models import CharField, Lookup, Model, Q, QuerySet, TextField
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal

from partners.enums import IdentifierScheme
from partners.models import Facility, Identifier, Organisation, SearchDocument
from partners.models.text import SearchKey
from partners.suggest import folded

FEW = 5_000  # keys that are handed over as such; more are left to the database as a query
MOST_WORDS = 8


@TextField.register_lookup
@CharField.register_lookup
class ILike(Lookup):
    """Holds the text, in capitals or not: what a trigram index on the column itself can answer."""

    lookup_name = "ilike"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        column, parameters = self.process_lhs(compiler, connection)
        text = connection.ops.prep_for_like_query(self.rhs)
        return f"{column} ILIKE %s", [*parameters, f"%{text}%"]


def words_of(term: str) -> list[str]:
    """The words of a search; what stands between quotation marks is one."""
    found = []
    for bit in list(smart_split(term))[:MOST_WORDS]:
        quoted = len(bit) > 1 and bit[0] == bit[-1] and bit[0] in "\"'"
        found.append(unescape_string_literal(bit) if quoted else bit)
    return [word.replace("\x00", "") for word in found]


def partner_keys(word: str) -> Any:
    """Partners with the word in their name or another name, apart from case and accents, or as a number of theirs.

    Their keys, or for a word that names very many the query for them. At most one query.
    """
    named = SearchDocument.objects.filter(names__contains=folded(word) or word.lower())
    few = _few(
        named.values_list("organisation_id"),
        _numbered(word, "organisation"),
        Organisation.objects.filter(slug=word.lower()).values_list("pk"),
    )
    return named.values("organisation_id") if few is None else few


def site_keys(word: str) -> Any:
    """Sites with the word in their name or city, apart from case and accents, or as a number of theirs."""
    key = folded(word) or word.lower()
    rows = Facility.objects.alias(name_key=SearchKey("name"), city_key=SearchKey("city"))
    placed = rows.filter(Q(name_key__contains=key) | Q(city_key__contains=key))
    few = _few(placed.values_list("pk"), _numbered(word, "facility"))
    return placed.values("pk") if few is None else few


def sites_of(partners: Any) -> Any:
    """The sites of these partners, given as keys or as a query, in the same way."""
    rows = Facility.objects.filter(organisation__in=partners)
    few = _few(rows.values_list("pk")) if isinstance(partners, list) else None
    return rows.values("pk") if few is None else few


def _numbered(word: str, owner: str) -> QuerySet:
    """Owners of an identifier; an FEI is found with and without its leading zeros."""
    values = {word, word.lstrip("0"), word.zfill(10)} if word.isdigit() else {word}
    rows = Identifier.objects.filter(scheme__in=IdentifierScheme.values, value__in=values)
    return rows.exclude(**{owner: None}).values_list(f"{owner}_id")


def _few(*queries: QuerySet) -> list[int] | None:
    """The keys that the queries find together; None when they are too many to hand over one by one."""
    first, *others = (query.order_by() for query in queries)
    found = {pk for (pk,) in (first.union(*others) if others else first)[: FEW + 1]}
    return None if len(found) > FEW else sorted(found)


class Condition:
    """What a search field's path asks of a word: `organisation__name` → rows whose partner is named so."""

    def __init__(self, model: type[Model], fields: tuple[str, ...]) -> None:
        self.model = model
        self.own: list[str] = []
        self.paths: dict[str, list[str]] = defaultdict(list)  # relation → fields of the row it leads to
        for field in fields:
            relation, _, name = field.rpartition("__")
            if relation:
                self.paths[relation].append(name)
            else:
                self.own.append(name)

    def __call__(self, word: str) -> Q:
        found = Q()
        for name in self.own:
            found |= Q(**{f"{name}__ilike": word})
        for relation, names in self.paths.items():
            target = self._target(relation)
            if relation == "facility__organisation":
                found |= Q(facility__in=sites_of(partner_keys(word)))
            elif target is Facility:
                found |= Q(**{f"{relation}__in": site_keys(word)})
            elif target is Organisation:
                found |= Q(**{f"{relation}__in": partner_keys(word)})
            else:
                labels = Q()
                for name in names:
                    labels |= Q(**{f"{name}__ilike": word})
                terms = target._default_manager.filter(labels).values_list("pk", flat=True)
                found |= Q(**{f"{relation}__in": list(terms.order_by()[:FEW])})
        return found

    def _target(self, relation: str) -> type[Model]:
        model: Any = self.model
        for part in relation.split("__"):
            model = model._meta.get_field(part).related_model
        return model


class WordSearch:
    """A list whose search goes word by word: every word must be found in one of `search_fields`."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, term: str
    ) -> tuple[QuerySet, bool]:
        words = words_of(term)
        if words:
            fields = tuple(self.get_search_fields(request))  # type: ignore[attr-defined]
            condition = Condition(queryset.model, fields)
            for word in words:
                queryset = queryset.filter(condition(word))
        return queryset, False
